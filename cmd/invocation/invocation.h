#pragma once

#include <string>

#include "cmd/invocation/arguments.h"
#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/streams.h"
#include "cmd/outside.h"
#include "cmd/views/plan_view.h"
#include "cmd/views/text/text_layout.h"
#include "engine/values/diagnostic.h"
#include "engine/values/result.h"

namespace vscale {

/// One call of the program: what every command needs besides its own arguments. Refers to what run() was given.
struct Invocation {
  const GlobalOptions& global;
  Streams& streams;
  Outside& outside;
  Paint out_paint, err_paint;
  Verbosity verbosity = Verbosity::normal;
  bool redraw = false;  ///< `out` is a terminal that can move its cursor.
};

Invocation make_invocation(const GlobalOptions& global, Streams& streams, Outside& outside);

/// Says what went wrong: on err, and with --json as an object on out as well.
ExitCode fail(const Invocation& invocation, const Error& error);
/// The same for mistakes in the files; warnings among them are shown, too. `error` if one of them is an error, else
/// `ok`.
ExitCode report(const Invocation& invocation, const Diagnostics& diagnostics);

/// A path of the command line, from where the program was started.
std::string absolute_path(const Outside& outside, const std::string& path);

/// Talk on err, unless -q or --json; `line` without its newline.
void say(const Invocation& invocation, const std::string& line);

}  // namespace vscale
