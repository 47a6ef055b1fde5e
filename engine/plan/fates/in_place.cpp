#include "engine/plan/fates/in_place.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/desired/field_table.h"

namespace vscale {
namespace {

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

bool same_memory(std::uint64_t left, std::uint64_t right) {
  return mib_holding(left) == mib_holding(right);
}

/// Fills an InPlace, field by field.
class Comparison {
 public:
  explicit Comparison(const InPlaceInput& input) : in_(input), wanted_(input.group.instance) {}

  InPlace run() {
    if (!ignores("vcpus")) compare_vcpus();
    if (!ignores("memory")) compare_memory();
    compare_disks();
    compare_settings();
    return std::move(out_);
  }

 private:
  bool ignores(const std::string& field) const {
    const auto& list = in_.group.lifecycle.ignore_changes;
    return std::find(list.begin(), list.end(), field) != list.end();
  }

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
    const int most = std::max(wanted_.vcpus, wanted_.max_vcpus);
    if (in_.recorded.vcpus != wanted_.vcpus) {
      change("vcpus", show(in_.recorded.vcpus), show(wanted_.vcpus), in_.recorded.vcpus, wanted_.vcpus);
    } else if (in_.live != nullptr && in_.live->vcpus != wanted_.vcpus) {
      put_back("vcpus", show(wanted_.vcpus), show(in_.live->vcpus), in_.live->vcpus, wanted_.vcpus);
    }
    if (in_.live != nullptr && in_.live->max_vcpus != 0 && in_.live->max_vcpus != most) {
      beyond_room("maxVcpus", show(in_.live->max_vcpus), show(most), in_.live->max_vcpus, most);
    }
  }

  void compare_memory() {
    const std::uint64_t most = std::max(wanted_.memory_bytes, wanted_.max_memory_bytes);
    if (!same_memory(in_.recorded.memory_bytes, wanted_.memory_bytes)) {
      change("memory", show_bytes(in_.recorded.memory_bytes), show_bytes(wanted_.memory_bytes),
             number(in_.recorded.memory_bytes), number(wanted_.memory_bytes));
    } else if (in_.live != nullptr && !same_memory(in_.live->memory_bytes, wanted_.memory_bytes)) {
      put_back("memory", show_bytes(wanted_.memory_bytes), show_bytes(in_.live->memory_bytes),
               number(in_.live->memory_bytes), number(wanted_.memory_bytes));
    }
    if (in_.live != nullptr && in_.live->max_memory_bytes != 0 && !same_memory(in_.live->max_memory_bytes, most)) {
      beyond_room("maxMemory", show_bytes(in_.live->max_memory_bytes), show_bytes(most),
                  number(in_.live->max_memory_bytes), number(most));
    }
  }

  void compare_disk(const VolumeRecord& volume, const std::string& key, const char* row, std::uint64_t wanted_bytes) {
    if (wanted_bytes == 0 || volume.capacity_bytes == wanted_bytes) return;
    if (volume.capacity_bytes > wanted_bytes) {
      out_.too_large.push_back({key, volume.capacity_bytes, wanted_bytes});
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
    cost(field_named(row).disruption);
  }

  void compare_data_disk(const VolumeRecord& volume) {
    const auto disk = std::find_if(wanted_.disks.begin(), wanted_.disks.end(),
                                   [&](const DataDisk& candidate) { return candidate.name == volume.disk; });
    if (disk == wanted_.disks.end()) return;
    const std::string key = "disks[" + disk->name + "]";
    if (volume.keep != disk->keep) {
      out_.relabelled.push_back(volume);
      out_.relabelled.back().keep = disk->keep;
      setting(key + ".keep", volume.keep ? "true" : "false", disk->keep ? "true" : "false");
    }
    if (ignores("disks")) return;
    compare_disk(volume, key + ".size", "size", disk->size_bytes);
    compare_attachment(volume);
  }

  /// Is it one of the domain's disks? A domain that names none tells nothing; and one that names a file that vscale
  /// does not know may have it under that name, since a snapshot was made.
  bool may_be_attached(const VolumeRecord& volume) const {
    if (in_.live == nullptr || in_.live->disk_paths.empty()) return true;
    const auto& paths = in_.live->disk_paths;
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
      return is_file_of(volume, path) || std::none_of(in_.volumes.begin(), in_.volumes.end(),
                                                      [&](const auto& other) { return is_file_of(other, path); });
    });
  }

  /// Somebody detached it: it is there, and the guest does without. Only a new definition brings it back.
  void compare_attachment(const VolumeRecord& volume) {
    if (may_be_attached(volume)) return;
    const std::string what = "disk " + volume.disk;
    out_.reasons.push_back({Rule::changed_outside, what + " detached outside vscale", {{"disk", volume.disk}}});
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

  void compare_disks() {
    for (const auto& volume : in_.volumes) {
      switch (volume.role) {
        case VolumeRecord::Role::root:
          if (!ignores("disk")) {
            compare_disk(volume, "disk", "disk", root_disk_bytes(wanted_, in_.image_virtual_size_bytes));
          }
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
      setting("dependsOn", fmt::format("{}", fmt::join(in_.recorded.after, ", ")),
              fmt::format("{}", fmt::join(group.depends_on, ", ")));
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
  const Template& wanted_;
  InPlace out_;
};

}  // namespace

InPlace compare_in_place(const InPlaceInput& input) {
  return Comparison(input).run();
}

bool is_file_of(const VolumeRecord& volume, const std::string& path) {
  return path.ends_with("/" + volume.name);
}

std::uint64_t root_disk_bytes(const Template& instance, std::uint64_t image_virtual_size_bytes) {
  return instance.disk_bytes != 0 ? instance.disk_bytes : image_virtual_size_bytes;
}

}  // namespace vscale
