#pragma once

#include <limits>
#include <map>
#include <string>

#include "engine/values/address.h"

namespace vscale {

/// The entries of one group in a map by instances, where they stand one behind the other: to go through them costs
/// nothing for what is recorded of other groups. Refers to the map.
template <class Value>
class GroupEntries {
 public:
  /// `group`: `group.web` or `machine.db1`.
  GroupEntries(const std::map<InstanceAddress, Value>& all, const std::string& group) {
    InstanceAddress bound = first_address_of(group);
    first_ = all.lower_bound(bound);
    bound.ordinal = std::numeric_limits<int>::max();
    last_ = all.upper_bound(bound);
  }

  [[nodiscard]] auto begin() const { return first_; }
  [[nodiscard]] auto end() const { return last_; }

 private:
  typename std::map<InstanceAddress, Value>::const_iterator first_, last_;
};

}  // namespace vscale
