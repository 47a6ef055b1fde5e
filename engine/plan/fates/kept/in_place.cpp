#include "engine/plan/fates/kept/in_place.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/desired/field_table.h"

namespace vscale {
namespace {

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

std::string names_or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

bool same_memory(std::uint64_t left, std::uint64_t right) {
  return mib_holding(left) == mib_holding(right);
}

/// Fills an InPlace, field by field.
class Comparison {
 public:
  explicit Comparison(const InPlaceInput& input) : in_(input), wanted_(followed_template(input)) {}

  InPlace run() {
    if (!ignores("vcpus")) compare_vcpus();
    compare_max_vcpus();
    if (!ignores("memory")) compare_memory();
    compare_max_memory();
    compare_disks();
    compare_cards();
    compare_settings();
    return std::move(out_);
  }

 private:
  bool ignores(const std::string& field) const { return is_ignored(in_.group.lifecycle, field); }

  void cost(Disruption disruption) { out_.disruption = std::max(out_.disruption, disruption); }
  /// A machine that is off is not disturbed by what would need a reboot.
  void cost_of(const char* field) {
    const Disruption full = field_named(field).disruption;
    cost(in_.is_up ? full : std::min(full, Disruption::live));
  }

  void change(const char* field, std::string before, std::string after, std::int64_t have, std::int64_t want) {
    out_.reasons.push_back({Rule::size_of_machine_changed,
                            fmt::format("{} {} -> {}", field, before, after),
                            {{"field", field}, {"have", have}, {"want", want}}});
    out_.fields.push_back({field, std::move(before), std::move(after)});
    out_.resize_machine = true;
    cost_of(field);
  }

  void beyond_room(const char* field, std::string before, std::string after, std::int64_t have, std::int64_t want) {
    change(field, std::move(before), std::move(after), have, want);
    out_.redefine = true;
  }

  void put_back(const char* what, std::string recorded, std::string live, std::int64_t have, std::int64_t want) {
    out_.reasons.push_back({Rule::changed_outside,
                            fmt::format("{} {} -> {} outside vscale", what, recorded, live),
                            {{"field", what}, {"have", have}, {"want", want}}});
    out_.fields.push_back({what, live, recorded});
    out_.drift.push_back({.address = to_string(in_.recorded.address),
                          .host = in_.recorded.host,
                          .what = what,
                          .recorded = std::move(recorded),
                          .live = std::move(live),
                          .remedy = in_.is_up ? "put back, live" : "put back"});
    out_.resize_machine = true;
    cost(Disruption::live);
  }

  void compare_vcpus() {
    const auto show = [](int count) { return fmt::format("{}", count); };
    if (in_.recorded.vcpus != wanted_.vcpus) {
      change("vcpus", show(in_.recorded.vcpus), show(wanted_.vcpus), in_.recorded.vcpus, wanted_.vcpus);
    } else if (in_.live != nullptr && in_.live->vcpus != wanted_.vcpus) {
      put_back("vcpus", show(wanted_.vcpus), show(in_.live->vcpus), in_.live->vcpus, wanted_.vcpus);
    }
  }

  void compare_max_vcpus() {
    const int most = wanted_.max_vcpus;
    if (in_.live == nullptr || in_.live->max_vcpus == 0 || in_.live->max_vcpus == most) return;
    const int has = in_.live->max_vcpus;
    beyond_room("maxVcpus", fmt::format("{}", has), fmt::format("{}", most), has, most);
  }

  void compare_memory() {
    if (!same_memory(in_.recorded.memory_bytes, wanted_.memory_bytes)) {
      change("memory", show_bytes(in_.recorded.memory_bytes), show_bytes(wanted_.memory_bytes),
             number(in_.recorded.memory_bytes), number(wanted_.memory_bytes));
    } else if (in_.live != nullptr && !same_memory(in_.live->memory_bytes, wanted_.memory_bytes)) {
      put_back("memory", show_bytes(wanted_.memory_bytes), show_bytes(in_.live->memory_bytes),
               number(in_.live->memory_bytes), number(wanted_.memory_bytes));
    }
  }

  void compare_max_memory() {
    const std::uint64_t most = wanted_.max_memory_bytes;
    if (in_.live == nullptr || in_.live->max_memory_bytes == 0) return;
    const std::uint64_t has = in_.live->max_memory_bytes;
    if (same_memory(has, most)) return;
    beyond_room("maxMemory", show_bytes(has), show_bytes(most), number(has), number(most));
  }

  /// What a disk is called: "disks[data].size", "disks[0].size", "size".
  struct DiskWords {
    std::string key, place;
    const char* row;
    bool keep = false;  ///< By the record or the file.
  };

  void compare_disk(const VolumeRecord& volume, const DiskWords& words, std::uint64_t wanted_bytes) {
    const std::string& key = words.key;
    if (wanted_bytes == 0 || volume.capacity_bytes == wanted_bytes) return;
    if (volume.capacity_bytes > wanted_bytes) {
      out_.too_large.push_back({key, words.place, volume.capacity_bytes, wanted_bytes, words.keep});
      return;
    }
    const std::string before = show_bytes(volume.capacity_bytes);
    const std::string after = show_bytes(wanted_bytes);
    out_.reasons.push_back({Rule::size_of_machine_changed,
                            fmt::format("{} {} -> {}", key, before, after),
                            {{"field", key}, {"have", number(volume.capacity_bytes)}, {"want", number(wanted_bytes)}}});
    out_.fields.push_back({key, before, after});
    out_.grown.push_back(volume);
    out_.grown.back().capacity_bytes = wanted_bytes;
    cost(field_named(words.row).disruption);
  }

  void compare_data_disk(const VolumeRecord& volume) {
    const auto& disks = in_.group.instance.disks;
    const auto disk =
        std::find_if(disks.begin(), disks.end(), [&](const DataDisk& one) { return one.name == volume.disk; });
    if (disk == disks.end()) return;
    const std::string key = "disks[" + disk->name + "]";
    if (volume.keep != disk->keep) {
      out_.relabelled.push_back(volume);
      out_.relabelled.back().keep = disk->keep;
      setting(key + ".keep", volume.keep ? "true" : "false", disk->keep ? "true" : "false");
    }
    if (ignores("size")) return;
    const auto place = fmt::format("disks[{}].size", disk - disks.begin());
    compare_disk(volume, {key + ".size", place, "size", volume.keep || disk->keep}, disk->size_bytes);
    compare_attachment(volume);
  }

  /// Somebody detached it: it is there, and the guest does without. Only a new definition brings it back.
  void attach_again(const std::string& what, std::pair<std::string, ReasonValue> value) {
    out_.reasons.push_back({Rule::detached_outside, what + " detached outside vscale", {std::move(value)}});
    out_.fields.push_back({what, "detached", "attached"});
    out_.drift.push_back({.address = to_string(in_.recorded.address),
                          .host = in_.recorded.host,
                          .what = what,
                          .recorded = "attached",
                          .live = "detached",
                          .remedy = in_.is_up ? "attach again, by a reboot" : "attach again"});
    out_.resize_machine = out_.redefine = true;
    cost(in_.is_up ? Disruption::reboot : Disruption::live);
  }

  /// One that its definition was made without has been detached by nobody.
  void compare_attachment(const VolumeRecord& volume) {
    if (in_.has_other_disks || in_.live == nullptr || may_be_attached(*in_.live, volume, in_.volumes)) return;
    attach_again("disk " + volume.disk, {"disk", volume.disk});
  }

  void compare_cards() {
    if (in_.live == nullptr) return;
    const auto& cards = in_.live->nics;
    for (const auto& nic : in_.recorded.nics) {
      const bool is_there =
          std::any_of(cards.begin(), cards.end(), [&](const LiveNic& card) { return card.mac == nic.mac; });
      if (!is_there) attach_again(fmt::format("card {} on {}", nic.mac, nic.network), {"mac", nic.mac});
    }
  }

  void compare_disks() {
    for (const auto& volume : in_.volumes) {
      switch (volume.role) {
        case VolumeRecord::Role::root:
          compare_disk(volume, {"disk", "disk", "disk"}, root_disk_bytes(wanted_, in_.image_virtual_size_bytes));
          break;
        case VolumeRecord::Role::data:
          compare_data_disk(volume);
          break;
        case VolumeRecord::Role::seed:
          break;
      }
    }
  }

  void setting(std::string field, std::string before, std::string after) {
    out_.reasons.push_back(
        {Rule::spec_changed, fmt::format("{} {} -> {}, recorded only", field, before, after), {{"field", field}}});
    out_.fields.push_back({std::move(field), std::move(before), std::move(after)});
  }

  void compare_settings() {
    const auto& group = in_.group;
    const auto size_before = out_.fields.size();
    if (in_.recorded.after != group.depends_on) {
      setting("dependsOn", names_or_none(in_.recorded.after), names_or_none(group.depends_on));
    }
    if (in_.recorded.prevent_destroy != group.lifecycle.prevent_destroy) {
      setting("preventDestroy", in_.recorded.prevent_destroy ? "true" : "false",
              group.lifecycle.prevent_destroy ? "true" : "false");
    }
    if (in_.recorded.shutdown_grace_ms != group.shutdown_grace.count()) {
      setting("grace", show_duration(Duration(in_.recorded.shutdown_grace_ms)), show_duration(group.shutdown_grace));
    }
    out_.settings = out_.fields.size() != size_before;
  }

  const InPlaceInput& in_;
  const Template wanted_;
  InPlace out_;
};

void follow_vcpus(Template& followed, const Lifecycle& lifecycle, const LiveDomain& live) {
  const bool ignored = is_ignored(lifecycle, "vcpus");
  if (ignored) followed.vcpus = live.vcpus;
  if ((ignored || is_ignored(lifecycle, "maxVcpus")) && live.max_vcpus != 0) followed.max_vcpus = live.max_vcpus;
}

void follow_memory(Template& followed, const Lifecycle& lifecycle, const LiveDomain& live) {
  const bool ignored = is_ignored(lifecycle, "memory");
  if (ignored) followed.memory_bytes = live.memory_bytes;
  if ((ignored || is_ignored(lifecycle, "maxMemory")) && live.max_memory_bytes != 0) {
    followed.max_memory_bytes = live.max_memory_bytes;
  }
}

void follow_root(Template& followed, const Lifecycle& lifecycle, const VolumeRecord& root) {
  const bool as_the_image = followed.disk_bytes == 0 && is_ignored(lifecycle, "image");
  if (is_ignored(lifecycle, "disk") || as_the_image) followed.disk_bytes = root.capacity_bytes;
  if (is_ignored(lifecycle, "storage")) followed.storage = root.storage;
}

/// Those of the file that are there, as they are.
void follow_data_disks(Template& followed, const std::vector<VolumeRecord>& volumes) {
  std::vector<DataDisk> there;
  for (DataDisk disk : followed.disks) {
    const auto volume = std::find_if(volumes.begin(), volumes.end(), [&](const VolumeRecord& one) {
      return one.role == VolumeRecord::Role::data && one.disk == disk.name;
    });
    if (volume == volumes.end()) continue;
    disk.size_bytes = volume->capacity_bytes;
    disk.storage = volume->storage;
    there.push_back(std::move(disk));
  }
  followed.disks = std::move(there);
}

}  // namespace

InPlace compare_in_place(const InPlaceInput& input) {
  return Comparison(input).run();
}

Template followed_template(const InPlaceInput& input) {
  const Lifecycle& lifecycle = input.group.lifecycle;
  Template followed = input.group.instance;
  if (input.live != nullptr) {
    follow_vcpus(followed, lifecycle, *input.live);
    follow_memory(followed, lifecycle, *input.live);
  } else {
    if (is_ignored(lifecycle, "vcpus")) followed.vcpus = followed.max_vcpus = input.recorded.vcpus;
    if (is_ignored(lifecycle, "memory")) {
      followed.memory_bytes = followed.max_memory_bytes = input.recorded.memory_bytes;
    }
  }
  for (const auto& volume : input.volumes) {
    if (volume.role == VolumeRecord::Role::root) follow_root(followed, lifecycle, volume);
  }
  if (is_ignored(lifecycle, "size")) follow_data_disks(followed, input.volumes);
  followed.max_vcpus = std::max(followed.vcpus, followed.max_vcpus);
  followed.max_memory_bytes = std::max(followed.memory_bytes, followed.max_memory_bytes);
  return followed;
}

bool is_file_of(const VolumeRecord& volume, const std::string& path) {
  return path.ends_with("/" + volume.name);
}

bool is_file_of_none(const std::vector<VolumeRecord>& volumes, const std::string& path) {
  return std::none_of(volumes.begin(), volumes.end(),
                      [&](const VolumeRecord& volume) { return is_file_of(volume, path); });
}

bool may_be_attached(const LiveDomain& domain, const VolumeRecord& volume, const std::vector<VolumeRecord>& volumes) {
  const auto& paths = domain.disk_paths;
  return paths.empty() || std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
           return is_file_of(volume, path) || is_file_of_none(volumes, path);
         });
}

std::uint64_t root_disk_bytes(const Template& instance, std::uint64_t image_virtual_size_bytes) {
  return instance.disk_bytes != 0 ? instance.disk_bytes : image_virtual_size_bytes;
}

}  // namespace vscale
