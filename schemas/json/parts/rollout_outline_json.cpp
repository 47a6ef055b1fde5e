#include "schemas/json/parts/rollout_outline_json.h"

#include "schemas/json/parts/json_values.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kManual = "manual";

constexpr std::array kOnFailureWords{Word<Update::OnFailure>{Update::OnFailure::pause, "pause"},
                                     Word<Update::OnFailure>{Update::OnFailure::rollback, "rollback"},
                                     Word<Update::OnFailure>{Update::OnFailure::proceed, "continue"}};

Json amount_json(const Amount& amount) {
  return {{amount.unit == Amount::Unit::percent ? "percent" : "count", amount.value}};
}

Amount amount_from(const JsonCursor& json) {
  if (json.has("percent")) return {Amount::Unit::percent, json["percent"].small()};
  return {Amount::Unit::count, json["count"].small()};
}

Json step_json(const UpdateStep& step) {
  return {{"to", amount_json(step.to)},
          {"pause", step.manual_pause ? Json(kManual) : or_null(step.pause)},
          {"bake_ms", or_null(step.bake)}};
}

UpdateStep step_from(const JsonCursor& json) {
  UpdateStep step;
  step.to = amount_from(json["to"]);
  step.manual_pause = json.has("pause") && json["pause"].is_text();
  if (!step.manual_pause) step.pause = optional_duration_from(json, "pause");
  if (step.manual_pause && json["pause"].text() != kManual) json["pause"].wrong("neither manual nor milliseconds");
  step.bake = optional_duration_from(json, "bake_ms");
  return step;
}

Json move_json(const RolloutMove& move) {
  return {{"address", move.address}, {"host", move.host}};
}

RolloutMove move_from(const JsonCursor& json) {
  return {.address = json["address"].text(), .host = json["host"].text()};
}

Json turn_json(const RolloutTurnOutline& turn) {
  return {{"number", turn.number},
          {"comes", list_json(turn.comes, move_json)},
          {"goes", list_json(turn.goes, move_json)},
          {"fresh", turn.fresh},
          {"available", turn.available},
          {"total", turn.total},
          {"rests", turn.rests}};
}

RolloutTurnOutline turn_from(const JsonCursor& json) {
  return {.number = json["number"].small(),
          .comes = list_from<RolloutMove>(json["comes"], move_from),
          .goes = list_from<RolloutMove>(json["goes"], move_from),
          .fresh = json["fresh"].small(),
          .available = json["available"].small(),
          .total = json["total"].small(),
          .rests = json["rests"].text()};
}

}  // namespace

Json rollout_outline_json(const RolloutOutline& rollout) {
  return {{"group", rollout.group},
          {"from", rollout.from},
          {"to", rollout.to},
          {"back", rollout.back},
          {"what", rollout.what},
          {"size", rollout.size},
          {"surge", rollout.surge},
          {"unavailable", rollout.unavailable},
          {"per_host", rollout.per_host},
          {"in_place", rollout.in_place},
          {"in_place_why", rollout.in_place_why},
          {"min_ready_ms", rollout.min_ready.count()},
          {"steps", list_json(rollout.steps, step_json)},
          {"on_failure", word_for(kOnFailureWords, rollout.on_failure)},
          {"failures", rollout.failures},
          {"max_failures", rollout.max_failures},
          {"peak", rollout.peak},
          {"lowest", rollout.lowest},
          {"turns", list_json(rollout.turns, turn_json)},
          {"held", rollout.held}};
}

RolloutOutline rollout_outline_from(const JsonCursor& json) {
  return {.group = json["group"].text(),
          .from = json["from"].integer(),
          .to = json["to"].integer(),
          .back = json["back"].truth(),
          .what = json["what"].text(),
          .size = json["size"].small(),
          .surge = json["surge"].small(),
          .unavailable = json["unavailable"].small(),
          .per_host = json["per_host"].small(),
          .in_place = json["in_place"].truth(),
          .in_place_why = json["in_place_why"].text(),
          .min_ready = Duration{json["min_ready_ms"].integer()},
          .steps = list_from<UpdateStep>(json["steps"], step_from),
          .on_failure = json["on_failure"].word(from_words(kOnFailureWords)),
          .failures = json["failures"].small(),
          .max_failures = json["max_failures"].small(),
          .peak = json["peak"].small(),
          .lowest = json["lowest"].small(),
          .turns = list_from<RolloutTurnOutline>(json["turns"], turn_from),
          .held = json["held"].text()};
}

}  // namespace vscale
