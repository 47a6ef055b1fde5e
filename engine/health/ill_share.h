#pragma once

#include <map>
#include <string>

#include "engine/health/decide_health.h"

/// How much of a group is ill: trouble of many has a cause that healing one after another does not reach.

namespace vscale {

/// Of the members that tell something of how those that were started fare. Neither above nor below the line are
/// those that are unknown, stopped by an operator, leaving, or not started yet: they could only thin out the ill ones.
struct IllShare {
  int ill = 0;      ///< Failing (from the first failure on), off, or booting past startupTimeout.
  int counted = 0;  ///< The ill ones, those that are alive, and those that boot.
  int unknown = 0;

  bool operator==(const IllShare&) const = default;
};

/// `records`: every member's, after what was found of it.
IllShare ill_share(const HealthInput& input, const std::map<InstanceAddress, HealthRecord>& records);

/// So many of `counted` may be ill while any is healed. A percentage is rounded down, but to no less than one unless it
/// is 0; a number is as it is written.
int allowed_unhealthy(const Amount& max_unhealthy, int counted);

/// "3 of 5 are ill, 2 allowed (maxUnhealthy 40 %)"; empty where no more are ill than may be.
std::string why_too_many_ill(const Group& group, const IllShare& share);

/// "4 of 8 are unready (50 %), more than 3 and than 45 %"; empty where the breaker is closed. Only a group with
/// `scaling` has one.
std::string why_breaker_open(const Group& group, const IllShare& share);

Figures figures_of(const Group& group, const IllShare& share);

}  // namespace vscale
