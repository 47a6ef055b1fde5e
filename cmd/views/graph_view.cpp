#include "cmd/views/graph_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/views/run/run_steps.h"
#include "cmd/views/text/names.h"
#include "cmd/views/text/text_layout.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

std::string dot_quoted(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// Mermaid knows no escape but entities.
std::string mermaid_quoted(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view(" .,:-/_").find(c) != std::string_view::npos || static_cast<signed char>(c) < 0;
    out += plain ? std::string(1, c) : fmt::format("#{};", static_cast<int>(c));
  }
  return out;
}

bool is_barrier(const Action& action) {
  return std::holds_alternative<Barrier>(action.detail);
}

std::string dot_text(const Plan& plan) {
  std::string out =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n", dot_quoted(plan.name));
  for (const auto& action : plan.actions) {
    out += fmt::format("  a{} [label=\"{}\\n{}\"{}];\n", action.id, dot_quoted(shown_name(action.address)),
                       dot_quoted(action_label(action)), is_barrier(action) ? ", shape=ellipse" : "");
  }
  for (const auto& action : plan.actions) {
    for (const int need : action.needs) out += fmt::format("  a{} -> a{};\n", need, action.id);
  }
  return out + "}\n";
}

std::string mermaid_text(const Plan& plan) {
  std::string out = "flowchart LR\n";
  for (const auto& action : plan.actions) {
    const std::string label =
        mermaid_quoted(shown_name(action.address)) + "<br/>" + mermaid_quoted(action_label(action));
    out += is_barrier(action) ? fmt::format("  a{}([\"{}\"])\n", action.id, label)
                              : fmt::format("  a{}[\"{}\"]\n", action.id, label);
  }
  for (const auto& action : plan.actions) {
    for (const int need : action.needs) out += fmt::format("  a{} --> a{}\n", need, action.id);
  }
  return out;
}

}  // namespace

std::string graph_text(const Plan& plan, GraphFormat format) {
  switch (format) {
    case GraphFormat::dot:
      return dot_text(plan);
    case GraphFormat::mermaid:
      return mermaid_text(plan);
  }
  VSCALE_ASSERT(false, "a graph format without a text");
}

nlohmann::ordered_json graph_json(const Plan& plan) {
  using Json = nlohmann::ordered_json;
  Json nodes = Json::array();
  Json edges = Json::array();
  for (const auto& action : plan.actions) {
    nodes.push_back(
        Json{{"id", action.id}, {"kind", kind_of(action.detail)}, {"address", action.address}, {"host", action.host}});
    for (const int need : action.needs) edges.push_back(Json{{"from", need}, {"to", action.id}});
  }
  Json diagnostics = Json::array();
  for (const auto& diagnostic : plan.diagnostics) diagnostics.push_back(Json(diagnostic_json(diagnostic)));
  return {{"format_version", kPlanFormatVersion},
          {"name", plan.name},
          {"complete", plan.complete},
          {"errored", plan.errored},
          {"nodes", std::move(nodes)},
          {"edges", std::move(edges)},
          {"diagnostics", std::move(diagnostics)}};
}

}  // namespace vscale
