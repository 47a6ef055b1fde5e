#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/ports/domains.h"
#include "engine/values/result.h"
#include "providers/libvirt/host/host_facts.h"
#include "providers/libvirt/host/memory_tellers.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/libvirt/link/handle.h"
#include "providers/libvirt/link/host_link.h"
#include "providers/libvirt/watching/link_succession.h"
#include "providers/libvirt/watching/listener.h"
#include "providers/libvirt/watching/looks.h"

/// A host as LibvirtHosts knows it: its connection, and what was found out about it so far. Internal to
/// providers/libvirt.

namespace vscale::libvirt {

/// Safe from several threads. Owned by shared_ptr: a look that is left behind outlives LibvirtHosts.
class LibvirtHost : public std::enable_shared_from_this<LibvirtHost> {
 public:
  LibvirtHost(const HostConnection& connection, LibvirtOptions options, const std::shared_ptr<WakeUp>& wake_up);

  std::shared_ptr<HostLink> link() { return links_.current(); }
  const std::string& name() const { return name_; }
  const LibvirtOptions& options() const { return options_; }

  /// Begins to read it. Nothing of the caller's has to outlive that.
  Looks::Waiting begin_look(const ObserveRequest& request, Instant now);
  Listener& listener() { return *listener_; }
  /// What the events come over: a link of its own, as a request must never wait for the connection that is lent to
  /// them.
  std::shared_ptr<HostLink> listening_link();
  MemoryTellers& memory_tellers() { return *memory_tellers_; }

  void begin_closing();
  void wait_until_closed(std::chrono::steady_clock::time_point deadline);

  /// Asked once of those who answer: again, as all below, when every connection to the host was lost in between.
  Result<HostFacts> facts();
  /// What it offers for domains of this type on this machine, asked once each.
  Result<DomainOffer> offer(const std::string& virt_type, const std::string& machine);

  /// What the trial said, if there has been one.
  std::optional<bool> kvm_verdict();
  void set_kvm_verdict(bool works);

 private:
  Result<DomainOffer> offer_of(const HostFacts& facts, const std::string& virt_type, const std::string& machine);

  void forget_those_before(const std::shared_ptr<HostLink>& link);

  const std::string name_;
  const LibvirtOptions options_;
  const bool is_world_of_its_own_;
  LinkSuccession links_, listening_links_;
  const std::shared_ptr<Listener> listener_;
  const std::shared_ptr<Looks> looks_;
  const std::shared_ptr<MemoryTellers> memory_tellers_;
  std::mutex mutex_;
  /// Over which link, and which of its beginnings, all below was told.
  std::weak_ptr<HostLink> told_over_;
  int told_since_ = 0;
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
