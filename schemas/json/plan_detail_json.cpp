#include "schemas/json/plan_detail_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "engine/values/variants/overloaded.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

template <class T, class ToJson>
Json list_json(const std::vector<T>& list, ToJson to_json) {
  Json out = Json::array();
  for (const auto& item : list) out.push_back(to_json(item));
  return out;
}

// ---- Words ----------------------------------------------------------------------------------------------------------

template <class Enum>
struct Word {
  Enum value;
  const char* word;
};

constexpr std::array kGateWords{Word<Gate::Kind>{Gate::Kind::domain, "domain"},
                                Word<Gate::Kind>{Gate::Kind::agent, "agent"},
                                Word<Gate::Kind>{Gate::Kind::cloud_init, "cloudInit"},
                                Word<Gate::Kind>{Gate::Kind::systemd, "systemd"},
                                Word<Gate::Kind>{Gate::Kind::tcp, "tcp"},
                                Word<Gate::Kind>{Gate::Kind::http, "http"},
                                Word<Gate::Kind>{Gate::Kind::exec, "exec"},
                                Word<Gate::Kind>{Gate::Kind::check_in, "checkIn"},
                                Word<Gate::Kind>{Gate::Kind::k8s_node, "k8sNode"}};

constexpr std::array kFirmwareWords{Word<Firmware>{Firmware::bios, "bios"}, Word<Firmware>{Firmware::uefi, "uefi"}};

template <class Enum, std::size_t count>
const char* word_for(const std::array<Word<Enum>, count>& words, Enum value) {
  for (const auto& word : words) {
    if (word.value == value) return word.word;
  }
  VSCALE_ASSERT(false, "a value without a word in the plan's JSON");
}

template <class Enum, std::size_t count>
auto from_words(const std::array<Word<Enum>, count>& words) {
  return [&words](const std::string& text) -> std::optional<Enum> {
    for (const auto& word : words) {
      if (text == word.word) return word.value;
    }
    return std::nullopt;
  };
}

Json or_null(const std::optional<int>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json milliseconds(const std::optional<Duration>& value) {
  return value ? Json(value->count()) : Json(nullptr);
}

bool truth_if_any(const JsonCursor& json, const char* key) {
  return json.has(key) && json[key].truth();
}

std::optional<int> optional_int_from(const JsonCursor& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  return json[key].small();
}

std::optional<Duration> optional_duration_from(const JsonCursor& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  return Duration{json[key].integer()};
}

// ---- Domains --------------------------------------------------------------------------------------------------------

Json static_address_json(const StaticAddress& held) {
  return {{"network", held.network}, {"address", held.address}};
}

StaticAddress static_address_from(const JsonCursor& json) {
  return {.network = json["network"].text(), .address = json["address"].text()};
}

Json ownership_json(const Ownership& mark) {
  return {{"installation", mark.installation}, {"address", to_string(mark.address)},
          {"revision", mark.revision},         {"incarnation", mark.incarnation},
          {"lineage", mark.lineage},           {"spec_hash", mark.spec_hash},
          {"image_digest", mark.image_digest}, {"addresses", list_json(mark.addresses, static_address_json)}};
}

Ownership ownership_from(const JsonCursor& json) {
  Ownership mark{.installation = json["installation"].text(),
                 .address = instance_address_from(json["address"]),
                 .revision = json["revision"].integer(),
                 .incarnation = json["incarnation"].small(),
                 .lineage = json["lineage"].text(),
                 .spec_hash = json["spec_hash"].text(),
                 .image_digest = json["image_digest"].text(),
                 .addresses = {}};
  for (const auto& held : json["addresses"].items()) mark.addresses.push_back(static_address_from(held));
  return mark;
}

Json disk_json(const DomainDisk& disk) {
  return {{"pool", disk.pool}, {"volume", disk.volume}, {"format", disk.format}, {"serial", disk.serial}};
}

DomainDisk disk_from(const JsonCursor& json) {
  return {.pool = json["pool"].text(),
          .volume = json["volume"].text(),
          .format = json["format"].text(),
          .serial = json["serial"].text()};
}

Json nic_json(const DomainNic& nic) {
  return {{"mac", nic.mac}, {"bridge", nic.bridge}, {"network", nic.network}, {"vlan", or_null(nic.vlan)}};
}

DomainNic nic_from(const JsonCursor& json) {
  return {.mac = json["mac"].text(),
          .bridge = json["bridge"].text(),
          .network = json["network"].text(),
          .vlan = optional_int_from(json, "vlan")};
}

Json domain_spec_json(const DomainSpec& spec) {
  return {{"name", spec.name},
          {"uuid", spec.uuid},
          {"ownership", ownership_json(spec.ownership)},
          {"vcpus", spec.vcpus},
          {"max_vcpus", spec.max_vcpus},
          {"memory_bytes", spec.memory_bytes},
          {"max_memory_bytes", spec.max_memory_bytes},
          {"machine", spec.machine},
          {"cpu", spec.cpu},
          {"firmware", word_for(kFirmwareWords, spec.firmware)},
          {"disks", list_json(spec.disks, disk_json)},
          {"seed", spec.seed ? disk_json(*spec.seed) : Json(nullptr)},
          {"nics", list_json(spec.nics, nic_json)}};
}

DomainSpec domain_spec_from(const JsonCursor& json) {
  DomainSpec spec;
  spec.name = json["name"].text();
  spec.uuid = json["uuid"].text();
  spec.ownership = ownership_from(json["ownership"]);
  spec.vcpus = json["vcpus"].small();
  spec.max_vcpus = json["max_vcpus"].small();
  spec.memory_bytes = json["memory_bytes"].amount();
  spec.max_memory_bytes = json["max_memory_bytes"].amount();
  spec.machine = json["machine"].text();
  spec.cpu = json["cpu"].text();
  spec.firmware = json["firmware"].word(from_words(kFirmwareWords));
  for (const auto& disk : json["disks"].items()) spec.disks.push_back(disk_from(disk));
  if (json.has("seed")) spec.seed = disk_from(json["seed"]);
  for (const auto& nic : json["nics"].items()) spec.nics.push_back(nic_from(nic));
  return spec;
}

// ---- Gates ----------------------------------------------------------------------------------------------------------

Json gate_json(const Gate& gate) {
  return {{"kind", word_for(kGateWords, gate.kind)},
          {"allow_degraded", gate.allow_degraded},
          {"port", gate.port},
          {"path", gate.path},
          {"status", gate.status},
          {"timeout_ms", milliseconds(gate.timeout)},
          {"every_ms", milliseconds(gate.every)},
          {"guest", list_json(gate.guest, [](const TemplateText& word) { return Json(word.text); })},
          {"kubeconfig", gate.kubeconfig}};
}

Gate gate_from(const JsonCursor& json) {
  Gate gate;
  gate.kind = json["kind"].word(from_words(kGateWords));
  gate.allow_degraded = json["allow_degraded"].truth();
  gate.port = json["port"].small();
  gate.path = json["path"].text();
  gate.status = json["status"].small();
  gate.timeout = optional_duration_from(json, "timeout_ms");
  gate.every = optional_duration_from(json, "every_ms");
  for (const auto& word : json["guest"].texts()) gate.guest.push_back({word});
  gate.kubeconfig = json["kubeconfig"].text();
  return gate;
}

std::vector<GuestNic> guest_nics_from(const JsonCursor& json) {
  std::vector<GuestNic> nics;
  for (const auto& nic : json.items()) nics.push_back(guest_nic_from(nic));
  return nics;
}

// ---- Changes of the record ------------------------------------------------------------------------------------------

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
          [](const PutRevision&) -> Json { return {}; }, [](const RemoveRevision&) -> Json { return {}; },
          [](const PutRollout&) -> Json { return {}; }, [](const RemoveRollout&) -> Json { return {}; },
          [](const PutRolloutIntent&) -> Json { return {}; }, [](const RemoveRolloutIntent&) -> Json { return {}; },
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
  if (json.has("rename_host")) {
    const auto rename = json["rename_host"];
    return RenameHost{rename["from"].text(), rename["to"].text()};
  }
  json.wrong("an unknown change of the record");
  return RemoveGroup{};
}

// ---- Each kind of action, in both directions ------------------------------------------------------------------------

Json detail_json(const ClaimInstance& claim) {
  return {{"instance", instance_json(claim.instance)},
          {"volumes", list_json(claim.volumes, volume_json)},
          {"group", group_record_json(claim.group)}};
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
          {"memory_bytes", update.memory_bytes ? Json(*update.memory_bytes) : Json(nullptr)},
          {"ownership", update.ownership ? ownership_json(*update.ownership) : Json(nullptr)},
          {"after", instance_json(update.after)}};
}
Json detail_json(const StartDomain& start) {
  return {{"uuid", start.uuid}};
}
Json detail_json(const StopDomain& stop) {
  return {{"uuid", stop.uuid},
          {"grace_ms", stop.grace.count()},
          {"removal", stop.removal},
          {"was_up", stop.was_up},
          {"transient", stop.transient}};
}
Json detail_json(const UndefineDomain& undefine) {
  return {{"uuid", undefine.uuid}, {"was_gone", undefine.was_gone}};
}
Json detail_json(const WaitForGates& wait) {
  return {{"uuid", wait.uuid},
          {"gates", list_json(wait.gates, gate_json)},
          {"startup_timeout_ms", wait.startup_timeout.count()},
          {"nics", list_json(wait.nics, guest_nic_json)}};
}
Json detail_json(const ReleaseInstance&) {
  return Json::object();
}
Json detail_json(const ChangeRecord& change) {
  return {{"changes", list_json(change.changes, record_change_json)}};
}
Json detail_json(const Barrier&) {
  return Json::object();
}

Json detail_json(const CheckStop&) {
  return Json::object();
}
Json detail_json(const RunHook&) {
  return Json::object();
}
Json detail_json(const BeginRollout&) {
  return Json::object();
}
Json detail_json(const RolloutTurn&) {
  return Json::object();
}
Json detail_json(const WatchRollout&) {
  return Json::object();
}
Json detail_json(const HoldRollout&) {
  return Json::object();
}
Json detail_json(const EndRollout&) {
  return Json::object();
}

void read_detail(const JsonCursor& json, ClaimInstance& claim) {
  claim.instance = instance_from(json["instance"]);
  for (const auto& volume : json["volumes"].items()) claim.volumes.push_back(volume_from(volume));
  claim.group = group_record_from(json["group"]);
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
          .transient = truth_if_any(json, "transient")};
}
void read_detail(const JsonCursor& json, UndefineDomain& undefine) {
  undefine = {.uuid = json["uuid"].text(), .was_gone = truth_if_any(json, "was_gone")};
}
void read_detail(const JsonCursor& json, WaitForGates& wait) {
  wait.uuid = json["uuid"].text();
  for (const auto& gate : json["gates"].items()) wait.gates.push_back(gate_from(gate));
  wait.startup_timeout = Duration{json["startup_timeout_ms"].integer()};
  wait.nics = guest_nics_from(json["nics"]);
}
void read_detail(const JsonCursor&, ReleaseInstance&) {}
void read_detail(const JsonCursor& json, ChangeRecord& change) {
  for (const auto& item : json["changes"].items()) change.changes.push_back(record_change_from(item));
}
void read_detail(const JsonCursor&, Barrier&) {}
void read_detail(const JsonCursor&, CheckStop&) {}
void read_detail(const JsonCursor&, RunHook&) {}
void read_detail(const JsonCursor&, BeginRollout&) {}
void read_detail(const JsonCursor&, RolloutTurn&) {}
void read_detail(const JsonCursor&, WatchRollout&) {}
void read_detail(const JsonCursor&, HoldRollout&) {}
void read_detail(const JsonCursor&, EndRollout&) {}

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
