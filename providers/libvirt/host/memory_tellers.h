#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/domain/domain_ref.h"
#include "providers/libvirt/link/host_link.h"

namespace vscale::libvirt {

/// Domains of ours that run and do not tell of their memory, as they were defined by hand or by an older vscale: their
/// balloon is told to ask them for it every few seconds, live and in their definition. Nothing else of them changes,
/// and nothing that is compared with the record. A guest without a driver for the balloon goes on to tell nothing: each
/// domain is told once while it runs. Safe from several threads. Owned by shared_ptr. Internal to providers/libvirt.
class MemoryTellers : public std::enable_shared_from_this<MemoryTellers> {
 public:
  /// Begins with a few of `silent` that were not told yet, and waits for none. Only one such piece of work is under way
  /// at a time, and takes one of the host's requests in flight. Domains that are not `there`, up and
  /// answering, are forgotten.
  void begin_to_tell(HostLink& link, const std::vector<DomainRef>& silent, const std::set<std::string>& there);

 private:
  std::vector<DomainRef> take_some(const std::vector<DomainRef>& silent, const std::set<std::string>& there);
  void tell(virConnectPtr connection, const std::vector<DomainRef>& domains, Progress& progress);
  void end(const std::vector<DomainRef>& not_told);

  std::mutex mutex_;
  bool under_way_ = false;
  std::set<std::string> told_;  ///< By uuid.
};

}  // namespace vscale::libvirt
