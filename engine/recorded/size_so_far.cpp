#include "engine/recorded/size_so_far.h"

#include "engine/recorded/has_begun.h"

namespace vscale {

int size_so_far(const RecordedState& recorded, const std::string& group) {
  int there = 0;
  bool begun = false;
  for (const auto& [address, instance] : recorded.instances) {
    if (group_address(address) != group) continue;
    ++there;
    begun = begun || has_begun(instance);
  }
  const auto record = recorded.groups.find(group);
  if (!begun) return 0;
  return record != recorded.groups.end() && record->second.size > 0 ? record->second.size : there;
}

}  // namespace vscale
