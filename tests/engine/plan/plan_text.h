#pragma once

#include <string>

#include "engine/plan/plan.h"

namespace vscale::test {

/// A plan as compact text, for golden files: every decision with its reasons and numbers, then the graph:
/// `12 domain.start group.web[0]@kvm1 <- 11`. Parts that are empty are left out.
std::string plan_text(const Plan& plan);

}  // namespace vscale::test
