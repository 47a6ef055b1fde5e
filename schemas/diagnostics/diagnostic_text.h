#pragma once

#include <string>

#include "engine/values/diagnostic.h"

/// Diagnostics as a person reads them.

namespace vscale {

/// One diagnostic, several lines, closed by a newline. The caret stands under the right column also after tabs (shown
/// as four spaces) and wide characters; a line too long for the screen is cut around the caret. Text is broken between
/// words at 80 columns; a longer word, such as a path, stays whole, so that it can be copied. Control characters are
/// shown as `\x1b`, so that a hostile file cannot move the cursor.
std::string render_diagnostic(const Diagnostic& diagnostic);

/// All of them with an empty line between, and a last line that counts: "3 errors, 1 warning". Empty for none.
std::string render_diagnostics(const Diagnostics& diagnostics);

}  // namespace vscale
