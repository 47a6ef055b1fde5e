#pragma once

#include <string>

#include "cmd/invocation/arguments.h"
#include "engine/plan/plan.h"

namespace vscale {

/// The plan's actions as a graph: an edge from what must be done first to what waits for it. Names are escaped, so that
/// nothing in them is taken for syntax.
std::string graph_text(const Plan& plan, GraphFormat format);

}  // namespace vscale
