#include "schemas/json/state_json.h"

#include "schemas/json/parts/json_values.h"
#include "schemas/json/rollout_json.h"
#include "schemas/json/scaling/words_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

Json claim_json(const Claim& claim) {
  Json disks = Json::object();
  for (const auto& [storage, gib] : claim.disk_gib) disks[storage] = gib;
  return {{"vcpus", claim.vcpus}, {"memory_mib", claim.memory_mib}, {"disk_gib", std::move(disks)}};
}

Claim claim_from(const JsonCursor& json) {
  Claim claim{.vcpus = json["vcpus"].small(), .memory_mib = json["memory_mib"].amount(), .disk_gib = {}};
  for (const auto& [storage, gib] : json["disk_gib"].members()) claim.disk_gib[storage] = gib.amount();
  return claim;
}

}  // namespace

Json guest_nic_json(const GuestNic& nic) {
  return {{"network", nic.network},
          {"mac", nic.mac},
          {"address", or_null(nic.address)},
          {"settings", nic.settings},
          {"learned", nic.learned}};
}

GuestNic guest_nic_from(const JsonCursor& json) {
  GuestNic nic{.network = json["network"].text(), .mac = json["mac"].text(), .address = {}};
  if (json.has("address")) nic.address = json["address"].text();
  nic.settings = text_if_any(json, "settings");
  nic.learned = truth_if_any(json, "learned");
  return nic;
}

Json instance_json(const InstanceRecord& instance) {
  return {{"address", to_string(instance.address)},
          {"name", instance.name},
          {"uuid", instance.uuid},
          {"host", instance.host},
          {"phase", to_string(instance.phase)},
          {"revision", instance.revision},
          {"incarnation", instance.incarnation},
          {"spec_hash", instance.spec_hash},
          {"image_digest", instance.image_digest},
          {"vcpus", instance.vcpus},
          {"memory_bytes", instance.memory_bytes},
          {"nics", list_json(instance.nics, guest_nic_json)},
          {"claim", claim_json(instance.claim)},
          {"created_at", or_null(instance.created_at)},
          {"started_at", or_null(instance.started_at)},
          {"ready_at", or_null(instance.ready_at)},
          {"after", instance.after},
          {"prevent_destroy", instance.prevent_destroy},
          {"shutdown_grace_ms", instance.shutdown_grace_ms},
          {"drained", instance.drained},
          {"failed", instance.failed}};
}

InstanceAddress instance_address_from(const JsonCursor& json) {
  const auto address = parse_instance_address(json.text());
  if (!address) json.wrong("not the address of an instance");
  return address.value_or(InstanceAddress{});
}

InstanceRecord instance_from(const JsonCursor& json) {
  InstanceRecord instance;
  instance.address = instance_address_from(json["address"]);
  instance.name = json["name"].text();
  instance.uuid = json["uuid"].text();
  instance.host = json["host"].text();
  instance.phase = json["phase"].word(phase_from);
  instance.revision = json["revision"].integer();
  instance.incarnation = json["incarnation"].small();
  instance.spec_hash = json["spec_hash"].text();
  instance.image_digest = json["image_digest"].text();
  instance.vcpus = json["vcpus"].small();
  instance.memory_bytes = json["memory_bytes"].amount();
  instance.nics = list_from<GuestNic>(json["nics"], guest_nic_from);
  instance.claim = claim_from(json["claim"]);
  instance.created_at = optional_instant_from(json, "created_at");
  instance.started_at = optional_instant_from(json, "started_at");
  instance.ready_at = optional_instant_from(json, "ready_at");
  instance.after = json["after"].texts();
  instance.prevent_destroy = json["prevent_destroy"].truth();
  instance.shutdown_grace_ms = json["shutdown_grace_ms"].integer();
  instance.drained = truth_if_any(json, "drained");
  instance.failed = truth_if_any(json, "failed");
  return instance;
}

Json volume_json(const VolumeRecord& volume) {
  return {{"host", volume.host},
          {"pool", volume.pool},
          {"name", volume.name},
          {"storage", volume.storage},
          {"owner", to_string(volume.owner)},
          {"role", to_string(volume.role)},
          {"disk", volume.disk},
          {"capacity_bytes", volume.capacity_bytes},
          {"keep", volume.keep}};
}

VolumeRecord volume_from(const JsonCursor& json) {
  return {.host = json["host"].text(),
          .pool = json["pool"].text(),
          .name = json["name"].text(),
          .storage = json["storage"].text(),
          .owner = instance_address_from(json["owner"]),
          .role = json["role"].word(volume_role_from),
          .disk = json["disk"].text(),
          .capacity_bytes = json["capacity_bytes"].amount(),
          .keep = json["keep"].truth()};
}

Json image_copy_json(const ImageCopyRecord& copy) {
  return {{"host", copy.host},     {"pool", copy.pool},     {"volume", copy.volume},
          {"image", copy.image},   {"digest", copy.digest}, {"size_bytes", copy.size_bytes},
          {"at", rfc3339(copy.at)}};
}

ImageCopyRecord image_copy_from(const JsonCursor& json) {
  return {.host = json["host"].text(),
          .pool = json["pool"].text(),
          .volume = json["volume"].text(),
          .image = json["image"].text(),
          .digest = json["digest"].text(),
          .size_bytes = json["size_bytes"].amount(),
          .at = json["at"].instant()};
}

Json image_lock_json(const ImageLock& lock) {
  return {{"image", lock.image},
          {"source", lock.source},
          {"digest", lock.digest},
          {"checksum", lock.checksum},
          {"format", lock.format},
          {"size_bytes", lock.size_bytes},
          {"virtual_size_bytes", lock.virtual_size_bytes},
          {"modified_ns", lock.modified_ns},
          {"at", rfc3339(lock.at)}};
}

ImageLock image_lock_from(const JsonCursor& json) {
  return {.image = json["image"].text(),
          .source = json["source"].text(),
          .digest = json["digest"].text(),
          .format = json["format"].text(),
          .size_bytes = json["size_bytes"].amount(),
          .virtual_size_bytes = json["virtual_size_bytes"].amount(),
          .modified_ns = json["modified_ns"].integer(),
          .at = json["at"].instant(),
          .checksum = text_if_any(json, "checksum")};
}

Json group_record_json(const GroupRecord& group) {
  return {{"address", group.address},         {"revision", group.revision}, {"spec_hash", group.spec_hash},
          {"cursor_host", group.cursor_host}, {"stable", group.stable},     {"size", group.size}};
}

GroupRecord group_record_from(const JsonCursor& json) {
  return {.address = json["address"].text(),
          .revision = json["revision"].integer(),
          .spec_hash = json["spec_hash"].text(),
          .cursor_host = json["cursor_host"].text(),
          .stable = integer_if_any(json, "stable"),
          .size = static_cast<int>(integer_if_any(json, "size"))};
}

Json host_record_json(const HostRecord& host) {
  Json failure = nullptr;
  if (host.failure) {
    failure = {{"kind", to_string(host.failure->error.kind)},
               {"message", host.failure->error.message},
               {"at", rfc3339(host.failure->at)}};
  }
  return {{"host", host.host},
          {"uri", host.uri},
          {"generation", host.generation},
          {"seen_at", host.observed ? Json(rfc3339(host.observed->seen_at)) : Json(nullptr)},
          {"failure", std::move(failure)}};
}

Json state_json(const RecordedState& state) {
  Json revisions = Json::array();
  for (const auto& [group, by_number] : state.revisions) {
    for (const auto& [number, revision] : by_number) revisions.push_back(revision_json(revision));
  }
  const auto second = [](auto to_json) { return [to_json](const auto& entry) { return to_json(entry.second); }; };
  const auto open_action = [](const OpenAction& action) {
    return Json{{"run_id", action.run_id},
                {"kind", action.kind},
                {"address", action.address},
                {"host", action.host},
                {"started_at", rfc3339(action.started_at)}};
  };
  return {{"format_version", "1.0"},
          {"lineage", state.lineage},
          {"serial", state.serial},
          {"instances", list_json(state.instances, second(instance_json))},
          {"volumes", list_json(state.volumes, volume_json)},
          {"image_copies", list_json(state.image_copies, image_copy_json)},
          {"images", list_json(state.image_locks, second(image_lock_json))},
          {"groups", list_json(state.groups, second(group_record_json))},
          {"revisions", std::move(revisions)},
          {"rollouts", list_json(state.rollouts, second(rollout_record_json))},
          {"rollout_intents", list_json(state.rollout_intents, second(intent_json))},
          {"wanted_sizes", list_json(state.wanted_sizes, second(wanted_size_json))},
          {"operator_words", operator_words_json(state.words)},
          {"health", list_json(state.health, second(health_json))},
          {"hosts", list_json(state.hosts, second(host_record_json))},
          {"open_actions", list_json(state.open_actions, open_action)}};
}

}  // namespace vscale
