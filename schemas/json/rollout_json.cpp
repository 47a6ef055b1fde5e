#include "schemas/json/rollout_json.h"

#include "schemas/json/parts/json_values.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

Json revision_json(const RevisionRecord& revision) {
  return {{"group", revision.group},
          {"number", revision.number},
          {"spec_hash", revision.spec_hash},
          {"image", image_lock_json(revision.image)},
          {"created_at", rfc3339(revision.created_at)},
          {"completed_at", or_null(revision.completed_at)},
          {"verdict", to_string(revision.verdict)},
          {"why", revision.why}};
}

RevisionRecord revision_from(const JsonCursor& json) {
  return {.group = json["group"].text(),
          .number = json["number"].integer(),
          .spec_hash = json["spec_hash"].text(),
          .image = image_lock_from(json["image"]),
          .made_of = {},
          .created_at = json["created_at"].instant(),
          .completed_at = optional_instant_from(json, "completed_at"),
          .verdict = json["verdict"].word(verdict_from),
          .why = json["why"].text()};
}

Json rollout_record_json(const RolloutRecord& rollout) {
  return {{"group", rollout.group},
          {"from", rollout.from},
          {"to", rollout.to},
          {"steps_passed", rollout.steps_passed},
          {"step_reached_at", or_null(rollout.step_reached_at)},
          {"failures", rollout.failures},
          {"failure", rollout.failure},
          {"started_at", rfc3339(rollout.started_at)}};
}

RolloutRecord rollout_record_from(const JsonCursor& json) {
  return {.group = json["group"].text(),
          .from = json["from"].integer(),
          .to = json["to"].integer(),
          .steps_passed = json["steps_passed"].small(),
          .step_reached_at = optional_instant_from(json, "step_reached_at"),
          .failures = json["failures"].small(),
          .failure = json["failure"].text(),
          .started_at = json["started_at"].instant()};
}

Json intent_json(const RolloutIntent& intent) {
  return {{"group", intent.group}, {"kind", to_string(intent.kind)}, {"revision", intent.revision},
          {"step", intent.step},   {"failures", intent.failures},    {"at", rfc3339(intent.at)},
          {"by", intent.by},       {"reason", intent.reason}};
}

RolloutIntent intent_from(const JsonCursor& json) {
  return {.group = json["group"].text(),
          .kind = json["kind"].word(rollout_intent_from),
          .revision = json["revision"].integer(),
          .step = json["step"].small(),
          .failures = json["failures"].small(),
          .at = json["at"].instant(),
          .by = json["by"].text(),
          .reason = json["reason"].text()};
}

}  // namespace vscale
