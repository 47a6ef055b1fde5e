#include "schemas/diagnostics/diagnostic_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace vscale {
namespace {

using nlohmann::json;

json span_json(const SourceSpan& span) {
  return {{"file", span.file}, {"line", span.line}, {"column", span.column}, {"length", span.length}};
}

// Snippets hold whatever stands in the file; JSON has to be UTF-8.
json valid_utf8(const json& value) {
  return json::parse(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

json diagnostic_json(const Diagnostic& diagnostic) {
  json out = span_json(diagnostic.where);
  out["severity"] = diagnostic.severity == Severity::error ? "error" : "warning";
  out["code"] = diagnostic.code;
  out["summary"] = diagnostic.summary;
  out["label"] = diagnostic.label;
  out["hint"] = diagnostic.hint;
  out["snippet"] = diagnostic.snippet;
  out["also"] = json::array();
  for (const SourceSpan& also : diagnostic.also) out["also"].push_back(span_json(also));
  return valid_utf8(out);
}

json diagnostics_json(const Diagnostics& diagnostics) {
  json out{{"format_version", "1.0"},
           {"valid", !has_errors(diagnostics)},
           {"error_count", 0},
           {"warning_count", 0},
           {"diagnostics", json::array()}};
  for (const Diagnostic& diagnostic : diagnostics) {
    const char* counter = diagnostic.severity == Severity::error ? "error_count" : "warning_count";
    out[counter] = out[counter].get<int>() + 1;
    out["diagnostics"].push_back(diagnostic_json(diagnostic));
  }
  return out;
}

}  // namespace vscale
