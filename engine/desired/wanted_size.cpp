#include "engine/desired/wanted_size.h"

#include <algorithm>

namespace vscale {

int wanted_size(const Group& group, int existing) {
  if (!group.scaling) return group.size;
  const int begin = existing == 0 ? group.size : existing;
  return std::clamp(begin, group.scaling->min, std::max(group.scaling->min, group.scaling->max));
}

}  // namespace vscale
