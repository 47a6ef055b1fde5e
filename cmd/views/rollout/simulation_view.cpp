#include "cmd/views/rollout/simulation_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/views/rollout/outline_view.h"
#include "cmd/views/text/names.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/json/parts/rollout_outline_json.h"
#include "schemas/json/plan_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

std::string move_text(const std::vector<RolloutMove>& moves, std::size_t at, std::size_t shown, const char* sign) {
  if (at < std::min(shown, moves.size())) {
    return fmt::format("{} {} {}", sign, shown_name(moves[at].address), printable(moves[at].host));
  }
  return at == shown && moves.size() > shown ? fmt::format("  and {} more", moves.size() - shown) : "";
}

/// A turn takes a row for each of its moves: what comes beside what goes.
void add_turn(const RolloutTurnOutline& turn, const RolloutOutline& outline, std::size_t listed, Table& table) {
  const std::size_t most = std::max(turn.comes.size(), turn.goes.size());
  const std::size_t rows = std::max<std::size_t>(1, std::min(most, listed + 1));
  for (std::size_t at = 0; at < rows; ++at) {
    const std::string comes = move_text(turn.comes, at, listed, "+");
    const std::string goes = move_text(turn.goes, at, listed, "-");
    if (at > 0) {
      table.add({"", comes, goes, "", "", "", ""});
      continue;
    }
    table.add({std::to_string(turn.number), comes, goes, fmt::format("{}/{}", turn.fresh, outline.size),
               std::to_string(turn.available), std::to_string(turn.total), printable(turn.rests)});
  }
}

std::string turns_text(const RolloutOutline& outline, Verbosity verbosity) {
  if (outline.turns.empty()) return {};
  Table table(0);
  table.add({"TURN", "COMES", "GOES", "NEW", "READY", "TOTAL", "THEN"});
  std::size_t listed = kListedMoves;
  for (const auto& turn : outline.turns) {
    const std::size_t most = std::max(turn.comes.size(), turn.goes.size());
    if (verbosity == Verbosity::verbose) listed = std::max(listed, most);
  }
  for (const auto& turn : outline.turns) add_turn(turn, outline, listed, table);
  return "\n" + table.text() + "\n";
}

std::string heading_text(const RolloutOutline& outline) {
  const std::string revisions =
      outline.from == 0 ? fmt::format("revision {}", outline.to) : fmt::format("{} -> {}", outline.from, outline.to);
  const std::string what = outline_headline(outline);
  const std::string heading = fmt::format("{}: rollout {}", shown_group(outline.group), revisions);
  return left_and_right(what.empty() ? heading : heading + ", " + what, "", 2);
}

std::string ending_text(const RolloutOutline& outline, Room room) {
  if (!outline.held.empty()) return outline_held(outline, room, 0);
  const char* what = outline.back ? "of that revision" : "new";
  return left_and_right(fmt::format("It goes to its end: all {} are {}.", outline.size, what), "", 2);
}

}  // namespace

std::string simulation_text(const Plan& plan, const RolloutOutline& outline, Verbosity verbosity) {
  const Room room = plan.errored ? Room::is_missing : Room::fits;
  std::string bounds = outline_bounds(outline, room);
  bounds.front() = 'P';  // a sentence of its own here
  return heading_text(outline) + left_and_right("  " + outline_budget(outline), "", 2) +
         turns_text(outline, verbosity) + left_and_right(bounds + ".", "", 2) + ending_text(outline, room);
}

std::string nothing_to_simulate_text(const std::string& group) {
  return left_and_right(shown_group(group) + ": nothing is rolled out by turns. What else changes: `vscale plan`.", "",
                        2);
}

Json simulation_json(const Plan& plan, const std::string& group, const RolloutOutline* outline) {
  Json diagnostics = Json::array();
  for (const auto& diagnostic : plan.diagnostics) diagnostics.push_back(Json(diagnostic_json(diagnostic)));
  Json unknown = Json::array();
  for (const auto& one : plan.unknown) {
    unknown.push_back(Json{{"address", one.address}, {"host", one.host}, {"why", one.why}});
  }
  return {{"format_version", kPlanFormatVersion},
          {"timestamp", rfc3339(plan.created_at)},
          {"name", plan.name},
          {"serial", plan.serial},
          {"group", group},
          {"complete", plan.complete},
          {"errored", plan.errored},
          {"rollout", outline == nullptr ? Json(nullptr) : rollout_outline_json(*outline)},
          {"unknown", std::move(unknown)},
          {"diagnostics", std::move(diagnostics)}};
}

}  // namespace vscale
