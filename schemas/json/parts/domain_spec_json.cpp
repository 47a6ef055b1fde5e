#include "schemas/json/parts/domain_spec_json.h"

#include "schemas/json/parts/json_values.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array kFirmwareWords{Word<Firmware>{Firmware::bios, "bios"}, Word<Firmware>{Firmware::uefi, "uefi"}};

Json static_address_json(const StaticAddress& held) {
  return {{"network", held.network}, {"address", held.address}};
}

StaticAddress static_address_from(const JsonCursor& json) {
  return {.network = json["network"].text(), .address = json["address"].text()};
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

}  // namespace

const char* firmware_word(Firmware firmware) {
  return word_for(kFirmwareWords, firmware);
}

Firmware firmware_from(const JsonCursor& json) {
  return json.word(from_words(kFirmwareWords));
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
          {"firmware", firmware_word(spec.firmware)},
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
  spec.firmware = firmware_from(json["firmware"]);
  for (const auto& disk : json["disks"].items()) spec.disks.push_back(disk_from(disk));
  if (json.has("seed")) spec.seed = disk_from(json["seed"]);
  for (const auto& nic : json["nics"].items()) spec.nics.push_back(nic_from(nic));
  return spec;
}

}  // namespace vscale
