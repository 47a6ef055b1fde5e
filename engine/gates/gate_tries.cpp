#include "engine/gates/gate_tries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/desired/config.h"
#include "engine/values/text/shown_line.h"

namespace vscale {
namespace {

/// However impatient a configuration is, a guest is not asked more often than this.
constexpr Duration kLeastEvery{100};
/// While somebody waits for the next try, this often it is looked whether to stop.
constexpr Duration kStopLookEvery{200};
/// This much of what a guest says is shown.
constexpr std::size_t kShownMax = 60;

using Passed = GateTries::Passed;
using NotYet = GateTries::NotYet;
using Never = GateTries::Never;

std::string shown(const std::string& said) {
  return shown_line(said, kShownMax);
}

/// "done" of "status: done"; nothing if cloud-init said something else.
std::optional<std::string> cloud_init_status(const std::string& said) {
  const std::string mark = "status: ";
  const std::size_t at = said.find(mark);
  if (at == std::string::npos) return std::nullopt;
  return shown(said.substr(at + mark.size()));
}

/// Of cloud-init 23.4 and later: it got to its end, and something went wrong on the way that did not stop it. Then it
/// says "done" in the one release and "degraded done" in the other.
bool is_degraded(const std::string& cloud_init_status, int exit_code) {
  constexpr int kRecoverableErrors = 2;
  return cloud_init_status.starts_with("degraded") || exit_code == kRecoverableErrors;
}

Duration default_every(Gate::Kind kind) {
  return kind == Gate::Kind::domain || kind == Gate::Kind::agent ? kHostGateEvery : kGuestGateEvery;
}

Duration default_try_timeout(Gate::Kind kind) {
  if (kind == Gate::Kind::agent) return kAgentTryTimeout;
  if (kind == Gate::Kind::tcp) return kTcpTryTimeout;
  return kind == Gate::Kind::http ? kHttpTryTimeout : kGuestCommandTryTimeout;
}

/// 169.254.0.0/16: what a guest gives itself while no lease comes, and nobody reaches it by.
bool is_link_local(std::uint32_t ipv4) {
  constexpr std::uint32_t kPrefix = 0xa9fe;
  return ipv4 >> 16U == kPrefix;
}

/// The first of each card. A guest tells its address itself, and it goes far: onto terminals, into other guests, into
/// ssh.
std::map<std::string, std::string> usable_addresses(const std::vector<GuestAddress>& told) {
  std::map<std::string, std::string> usable;
  for (const auto& [mac, address] : told) {
    const auto ipv4 = parse_ipv4(address);
    if (ipv4 && !is_link_local(*ipv4)) usable.emplace(mac, address);
  }
  return usable;
}

std::string short_address(const std::string& address) {
  const auto instance = parse_instance_address(address);
  return instance ? short_name(*instance) : address;
}

/// Is an address that is not known yet all that the text lacks?
bool waits_for_address(const TemplateText& word, InstanceFacts known) {
  if (!known.address.empty()) return false;
  known.address = "0.0.0.0";
  return expand_instance_facts(word.text, known).ok();
}

/// What a host answered instead of its guest. An agent that is slow, a host that does not answer just now: wait. What
/// waiting cannot mend is told at once.
GateTries::Answer not_yet(const Error& error) {
  if (error.kind == ErrorKind::denied || error.kind == ErrorKind::unsupported) return Never{error};
  return NotYet{what_was_found(error), error.kind == ErrorKind::timed_out ? "no answer yet" : "",
                error.kind == ErrorKind::unreachable};
}

}  // namespace

Duration every(const Gate& gate) {
  return std::max(gate.every.value_or(default_every(gate.kind)), kLeastEvery);
}

void pause_until(Duration uptime, Clock& clock, const std::function<bool()>& stopped) {
  while (clock.uptime() < uptime && !stopped()) {
    clock.sleep_until(clock.now() + std::min(uptime - clock.uptime(), kStopLookEvery));
  }
}

std::string what_was_found(const Error& error) {
  return to_string(Error{.kind = error.kind, .message = error.message, .detail = error.detail, .hint = {}});
}

GateTries::GateTries(const GateSubject& subject, const std::vector<GuestNic>& nics, GatePorts ports)
    : subject_(subject),
      nics_(nics),
      ports_(ports),
      name_(short_address(subject.address)),
      who_(fmt::format("{} on {}", name_, subject.domain.host)) {}

GateTries::Answer GateTries::attempt(const Gate& gate, Duration until) {
  Answer answer = ask(gate, until);
  // It may have been tried at an address that the guest has no more.
  if (std::holds_alternative<NotYet>(answer)) doubted_ = !learned_.empty();
  return answer;
}

GateTries::Answer GateTries::ask(const Gate& gate, Duration until) {
  switch (gate.kind) {
    case Gate::Kind::domain:
      return try_domain();
    case Gate::Kind::agent:
      return try_agent(gate, until);
    case Gate::Kind::cloud_init:
      return try_cloud_init(gate, until);
    case Gate::Kind::systemd:
      return try_systemd(gate, until);
    case Gate::Kind::tcp:
      return try_tcp(gate, until);
    case Gate::Kind::http:
      return try_http(gate, until);
    case Gate::Kind::exec:
      return try_exec(gate, until);
    case Gate::Kind::check_in:
    case Gate::Kind::k8s_node:
      return Passed{show(gate) + " not asked"};
  }
  VSCALE_ASSERT(false, "a gate of no known kind");
}

GateTries::Answer GateTries::try_domain() {
  const auto state = ports_.domains.domain_state(subject_.domain);
  if (!state) return not_yet(state.error());
  if (is_up(*state)) return Passed{};
  return NotYet{fmt::format("{}, want running", to_string(*state))};
}

GateTries::Answer GateTries::try_agent(const Gate& gate, Duration until) {
  const auto answer = ports_.guests.ping_agent(subject_.domain, try_timeout(gate, until));
  if (answer) return Passed{};
  return not_yet(answer.error());
}

GateTries::Answer GateTries::try_cloud_init(const Gate& gate, Duration until) {
  const auto exit = ports_.guests.run_in_guest(subject_.domain, {"cloud-init", "status"}, "", try_timeout(gate, until));
  if (!exit) return not_yet(exit.error());
  const auto status = cloud_init_status(exit->out);
  if (!status) return NotYet{fmt::format("no answer from cloud-init (exit {}), want done", exit->code)};
  if (*status == "disabled") return Passed{"cloud-init is disabled"};
  // Also "error - running" and "degraded error", as some releases say it: it will not get better.
  if (status->find("error") != std::string::npos) {
    return Never{{ErrorKind::failed,
                  fmt::format("{}: cloud-init ended with an error", who_),
                  {},
                  fmt::format("see why inside, by cloud-init status --long: vscale console {}", name_)}};
  }
  if (!status->ends_with("done")) return NotYet{fmt::format("{}, want done", *status)};
  return Passed{is_degraded(*status, exit->code) ? "cloud-init is done, with recoverable errors" : ""};
}

GateTries::Answer GateTries::try_systemd(const Gate& gate, Duration until) {
  const auto exit =
      ports_.guests.run_in_guest(subject_.domain, {"systemctl", "is-system-running"}, "", try_timeout(gate, until));
  if (!exit) return not_yet(exit.error());
  const std::string state = shown(exit->out);
  if (state == "running" || (state == "degraded" && gate.allow_degraded)) return Passed{};
  return NotYet{fmt::format("{}, want running{}", state.empty() ? "no answer" : state,
                            gate.allow_degraded ? " or degraded" : "")};
}

GateTries::Answer GateTries::try_tcp(const Gate& gate, Duration until) {
  const auto address = first_address();
  if (!address) return no_address_yet();
  const auto connected = ports_.probe.connect_tcp(*address, gate.port, try_timeout(gate, until));
  if (connected) return Passed{};
  return NotYet{what_was_found(connected.error())};
}

GateTries::Answer GateTries::try_http(const Gate& gate, Duration until) {
  const auto address = first_address();
  if (!address) return no_address_yet();
  const auto status = ports_.probe.get_http(*address, gate.port, gate.path, try_timeout(gate, until));
  if (!status) return NotYet{what_was_found(status.error())};
  if (*status == gate.status) return Passed{};
  return NotYet{fmt::format("{}, want {}", *status, gate.status)};
}

GateTries::Answer GateTries::try_exec(const Gate& gate, Duration until) {
  const InstanceFacts known = facts();
  std::vector<std::string> argv;
  for (const auto& word : gate.guest) {
    auto expanded = expand_instance_facts(word.text, known);
    if (!expanded && waits_for_address(word, known)) return no_address_yet();
    if (!expanded) return Never{expanded.error()};
    argv.push_back(*std::move(expanded));
  }
  const auto exit = ports_.guests.run_in_guest(subject_.domain, argv, "", try_timeout(gate, until));
  if (!exit) return not_yet(exit.error());
  if (exit->code == 0) return Passed{};
  return NotYet{fmt::format("exit {}, want 0", exit->code)};
}

std::optional<Error> GateTries::why_down(const std::string& meanwhile) {
  const auto state = ports_.domains.domain_state(subject_.domain);
  if (!state && state.error().kind == ErrorKind::not_found) return state.error();
  if (!state || (*state != DomainState::shut_off && *state != DomainState::crashed)) return std::nullopt;
  return Error{ErrorKind::failed,
               fmt::format("{} is {}, {}", who_, to_string(*state), meanwhile),
               {},
               "the host's libvirt log tells why"};
}

Duration GateTries::try_timeout(const Gate& gate, Duration until) const {
  const Duration left = std::max(until - ports_.clock.uptime(), kLastTryTimeout);
  return std::min(gate.timeout.value_or(default_try_timeout(gate.kind)), left);
}

InstanceFacts GateTries::facts() {
  const auto instance = parse_instance_address(subject_.address);
  return {.name = subject_.name,
          .group = instance ? instance->group : std::string(),
          .ordinal = instance ? instance->ordinal : 0,
          .address = first_address().value_or(""),
          .host = subject_.domain.host};
}

std::optional<std::string> GateTries::first_address() {
  for (const auto& nic : nics_) {
    if (nic.address) return nic.address;
  }
  learn_addresses();
  if (learned_.empty()) return std::nullopt;
  for (const auto& nic : nics_) {
    const auto found = learned_.find(nic.mac);
    if (found != learned_.end()) return found->second;
  }
  return std::nullopt;
}

NotYet GateTries::no_address_yet() const {
  return {"no address yet: " + why_untold_, "no address yet", host_untold_};
}

bool GateTries::address_missing() const {
  return std::any_of(nics_.begin(), nics_.end(),
                     [this](const GuestNic& nic) { return !nic.address && learned_.count(nic.mac) == 0; });
}

void GateTries::learn_addresses() {
  if (!address_missing() && !doubted_) return;
  doubted_ = false;
  const auto found = ports_.guests.guest_addresses(subject_.domain);
  host_untold_ = !found && found.error().kind == ErrorKind::unreachable;
  if (!found) {
    why_untold_ = what_was_found(found.error());
    return;
  }
  const auto usable = usable_addresses(*found);
  why_untold_ = found->empty()   ? "neither a lease nor the agent tells one"
                : usable.empty() ? "what is told is link-local, or no address"
                                 : "what is told is of none of its cards";
  for (const auto& [mac, address] : usable) learned_.insert_or_assign(mac, address);
}

std::vector<GuestAddress> GateTries::learned() const {
  std::vector<GuestAddress> addresses;
  for (const auto& nic : nics_) {
    const auto found = learned_.find(nic.mac);
    if (!nic.address && found != learned_.end()) addresses.push_back({nic.mac, found->second});
  }
  return addresses;
}

}  // namespace vscale
