#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/values/address.h"

/// Which members go where a group gets smaller.

namespace vscale {

struct VictimCandidate {
  InstanceAddress address;
  std::string host{};  ///< Empty: it has none yet.
  bool leaving = false;
  bool asked_to_end = false;  ///< By what it told a capacity policy.
  bool never_ready = false;   ///< Since it was made: it failed, or is still on its way.
  bool old_revision = false;
  bool unhealthy = false;               ///< It fails, or is off.
  std::optional<double> cpu_percent{};  ///< Nothing: not known, and so taken for busier than any that is.
  bool protected_from_scale_in = false;
  bool out_of_reach = false;  ///< Its host does not answer: to choose it would remove nobody for now.

  bool operator==(const VictimCandidate&) const = default;
};

/// The `count` members that go, the first of them first; fewer where the others are protected, or out of reach.
/// In this order: leaving already > asked to end > never ready > of an old revision > unhealthy > on the host with most
/// members of those that are left > least busy > highest ordinal. Whatever the order of `members`.
std::vector<InstanceAddress> victims(const std::vector<VictimCandidate>& members, int count);

}  // namespace vscale
