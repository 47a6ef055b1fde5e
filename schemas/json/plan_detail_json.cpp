#include "schemas/json/plan_detail_json.h"

#include <type_traits>

#include "schemas/json/parts/domain_spec_json.h"
#include "schemas/json/parts/gate_json.h"
#include "schemas/json/parts/json_values.h"
#include "schemas/json/parts/record_change_json.h"
#include "schemas/json/rollout_json.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

std::optional<RunHook::When> when_from(const std::string& word) {
  for (const auto when :
       {RunHook::When::after_ready, RunHook::When::before_stop, RunHook::When::after_stop, RunHook::When::undo}) {
    if (word == to_string(when)) return when;
  }
  return std::nullopt;
}

std::vector<GuestNic> guest_nics_from(const JsonCursor& json) {
  return list_from<GuestNic>(json, guest_nic_from);
}

Json watched_json(const WatchedInstance& instance) {
  return {{"address", instance.address},
          {"host", instance.host},
          {"uuid", instance.uuid},
          {"name", instance.name},
          {"nics", list_json(instance.nics, guest_nic_json)}};
}

WatchedInstance watched_from(const JsonCursor& json) {
  return {.address = json["address"].text(),
          .host = json["host"].text(),
          .uuid = json["uuid"].text(),
          .name = json["name"].text(),
          .nics = guest_nics_from(json["nics"])};
}

// ---- Each kind of action, in both directions ------------------------------------------------------------------------

Json detail_json(const ClaimInstance& claim) {
  return {{"instance", instance_json(claim.instance)},
          {"volumes", list_json(claim.volumes, volume_json)},
          {"group", group_record_json(claim.group)},
          {"revision", claim.revision ? revision_json(*claim.revision) : Json(nullptr)}};
}
Json detail_json(const EnsurePool& ensure) {
  return {{"pool", ensure.pool}, {"path", ensure.path}};
}
Json detail_json(const UploadImage& upload) {
  return {{"image", image_lock_json(upload.image)},
          {"pool", upload.pool},
          {"volume", upload.volume},
          {"replace_existing", upload.replace_existing}};
}
Json detail_json(const DeleteImage& image) {
  return {{"image", image.image}, {"digest", image.digest}, {"pool", image.pool}, {"volume", image.volume}};
}
Json detail_json(const CreateVolume& create) {
  return {{"volume", volume_json(create.volume)},
          {"format", create.format},
          {"backing_volume", create.backing_volume},
          {"backing_format", create.backing_format},
          {"replace_existing", create.replace_existing}};
}
Json detail_json(const ResizeVolume& resize) {
  return {{"volume", volume_json(resize.volume)}, {"uuid", resize.uuid}, {"was_up", resize.was_up}};
}
Json detail_json(const DeleteVolume& remove) {
  return {{"volume", volume_json(remove.volume)}};
}
Json detail_json(const WriteSeed& seed) {
  return {{"volume", volume_json(seed.volume)},
          {"name", seed.name},
          {"instance_id", seed.instance_id},
          {"nics", list_json(seed.nics, guest_nic_json)},
          {"replace_existing", seed.replace_existing}};
}
Json detail_json(const DefineDomain& define) {
  return {{"spec", domain_spec_json(define.spec)}};
}
Json detail_json(const UpdateDomain& update) {
  return {{"uuid", update.uuid},
          {"vcpus", or_null(update.vcpus)},
          {"memory_bytes", or_null(update.memory_bytes)},
          {"ownership", update.ownership ? ownership_json(*update.ownership) : Json(nullptr)},
          {"after", instance_json(update.after)}};
}
Json detail_json(const StartDomain& start) {
  return {{"uuid", start.uuid}};
}
Json detail_json(const StopDomain& stop) {
  return {{"uuid", stop.uuid},     {"grace_ms", stop.grace.count()}, {"removal", stop.removal},
          {"was_up", stop.was_up}, {"transient", stop.transient},    {"undo", list_json(stop.undo, hook_json)}};
}
Json detail_json(const UndefineDomain& undefine) {
  return {{"uuid", undefine.uuid}, {"was_gone", undefine.was_gone}};
}
Json detail_json(const WaitForGates& wait) {
  return {{"uuid", wait.uuid},
          {"gates", list_json(wait.gates, gate_json)},
          {"startup_timeout_ms", wait.startup_timeout.count()},
          {"nics", list_json(wait.nics, guest_nic_json)},
          {"min_ready_ms", wait.min_ready.count()},
          {"progress_deadline_ms", wait.progress_deadline.count()},
          {"last", wait.last}};
}
Json detail_json(const ReleaseInstance& release) {
  return {{"size", release.size}};
}
Json detail_json(const ChangeRecord& change) {
  return {{"changes", list_json(change.changes, record_change_json)}};
}
Json detail_json(const Barrier&) {
  return Json::object();
}

Json detail_json(const CheckStop& check) {
  return {{"uuid", check.uuid}, {"was_up", check.was_up}};
}
Json detail_json(const RunHook& run) {
  return {{"when", to_string(run.when)},
          {"hook", hook_json(run.hook)},
          {"uuid", run.uuid},
          {"name", run.name},
          {"nics", list_json(run.nics, guest_nic_json)},
          {"reason", run.reason},
          {"undo", list_json(run.undo, hook_json)},
          {"last", run.last}};
}
Json detail_json(const BeginRollout& begin) {
  return {{"rollout", rollout_record_json(begin.rollout)},
          {"revision", revision_json(begin.revision)},
          {"condemned", begin.condemned ? Json(*begin.condemned) : Json(nullptr)},
          {"why", begin.why}};
}
Json detail_json(const RolloutTurn& turn) {
  return {{"number", turn.number}};
}
Json detail_json(const WatchRollout& watch) {
  return {{"step", watch.step ? Json(*watch.step) : Json(nullptr)},
          {"lasts_ms", watch.lasts.count()},
          {"watched", list_json(watch.watched, watched_json)},
          {"gates", list_json(watch.gates, gate_json)},
          {"failures", watch.failures},
          {"passes", watch.passes}};
}
Json detail_json(const HoldRollout& hold) {
  return {{"step", hold.step}};
}
Json detail_json(const EndRollout& end) {
  return {{"revision", end.revision}, {"created", end.created ? revision_json(*end.created) : Json(nullptr)}};
}

void read_detail(const JsonCursor& json, ClaimInstance& claim) {
  claim.instance = instance_from(json["instance"]);
  claim.volumes = list_from<VolumeRecord>(json["volumes"], volume_from);
  claim.group = group_record_from(json["group"]);
  if (json.has("revision")) claim.revision = revision_from(json["revision"]);
}
void read_detail(const JsonCursor& json, EnsurePool& ensure) {
  ensure = {.pool = json["pool"].text(), .path = json["path"].text()};
}
void read_detail(const JsonCursor& json, UploadImage& upload) {
  upload = {.image = image_lock_from(json["image"]),
            .pool = json["pool"].text(),
            .volume = json["volume"].text(),
            .replace_existing = json["replace_existing"].truth()};
}
void read_detail(const JsonCursor& json, DeleteImage& image) {
  image = {.image = json["image"].text(),
           .digest = json["digest"].text(),
           .pool = json["pool"].text(),
           .volume = json["volume"].text()};
}
void read_detail(const JsonCursor& json, CreateVolume& create) {
  create = {.volume = volume_from(json["volume"]),
            .format = json["format"].text(),
            .backing_volume = json["backing_volume"].text(),
            .backing_format = json["backing_format"].text(),
            .replace_existing = json["replace_existing"].truth()};
}
void read_detail(const JsonCursor& json, ResizeVolume& resize) {
  resize = {.volume = volume_from(json["volume"]), .uuid = json["uuid"].text(), .was_up = truth_if_any(json, "was_up")};
}
void read_detail(const JsonCursor& json, DeleteVolume& remove) {
  remove.volume = volume_from(json["volume"]);
}
void read_detail(const JsonCursor& json, WriteSeed& seed) {
  seed = {.volume = volume_from(json["volume"]),
          .name = json["name"].text(),
          .instance_id = json["instance_id"].text(),
          .nics = guest_nics_from(json["nics"]),
          .replace_existing = json["replace_existing"].truth()};
}
void read_detail(const JsonCursor& json, DefineDomain& define) {
  define.spec = domain_spec_from(json["spec"]);
}
void read_detail(const JsonCursor& json, UpdateDomain& update) {
  update.uuid = json["uuid"].text();
  update.vcpus = optional_int_from(json, "vcpus");
  if (json.has("memory_bytes")) update.memory_bytes = json["memory_bytes"].amount();
  if (json.has("ownership")) update.ownership = ownership_from(json["ownership"]);
  update.after = instance_from(json["after"]);
}
void read_detail(const JsonCursor& json, StartDomain& start) {
  start.uuid = json["uuid"].text();
}
void read_detail(const JsonCursor& json, StopDomain& stop) {
  stop = {.uuid = json["uuid"].text(),
          .grace = Duration{json["grace_ms"].integer()},
          .removal = json["removal"].truth(),
          .was_up = truth_if_any(json, "was_up"),
          .transient = truth_if_any(json, "transient"),
          .undo = list_if_any<Hook>(json, "undo", hook_from)};
}
void read_detail(const JsonCursor& json, UndefineDomain& undefine) {
  undefine = {.uuid = json["uuid"].text(), .was_gone = truth_if_any(json, "was_gone")};
}
void read_detail(const JsonCursor& json, WaitForGates& wait) {
  wait.uuid = json["uuid"].text();
  wait.gates = list_from<Gate>(json["gates"], gate_from);
  wait.startup_timeout = Duration{json["startup_timeout_ms"].integer()};
  wait.nics = guest_nics_from(json["nics"]);
  wait.min_ready = Duration{integer_if_any(json, "min_ready_ms")};
  wait.progress_deadline = Duration{integer_if_any(json, "progress_deadline_ms")};
  wait.last = !json.has("last") || json["last"].truth();
}
void read_detail(const JsonCursor& json, ReleaseInstance& release) {
  release.size = json["size"].small();
}
void read_detail(const JsonCursor& json, ChangeRecord& change) {
  change.changes = list_from<RecordChange>(json["changes"], record_change_from);
}
void read_detail(const JsonCursor&, Barrier&) {}
void read_detail(const JsonCursor& json, CheckStop& check) {
  check = {.uuid = json["uuid"].text(), .was_up = json["was_up"].truth()};
}
void read_detail(const JsonCursor& json, RunHook& run) {
  run = {.when = json["when"].word(when_from),
         .hook = hook_from(json["hook"]),
         .uuid = json["uuid"].text(),
         .name = json["name"].text(),
         .nics = guest_nics_from(json["nics"]),
         .reason = json["reason"].text(),
         .undo = list_from<Hook>(json["undo"], hook_from),
         .last = json["last"].truth()};
}
void read_detail(const JsonCursor& json, BeginRollout& begin) {
  begin.rollout = rollout_record_from(json["rollout"]);
  begin.revision = revision_from(json["revision"]);
  if (json.has("condemned")) begin.condemned = json["condemned"].integer();
  begin.why = json["why"].text();
}
void read_detail(const JsonCursor& json, RolloutTurn& turn) {
  turn.number = json["number"].small();
}
void read_detail(const JsonCursor& json, WatchRollout& watch) {
  watch = {.step = json.has("step") ? std::optional(json["step"].small()) : std::nullopt,
           .lasts = Duration{json["lasts_ms"].integer()},
           .watched = list_from<WatchedInstance>(json["watched"], watched_from),
           .gates = list_from<Gate>(json["gates"], gate_from),
           .failures = json["failures"].small(),
           .passes = json["passes"].truth()};
}
void read_detail(const JsonCursor& json, HoldRollout& hold) {
  hold.step = json["step"].small();
}
void read_detail(const JsonCursor& json, EndRollout& end) {
  end.revision = json["revision"].integer();
  if (json.has("created")) end.created = revision_from(json["created"]);
}

/// Tries the kinds from `index` on: the one whose word it is reads the rest.
template <std::size_t index = 0>
ActionDetail detail_of_kind(const std::string& kind, const JsonCursor& kind_place, const JsonCursor& json) {
  if constexpr (index < std::variant_size_v<ActionDetail>) {
    std::variant_alternative_t<index, ActionDetail> detail{};
    if (kind != kind_of(ActionDetail{detail})) return detail_of_kind<index + 1>(kind, kind_place, json);
    read_detail(json, detail);
    return detail;
  } else {
    kind_place.wrong("an unknown kind of action");
    return Barrier{};
  }
}

}  // namespace

Json action_detail_json(const ActionDetail& detail) {
  return std::visit([](const auto& of_kind) { return detail_json(of_kind); }, detail);
}

ActionDetail action_detail_from(const JsonCursor& kind, const JsonCursor& json) {
  return detail_of_kind(kind.text(), kind, json);
}

}  // namespace vscale
