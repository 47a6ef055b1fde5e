#include "engine/recorded/has_begun.h"

namespace vscale {

bool has_begun(const InstanceRecord& instance) {
  return instance.phase != Phase::claimed || instance.incarnation > 1;
}

}  // namespace vscale
