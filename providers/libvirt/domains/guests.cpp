#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "providers/libvirt/domains/agent_command.h"
#include "providers/libvirt/impl.h"
#include "providers/libvirt/link/libvirt_error.h"

/// LibvirtHosts as Guests.

namespace vscale {
namespace libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// How long a guest may take to tell its addresses. Said with each question: libvirt's own bound for a domain's agent
/// counts for everybody, and somebody else may have set it.
constexpr Duration kAddressesTimeout{5'000};

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

/// How long a question waits for room at the agents of a host. A quarter of its time is left for the answer: whoever is
/// slow, and is asked late because its neighbours hang, is not to look as if it hung as well.
constexpr Duration patience_for_room(Duration timeout) {
  return timeout * 3 / 4;
}

/// Within `timeout`, of which the wait for room at the agents takes its share; but once there is room, the agent gets
/// the second that libvirt gives it at least. Without room it is not asked: `unreachable`.
Result<std::string> ask_agent(LibvirtHost& host, const DomainRef& ref, const std::string& command, Duration timeout) {
  const HostLink::Work<std::string> ask = [ref, command, deadline = SteadyClock::now() + timeout](
                                              virConnectPtr connection, Progress&) -> Result<std::string> {
    Result<Domain> domain = find_our_domain(connection, ref);
    if (!domain) return domain.error();
    const auto left = std::chrono::duration_cast<Duration>(deadline - SteadyClock::now());
    return ask_agent(domain->get(), ref, command, agent_seconds(left));
  };
  auto asking = host.link()->start_at_agent<std::string>("ask a guest's agent", patience_for_room(timeout), ask);
  return asking.wait(timeout + host.options().call_timeout);
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

std::vector<GuestAddress> leased_addresses(const Interfaces& interfaces) {
  std::vector<GuestAddress> addresses;
  for (int i = 0; i < interfaces.count; ++i) {
    const virDomainInterface& interface = *interfaces.list[i];
    for (unsigned j = 0; j < interface.naddrs && interface.hwaddr != nullptr; ++j) {
      if (addresses.size() == kGuestAddressesMax) return addresses;
      if (auto address = guest_address(interface.hwaddr, interface.addrs[j].addr)) {
        addresses.push_back(std::move(*address));
      }
    }
  }
  return addresses;
}

/// No addresses, which means "not yet"; an error only if nobody knows anything of the host any more.
Result<std::vector<GuestAddress>> none_yet(const Error& error) {
  if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::denied) return error;
  return std::vector<GuestAddress>{};
}

Result<std::vector<GuestAddress>> addresses_by_lease(virDomainPtr domain, const DomainRef& ref) {
  Interfaces interfaces;
  interfaces.count = virDomainInterfaceAddresses(domain, &interfaces.list, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, 0);
  if (interfaces.count >= 0) return leased_addresses(interfaces);
  interfaces.count = 0;
  return none_yet(
      last_failure().told(fmt::format("host \"{}\": cannot ask for the addresses of {}", ref.host, called(domain))));
}

Result<std::vector<GuestAddress>> addresses_by_agent(virDomainPtr domain, const DomainRef& ref) {
  const Result<std::string> reply = ask_agent(domain, ref, interfaces_command(), agent_seconds(kAddressesTimeout));
  if (!reply) return reply.error();
  return read_interfaces_reply(*reply);
}

using AskForAddresses = Result<std::vector<GuestAddress>> (*)(virDomainPtr, const DomainRef&);

/// Empty if there is none by this source.
Result<std::vector<GuestAddress>> addresses_by(AskForAddresses ask, virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_domain(connection, ref.host, ref.uuid);
  if (!domain) return domain.error();
  Result<DomainState> state = state_of(domain->get(), ref.host);
  if (!state) return state.error();
  if (!is_up(*state)) return std::vector<GuestAddress>{};
  return ask(domain->get(), ref);
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
  const std::shared_ptr<libvirt::HostLink> link = (*host)->link();
  using Addresses = std::vector<GuestAddress>;
  const auto ask = [&](libvirt::AskForAddresses by) -> libvirt::HostLink::Work<Addresses> {
    return [domain, by](virConnectPtr connection, libvirt::Progress&) {
      return libvirt::addresses_by(by, connection, domain);
    };
  };
  const std::string doing = "tell a guest's addresses";
  const Duration bound = (*host)->options().call_timeout;
  Result<Addresses> leased = link->call<Addresses>(Lane::request, doing, bound, ask(libvirt::addresses_by_lease));
  if (!leased || !leased->empty()) return leased;
  Result<Addresses> told =
      link->start_at_agent<Addresses>(doing, libvirt::kAddressesTimeout, ask(libvirt::addresses_by_agent)).wait(bound);
  if (told) return told;
  Error error = told.error();
  error.message = "no lease, and " + error.message;
  return error;
}

}  // namespace vscale
