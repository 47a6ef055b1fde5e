#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host/kvm_trial.h"
#include "providers/libvirt/impl.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/storage.h"

/// LibvirtHosts as Domains. Drivers differ in what they answer when there is nothing to do ("already running", "not
/// running"), so every operation looks at the state first.

namespace vscale {
namespace libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// How long a domain that is just shutting down is waited for when it is to be started.
constexpr Duration kSettleTimeout{10'000};

constexpr unsigned kConfigMaximumVcpus = unsigned{VIR_DOMAIN_AFFECT_CONFIG} | unsigned{VIR_DOMAIN_VCPU_MAXIMUM};
constexpr unsigned kConfigMaximumMemory = unsigned{VIR_DOMAIN_AFFECT_CONFIG} | unsigned{VIR_DOMAIN_MEM_MAXIMUM};

// ---- Define ---------------------------------------------------------------------------------------------------------

Error taken(const std::string& host, const DomainSpec& spec, virDomainPtr by, const std::optional<Ownership>& mark) {
  return Error{ErrorKind::exists,
               fmt::format("host \"{}\": domain \"{}\" cannot be defined: {} with its name or uuid is there and {}",
                           host, spec.name, called(by),
                           mark ? "is another instance, or belongs to another vscale state" : "was not made by vscale"),
               mark ? fmt::format("{}, lineage {}", to_string(mark->address), mark->lineage) : "",
               "rename that domain, or give the installation another name"};
}

/// Success if nothing on the host is in the way: what has this uuid is ours, and nothing else has the name.
Result<void> check_identity(virConnectPtr connection, const std::string& host, const DomainSpec& spec) {
  const Domain by_uuid{virDomainLookupByUUIDString(connection, spec.uuid.c_str())};
  if (!by_uuid && last_code() != VIR_ERR_NO_DOMAIN)
    return last_failure().told(fmt::format("host \"{}\": cannot look for domains", host));
  if (by_uuid) {
    Result<std::optional<Ownership>> mark = mark_of(by_uuid.get(), host);
    if (!mark) return mark.error();
    if (!mark->has_value() || (*mark)->lineage != spec.ownership.lineage)
      return taken(host, spec, by_uuid.get(), *mark);
    const char* name = virDomainGetName(by_uuid.get());
    if (name != nullptr && spec.name == name) return {};
  }
  const Domain by_name{virDomainLookupByName(connection, spec.name.c_str())};
  if (!by_name && last_code() != VIR_ERR_NO_DOMAIN)
    return last_failure().told(fmt::format("host \"{}\": cannot look for domains", host));
  if (!by_name && !by_uuid) return {};
  virDomainPtr other = by_name ? by_name.get() : by_uuid.get();
  Result<std::optional<Ownership>> mark = mark_of(other, host);
  if (!mark) return mark.error();
  return taken(host, spec, other, *mark);
}

Result<DomainSite> find_site(LibvirtHost& host, const DomainSpec& spec) {
  VSCALE_ASSERT(!spec.disks.empty(), "a domain has a root disk");
  DomainSite site;
  for (const DomainDisk& disk : spec.disks) {
    Result<std::string> path = volume_path(host, VolumeRef{host.name(), disk.pool, disk.volume});
    if (!path) return path.error();
    site.disk_paths.push_back(*path);
  }
  if (spec.seed) {
    Result<std::string> path = volume_path(host, VolumeRef{host.name(), spec.seed->pool, spec.seed->volume});
    if (!path) return path.error();
    site.seed_path = *path;
  }
  Result<std::string> virt_type = choose_virt_type(host, spec.disks.front().pool, spec.ownership.lineage);
  if (!virt_type) return virt_type.error();
  site.virt_type = *virt_type;
  Result<HostFacts> facts = host.facts();
  if (!facts) return facts.error();
  site.arch = facts->arch;
  if (site.virt_type == "test") {
    site.host_model = site.host_passthrough = true;
    return site;
  }
  Result<DomainOffer> offer = host.offer(site.virt_type, spec.machine);
  if (!offer) return offer.error();
  site.host_model = offer->host_model;
  site.host_passthrough = offer->host_passthrough;
  return site;
}

// ---- Start and stop -------------------------------------------------------------------------------------------------

/// Does what it takes from the state that the domain is in; answers the state if it has to be waited for.
Result<std::optional<DomainState>> start_from_its_state(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain) return domain.error();
  Result<DomainState> state = state_of(domain->get(), ref.host);
  if (!state) return state.error();
  const auto done = [&](int result, const char* what) -> Result<std::optional<DomainState>> {
    if (result == 0) return std::optional<DomainState>{};
    Error error = last_failure().told(fmt::format("host \"{}\": cannot {} {}", ref.host, what, called(domain->get())));
    // Somebody else may have been faster.
    Result<DomainState> now = state_of(domain->get(), ref.host);
    if (now && is_up(*now)) return std::optional<DomainState>{};
    return error;
  };
  switch (*state) {
    case DomainState::running:
    case DomainState::blocked:
      return std::optional<DomainState>{};
    case DomainState::paused:
      return done(virDomainResume(domain->get()), "resume");
    case DomainState::suspended:
      return done(virDomainPMWakeup(domain->get(), 0), "wake up");
    case DomainState::shutting_down:
      return std::optional<DomainState>{*state};
    case DomainState::crashed:
      // One that is kept for inspection holds on to its resources until it is destroyed.
      if (virDomainIsActive(domain->get()) == 1) static_cast<void>(virDomainDestroy(domain->get()));
      return done(virDomainCreate(domain->get()), "start");
    case DomainState::shut_off:
    case DomainState::unknown:
      return done(virDomainCreate(domain->get()), "start");
  }
  VSCALE_ASSERT(false, "a DomainState that cannot be started from");
}

/// What is known of a domain that is to be stopped.
struct Sighting {
  bool off = true;  ///< Also if it is not there.
  DomainState state = DomainState::shut_off;
};

Result<Sighting> look_at(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain && domain.error().kind == ErrorKind::not_found) return Sighting{};
  if (!domain) return domain.error();
  Result<DomainState> state = state_of(domain->get(), ref.host);
  if (!state && state.error().kind == ErrorKind::not_found) return Sighting{};
  if (!state) return state.error();
  return Sighting{.off = *state == DomainState::shut_off || virDomainIsActive(domain->get()) == 0, .state = *state};
}

Result<Sighting> look_at(LibvirtHost& host, const DomainRef& ref) {
  return host.link()->call<Sighting>("look at a domain",
                                     [ref](virConnectPtr connection) { return look_at(connection, ref); });
}

/// Asks the guest, by agent and ACPI or by ACPI alone. That a guest cannot be asked is no error: it is powered off
/// later.
Result<void> ask_guest(virConnectPtr connection, const DomainRef& ref, unsigned ways) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain) return domain.error();
  if (virDomainShutdownFlags(domain->get(), ways) == 0) return {};
  if (virDomainShutdown(domain->get()) == 0) return {};
  return last_failure().told(fmt::format("host \"{}\": cannot ask {} to shut down", ref.host, called(domain->get())));
}

void ask_to_shut_down(LibvirtHost& host, const DomainRef& ref) {
  // Not waited for: libvirt answers only once the guest has shut down, or gave up on it after a minute.
  const auto asking = host.link()->start_at_agent<void>(
      "shut a guest down", Duration::zero(), [ref](virConnectPtr connection, Progress&) {
        return ask_guest(connection, ref, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT | VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
      });
  if (asking.started()) return;
  // Others wait for agents that may never answer; the power button is pressed without one.
  static_cast<void>(host.link()->call<void>("press a guest's power button", [ref](virConnectPtr connection) {
    return ask_guest(connection, ref, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
  }));
}

/// True once it is off; false at the deadline.
Result<bool> wait_until_off(LibvirtHost& host, const DomainRef& ref, SteadyClock::time_point deadline) {
  for (;;) {
    Result<Sighting> seen = look_at(host, ref);
    if (!seen) return seen.error();
    if (seen->off) return true;
    const auto now = SteadyClock::now();
    if (now >= deadline) return false;
    std::this_thread::sleep_until(std::min(deadline, now + host.options().stop_poll_interval));
  }
}

Result<StopOutcome> power_off(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  // It went by itself at the last moment.
  if (!domain && domain.error().kind == ErrorKind::not_found) return StopOutcome::shut_down;
  if (!domain) return domain.error();
  if (virDomainDestroy(domain->get()) == 0) return StopOutcome::powered_off;
  Error error = last_failure().told(fmt::format("host \"{}\": cannot power off {}", ref.host, called(domain->get())),
                                    "look at its process on the host");
  if (virDomainIsActive(domain->get()) == 0) return StopOutcome::shut_down;
  return error;
}

// ---- Undefine and change --------------------------------------------------------------------------------------------

/// With what libvirt keeps for a domain; drivers know more or less of it.
int undefine_with_leftovers(virDomainPtr domain) {
  constexpr unsigned everything = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                                  VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;
  constexpr unsigned older = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
  int result = -1;
  for (const unsigned flags :
       {everything, everything & ~unsigned{VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA}, older, 0U}) {
    result = virDomainUndefineFlags(domain, flags);
    if (result == 0 || !last_was_not_known_to_the_driver()) return result;
  }
  return result;
}

Result<void> undefine(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain && domain.error().kind == ErrorKind::not_found) return {};
  if (!domain) return domain.error();
  const Result<bool> up = is_active(domain->get(), ref.host);
  if (!up && up.error().kind == ErrorKind::not_found) return {};
  if (!up) return up.error();
  if (*up) {
    return Error{ErrorKind::conflict,
                 fmt::format("host \"{}\": {} is up and is not undefined", ref.host, called(domain->get())), "",
                 "stop it first"};
  }
  if (undefine_with_leftovers(domain->get()) == 0) return {};
  Error error = last_failure().told(fmt::format("host \"{}\": cannot undefine {}", ref.host, called(domain->get())));
  if (error.kind == ErrorKind::not_found) return {};
  return error;
}

Error needs_guest_off(const DomainRef& ref, virDomainPtr domain, const char* what, const std::string& from,
                      const std::string& to, std::string detail) {
  return Error{ErrorKind::unsupported,
               fmt::format("host \"{}\": {} of {} cannot be changed from {} to {} while it is up", ref.host, what,
                           called(domain), from, to),
               std::move(detail), "stop it first"};
}

Result<void> change_vcpus(virDomainPtr domain, const DomainRef& ref, int vcpus, bool up) {
  const auto count = static_cast<unsigned>(vcpus);
  const int maximum = virDomainGetVcpusFlags(domain, kConfigMaximumVcpus);
  if (maximum < 0)
    return last_failure().told(fmt::format("host \"{}\": cannot read the vCPUs of {}", ref.host, called(domain)));
  if (up) {
    const int current = virDomainGetVcpusFlags(domain, VIR_DOMAIN_AFFECT_LIVE);
    const std::string from = std::to_string(current);
    if (vcpus > maximum) {
      return needs_guest_off(ref, domain, "the vCPUs", from, std::to_string(vcpus), fmt::format("at most {}", maximum));
    }
    // Live first: what the guest does not take is not promised for later either.
    if (vcpus != current && virDomainSetVcpusFlags(domain, count, VIR_DOMAIN_AFFECT_LIVE) != 0) {
      const Failure failure = last_failure();
      if (failure.kind == ErrorKind::unreachable) return failure.told(fmt::format("host \"{}\" went away", ref.host));
      return needs_guest_off(ref, domain, "the vCPUs", from, std::to_string(vcpus), failure.words);
    }
  } else if (vcpus > maximum && virDomainSetVcpusFlags(domain, count, kConfigMaximumVcpus) != 0) {
    return last_failure().told(
        fmt::format("host \"{}\": cannot set the most vCPUs of {} to {}", ref.host, called(domain), vcpus));
  }
  if (virDomainSetVcpusFlags(domain, count, VIR_DOMAIN_AFFECT_CONFIG) == 0) return {};
  return last_failure().told(
      fmt::format("host \"{}\": cannot set the vCPUs of {} to {}", ref.host, called(domain), vcpus));
}

Result<void> change_memory(virDomainPtr domain, const DomainRef& ref, std::uint64_t bytes, bool up) {
  const std::uint64_t kib = (bytes + kKiB - 1) / kKiB;
  const std::uint64_t maximum = virDomainGetMaxMemory(domain);
  if (maximum == 0)
    return last_failure().told(fmt::format("host \"{}\": cannot read the memory of {}", ref.host, called(domain)));
  if (up) {
    virDomainInfo info{};
    static_cast<void>(virDomainGetInfo(domain, &info));
    const std::string from = show_bytes(info.memory * kKiB);
    if (kib > maximum) {
      return needs_guest_off(ref, domain, "the memory", from, show_bytes(bytes),
                             fmt::format("at most {}", show_bytes(maximum * kKiB)));
    }
    if (virDomainSetMemoryFlags(domain, kib, VIR_DOMAIN_AFFECT_LIVE) != 0) {
      const Failure failure = last_failure();
      if (failure.kind == ErrorKind::unreachable) return failure.told(fmt::format("host \"{}\" went away", ref.host));
      return needs_guest_off(ref, domain, "the memory", from, show_bytes(bytes), failure.words);
    }
  } else if (kib > maximum && virDomainSetMemoryFlags(domain, kib, kConfigMaximumMemory) != 0) {
    return last_failure().told(fmt::format("host \"{}\": cannot set the most memory of {} to {}", ref.host,
                                           called(domain), show_bytes(bytes)));
  }
  if (virDomainSetMemoryFlags(domain, kib, VIR_DOMAIN_AFFECT_CONFIG) == 0) return {};
  return last_failure().told(
      fmt::format("host \"{}\": cannot set the memory of {} to {}", ref.host, called(domain), show_bytes(bytes)));
}

Result<void> change_mark(virDomainPtr domain, const DomainRef& ref, const Ownership& ownership, bool up) {
  Result<std::string> xml = write_mark_xml(ownership);
  if (!xml) return xml.error();
  const unsigned where = VIR_DOMAIN_AFFECT_CONFIG | (up ? unsigned{VIR_DOMAIN_AFFECT_LIVE} : 0U);
  if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, xml->c_str(), kMarkPrefix, kMarkNamespace, where) ==
      0) {
    return {};
  }
  return last_failure().told(fmt::format("host \"{}\": cannot change the mark of {}", ref.host, called(domain)));
}

Result<void> change(virConnectPtr connection, const DomainRef& ref, const DomainChange& change) {
  Result<Domain> domain = find_our_domain(connection, ref);
  if (!domain) return domain.error();
  const Result<bool> up = is_active(domain->get(), ref.host);
  if (!up) return up.error();
  if (change.vcpus) {
    if (Result<void> done = change_vcpus(domain->get(), ref, *change.vcpus, *up); !done) return done;
  }
  if (change.memory_bytes) {
    if (Result<void> done = change_memory(domain->get(), ref, *change.memory_bytes, *up); !done) return done;
  }
  // Last: the mark says what the domain is, and it is that only now.
  if (change.ownership) return change_mark(domain->get(), ref, *change.ownership, *up);
  return {};
}

}  // namespace
}  // namespace libvirt

using libvirt::LibvirtHost;

Result<void> LibvirtHosts::define_domain(const std::string& host, const DomainSpec& spec) {
  Result<LibvirtHost*> target = impl_->host(host);
  if (!target) return target.error();
  Result<void> free = (*target)->link()->call<void>("look for domains", [host, spec](virConnectPtr connection) {
    return libvirt::check_identity(connection, host, spec);
  });
  if (!free) return free;
  Result<libvirt::DomainSite> site = libvirt::find_site(**target, spec);
  if (!site) return site.error();
  Result<std::string> xml = libvirt::write_domain_xml(spec, *site);
  if (!xml) return xml.error();
  Result<void> defined = (*target)->link()->call<void>(
      "define a domain", [host, name = spec.name, xml = *xml](virConnectPtr connection) -> Result<void> {
        const libvirt::Domain domain{virDomainDefineXML(connection, xml.c_str())};
        if (domain) return {};
        return libvirt::last_failure().told(fmt::format("host \"{}\": domain \"{}\" cannot be defined", host, name));
      });
  (*target)->listener().forget(spec.uuid);
  return defined;
}

Result<void> LibvirtHosts::start_domain(const DomainRef& domain) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  const auto deadline = libvirt::SteadyClock::now() + libvirt::kSettleTimeout;
  for (;;) {
    Result<std::optional<DomainState>> unsettled = (*host)->link()->call<std::optional<DomainState>>(
        "start a domain",
        [domain](virConnectPtr connection) { return libvirt::start_from_its_state(connection, domain); });
    if (!unsettled) return unsettled.error();
    if (!unsettled->has_value()) return {};
    if (libvirt::SteadyClock::now() >= deadline) {
      return Error{ErrorKind::timed_out,
                   fmt::format("host \"{}\": domain {} has been {} for {} and cannot be started", domain.host,
                               domain.uuid, to_string(**unsettled), show_duration(libvirt::kSettleTimeout)),
                   "", "look at it on the host with `virsh domstate`"};
    }
    std::this_thread::sleep_for((*host)->options().stop_poll_interval);
  }
}

Result<StopOutcome> LibvirtHosts::stop_domain(const DomainRef& domain, Duration grace) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  Result<libvirt::Sighting> seen = libvirt::look_at(**host, domain);
  if (!seen) return seen.error();
  if (seen->off) return StopOutcome::was_off;

  // A guest whose processor stands still hears nothing.
  const bool can_hear = is_up(seen->state) || seen->state == DomainState::shutting_down;
  if (can_hear && grace > Duration::zero()) {
    libvirt::ask_to_shut_down(**host, domain);
    // From here on: a guest is not to pay for how long its host took to ask it.
    const auto asked = libvirt::SteadyClock::now();
    Result<bool> off = libvirt::wait_until_off(**host, domain, asked + grace / 2);
    if (!off) return off.error();
    if (!*off) {
      // An agent that took the request and did nothing, or a guest that was too early in its boot to hear it.
      static_cast<void>((*host)->link()->call<void>("press a guest's power button", [domain](virConnectPtr connection) {
        return libvirt::ask_guest(connection, domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
      }));
      off = libvirt::wait_until_off(**host, domain, asked + grace);
      if (!off) return off.error();
    }
    if (*off) return StopOutcome::shut_down;
  }
  return (*host)->link()->call<StopOutcome>(
      "power a domain off", [domain](virConnectPtr connection) { return libvirt::power_off(connection, domain); });
}

Result<void> LibvirtHosts::undefine_domain(const DomainRef& domain) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  return (*host)->link()->call<void>(
      "undefine a domain", [domain](virConnectPtr connection) { return libvirt::undefine(connection, domain); });
}

Result<DomainState> LibvirtHosts::domain_state(const DomainRef& domain) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  return (*host)->link()->call<DomainState>(
      "tell a domain's state", [domain](virConnectPtr connection) -> Result<DomainState> {
        Result<libvirt::Domain> found = libvirt::find_domain(connection, domain.host, domain.uuid);
        if (!found) return found.error();
        return libvirt::state_of(found->get(), domain.host);
      });
}

Result<void> LibvirtHosts::change_domain(const DomainRef& domain, const DomainChange& change) {
  Result<LibvirtHost*> host = impl_->host(domain.host);
  if (!host) return host.error();
  Result<void> changed = (*host)->link()->call<void>("change a domain", [domain, change](virConnectPtr connection) {
    return libvirt::change(connection, domain, change);
  });
  (*host)->listener().forget(domain.uuid);
  return changed;
}

}  // namespace vscale
