#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "providers/libvirt/domains/agent_command.h"
#include "providers/libvirt/impl.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/xml_text.h"

/// LibvirtHosts as Guests.

namespace vscale {
namespace libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A guest names its own cards and addresses; no more than these are listened to.
constexpr std::size_t kMaxAddresses = 64;

/// How long a guest may take to tell its addresses. Libvirt would wait without end for an agent that hangs after its
/// first word, and the whole host would be left behind for one guest.
constexpr int kAddressesTimeout_s = 5;

/// libvirt counts whole seconds, and 0 would not wait at all.
int agent_seconds(Duration timeout) {
  return static_cast<int>(std::max<std::int64_t>(1, (timeout.count() + 999) / 1000));
}

Error not_up(const DomainRef& ref, virDomainPtr domain, DomainState state) {
  return Error{
      ErrorKind::conflict,
      fmt::format("host \"{}\": {} is {}, so its agent cannot be asked", ref.host, called(domain), to_string(state)),
      "", "start it first"};
}

/// What the agent answers. `conflict` if the domain is not up.
Result<std::string> ask_agent(virDomainPtr domain, const DomainRef& ref, const std::string& command, int timeout_s) {
  Result<DomainState> state = state_of(domain, ref.host);
  if (!state) return state.error();
  if (!is_up(*state)) return not_up(ref, domain, *state);
  const Text reply{virDomainQemuAgentCommand(domain, command.c_str(), timeout_s, 0)};
  if (reply) return std::string(reply.get());
  Error error =
      last_failure().told(fmt::format("host \"{}\": the guest agent of {} does not answer", ref.host, called(domain)));
  // It may have gone down just then.
  state = state_of(domain, ref.host);
  if (state && !is_up(*state)) return not_up(ref, domain, *state);
  return error;
}

Result<std::string> ask_agent(LibvirtHost& host, const DomainRef& ref, const std::string& command, Duration timeout) {
  return host.link().call<std::string>(
      Lane::agent, "ask a guest's agent", timeout + host.options().call_timeout,
      [ref, command, seconds = agent_seconds(timeout)](virConnectPtr connection, Progress&) -> Result<std::string> {
        Result<Domain> domain = find_our_domain(connection, ref);
        if (!domain) return domain.error();
        return ask_agent(domain->get(), ref, command, seconds);
      });
}

struct Interfaces {
  virDomainInterfacePtr* list = nullptr;
  int count = 0;

  Interfaces() = default;
  Interfaces(const Interfaces&) = delete;
  Interfaces& operator=(const Interfaces&) = delete;
  ~Interfaces() {
    for (int i = 0; i < count; ++i) virDomainInterfaceFree(list[i]);
    std::free(list);
  }
};

bool is_of_a_card(const virDomainInterface& interface, const char* address) {
  return interface.hwaddr != nullptr && std::string_view(interface.hwaddr) != "00:00:00:00:00:00" &&
         !std::string_view(address).starts_with("127.");
}

std::vector<GuestAddress> ipv4_addresses(const Interfaces& interfaces) {
  std::vector<GuestAddress> addresses;
  for (int i = 0; i < interfaces.count; ++i) {
    const virDomainInterface& interface = *interfaces.list[i];
    for (unsigned j = 0; j < interface.naddrs; ++j) {
      const virDomainIPAddress& address = interface.addrs[j];
      if (address.type != VIR_IP_ADDR_TYPE_IPV4 || !is_of_a_card(interface, address.addr)) continue;
      if (addresses.size() == kMaxAddresses) return addresses;
      addresses.push_back(GuestAddress{.mac = lower_case(interface.hwaddr), .address = address.addr});
    }
  }
  return addresses;
}

/// While this lives, libvirt waits for no answer of the domain's agent longer than kAddressesTimeout_s. Afterwards it
/// waits as it does by itself, since that counts for everybody: a backup may freeze a file system for longer. A driver
/// that does not know this has no such agent.
class BoundedAgent {
 public:
  explicit BoundedAgent(virDomainPtr domain) : domain_(domain) {
    static_cast<void>(virDomainAgentSetResponseTimeout(domain_, kAddressesTimeout_s, 0));
  }
  ~BoundedAgent() {
    static_cast<void>(virDomainAgentSetResponseTimeout(domain_, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0));
  }
  BoundedAgent(const BoundedAgent&) = delete;
  BoundedAgent& operator=(const BoundedAgent&) = delete;

 private:
  virDomainPtr domain_;
};

/// Empty if there is none by this source, or no answer: both mean "not yet".
Result<std::vector<GuestAddress>> addresses_by(virConnectPtr connection, const DomainRef& ref, unsigned source) {
  Result<Domain> domain = find_domain(connection, ref.host, ref.uuid);
  if (!domain) return domain.error();
  Result<DomainState> state = state_of(domain->get(), ref.host);
  if (!state) return state.error();
  if (!is_up(*state)) return std::vector<GuestAddress>{};
  std::optional<BoundedAgent> bounded;
  if (source == VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT) bounded.emplace(domain->get());
  Interfaces interfaces;
  interfaces.count = virDomainInterfaceAddresses(domain->get(), &interfaces.list, source, 0);
  if (interfaces.count >= 0) return ipv4_addresses(interfaces);
  interfaces.count = 0;
  const Error error = last_failure().told(
      fmt::format("host \"{}\": cannot ask for the addresses of {}", ref.host, called(domain->get())));
  if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::denied) return error;
  return std::vector<GuestAddress>{};
}

}  // namespace
}  // namespace libvirt

using libvirt::Lane;
using libvirt::LibvirtHost;

Result<void> LibvirtHosts::ping_agent(const DomainRef& domain, Duration timeout) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  Result<std::string> answer = libvirt::ask_agent(**host, domain, libvirt::ping_command(), timeout);
  if (!answer) return answer.error();
  return {};
}

Result<GuestExit> LibvirtHosts::run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                             const std::string& input, Duration timeout) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  const auto deadline = libvirt::SteadyClock::now() + timeout;
  const auto left = [&] {
    return std::max(Duration{1'000}, std::chrono::duration_cast<Duration>(deadline - libvirt::SteadyClock::now()));
  };
  Result<std::string> command = libvirt::exec_command(argv, input);
  if (!command) return command.error();
  Result<std::string> started = libvirt::ask_agent(**host, domain, *command, left());
  if (!started) return started.error();
  Result<std::int64_t> pid = libvirt::read_exec_reply(*started);
  if (!pid) return pid.error();

  for (;;) {
    Result<std::string> reply = libvirt::ask_agent(**host, domain, libvirt::exec_status_command(*pid), left());
    if (!reply) return reply.error();
    Result<libvirt::ExecStatus> status = libvirt::read_exec_status(*reply);
    if (!status) return status.error();
    if (status->exited) return std::move(status->exit);
    if (libvirt::SteadyClock::now() >= deadline) {
      return Error{ErrorKind::timed_out,
                   fmt::format("host \"{}\": \"{}\" in domain {} did not end within {}", domain.host, argv.front(),
                               domain.uuid, show_duration(timeout)),
                   "", "it still runs in the guest; look at it there"};
    }
    std::this_thread::sleep_for((*host)->options().agent_poll_interval);
  }
}

Result<std::vector<GuestAddress>> LibvirtHosts::guest_addresses(const DomainRef& domain) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  const auto ask = [&](Lane lane, unsigned source) {
    return (*host)->link().call<std::vector<GuestAddress>>(
        lane, "tell a guest's addresses", (*host)->options().call_timeout,
        [domain, source](virConnectPtr connection, libvirt::Progress&) {
          return libvirt::addresses_by(connection, domain, source);
        });
  };
  Result<std::vector<GuestAddress>> leased = ask(Lane::request, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE);
  if (!leased || !leased->empty()) return leased;
  return ask(Lane::agent, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT);
}

}  // namespace vscale
