#include "cmd/views/state_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cmd/planning/recorded.h"
#include "cmd/views/text/text_layout.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t kDigestShown = 12;

std::string scalar_text(const Json& value) {
  if (value.is_null()) return "-";
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

bool is_plain(const Json& value) {
  return !value.is_structured() || value.empty();
}

void write_outline(const Json& value, std::size_t indent, std::string& out) {
  const std::string before(indent, ' ');
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (is_plain(member)) {
        out += before + key + ": " + (member.is_structured() ? "-" : scalar_text(member)) + "\n";
        continue;
      }
      out += before + key + ":\n";
      write_outline(member, indent + 2, out);
    }
    return;
  }
  for (const auto& item : value) {
    std::string text;
    if (is_plain(item)) {
      text = before + "  " + scalar_text(item) + "\n";
    } else {
      write_outline(item, indent + 2, text);
    }
    text[indent] = '-';
    out += text;
  }
}

Json volumes_json(const std::vector<VolumeRecord>& volumes) {
  Json list = Json::array();
  for (const auto& volume : volumes) list.push_back(volume_json(volume));
  return list;
}

Json volumes_of(const RecordedState& recorded, const InstanceAddress& owner) {
  Json volumes = Json::array();
  for (const auto& volume : recorded.volumes) {
    if (volume.owner == owner) volumes.push_back(volume_json(volume));
  }
  return volumes;
}

}  // namespace

std::vector<std::string> groups_apart(const RecordedState& recorded) {
  std::set<std::string> others;
  for (const auto& [address, instance] : recorded.instances) others.insert(to_string(address));
  for (const auto& volume : kept_disks(recorded)) others.insert(to_string(volume.owner));
  std::vector<std::string> groups;
  for (const auto& [address, group] : recorded.groups) {
    if (!others.contains(address)) groups.push_back(address);
  }
  return groups;
}

std::vector<std::string> addresses_in(const RecordedState& recorded) {
  std::vector<std::string> names;
  for (const auto& [address, instance] : recorded.instances) names.push_back(to_string(address));
  for (const auto& volume : kept_disks(recorded)) {
    if (const std::string owner = to_string(volume.owner); names.empty() || names.back() != owner)
      names.push_back(owner);
  }
  for (const auto& [name, lock] : recorded.image_locks) names.push_back("image." + name);
  for (const auto& [name, host] : recorded.hosts) names.push_back("host." + name);
  for (const auto& address : groups_apart(recorded)) names.push_back(address);
  return names;
}

Json state_list_json(const RecordedState& recorded) {
  return {{"format_version", "1.0"},
          {"addresses", addresses_in(recorded)},
          {"kept_disks", volumes_json(kept_disks(recorded))},
          {"detached_disks", volumes_json(detached_disks(recorded))}};
}

Json instance_record_json(const RecordedState& recorded, const InstanceRecord& instance) {
  Json json = instance_json(instance);
  json["volumes"] = volumes_of(recorded, instance.address);
  return json;
}

Json kept_disks_json(const RecordedState& recorded, const InstanceAddress& owner) {
  return {{"address", to_string(owner)}, {"volumes", volumes_of(recorded, owner)}};
}

Json image_record_json(const RecordedState& recorded, const ImageLock& lock) {
  Json json = image_lock_json(lock);
  Json copies = Json::array();
  for (const auto& copy : recorded.image_copies) {
    if (copy.image == lock.image) copies.push_back(image_copy_json(copy));
  }
  json["copies"] = std::move(copies);
  return json;
}

std::string state_list_text(const RecordedState& recorded) {
  Table table(0);
  for (const auto& [address, instance] : recorded.instances) {
    table.add({to_string(address), printable(instance.host), to_string(instance.phase), instance.name});
  }
  const auto add_disk = [&](const VolumeRecord& volume, const char* how) {
    table.add({to_string(volume.owner), printable(volume.host), how,
               printable(fmt::format("{}: {}/{}, {}", volume.disk, volume.pool, volume.name,
                                     show_bytes(volume.capacity_bytes)))});
  };
  for (const auto& volume : detached_disks(recorded)) add_disk(volume, "detached");
  for (const auto& volume : kept_disks(recorded)) add_disk(volume, volume.keep ? "kept" : "left");
  for (const auto& [name, lock] : recorded.image_locks) {
    table.add({"image." + printable(name), "", "", printable(lock.digest.substr(0, kDigestShown + 7))});
  }
  for (const auto& [name, host] : recorded.hosts) {
    table.add({"host." + printable(name), "", host.failure ? "unreachable" : "seen",
               host.observed ? rfc3339(host.observed->seen_at) : "-"});
  }
  for (const auto& address : groups_apart(recorded)) {
    table.add({address, "", "", fmt::format("revision {}", recorded.groups.at(address).revision)});
  }
  return table.text();
}

std::string outline_text(const Json& value) {
  std::string out;
  if (!value.is_structured()) return scalar_text(value) + "\n";
  write_outline(value, 0, out);
  return out;
}

}  // namespace vscale
