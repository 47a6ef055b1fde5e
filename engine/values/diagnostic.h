#pragma once

#include <string>
#include <vector>

/// What a user is told about what they wrote: every mistake at once, each with its place.

namespace vscale {

/// A place in a text file. Lines and columns start at 1 and columns count bytes; line 0 means "no place known".
struct SourceSpan {
  std::string file;
  int line = 0;
  int column = 0;
  int length = 1;  ///< How much to underline, in bytes on that one line; at least 1.

  bool operator==(const SourceSpan&) const = default;
};

enum class Severity { error, warning };

/// One mistake or warning. A person reads it as (see schemas/diagnostics/diagnostic_text.h)
///
///     error: group "web": memory "lots" is not a size
///       --> web.yaml:5:13
///        |
///      5 |     memory: lots
///        |             ^^^^ expected a number and a unit
///        = hint: such as 512MiB
struct Diagnostic {
  Severity severity = Severity::error;
  std::string code;     ///< Stable word for JSON and tests, such as "unknown_key"; never shown to a person.
  std::string summary;  ///< Names the thing and says what was found. Never contains a secret.
  std::string label;    ///< Stands beside the caret: what is allowed. May be empty.
  std::string hint;     ///< What to do next, or "did you mean"; may be empty.
  SourceSpan where;     ///< line 0: not about a place in a file.
  std::string snippet;  ///< The line of the file as it is written, without its newline; empty if there is none.
  std::vector<SourceSpan> also;  ///< Other places that matter, such as the first of two equal keys.

  bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

/// True if one of them is an error.
bool has_errors(const Diagnostics& diagnostics);

}  // namespace vscale
