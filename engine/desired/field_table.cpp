#include "engine/desired/field_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/values/result.h"
#include "engine/values/units.h"

namespace vscale {
namespace {

/// Joins without ambiguity: every part is preceded by its length.
std::string sealed(const std::string& part) {
  return fmt::format("{}:{}", part.size(), part);
}

std::string unless_default(const std::string& value, const char* usual) {
  return value == usual ? "" : value;
}

std::string canonical_user_data(const FieldSource& source) {
  const CloudInit& init = source.instance.cloud_init;
  if (!init.user_data) return "";
  return (init.substitute ? "filled in:" : "as it is:") + init.user_data->text;
}

std::string canonical_networks(const FieldSource& source) {
  std::string text;
  for (const auto& nic : source.instance.networks) {
    text += sealed(nic.network) + sealed(nic.address.value_or("")) + sealed(nic.mac.value_or(""));
  }
  return text;
}

std::string canonical_disks(const FieldSource& source) {
  std::string text;
  for (const auto& disk : source.instance.disks) text += sealed(disk.name) + sealed(disk.storage);
  return text;
}

std::string show_networks(const FieldSource& source) {
  std::string text;
  for (const auto& nic : source.instance.networks) {
    text += (text.empty() ? "" : ", ") + nic.network;
    if (nic.address) text += " " + *nic.address;
    if (nic.mac) text += " " + *nic.mac;
  }
  return text.empty() ? "none" : text;
}

std::string show_disks(const FieldSource& source) {
  std::string text;
  for (const auto& disk : source.instance.disks) {
    text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", disk.name, disk.storage);
  }
  return text.empty() ? "none" : text;
}

std::string show_image(const FieldSource& source) {
  constexpr std::size_t kShownDigits = 8;
  const auto colon = source.image_digest.find(':');
  const auto digits = colon == std::string::npos ? source.image_digest : source.image_digest.substr(colon + 1);
  const std::string& name = source.instance.image;
  return (name.empty() ? "" : name + " ") + digits.substr(0, kShownDigits);
}

const char* word(Firmware firmware) {
  switch (firmware) {
    case Firmware::bios:
      return "bios";
    case Firmware::uefi:
      return "uefi";
  }
  VSCALE_ASSERT(false, "a Firmware without a word");
}

std::string show_disk_size(const FieldSource& source) {
  return source.instance.disk_bytes == 0 ? "the image's own" : show_bytes(source.instance.disk_bytes);
}

const std::vector<Field>& rows() {
  using Source = const FieldSource&;
  static const std::vector<Field> kRows{
      // Replace: in the spec hash, in this order.
      {"image", "image", Disruption::replace, [](Source s) { return s.image_digest; }, show_image},
      {"userData", "cloudInit", Disruption::replace, canonical_user_data,
       [](Source) { return std::string("changed"); }},
      {"user", "cloudInit", Disruption::replace, [](Source s) { return s.instance.cloud_init.user; },
       [](Source s) { return s.instance.cloud_init.user; }},
      {"vendorData", "cloudInit", Disruption::replace,
       [](Source s) { return std::string(s.instance.cloud_init.vendor_data ? "" : "false"); },
       [](Source s) { return std::string(s.instance.cloud_init.vendor_data ? "true" : "false"); }},
      {"machine", "machine", Disruption::replace, [](Source s) { return unless_default(s.instance.machine, "q35"); },
       [](Source s) { return s.instance.machine; }},
      {"cpu", "cpu", Disruption::replace, [](Source s) { return unless_default(s.instance.cpu, "host-model"); },
       [](Source s) { return s.instance.cpu; }},
      {"firmware", "firmware", Disruption::replace,
       [](Source s) { return unless_default(word(s.instance.firmware), "bios"); },
       [](Source s) { return std::string(word(s.instance.firmware)); }},
      {"networks", "networks", Disruption::replace, canonical_networks, show_networks},
      {"disks", "disks", Disruption::replace, canonical_disks, show_disks},
      {"storage", "storage", Disruption::replace, [](Source s) { return s.instance.storage; },
       [](Source s) { return s.instance.storage; }},
      // In place.
      {"vcpus", "vcpus", Disruption::live, nullptr, [](Source s) { return fmt::format("{}", s.instance.vcpus); }},
      {"maxVcpus", "maxVcpus", Disruption::reboot, nullptr,
       [](Source s) { return fmt::format("{}", s.instance.max_vcpus); }},
      {"memory", "memory", Disruption::live, nullptr, [](Source s) { return show_bytes(s.instance.memory_bytes); }},
      {"maxMemory", "maxMemory", Disruption::reboot, nullptr,
       [](Source s) { return show_bytes(s.instance.max_memory_bytes); }},
      {"disk", "disk", Disruption::live, nullptr, show_disk_size},
      {"size", "disks", Disruption::live, nullptr, show_disk_size},  // of a data disk: `disks[data].size`
  };
  return kRows;
}

}  // namespace

const std::vector<Field>& field_table() {
  return rows();
}

const Field& field_named(const std::string& name) {
  const auto found = std::find_if(rows().begin(), rows().end(), [&](const Field& field) { return name == field.name; });
  VSCALE_ASSERT(found != rows().end(), "a field without a row in the table");
  return *found;
}

bool is_ignored(const Lifecycle& lifecycle, const std::string& field) {
  const auto& keys = lifecycle.ignore_changes;
  return std::find(keys.begin(), keys.end(), field_named(field).key) != keys.end();
}

}  // namespace vscale
