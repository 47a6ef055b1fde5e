#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/domain/domain_ref.h"
#include "providers/libvirt/link/host_link.h"

namespace vscale::libvirt {

/// Domains of ours that run and do not tell of their memory, since somebody has taken that out of their definition:
/// their balloon is told to ask them for it every few seconds, live and in their definition. Nothing else of them
/// changes, and nothing that is compared with the record. Each is told once while it runs, whether it can or not. Safe
/// from several threads. Owned by shared_ptr. Internal to providers/libvirt.
class MemoryTellers : public std::enable_shared_from_this<MemoryTellers> {
 public:
  /// Begins with a few of `untold` that were not told yet, and waits for none. Only one such piece of work is under way
  /// at a time, and takes one of the host's requests in flight. Domains that are not `up` are forgotten.
  void begin_to_tell(HostLink& link, const std::vector<DomainRef>& untold, const std::set<std::string>& up);

 private:
  std::vector<DomainRef> take_some(const std::vector<DomainRef>& untold, const std::set<std::string>& up);
  void tell(virConnectPtr connection, const std::vector<DomainRef>& domains, Progress& progress);
  void end(const std::vector<DomainRef>& not_told);

  std::mutex mutex_;
  bool under_way_ = false;
  std::set<std::string> told_;  ///< By uuid.
};

}  // namespace vscale::libvirt
