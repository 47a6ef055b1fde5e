#include "cmd/invocation/invocation.h"

#include <nlohmann/json.hpp>

#include "cmd/views/run/run_json.h"
#include "cmd/views/text/error_view.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
namespace {

bool is_set(const Outside& outside, const std::string& name) {
  const auto value = outside.environment(name);
  return value && !value->empty();
}

}  // namespace

Invocation make_invocation(const GlobalOptions& global, Streams& streams, Outside& outside) {
  const bool dumb = outside.environment("TERM").value_or("") == "dumb";
  const bool colours = !global.no_color && !global.json && !dumb && !is_set(outside, "NO_COLOR");
  return {.global = global,
          .streams = streams,
          .outside = outside,
          .out_paint = Paint{colours && streams.out_is_terminal},
          .err_paint = Paint{colours && streams.err_is_terminal},
          .verbosity = global.verbose ? Verbosity::verbose
                       : global.quiet ? Verbosity::quiet
                                      : Verbosity::normal,
          .redraw = streams.out_is_terminal && !dumb && !global.json};
}

ExitCode fail(const Invocation& invocation, const Error& error) {
  if (invocation.global.json) {
    invocation.streams.out << line_of(error_json(error, invocation.outside.clock->now()));
  }
  invocation.streams.err << error_text(error, invocation.err_paint, 0);
  return ExitCode::error;
}

ExitCode report(const Invocation& invocation, const Diagnostics& diagnostics, JsonOutput output) {
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json && output == JsonOutput::stream) {
    for (const auto& diagnostic : diagnostics) {
      out << line_of(diagnostic_event_json(diagnostic, invocation.outside.clock->now()));
    }
  } else if (invocation.global.json && has_errors(diagnostics)) {
    out << line_of(diagnostics_json(diagnostics));
  }
  if (!diagnostics.empty()) invocation.streams.err << render_diagnostics(diagnostics) << "\n";
  return has_errors(diagnostics) ? ExitCode::error : ExitCode::ok;
}

std::string absolute_path(const Outside& outside, const std::string& path) {
  return path.starts_with('/') ? path : outside.working_folder + "/" + path;
}

void say(const Invocation& invocation, const std::string& line) {
  if (invocation.verbosity == Verbosity::quiet || invocation.global.json) return;
  invocation.streams.err << line << "\n";
  invocation.streams.err.flush();
}

void say_wrapped(const Invocation& invocation, const std::string& text) {
  std::string lines = left_and_right(printable(text), "", 2);
  lines.pop_back();  // say() ends the last one
  say(invocation, lines);
}

}  // namespace vscale
