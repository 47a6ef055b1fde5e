#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/desired/group.h"
#include "engine/plan/plan.h"
#include "engine/recorded/recorded_state.h"

/// What an instance that stays needs to become as the file wants it.

namespace vscale {

/// A disk that is larger than the file says: nothing is ever shrunk.
struct TooLargeDisk {
  std::string key;    ///< As a person reads it: "disk", "disks[data].size"
  std::string place;  ///< Where it stands in the template: "disk", "disks[0].size"
  std::uint64_t has_bytes = 0, wanted_bytes = 0;
  bool keep = false;  ///< It outlives a replacement, which makes any other disk anew.

  bool operator==(const TooLargeDisk&) const = default;
};

struct InPlace {
  Disruption disruption = Disruption::none;  ///< The most that anything in here costs.
  bool resize_machine = false;               ///< vcpus or memory.
  bool redefine = false;                     ///< Beyond what the domain was given room for: it is defined again.
  std::vector<VolumeRecord> grown;           ///< Disks, as they will be.
  std::vector<VolumeRecord> relabelled;      ///< Records of disks whose `keep` changed.
  bool settings = false;                     ///< The record of dependsOn, preventDestroy or the grace changed.
  std::vector<FieldChange> fields;
  std::vector<Reason> reasons;
  std::vector<Drift> drift;
  std::vector<TooLargeDisk> too_large;

  [[nodiscard]] bool empty() const { return !resize_machine && grown.empty() && relabelled.empty() && !settings; }
  bool operator==(const InPlace&) const = default;
};

/// What it is compared with. `live` may be nullptr: nothing is known of the domain's own sizes then.
struct InPlaceInput {
  const Group& group;
  std::uint64_t image_virtual_size_bytes = 0;  ///< 0: not known; a root disk without `disk` is left alone.
  const InstanceRecord& recorded;
  const std::vector<VolumeRecord>& volumes;
  const LiveDomain* live = nullptr;
  bool is_up = false;
  bool has_other_disks = false;  ///< Its definition was made with other data disks than the file has.
};

/// Pure. Amounts of memory are compared in whole MiB, as hypervisors round them. What `lifecycle.ignoreChanges` names
/// is not looked at.
InPlace compare_in_place(const InPlaceInput& input);

/// The template as far as the instance follows it: sizes that `lifecycle.ignoreChanges` names are as they are now. Who
/// ignores `vcpus` or `memory` ignores the maximum too, which follows it where it is not written. A maximum is never
/// below its amount.
Template followed_template(const InPlaceInput& input);

/// Is the file at this path the volume's, as far as its name tells?
bool is_file_of(const VolumeRecord& volume, const std::string& path);
/// Is it none of theirs? Then vscale did not make it, or a snapshot has been made since.
bool is_file_of_none(const std::vector<VolumeRecord>& volumes, const std::string& path);
/// Is the volume one of the domain's disks, by its definition? One that names no disks tells nothing; and one that
/// names a file which is none of `volumes`, those of the instance, may have it under that name, since a snapshot was
/// made.
bool may_be_attached(const LiveDomain& domain, const VolumeRecord& volume, const std::vector<VolumeRecord>& volumes);

/// The root disk's size: `disk`, or the image's.
std::uint64_t root_disk_bytes(const Template& instance, std::uint64_t image_virtual_size_bytes);

}  // namespace vscale
