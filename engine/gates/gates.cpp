#include "engine/gates/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/desired/config.h"
#include "engine/domain/instance_facts.h"

namespace vscale {
namespace {

/// However impatient a configuration is, a guest is not asked more often than this.
constexpr Duration kLeastEvery{100};
/// While it waits for the next try, it looks this often whether it is to stop.
constexpr Duration kStopLookEvery{200};
/// Guests talk much, and lie: this much of what one says is shown.
constexpr std::size_t kShownMax = 60;

/// What one try found.
struct Passed {
  std::string note;
};
struct NotYet {
  std::string found;
  std::string brief{};  ///< The same where there is room for few words; empty: `found` is short itself.
};
struct Never {
  Error error;
};
using Try = std::variant<Passed, NotYet, Never>;

/// The first line of what a guest said, without anything that could disturb a terminal.
std::string shown(const std::string& said) {
  std::string line;
  for (const char c : said.substr(0, said.find('\n'))) {
    if (line.size() == kShownMax) break;
    line += (c >= ' ' && c <= '~') ? c : '?';
  }
  return line;
}

/// "done" of "status: done"; nothing if cloud-init said something else.
std::optional<std::string> cloud_init_status(const std::string& said) {
  const std::string mark = "status: ";
  const std::size_t at = said.find(mark);
  if (at == std::string::npos) return std::nullopt;
  return shown(said.substr(at + mark.size()));
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
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

std::string short_address(const std::string& address) {
  const auto instance = parse_instance_address(address);
  return instance ? short_name(*instance) : address;
}

class GateWait {
 public:
  GateWait(const GateSubject& subject, const WaitForGates& wait, GatePorts ports, const GateTrySink& tell,
           const std::function<bool()>& stopped)
      : subject_(subject),
        wait_(wait),
        ports_(ports),
        tell_(tell),
        stopped_(stopped),
        who_(fmt::format("{} on {}", short_address(subject.address), subject.domain.host)),
        began_(ports.clock.uptime() - used_up(subject, wait, ports.clock.now())),
        deadline_(began_ + wait.startup_timeout) {}

  Result<GatesPassed> run() {
    for (const auto& gate : wait_.gates) {
      if (const auto passed = pass(gate); !passed) return passed.error();
    }
    wait_for_addresses();
    return outcome();
  }

 private:
  /// What is gone of the bound. From here on it is measured by what nobody can set; a wall clock that was set since the
  /// start shortens it by the whole bound at most, and never lengthens it.
  static Duration used_up(const GateSubject& subject, const WaitForGates& wait, Instant now) {
    return std::clamp(now - subject.started_at.value_or(now), Duration{0}, wait.startup_timeout);
  }

  Result<void> pass(const Gate& gate) {
    for (int tries = 1;; ++tries) {
      const Try answer = attempt(gate);
      if (const auto* passed = std::get_if<Passed>(&answer)) {
        if (!passed->note.empty()) notes_.push_back(passed->note);
        return {};
      }
      if (const auto* never = std::get_if<Never>(&answer)) return never->error;
      const auto& [found, brief] = std::get<NotYet>(answer);
      // It may have been tried at an address that the guest has no more.
      doubted_ = !learned_.empty();
      if (const auto reason = why_it_never_will(gate)) return *reason;
      if (stopped_()) return cut_short(gate, found);
      if (ports_.clock.uptime() >= deadline_) return too_late(gate, found, tries);
      tell_({.gate = show(gate),
             .found = brief.empty() ? found : brief,
             .tries = tries,
             .waited = ports_.clock.uptime() - began_,
             .limit = wait_.startup_timeout});
      pause_until(std::min(ports_.clock.uptime() + every(gate), deadline_));
    }
  }

  Try attempt(const Gate& gate) {
    switch (gate.kind) {
      case Gate::Kind::domain:
        return try_domain();
      case Gate::Kind::agent:
        return try_agent(gate);
      case Gate::Kind::cloud_init:
        return try_cloud_init(gate);
      case Gate::Kind::systemd:
        return try_systemd(gate);
      case Gate::Kind::tcp:
        return try_tcp(gate);
      case Gate::Kind::http:
        return try_http(gate);
      case Gate::Kind::exec:
        return try_exec(gate);
      case Gate::Kind::check_in:
      case Gate::Kind::k8s_node:
        return Passed{show(gate) + " not asked"};
    }
    VSCALE_ASSERT(false, "a gate of no known kind");
  }

  Try try_domain() {
    const auto state = ports_.domains.domain_state(subject_.domain);
    if (!state) return not_yet(state.error());
    if (is_up(*state)) return Passed{};
    return NotYet{fmt::format("{}, want running", to_string(*state))};
  }

  Try try_agent(const Gate& gate) {
    const auto answer = ports_.guests.ping_agent(subject_.domain, try_timeout(gate));
    if (answer) return Passed{};
    return not_yet(answer.error());
  }

  Try try_cloud_init(const Gate& gate) {
    const auto exit = ports_.guests.run_in_guest(subject_.domain, {"cloud-init", "status"}, "", try_timeout(gate));
    if (!exit) return not_yet(exit.error());
    const auto status = cloud_init_status(exit->out);
    if (!status) return NotYet{fmt::format("no answer from cloud-init (exit {}), want done", exit->code)};
    if (*status == "disabled") return Passed{"cloud-init is disabled"};
    if (ends_with(*status, "done")) return Passed{};
    if (*status != "error") return NotYet{fmt::format("{}, want done", *status)};
    return Never{{ErrorKind::failed,
                  fmt::format("{}: cloud-init ended with an error", who_),
                  {},
                  fmt::format("see why inside, by cloud-init status --long: vscale console {}",
                              short_address(subject_.address))}};
  }

  Try try_systemd(const Gate& gate) {
    const auto exit =
        ports_.guests.run_in_guest(subject_.domain, {"systemctl", "is-system-running"}, "", try_timeout(gate));
    if (!exit) return not_yet(exit.error());
    const std::string state = shown(exit->out);
    if (state == "running" || (state == "degraded" && gate.allow_degraded)) return Passed{};
    return NotYet{fmt::format("{}, want running{}", state.empty() ? "no answer" : state,
                              gate.allow_degraded ? " or degraded" : "")};
  }

  Try try_tcp(const Gate& gate) {
    const auto address = first_address();
    if (!address) return no_address_yet();
    const auto connected = ports_.probe.connect_tcp(*address, gate.port, try_timeout(gate));
    if (connected) return Passed{};
    return NotYet{what_was_found(connected.error())};
  }

  Try try_http(const Gate& gate) {
    const auto address = first_address();
    if (!address) return no_address_yet();
    const auto status = ports_.probe.get_http(*address, gate.port, gate.path, try_timeout(gate));
    if (!status) return NotYet{what_was_found(status.error())};
    if (*status == gate.status) return Passed{};
    return NotYet{fmt::format("{}, want {}", *status, gate.status)};
  }

  Try try_exec(const Gate& gate) {
    std::vector<std::string> argv;
    for (const auto& word : gate.guest) {
      auto expanded = expand_instance_facts(word.text, facts());
      if (!expanded) return Never{expanded.error()};
      argv.push_back(*std::move(expanded));
    }
    const auto exit = ports_.guests.run_in_guest(subject_.domain, argv, "", try_timeout(gate));
    if (!exit) return not_yet(exit.error());
    if (exit->code == 0) return Passed{};
    return NotYet{fmt::format("exit {}, want 0", exit->code)};
  }

  /// With the outside's own words, which tell a refused connection from one without a route; what to do about it is
  /// said once, when waiting ends.
  static std::string what_was_found(const Error& error) {
    return to_string(Error{.kind = error.kind, .message = error.message, .detail = error.detail, .hint = {}});
  }

  /// An agent that is slow, a host that does not answer just now: wait. What waiting cannot mend is told at once.
  static Try not_yet(const Error& error) {
    if (error.kind == ErrorKind::denied || error.kind == ErrorKind::unsupported) return Never{error};
    return NotYet{what_was_found(error), error.kind == ErrorKind::timed_out ? "no answer yet" : ""};
  }

  std::optional<Error> why_it_never_will(const Gate& gate) {
    const auto state = ports_.domains.domain_state(subject_.domain);
    if (!state && state.error().kind == ErrorKind::not_found) return state.error();
    if (!state || (*state != DomainState::shut_off && *state != DomainState::crashed)) return std::nullopt;
    return Error{ErrorKind::failed,
                 fmt::format("{} is {}, while it was waited for (gate {})", who_, to_string(*state), show(gate)),
                 {},
                 "the host's libvirt log tells why"};
  }

  Error too_late(const Gate& gate, const std::string& found, int tries) const {
    return {ErrorKind::timed_out,
            fmt::format("{}: gate {} has not passed within {} of its start: {} ({} tries)", who_, show(gate),
                        show_duration(wait_.startup_timeout), found, tries),
            {},
            fmt::format("look inside: vscale console {}", short_address(subject_.address))};
  }

  Error cut_short(const Gate& gate, const std::string& found) const {
    return {ErrorKind::timed_out,
            fmt::format("{}: stopped while waiting for gate {}: {}", who_, show(gate), found),
            {},
            {}};
  }

  Duration every(const Gate& gate) const {
    return std::max(gate.every.value_or(default_every(gate.kind)), kLeastEvery);
  }

  Duration try_timeout(const Gate& gate) const {
    const Duration left = std::max(deadline_ - ports_.clock.uptime(), kLastTryTimeout);
    return std::min(gate.timeout.value_or(default_try_timeout(gate.kind)), left);
  }

  InstanceFacts facts() {
    const auto instance = parse_instance_address(subject_.address);
    return {.name = subject_.name,
            .group = instance ? instance->group : std::string(),
            .ordinal = instance ? instance->ordinal : 0,
            .address = first_address().value_or(""),
            .host = subject_.domain.host};
  }

  std::optional<std::string> first_address() {
    for (const auto& nic : wait_.nics) {
      if (nic.address) return nic.address;
    }
    learn_addresses();
    if (learned_.empty()) return std::nullopt;
    for (const auto& nic : wait_.nics) {
      const auto found = learned_.find(nic.mac);
      if (found != learned_.end()) return found->second;
    }
    return std::nullopt;
  }

  NotYet no_address_yet() const { return {"no address yet: " + why_untold_, "no address yet"}; }

  bool address_missing() const {
    return std::any_of(wait_.nics.begin(), wait_.nics.end(),
                       [this](const GuestNic& nic) { return !nic.address && learned_.count(nic.mac) == 0; });
  }

  /// Asks by lease or agent, where one is missing or was tried in vain; what is told last counts. A host that does not
  /// tell is no reason to fail: the gates decide.
  void learn_addresses() {
    if (!address_missing() && !doubted_) return;
    doubted_ = false;
    const auto found = ports_.guests.guest_addresses(subject_.domain);
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

  /// The first of each card. A guest tells its address itself, and it goes far: onto terminals, into other guests, into
  /// ssh.
  static std::map<std::string, std::string> usable_addresses(const std::vector<GuestAddress>& told) {
    std::map<std::string, std::string> usable;
    for (const auto& [mac, address] : told) {
      const auto ipv4 = parse_ipv4(address);
      if (ipv4 && !is_link_local(*ipv4)) usable.emplace(mac, address);
    }
    return usable;
  }

  void wait_for_addresses() {
    const Duration until = ports_.clock.uptime() + kAddressGrace;
    for (learn_addresses(); address_missing() && ports_.clock.uptime() < until && !stopped_(); learn_addresses()) {
      pause_until(ports_.clock.uptime() + kHostGateEvery);
    }
  }

  GatesPassed outcome() {
    GatesPassed outcome;
    for (const auto& nic : wait_.nics) {
      const auto found = learned_.find(nic.mac);
      if (!nic.address && found != learned_.end()) outcome.addresses.push_back({nic.mac, found->second});
    }
    if (const auto address = first_address()) notes_.insert(notes_.begin(), *address);
    outcome.note = fmt::format("{}", fmt::join(notes_, "; "));
    return outcome;
  }

  /// In short naps, so that a stop is noticed.
  void pause_until(Duration uptime) {
    while (ports_.clock.uptime() < uptime && !stopped_()) {
      const Duration nap = std::min(uptime - ports_.clock.uptime(), kStopLookEvery);
      ports_.clock.sleep_until(ports_.clock.now() + nap);
    }
  }

  const GateSubject& subject_;
  const WaitForGates& wait_;
  GatePorts ports_;
  const GateTrySink& tell_;
  const std::function<bool()>& stopped_;
  std::string who_;                             ///< "web-3 on kvm2"
  Duration began_;                              ///< By Clock::uptime(), and so is
  Duration deadline_;                           ///< the end of the bound.
  std::map<std::string, std::string> learned_;  ///< Address by MAC.
  bool doubted_ = false;                        ///< A try has failed since they were learned.
  std::string why_untold_;                      ///< Why the last question for addresses left some open.
  std::vector<std::string> notes_;
};

}  // namespace

std::string show(const Gate& gate) {
  switch (gate.kind) {
    case Gate::Kind::domain:
      return "domain";
    case Gate::Kind::agent:
      return "agent";
    case Gate::Kind::cloud_init:
      return "cloudInit";
    case Gate::Kind::systemd:
      return "systemd";
    case Gate::Kind::tcp:
      return fmt::format("tcp :{}", gate.port);
    case Gate::Kind::http:
      return fmt::format("http :{}{}", gate.port, gate.path);
    case Gate::Kind::exec:
      return gate.guest.empty() ? "exec" : "exec " + gate.guest.front().text;
    case Gate::Kind::check_in:
      return "checkIn";
    case Gate::Kind::k8s_node:
      return "k8sNode";
  }
  VSCALE_ASSERT(false, "a gate of no known kind");
}

Result<GatesPassed> wait_for_gates(const GateSubject& subject, const WaitForGates& wait, GatePorts ports,
                                   const GateTrySink& tell, const std::function<bool()>& stopped) {
  return GateWait(subject, wait, ports, tell, stopped).run();
}

Result<void> watch_rollout(const WatchRollout& watch, const std::string& /*lineage*/, GatePorts ports,
                           const GateTrySink& /*tell*/, const std::function<bool()>& stopped) {
  const Duration until = ports.clock.uptime() + watch.lasts;
  while (ports.clock.uptime() < until) {
    if (stopped()) return Error{ErrorKind::timed_out, "stopped while the rollout rested", {}, {}};
    ports.clock.sleep_until(ports.clock.now() + std::min(until - ports.clock.uptime(), kStopLookEvery));
  }
  return {};
}

}  // namespace vscale
