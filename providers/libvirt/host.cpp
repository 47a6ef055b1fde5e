#include "providers/libvirt/host.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host/observe.h"
#include "providers/libvirt/link/host_uri.h"
#include "providers/libvirt/link/libvirt_error.h"

namespace vscale::libvirt {
namespace {

Result<HostFacts> read_facts(virConnectPtr connection, const std::string& host) {
  HostFacts facts;
  const char* type = virConnectGetType(connection);
  if (type == nullptr) return last_failure().told(fmt::format("host \"{}\": cannot ask for its hypervisor", host));
  facts.hypervisor = type;
  unsigned long version = 0;
  if (virConnectGetLibVersion(connection, &version) == 0) facts.libvirt_version = version;
  if (virConnectGetVersion(connection, &version) == 0) facts.hypervisor_version = version;

  const Text xml{virConnectGetCapabilities(connection)};
  if (!xml) return last_failure().told(fmt::format("host \"{}\": cannot read its capabilities", host));
  if (Result<void> read = read_capabilities(xml.get(), facts); !read) return read.error();
  // The test driver has the same name and UUID for each of its hosts.
  if (facts.hypervisor != "QEMU") facts.identity = {};
  if (facts.hypervisor == "QEMU") {
    if (const Text hostname{virConnectGetHostname(connection)}) facts.identity.hostname = hostname.get();
  }
  return facts;
}

Result<DomainOffer> read_offer(virConnectPtr connection, const std::string& host, const std::string& arch,
                               const std::string& virt_type, const std::string& machine) {
  const Text xml{virConnectGetDomainCapabilities(connection, nullptr, arch.c_str(),
                                                 machine.empty() ? nullptr : machine.c_str(), virt_type.c_str(), 0)};
  if (xml) return read_domain_capabilities(xml.get());
  if (last_code() == VIR_ERR_NO_SUPPORT) return DomainOffer{};
  return last_failure().told(fmt::format("host \"{}\": cannot read what it offers for {} domains on {}", host,
                                         virt_type, machine.empty() ? "its default machine" : machine));
}

}  // namespace

LibvirtHost::LibvirtHost(const HostConnection& connection, LibvirtOptions options,
                         const std::shared_ptr<WakeUp>& wake_up)
    : name_(connection.name),
      options_(options),
      is_world_of_its_own_(libvirt::is_world_of_its_own(connection.uri)),
      links_(connection, options),
      listening_links_(connection, options),
      listener_(std::make_shared<Listener>(wake_up)),
      looks_(std::make_shared<Looks>(connection.name, [listener = listener_] { listener->give_word(); })),
      memory_tellers_(std::make_shared<MemoryTellers>()) {}

Looks::Waiting LibvirtHost::begin_look(const ObserveRequest& request, Instant now) {
  return looks_->begin(now, [self = shared_from_this(), request, now] { return observe_host(*self, request, now); });
}

std::shared_ptr<HostLink> LibvirtHost::listening_link() {
  return is_world_of_its_own_ ? links_.current() : listening_links_.current();
}

void LibvirtHost::begin_closing() {
  listener_->let_go();
  listening_links_.begin_closing();
  links_.begin_closing();
}

void LibvirtHost::wait_until_closed(std::chrono::steady_clock::time_point deadline) {
  listening_links_.wait_until_closed(deadline);
  links_.wait_until_closed(deadline);
}

/// The lock is the caller's.
void LibvirtHost::forget_those_before(const std::shared_ptr<HostLink>& link) {
  const int beginnings = link->beginnings();
  if (told_over_.lock() == link && told_since_ == beginnings) return;
  told_over_ = link;
  told_since_ = beginnings;
  facts_.reset();
  offers_.clear();
  kvm_verdict_.reset();
}

Result<HostFacts> LibvirtHost::facts() {
  const std::shared_ptr<HostLink> link = links_.current();
  {
    const std::scoped_lock lock(mutex_);
    forget_those_before(link);
    if (facts_) return *facts_;
  }
  Result<HostFacts> read = link->call<HostFacts>(
      Lane::request, "tell what it is", options().refresh_timeout,
      [host = name()](virConnectPtr connection, Progress&) { return read_facts(connection, host); });
  if (!read) return read;
  {
    const std::scoped_lock lock(mutex_);
    forget_those_before(link);
  }
  // Firmware is a fact of the host as well, though libvirt tells it by the kind of domain.
  const bool has_kvm = read->virt_types.contains("kvm");
  if (has_kvm || read->virt_types.contains("qemu")) {
    Result<DomainOffer> offered =
        offer_of(*read, has_kvm ? "kvm" : "qemu", read->machines.contains("q35") ? "q35" : "");
    if (!offered && offered.error().kind == ErrorKind::unreachable) return offered.error();
    // A host that does not tell, for want of the emulator or of a right, can still be looked at.
    read->uefi = offered && offered->uefi;
  }
  const std::scoped_lock lock(mutex_);
  facts_ = *read;
  return read;
}

Result<DomainOffer> LibvirtHost::offer(const std::string& virt_type, const std::string& machine) {
  Result<HostFacts> known = facts();
  if (!known) return known.error();
  return offer_of(*known, virt_type, machine);
}

Result<DomainOffer> LibvirtHost::offer_of(const HostFacts& facts, const std::string& virt_type,
                                          const std::string& machine) {
  const auto key = std::make_pair(virt_type, machine);
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = offers_.find(key); found != offers_.end()) return found->second;
  }
  Result<DomainOffer> read = link()->call<DomainOffer>(
      Lane::request, "tell what it offers", options().refresh_timeout,
      [host = name(), arch = facts.arch, virt_type, machine](virConnectPtr connection, Progress&) {
        return read_offer(connection, host, arch, virt_type, machine);
      });
  if (!read) return read;
  const std::scoped_lock lock(mutex_);
  offers_.emplace(key, *read);
  return read;
}

std::optional<bool> LibvirtHost::kvm_verdict() {
  const std::scoped_lock lock(mutex_);
  return kvm_verdict_;
}

void LibvirtHost::set_kvm_verdict(bool works) {
  const std::scoped_lock lock(mutex_);
  kvm_verdict_ = works;
}

Result<Domain> find_domain(virConnectPtr connection, const std::string& host, const std::string& uuid) {
  Domain domain{virDomainLookupByUUIDString(connection, uuid.c_str())};
  if (domain) return domain;
  const Failure why = last_failure();
  std::string message = why.kind == ErrorKind::not_found
                            ? fmt::format("host \"{}\": there is no domain {}", host, uuid)
                            : fmt::format("host \"{}\": domain {} cannot be looked for", host, uuid);
  return why.told(std::move(message), "run `vscale plan` to see what is there now");
}

Result<Domain> find_our_domain(virConnectPtr connection, const DomainRef& ref) {
  Result<Domain> domain = find_domain(connection, ref.host, ref.uuid);
  if (!domain) return domain;
  Result<std::optional<Ownership>> mark = mark_of(domain->get(), ref.host);
  if (!mark) return mark.error();
  if (!mark->has_value() || (*mark)->lineage != ref.lineage) {
    return Error{ErrorKind::denied,
                 fmt::format("host \"{}\": {} {}, so it is left alone", ref.host, called(domain->get()),
                             mark->has_value() ? "belongs to another vscale state" : "was not made by vscale"),
                 mark->has_value() ? "lineage " + (*mark)->lineage : "", ""};
  }
  return domain;
}

Result<std::optional<Ownership>> mark_of(virDomainPtr domain, const std::string& host) {
  const Text xml{virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, kMarkNamespace, VIR_DOMAIN_AFFECT_CURRENT)};
  if (xml) return read_mark_xml(xml.get());
  if (last_code() == VIR_ERR_NO_DOMAIN_METADATA) return std::optional<Ownership>{};
  return last_failure().told(fmt::format("host \"{}\": cannot read whose {} is", host, called(domain)));
}

Result<DomainState> state_of(virDomainPtr domain, const std::string& host) {
  int state = 0;
  if (virDomainGetState(domain, &state, nullptr, 0) == 0) return domain_state_from(state);
  return last_failure().told(fmt::format("host \"{}\": cannot read the state of {}", host, called(domain)));
}

Result<bool> is_active(virDomainPtr domain, const std::string& host) {
  const int active = virDomainIsActive(domain);
  if (active >= 0) return active == 1;
  return last_failure().told(fmt::format("host \"{}\": cannot ask whether {} is up", host, called(domain)));
}

DomainState domain_state_from(int libvirt_state) {
  switch (libvirt_state) {
    case VIR_DOMAIN_RUNNING:
      return DomainState::running;
    case VIR_DOMAIN_BLOCKED:
      return DomainState::blocked;
    case VIR_DOMAIN_PAUSED:
      return DomainState::paused;
    case VIR_DOMAIN_SHUTDOWN:
      return DomainState::shutting_down;
    case VIR_DOMAIN_SHUTOFF:
      return DomainState::shut_off;
    case VIR_DOMAIN_CRASHED:
      return DomainState::crashed;
    case VIR_DOMAIN_PMSUSPENDED:
      return DomainState::suspended;
    default:
      return DomainState::unknown;
  }
}

bool is_off(DomainState state) {
  return state == DomainState::shut_off || state == DomainState::crashed;
}

std::string called(virDomainPtr domain) {
  const char* name = virDomainGetName(domain);
  return fmt::format("domain \"{}\"", name != nullptr ? name : "?");
}

}  // namespace vscale::libvirt
