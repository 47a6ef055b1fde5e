#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/values/diagnostic.h"

/// Diagnostics for programs.

namespace vscale {

/// {severity: error|warning, code, summary, label, hint, file, line, column, length, snippet, also: [{file, line,
/// column, length}]}. Lines and columns start at 1, columns count bytes; line 0 is "no place". Texts are valid UTF-8.
nlohmann::json diagnostic_json(const Diagnostic& diagnostic);

/// What `validate --json` prints: {format_version, valid, error_count, warning_count, diagnostics: [...]}.
nlohmann::json diagnostics_json(const Diagnostics& diagnostics);

}  // namespace vscale
