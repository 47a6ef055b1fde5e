#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/scaling/decide_size.h"
#include "engine/scaling/policies/target.h"

namespace vscale {

/// What all policies of a group have to say.
struct Opinions {
  std::vector<Recommendation> recommendations;  ///< One for each policy, in their order.
  std::vector<GroupLoad> loads;                 ///< Of policies of kind target.
  std::vector<InstanceAddress> terminating;    ///< Members that want to end, and may. In order of addresses, each once.
  std::map<std::string, PolicyMemory> memory;  ///< Afterwards; of those that remember anything.
};

/// Asks every policy. Where suspension `scale` holds, those that look at load have no say: they go on measuring and
/// remembering, so that afterwards nothing begins anew, but what they say is none. Where `schedule` holds, those of
/// that kind are not asked: an event that is still fresh afterwards counts then.
Opinions ask_policies(const ScalingInput& input, const std::map<std::string, PolicyMemory>& memory);

}  // namespace vscale
