#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cmd/invocation/arguments.h"
#include "engine/plan/plan.h"

namespace vscale {

/// The plan's actions as a graph: an edge from what must be done first to what waits for it. Names are escaped, so that
/// nothing in them is taken for syntax.
std::string graph_text(const Plan& plan, GraphFormat format);

/// The same for programs, with their names as they are: {format_version, name, complete, errored, nodes: [{id, kind,
/// address, host}], edges: [{from, to}], diagnostics}; `from` must be done first.
nlohmann::ordered_json graph_json(const Plan& plan);

}  // namespace vscale
