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

/// What a command writes to out with --json: one document, or an object a line.
enum class JsonOutput { document, stream };
/// The same for mistakes in the files; warnings among them are shown, too. With --json a stream gets each as an object;
/// where one document is asked for, mistakes are that document, as `validate` gives it, and warnings alone stand on err
/// beside it. `error` if one of them is an error, else `ok`.
ExitCode report(const Invocation& invocation, const Diagnostics& diagnostics, JsonOutput output);

/// A path of the command line, from where the program was started.
std::string absolute_path(const Outside& outside, const std::string& path);

/// Talk on err, unless -q or --json; `line` without its newline.
void say(const Invocation& invocation, const std::string& line);
/// The same for a text with something from outside in it: harmless, and in lines that fit the page.
void say_wrapped(const Invocation& invocation, const std::string& text);

}  // namespace vscale
