#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/values/result.h"
#include "providers/libvirt/host/host_facts.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/libvirt/link/handle.h"
#include "providers/libvirt/link/host_link.h"

/// A host as LibvirtHosts knows it: its connection, and what was found out about it so far. Internal to
/// providers/libvirt.

namespace vscale::libvirt {

/// Safe from several threads.
class LibvirtHost {
 public:
  LibvirtHost(HostConnection connection, LibvirtOptions options)
      : link_(std::make_shared<HostLink>(std::move(connection), options)) {}

  HostLink& link() { return *link_; }
  const std::string& name() const { return link_->name(); }
  const LibvirtOptions& options() const { return link_->options(); }

  /// Asked once; a new version of libvirt on the host is seen by the next run.
  Result<HostFacts> facts();
  /// What it offers for domains of this type on this machine, asked once each.
  Result<DomainOffer> offer(const std::string& virt_type, const std::string& machine);

  /// What the trial said, if there has been one.
  std::optional<bool> kvm_verdict();
  void set_kvm_verdict(bool works);

 private:
  Result<DomainOffer> offer_of(const HostFacts& facts, const std::string& virt_type, const std::string& machine);

  std::shared_ptr<HostLink> link_;
  std::mutex mutex_;
  std::optional<HostFacts> facts_;
  std::map<std::pair<std::string, std::string>, DomainOffer> offers_;
  std::optional<bool> kvm_verdict_;
};

/// The domain of this uuid. `not_found` if the host says that there is none.
Result<Domain> find_domain(virConnectPtr connection, const std::string& host, const std::string& uuid);

/// The domain that `ref` means, if it carries the mark of that lineage: `denied` if it does not.
Result<Domain> find_our_domain(virConnectPtr connection, const DomainRef& ref);

/// The mark of a domain; nothing if it has none that can be understood.
Result<std::optional<Ownership>> mark_of(virDomainPtr domain, const std::string& host);

/// virDomainGetState as ours.
Result<DomainState> state_of(virDomainPtr domain, const std::string& host);
/// Does QEMU run it, in whatever state? What cannot be asked is an error, and not off.
Result<bool> is_active(virDomainPtr domain, const std::string& host);
DomainState domain_state_from(int libvirt_state);
/// No guest is there in this state: it can be undefined, and started anew.
bool is_off(DomainState state);

/// `domain "prod-web-0"`, for messages.
std::string called(virDomainPtr domain);

}  // namespace vscale::libvirt
