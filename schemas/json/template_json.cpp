#include "schemas/json/template_json.h"

#include "schemas/json/parts/domain_spec_json.h"
#include "schemas/json/parts/json_values.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array kOnChangeWords{Word<CloudInit::OnChange>{CloudInit::OnChange::roll, "roll"},
                                    Word<CloudInit::OnChange>{CloudInit::OnChange::next_create, "nextCreate"}};
constexpr std::array kSeedWords{Word<CloudInit::Seed>{CloudInit::Seed::keep, "keep"},
                                Word<CloudInit::Seed>{CloudInit::Seed::eject, "eject"}};
constexpr std::array kOpWords{Word<XmlPatch::Op>{XmlPatch::Op::set, "set"},
                              Word<XmlPatch::Op>{XmlPatch::Op::add, "add"},
                              Word<XmlPatch::Op>{XmlPatch::Op::remove, "remove"}};

// ---- Writing --------------------------------------------------------------------------------------------------------
// Each value is taken apart into all of its fields: one that is added stops the compiler here, since a statefile that
// forgets it would go back to something else than what ran.

Json data_disk_json(const DataDisk& disk) {
  const auto& [name, size_bytes, storage, keep] = disk;
  return {{"name", name}, {"size_bytes", size_bytes}, {"storage", storage}, {"keep", keep}};
}

Json nic_spec_json(const NicSpec& nic) {
  const auto& [network, address, mac] = nic;
  return {{"network", network}, {"address", or_null(address)}, {"mac", or_null(mac)}};
}

Json cloud_init_json(const CloudInit& cloud_init) {
  const auto& [user_data, user_data_file, substitute, user, ssh_keys, vendor_data, on_change, seed] = cloud_init;
  return {{"user_data", user_data ? Json(user_data->text) : Json(nullptr)},
          {"user_data_file", user_data_file},
          {"substitute", substitute},
          {"user", user},
          {"ssh_keys", ssh_keys},
          {"vendor_data", vendor_data},
          {"on_change", word_for(kOnChangeWords, on_change)},
          {"seed", word_for(kSeedWords, seed)}};
}

Json xml_patch_json(const XmlPatch& patch) {
  const auto& [at, op, value] = patch;
  return {{"at", at}, {"op", word_for(kOpWords, op)}, {"value", value}};
}

// ---- Reading --------------------------------------------------------------------------------------------------------

void read_if_any(const JsonCursor& json, const char* key, std::string& into) {
  if (json.has(key)) into = json[key].text();
}
void read_if_any(const JsonCursor& json, const char* key, std::optional<std::string>& into) {
  if (json.has(key)) into = json[key].text();
}
void read_if_any(const JsonCursor& json, const char* key, int& into) {
  if (json.has(key)) into = json[key].small();
}
void read_if_any(const JsonCursor& json, const char* key, std::uint64_t& into) {
  if (json.has(key)) into = json[key].amount();
}
void read_if_any(const JsonCursor& json, const char* key, bool& into) {
  if (json.has(key)) into = json[key].truth();
}
template <class Enum, std::size_t count>
void read_if_any(const JsonCursor& json, const char* key, const std::array<Word<Enum>, count>& words, Enum& into) {
  if (json.has(key)) into = json[key].word(from_words(words));
}

DataDisk data_disk_from(const JsonCursor& json) {
  DataDisk disk;
  read_if_any(json, "name", disk.name);
  read_if_any(json, "size_bytes", disk.size_bytes);
  read_if_any(json, "storage", disk.storage);
  read_if_any(json, "keep", disk.keep);
  return disk;
}

NicSpec nic_spec_from(const JsonCursor& json) {
  NicSpec nic;
  read_if_any(json, "network", nic.network);
  read_if_any(json, "address", nic.address);
  read_if_any(json, "mac", nic.mac);
  return nic;
}

CloudInit cloud_init_from(const JsonCursor& json) {
  CloudInit cloud_init;
  if (json.has("user_data")) cloud_init.user_data = TemplateText{json["user_data"].text()};
  read_if_any(json, "user_data_file", cloud_init.user_data_file);
  read_if_any(json, "substitute", cloud_init.substitute);
  read_if_any(json, "user", cloud_init.user);
  if (json.has("ssh_keys")) cloud_init.ssh_keys = json["ssh_keys"].texts();
  read_if_any(json, "vendor_data", cloud_init.vendor_data);
  read_if_any(json, "on_change", kOnChangeWords, cloud_init.on_change);
  read_if_any(json, "seed", kSeedWords, cloud_init.seed);
  return cloud_init;
}

XmlPatch xml_patch_from(const JsonCursor& json) {
  XmlPatch patch;
  read_if_any(json, "at", patch.at);
  read_if_any(json, "op", kOpWords, patch.op);
  read_if_any(json, "value", patch.value);
  return patch;
}

Error damaged(const std::string& why) {
  return {.kind = ErrorKind::invalid, .message = "this is not a whole template: " + why, .detail = {}, .hint = {}};
}

}  // namespace

Json template_json(const Template& made_of) {
  const auto& [image, vcpus, max_vcpus, memory_bytes, max_memory_bytes, disk_bytes, storage, disks, networks, firmware,
               machine, cpu, cloud_init, network_mbps, xml] = made_of;
  return {{"image", image},
          {"vcpus", vcpus},
          {"max_vcpus", max_vcpus},
          {"memory_bytes", memory_bytes},
          {"max_memory_bytes", max_memory_bytes},
          {"disk_bytes", disk_bytes},
          {"storage", storage},
          {"disks", list_json(disks, data_disk_json)},
          {"networks", list_json(networks, nic_spec_json)},
          {"firmware", firmware_word(firmware)},
          {"machine", machine},
          {"cpu", cpu},
          {"cloud_init", cloud_init_json(cloud_init)},
          {"network_mbps", network_mbps},
          {"xml", list_json(xml, xml_patch_json)}};
}

Template template_from(const JsonCursor& json) {
  Template made_of;
  static_cast<void>(json.members());  // notes the mistake where this is no object: all of its keys may be missing
  read_if_any(json, "image", made_of.image);
  read_if_any(json, "vcpus", made_of.vcpus);
  read_if_any(json, "max_vcpus", made_of.max_vcpus);
  read_if_any(json, "memory_bytes", made_of.memory_bytes);
  read_if_any(json, "max_memory_bytes", made_of.max_memory_bytes);
  read_if_any(json, "disk_bytes", made_of.disk_bytes);
  read_if_any(json, "storage", made_of.storage);
  made_of.disks = list_if_any<DataDisk>(json, "disks", data_disk_from);
  made_of.networks = list_if_any<NicSpec>(json, "networks", nic_spec_from);
  if (json.has("firmware")) made_of.firmware = firmware_from(json["firmware"]);
  read_if_any(json, "machine", made_of.machine);
  read_if_any(json, "cpu", made_of.cpu);
  if (json.has("cloud_init")) made_of.cloud_init = cloud_init_from(json["cloud_init"]);
  read_if_any(json, "network_mbps", made_of.network_mbps);
  made_of.xml = list_if_any<XmlPatch>(json, "xml", xml_patch_from);
  return made_of;
}

std::string template_text(const Template& made_of) {
  return template_json(made_of).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Template> template_from_text(const std::string& text) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return damaged("it is not JSON, or was cut off");
  std::string mistake;
  Template made_of = template_from(JsonCursor(document, mistake));
  if (!mistake.empty()) return damaged(mistake);
  return made_of;
}

}  // namespace vscale
