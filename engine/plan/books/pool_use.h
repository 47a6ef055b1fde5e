#pragma once

#include "engine/plan/plan.h"

namespace vscale {

/// Does it matter to this plan what the pools said of themselves, which is only what their hosts saw when they last
/// looked? It does if the plan brings, makes, grows or deletes something in a pool, or starts what stands on it; if it
/// misses a disk there, or found a file that should not be there; if it follows a domain that was moved by hand, with
/// the disks that came along, or a host that has another name; or if it failed, as it may have for want of room. A plan
/// that does not touch pools is the same after another look.
bool relies_on_pools(const Plan& plan);

}  // namespace vscale
