#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "engine/desired/config.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// What is known of volumes: those recorded for each instance, and which names are taken in which pool. A shared pool
/// is one, whichever host looks at it.
class VolumeBook {
 public:
  /// Refers to all three, which must outlive it.
  VolumeBook(const Config& config, const std::vector<VolumeRecord>& recorded, const LiveIndex& live);

  /// `moved:`: the volumes of `from` are `to`'s now.
  void move(const InstanceAddress& from, const InstanceAddress& to);
  /// The volume is on another host than recorded: its domain was moved by hand, with its disks.
  void relocate(const VolumeRecord& volume, const std::string& host);
  /// The file calls the volume's storage otherwise now; it is the same pool.
  void rename_storage(const VolumeRecord& volume, const std::string& storage);
  /// The recorded volumes of an instance, in order of (host, pool, name), with its new address as owner.
  [[nodiscard]] const std::vector<VolumeRecord>& of(const InstanceAddress& owner) const;
  /// The owners with volumes that are of the same group as `first`, the lowest of it, in order of ordinals.
  [[nodiscard]] std::vector<InstanceAddress> owners_from(const InstanceAddress& first) const;
  /// All owners with volumes.
  [[nodiscard]] std::vector<InstanceAddress> owners() const;

  /// Does the pool say that it has this volume? A pool that is not active, or not there, says nothing.
  [[nodiscard]] bool is_live(const std::string& host, const std::string& pool, const std::string& name) const;
  /// Is the pool there and active?
  [[nodiscard]] bool is_pool_active(const std::string& host, const std::string& pool) const;
  /// Does its pool, which says what it has, not have it?
  [[nodiscard]] bool is_gone(const VolumeRecord& volume) const {
    return is_pool_active(volume.host, volume.pool) && !is_live(volume.host, volume.pool, volume.name);
  }
  [[nodiscard]] bool is_shared(const std::string& pool) const { return shared_pools_.count(pool) != 0; }
  /// The host through which to work on what `recorded` has in the pool: that one, and where it cannot, in a shared
  /// pool, `own` or else the first one that can. `recorded` again if nobody can. `may_use` says which hosts may be
  /// asked.
  [[nodiscard]] std::string host_reaching(const std::string& pool, const std::string& recorded, const std::string& own,
                                          const std::function<bool(const std::string&)>& may_use) const;

  /// Takes the name for `owner`. Empty if it may have it; else who or what has it already.
  std::string take(const std::string& host, const std::string& pool, const std::string& name,
                   const InstanceAddress& owner);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  [[nodiscard]] Key key_of(const std::string& host, const std::string& pool, const std::string& name) const;

  const LiveIndex& live_;
  std::set<std::string> shared_pools_;
  std::map<InstanceAddress, std::vector<VolumeRecord>> by_owner_;
  std::map<Key, InstanceAddress> owners_;
};

}  // namespace vscale
