#include "cmd/planning/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cmd/planning/fresh_plan.h"
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

std::vector<VolumeRecord> kept_disks(const RecordedState& recorded) {
  std::vector<VolumeRecord> kept;
  std::copy_if(recorded.volumes.begin(), recorded.volumes.end(), std::back_inserter(kept),
               [&](const VolumeRecord& volume) { return recorded.instances.count(volume.owner) == 0; });
  std::stable_sort(kept.begin(), kept.end(),
                   [](const VolumeRecord& left, const VolumeRecord& right) { return left.owner < right.owner; });
  return kept;
}

namespace {

/// The domain as its host last showed it; nullptr if it has not.
const LiveDomain* last_seen(const RecordedState& recorded, const InstanceRecord& instance) {
  const auto host = recorded.hosts.find(instance.host);
  if (host == recorded.hosts.end() || !host->second.observed) return nullptr;
  const auto& domains = host->second.observed->domains;
  const auto found = std::find_if(domains.begin(), domains.end(),
                                  [&](const LiveDomain& domain) { return domain.uuid == instance.uuid; });
  return found == domains.end() ? nullptr : &*found;
}

}  // namespace

std::vector<VolumeRecord> detached_disks(const RecordedState& recorded) {
  std::vector<VolumeRecord> detached;
  for (const auto& volume : recorded.volumes) {
    if (volume.role != VolumeRecord::Role::data || !volume.keep) continue;
    const auto owner = recorded.instances.find(volume.owner);
    const LiveDomain* domain = owner == recorded.instances.end() ? nullptr : last_seen(recorded, owner->second);
    // One that names no disk tells nothing.
    if (domain == nullptr || domain->disk_paths.empty()) continue;
    const bool attached = std::any_of(domain->disk_paths.begin(), domain->disk_paths.end(),
                                      [&](const std::string& path) { return path.ends_with("/" + volume.name); });
    if (!attached) detached.push_back(volume);
  }
  return detached;
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
