#include "cmd/planning/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "cmd/planning/fresh_plan.h"
#include "engine/plan/fates/kept/in_place.h"
#include "engine/plan/fates/whereabouts.h"
#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {

Result<Recorded> read_recorded(const Invocation& invocation, const Config& config) {
  const auto opened = open_state(invocation, config, OpenMode::read_only);
  if (!opened && opened.error().kind == ErrorKind::not_found) return Recorded{};
  if (!opened) return opened.error();
  auto state = opened->store->read();
  if (!state) return state.error();
  const auto running = opened->store->lock_holder();
  if (!running) return running.error();
  return Recorded{.state = std::move(*state), .running = *running};
}

bool was_seen(const RecordedState& recorded, const std::string& host) {
  const auto found = recorded.hosts.find(host);
  return found != recorded.hosts.end() && found->second.observed;
}

std::vector<VolumeRecord> kept_disks(const RecordedState& recorded) {
  std::vector<VolumeRecord> kept;
  std::copy_if(recorded.volumes.begin(), recorded.volumes.end(), std::back_inserter(kept),
               [&](const VolumeRecord& volume) { return recorded.instances.count(volume.owner) == 0; });
  std::stable_sort(kept.begin(), kept.end(),
                   [](const VolumeRecord& left, const VolumeRecord& right) { return left.owner < right.owner; });
  return kept;
}

namespace {

/// Of several definitions, that of the guest which is up; nullptr if there is none at all.
const LiveDomain* the_one_that_counts(const std::vector<LivePlace>& places) {
  const LiveDomain* found = nullptr;
  for (const auto& place : places) {
    if (found == nullptr || is_up(place.domain->state)) found = place.domain;
  }
  return found;
}

}  // namespace

std::vector<VolumeRecord> detached_disks(const RecordedState& recorded, const Live& live) {
  const LiveIndex index(live);
  std::map<InstanceAddress, std::vector<VolumeRecord>> by_owner;
  for (const auto& volume : recorded.volumes) by_owner[volume.owner].push_back(volume);
  std::vector<VolumeRecord> detached;
  for (const auto& [address, instance] : recorded.instances) {
    const LiveDomain* found = the_one_that_counts(index.with_uuid(instance.uuid));
    if (found == nullptr) continue;
    const std::vector<VolumeRecord>& volumes = by_owner[address];
    const LiveDomain& domain = *found;
    std::copy_if(volumes.begin(), volumes.end(), std::back_inserter(detached), [&](const VolumeRecord& volume) {
      return volume.role == VolumeRecord::Role::data && volume.keep && !may_be_attached(domain, volume, volumes);
    });
  }
  return detached;
}

std::vector<VolumeRecord> detached_disks(const RecordedState& recorded) {
  Live seen;
  for (const auto& [name, host] : recorded.hosts) {
    if (host.observed) seen[name].snapshot = host.observed;
  }
  return detached_disks(recorded, seen);
}

namespace {

/// What was probably meant, and what there is besides.
std::string hint_for(const std::string& written, const std::vector<std::string>& names) {
  if (names.empty()) return "there is none";
  const std::string guess = did_you_mean(written, names);
  if (guess.empty()) return "there is: " + listed(names);
  return names.size() == 1 ? guess : guess + "; there is: " + listed(names);
}

/// Groups of the files in their order, then those that only the record has.
std::vector<std::string> group_addresses(const Config& config, const RecordedState& recorded) {
  std::vector<std::string> addresses;
  const auto add = [&addresses](const std::string& address) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  };
  for (const auto& group : config.groups) add(address_of(group));
  for (const auto& [address, instance] : recorded.instances) add(group_address(address));
  return addresses;
}

}  // namespace

Result<std::string> group_meant(const Config& config, const RecordedState& recorded, const std::string& written) {
  const auto resolved = resolve_address(config, recorded, written);
  const auto instance = resolved ? parse_instance_address(*resolved) : std::nullopt;
  const std::string meant = instance ? group_address(*instance) : resolved ? *resolved : written;
  std::vector<std::string> names;
  for (const auto& address : group_addresses(config, recorded)) {
    if (address == meant) return address;
    names.push_back(address.substr(address.find('.') + 1));
  }
  return Error{.kind = ErrorKind::not_found,
               .message = fmt::format("there is no group \"{}\" in {}", written, config.name),
               .detail = {},
               .hint = hint_for(written, names)};
}

Result<InstanceRecord> find_instance(const Config& config, const RecordedState& recorded, const std::string& written) {
  std::vector<std::string> names;
  std::vector<std::string> in_group;
  for (const auto& [address, instance] : recorded.instances) {
    if (written == to_string(address) || written == short_name(address) || written == instance.name) return instance;
    names.push_back(short_name(address));
    if (written == address.group || written == group_address(address)) in_group.push_back(short_name(address));
  }
  std::string hint = did_you_mean(written, names);
  if (!in_group.empty()) hint = "that is a group; its instances: " + listed(in_group);
  if (hint.empty() && !names.empty()) hint = "there is: " + listed(names);
  if (names.empty()) hint = "nothing was created yet: vscale apply";
  return Error{.kind = ErrorKind::not_found,
               .message = fmt::format("there is no instance \"{}\" in {}", written, config.name),
               .detail = {},
               .hint = std::move(hint)};
}

}  // namespace vscale
