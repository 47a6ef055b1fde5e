#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "engine/desired/group.h"
#include "schemas/json/json_cursor.h"

/// Gates and hooks, with `${…}` as it was written.

namespace vscale {

/// {kind, allow_degraded, port, path, status, timeout_ms, every_ms, guest, kubeconfig}
nlohmann::ordered_json gate_json(const Gate& gate);
/// {command, guest, undo, stdin_text, stdin_from, timeout_ms, on_failure: abort|continue}
nlohmann::ordered_json hook_json(const Hook& hook);

/// And back; mistakes are noted by the cursor.
Gate gate_from(const JsonCursor& json);
Hook hook_from(const JsonCursor& json);

}  // namespace vscale
