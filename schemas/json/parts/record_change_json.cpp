#include "schemas/json/parts/record_change_json.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/values/variants/overloaded.h"
#include "schemas/json/rollout_json.h"
#include "schemas/json/scaling/words_json.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

/// What says more than the one value that it is about; nothing if it is none of these.
std::optional<RecordChange> longer_change_from(const JsonCursor& json) {
  if (json.has("move_instance")) {
    const auto move = json["move_instance"];
    return MoveInstance{instance_address_from(move["from"]), instance_address_from(move["to"])};
  }
  if (json.has("remove_volume")) {
    const auto volume = json["remove_volume"];
    return RemoveVolume{volume["host"].text(), volume["pool"].text(), volume["name"].text()};
  }
  if (json.has("remove_image_copy")) {
    const auto copy = json["remove_image_copy"];
    return RemoveImageCopy{copy["host"].text(), copy["pool"].text(), copy["volume"].text()};
  }
  if (json.has("remove_observed_domain")) {
    const auto domain = json["remove_observed_domain"];
    return RemoveObservedDomain{domain["host"].text(), domain["uuid"].text()};
  }
  if (json.has("move_rollout")) {
    const auto move = json["move_rollout"];
    return MoveRollout{move["from"].text(), move["to"].text()};
  }
  if (json.has("rename_host")) {
    const auto rename = json["rename_host"];
    return RenameHost{rename["from"].text(), rename["to"].text()};
  }
  if (json.has("remove_revision")) {
    const auto revision = json["remove_revision"];
    return RemoveRevision{revision["group"].text(), revision["number"].integer()};
  }
  return std::nullopt;
}

std::optional<RecordChange> rollout_change_from(const JsonCursor& json) {
  if (json.has("put_revision")) return PutRevision{revision_from(json["put_revision"])};
  if (json.has("put_rollout")) return PutRollout{rollout_record_from(json["put_rollout"])};
  if (json.has("remove_rollout")) return RemoveRollout{json["remove_rollout"].text()};
  if (json.has("put_rollout_intent")) return PutRolloutIntent{intent_from(json["put_rollout_intent"])};
  if (json.has("remove_rollout_intent")) return RemoveRolloutIntent{json["remove_rollout_intent"].text()};
  return std::nullopt;
}

std::optional<RecordChange> scaling_change_from(const JsonCursor& json) {
  if (json.has("put_wanted_size")) return PutWantedSize{wanted_size_from(json["put_wanted_size"])};
  if (json.has("remove_wanted_size")) return RemoveWantedSize{json["remove_wanted_size"].text()};
  if (json.has("put_word")) return PutWord{operator_word_from(json["put_word"])};
  if (json.has("remove_word")) return RemoveWord{operator_word_from(json["remove_word"])};
  return std::nullopt;
}

}  // namespace

Json record_change_json(const RecordChange& change) {
  return std::visit(
      Overloaded{
          [](const PutInstance& put) -> Json {
            return {{"put_instance", instance_json(put.instance)}};
          },
          [](const RemoveInstance& remove) -> Json {
            return {{"remove_instance", to_string(remove.address)}};
          },
          [](const MoveInstance& move) -> Json {
            return {{"move_instance", {{"from", to_string(move.from)}, {"to", to_string(move.to)}}}};
          },
          [](const PutVolume& put) -> Json {
            return {{"put_volume", volume_json(put.volume)}};
          },
          [](const RemoveVolume& remove) -> Json {
            return {{"remove_volume", {{"host", remove.host}, {"pool", remove.pool}, {"name", remove.name}}}};
          },
          [](const PutImageCopy& put) -> Json {
            return {{"put_image_copy", image_copy_json(put.copy)}};
          },
          [](const RemoveImageCopy& remove) -> Json {
            return {{"remove_image_copy", {{"host", remove.host}, {"pool", remove.pool}, {"volume", remove.volume}}}};
          },
          [](const PutImageLock& put) -> Json {
            return {{"put_image_lock", image_lock_json(put.lock)}};
          },
          [](const PutGroup& put) -> Json {
            return {{"put_group", group_record_json(put.group)}};
          },
          [](const RemoveGroup& remove) -> Json {
            return {{"remove_group", remove.address}};
          },
          [](const ForgetInstance& forget) -> Json {
            return {{"forget_instance", to_string(forget.address)}};
          },
          [](const RemoveObservedDomain& remove) -> Json {
            return {{"remove_observed_domain", {{"host", remove.host}, {"uuid", remove.uuid}}}};
          },
          [](const PutRevision& put) -> Json {
            return {{"put_revision", revision_json(put.revision)}};
          },
          [](const RemoveRevision& remove) -> Json {
            return {{"remove_revision", {{"group", remove.group}, {"number", remove.number}}}};
          },
          [](const PutRollout& put) -> Json {
            return {{"put_rollout", rollout_record_json(put.rollout)}};
          },
          [](const RemoveRollout& remove) -> Json {
            return {{"remove_rollout", remove.group}};
          },
          [](const PutRolloutIntent& put) -> Json {
            return {{"put_rollout_intent", intent_json(put.intent)}};
          },
          [](const RemoveRolloutIntent& remove) -> Json {
            return {{"remove_rollout_intent", remove.group}};
          },
          [](const PutWantedSize& put) -> Json {
            return {{"put_wanted_size", wanted_size_json(put.size)}};
          },
          [](const RemoveWantedSize& remove) -> Json {
            return {{"remove_wanted_size", remove.group}};
          },
          [](const PutWord& put) -> Json {
            return {{"put_word", operator_word_json(put.word)}};
          },
          [](const RemoveWord& remove) -> Json {
            return {{"remove_word", operator_word_json(remove.word)}};
          },
          [](const MoveRollout& move) -> Json {
            return {{"move_rollout", {{"from", move.from}, {"to", move.to}}}};
          },
          [](const RenameHost& rename) -> Json {
            return {{"rename_host", {{"from", rename.from}, {"to", rename.to}}}};
          }},
      change);
}

RecordChange record_change_from(const JsonCursor& json) {
  if (json.has("put_instance")) return PutInstance{instance_from(json["put_instance"])};
  if (json.has("remove_instance")) return RemoveInstance{instance_address_from(json["remove_instance"])};
  if (json.has("forget_instance")) return ForgetInstance{instance_address_from(json["forget_instance"])};
  if (json.has("put_volume")) return PutVolume{volume_from(json["put_volume"])};
  if (json.has("put_image_copy")) return PutImageCopy{image_copy_from(json["put_image_copy"])};
  if (json.has("put_image_lock")) return PutImageLock{image_lock_from(json["put_image_lock"])};
  if (json.has("put_group")) return PutGroup{group_record_from(json["put_group"])};
  if (json.has("remove_group")) return RemoveGroup{json["remove_group"].text()};
  if (const auto change = rollout_change_from(json)) return *change;
  if (const auto change = scaling_change_from(json)) return *change;
  if (const auto change = longer_change_from(json)) return *change;
  json.wrong("an unknown change of the record");
  return RemoveGroup{};
}

}  // namespace vscale
