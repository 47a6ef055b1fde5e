#pragma once

#include <vector>

#include "engine/plan/planning.h"

namespace vscale {

/// Lays out a new incarnation, after its former one, if it has one, has gone; or goes on with one that was only
/// claimed. Returns what ends it: it is available then. 0 if something stands in its way.
int lay_out_made(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs);

/// Without the addresses that were learned: the guest is asked for them again, for another may have them by now.
std::vector<GuestNic> cards_to_ask(const Planning& planning, const Group& group, std::vector<GuestNic> nics);

}  // namespace vscale
