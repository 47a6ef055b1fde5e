#include "engine/recorded/wanted_size.h"

#include <algorithm>

#include "engine/recorded/has_begun.h"
#include "engine/recorded/lookup/group_entries.h"

namespace vscale {
namespace {

/// By the record; 0 before one of it has begun.
int size_so_far(const RecordedState& recorded, const std::string& group) {
  int there = 0;
  bool begun = false;
  for (const auto& [address, instance] : GroupEntries(recorded.instances, group)) {
    ++there;
    begun = begun || has_begun(instance);
  }
  const auto record = recorded.groups.find(group);
  if (!begun) return 0;
  return record != recorded.groups.end() && record->second.size > 0 ? record->second.size : there;
}

int size_at_first(const Group& group, const RecordedState& recorded, const std::string& recorded_as) {
  const int so_far = size_so_far(recorded, recorded_as);
  return so_far == 0 ? group.size : so_far;
}

}  // namespace

const WantedSize* size_owner(const Group& group, const RecordedState& recorded, const std::string& recorded_as) {
  if (!group.scaling) return nullptr;
  const auto wanted = recorded.wanted_sizes.find(recorded_as);
  return wanted == recorded.wanted_sizes.end() ? nullptr : &wanted->second;
}

int wanted_size(const Group& group, const RecordedState& recorded, const std::string& recorded_as) {
  if (!group.scaling) return group.size;
  const WantedSize* owner = size_owner(group, recorded, recorded_as);
  const int size = owner != nullptr ? owner->size : size_at_first(group, recorded, recorded_as);
  return std::clamp(size, group.scaling->min, std::max(group.scaling->min, group.scaling->max));
}

std::string show_owner(const WantedSize& size) {
  return size.owner == WantedSize::Owner::policies ? "policy " + size.by : size.by;
}

}  // namespace vscale
