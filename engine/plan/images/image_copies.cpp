#include "engine/plan/images/image_copies.h"

#include <algorithm>

namespace vscale {
namespace {

bool lists(const LivePool* pool, const std::string& volume) {
  return pool != nullptr && pool->active && pool->volumes.count(volume) != 0;
}

bool has_root_disk_in(const ImagePlace& place, const std::string& digest, const RecordedState& recorded) {
  return std::any_of(recorded.volumes.begin(), recorded.volumes.end(), [&](const VolumeRecord& volume) {
    if (volume.role != VolumeRecord::Role::root || volume.pool != place.pool) return false;
    if (!place.shared && volume.host != place.host) return false;
    const auto owner = recorded.instances.find(volume.owner);
    return owner == recorded.instances.end() || owner->second.image_digest == digest;
  });
}

/// By hand, with its disks, and the record has not followed yet.
bool was_moved_here(const ImagePlace& place, const std::string& digest, const RecordedState& recorded,
                    const LiveIndex& live) {
  return std::any_of(recorded.instances.begin(), recorded.instances.end(), [&](const auto& entry) {
    const InstanceRecord& instance = entry.second;
    if (instance.image_digest != digest || instance.host == place.host) return false;
    const auto& places = live.with_uuid(instance.uuid);
    return std::any_of(places.begin(), places.end(), [&](const LivePlace& seen) { return *seen.host == place.host; });
  });
}

/// An older backup may know of a claim, and not of the root disk that the guest has by now, in whichever pool.
bool is_here_without_root(const ImagePlace& place, const std::string& digest, const RecordedState& recorded,
                          const LiveIndex& live) {
  const auto has_root = [&](const InstanceAddress& address) {
    return std::any_of(recorded.volumes.begin(), recorded.volumes.end(), [&](const VolumeRecord& volume) {
      return volume.role == VolumeRecord::Role::root && volume.owner == address;
    });
  };
  return std::any_of(recorded.instances.begin(), recorded.instances.end(), [&](const auto& entry) {
    if (entry.second.image_digest != digest) return false;
    const auto& places = live.with_uuid(entry.second.uuid);
    const bool here = std::any_of(places.begin(), places.end(),
                                  [&](const LivePlace& seen) { return place.shared || *seen.host == place.host; });
    return here && !has_root(entry.first);
  });
}

}  // namespace

bool may_be_there(const ImageCopyRecord& copy, const ImagePlace& place, const LiveIndex& live) {
  const LivePool* own = live.pool(place.host, place.pool);
  if (own != nullptr && !own->active) return true;
  if (lists(own, copy.volume)) return true;
  if (!place.shared) return false;
  const auto& hosts = live.answering_hosts();
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& host) { return lists(live.pool(host, place.pool), copy.volume); });
}

bool nobody_stands_on(const std::string& digest, const ImagePlace& place, const RecordedState& recorded,
                      const std::vector<UnrecordedDomain>& unrecorded, const std::vector<SharingSign>& signs,
                      const LiveIndex& live) {
  const LivePool* seen = live.pool(place.host, place.pool);
  if (seen == nullptr || !seen->active) return false;
  if (place.shared && !live.silent_hosts().empty()) return false;
  if (looks_shared(signs, place.host, place.pool)) return false;
  if (has_root_disk_in(place, digest, recorded) || was_moved_here(place, digest, recorded, live)) return false;
  if (is_here_without_root(place, digest, recorded, live)) return false;
  return std::none_of(unrecorded.begin(), unrecorded.end(), [&](const UnrecordedDomain& domain) {
    return (place.shared || *domain.host == place.host) && may_stand_on_image(domain, digest);
  });
}

}  // namespace vscale
