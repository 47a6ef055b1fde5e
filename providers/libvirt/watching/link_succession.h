#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "providers/libvirt/link/host_link.h"

namespace vscale::libvirt {

/// The links to one host, one after the other, for a program that runs for months: where one is of no use any more,
/// another takes its place. What hangs in the one before is abandoned, and can do nothing to the new one. How many may
/// hang is bounded (LibvirtOptions::abandoned_links). Safe from several threads. Internal to providers/libvirt.
class LinkSuccession {
 public:
  LinkSuccession(HostConnection host, LibvirtOptions options);

  /// The link that is to be used now, for one piece of work or a few that belong together.
  std::shared_ptr<HostLink> current();

  /// As HostLink has them; no other link comes after that.
  void begin_closing();
  void wait_until_closed(std::chrono::steady_clock::time_point deadline);

 private:
  Error too_many_hang() const;

  const HostConnection host_;
  const LibvirtOptions options_;
  std::mutex mutex_;
  bool closed_ = false;
  std::shared_ptr<HostLink> current_;
  std::vector<std::weak_ptr<HostLink>> abandoned_;  ///< Gone when their last thread has returned.
};

}  // namespace vscale::libvirt
