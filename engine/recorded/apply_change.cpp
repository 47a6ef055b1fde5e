#include "engine/recorded/apply_change.h"

#include <algorithm>
#include <tuple>

namespace vscale {
namespace {

auto key_of(const VolumeRecord& volume) {
  return std::tie(volume.host, volume.pool, volume.name);
}
auto key_of(const RemoveVolume& volume) {
  return std::tie(volume.host, volume.pool, volume.name);
}
auto key_of(const ImageCopyRecord& copy) {
  return std::tie(copy.host, copy.pool, copy.volume);
}
auto key_of(const RemoveImageCopy& copy) {
  return std::tie(copy.host, copy.pool, copy.volume);
}

/// Where `item` stands in the sorted list, or where it would have to be inserted.
template <class Record, class Item>
auto position_of(std::vector<Record>& sorted, const Item& item) {
  return std::lower_bound(sorted.begin(), sorted.end(), item,
                          [](const Record& left, const Item& right) { return key_of(left) < key_of(right); });
}

template <class Record>
void put(std::vector<Record>& sorted, const Record& record) {
  const auto at = position_of(sorted, record);
  if (at != sorted.end() && key_of(*at) == key_of(record)) {
    *at = record;
  } else {
    sorted.insert(at, record);
  }
}

template <class Record, class Item>
void remove(std::vector<Record>& sorted, const Item& item) {
  const auto at = position_of(sorted, item);
  if (at != sorted.end() && key_of(*at) == key_of(item)) sorted.erase(at);
}

struct Apply {
  RecordedState& state;

  void operator()(const PutInstance& change) { state.instances[change.instance.address] = change.instance; }
  void operator()(const RemoveInstance& change) { state.instances.erase(change.address); }
  void operator()(const MoveInstance& change) {
    auto node = state.instances.extract(change.from);
    if (!node.empty()) {
      node.key() = change.to;
      node.mapped().address = change.to;
      state.instances.insert(std::move(node));
    }
    for (auto& volume : state.volumes) {
      if (volume.owner == change.from) volume.owner = change.to;
    }
  }
  void operator()(const PutVolume& change) { put(state.volumes, change.volume); }
  void operator()(const RemoveVolume& change) { remove(state.volumes, change); }
  void operator()(const PutImageCopy& change) { put(state.image_copies, change.copy); }
  void operator()(const RemoveImageCopy& change) { remove(state.image_copies, change); }
  void operator()(const PutImageLock& change) { state.image_locks[change.lock.image] = change.lock; }
  void operator()(const PutGroup& change) { state.groups[change.group.address] = change.group; }
  void operator()(const RemoveGroup& change) { state.groups.erase(change.address); }
};

}  // namespace

void apply(RecordedState& state, const RecordChange& change) {
  std::visit(Apply{state}, change);
}

}  // namespace vscale
