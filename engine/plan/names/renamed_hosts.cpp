#include "engine/plan/names/renamed_hosts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "engine/live/host_identity.h"

namespace vscale {
namespace {

/// The host of the file that answers as this machine; nullptr if there is none.
const HostSnapshot* found_again(const PlanInput& input, const HostIdentity& machine) {
  for (const auto& host : input.config.hosts) {
    const auto view = input.live.find(host.name);
    if (view == input.live.end() || !view->second.snapshot) continue;
    if (is_same_machine(machine, view->second.snapshot->identity)) return &*view->second.snapshot;
  }
  return nullptr;
}

class Follower {
 public:
  Follower(const RecordedState& recorded, const HostRecord& from, const HostSnapshot& now)
      : recorded_(recorded), from_(from), now_(now), renamed_{from.host, now.host, {}} {
    for (const auto& domain : now.domains) here_.insert(domain.uuid);
  }

  RenamedHost run() {
    for (const auto& [address, instance] : recorded_.instances) follow(instance);
    for (const auto& volume : recorded_.volumes) {
      const bool has_instance = recorded_.instances.count(volume.owner) != 0;
      if (!has_instance && follow(volume)) ++renamed_.kept_disks;
    }
    for (const auto& copy : recorded_.image_copies) follow(copy);
    if (!renamed_.changes.empty()) forget_domains_seen();
    return std::move(renamed_);
  }

 private:
  [[nodiscard]] bool shows(const std::string& pool, const std::string& volume) const {
    const auto found =
        std::find_if(now_.pools.begin(), now_.pools.end(), [&](const LivePool& one) { return one.name == pool; });
    return found != now_.pools.end() && found->active && found->volumes.count(volume) != 0;
  }

  [[nodiscard]] bool shows_disks_of(const InstanceRecord& instance) const {
    return std::all_of(recorded_.volumes.begin(), recorded_.volumes.end(), [&](const VolumeRecord& volume) {
      const bool matters =
          volume.owner == instance.address && volume.host == from_.host && volume.role != VolumeRecord::Role::seed;
      return !matters || shows(volume.pool, volume.name);
    });
  }

  void follow(const InstanceRecord& instance) {
    if (instance.host != from_.host || here_.count(instance.uuid) == 0 || !shows_disks_of(instance)) return;
    InstanceRecord followed = instance;
    followed.host = renamed_.to;
    renamed_.changes.emplace_back(PutInstance{std::move(followed)});
    for (const auto& volume : recorded_.volumes) {
      if (volume.owner == instance.address) follow(volume);
    }
    ++renamed_.instances;
  }

  bool follow(const VolumeRecord& volume) {
    if (volume.host != from_.host || !shows(volume.pool, volume.name)) return false;
    const auto has_the_name = [&](const VolumeRecord& other) {
      return other.host == renamed_.to && other.pool == volume.pool && other.name == volume.name;
    };
    if (std::any_of(recorded_.volumes.begin(), recorded_.volumes.end(), has_the_name)) return false;
    VolumeRecord followed = volume;
    followed.host = renamed_.to;
    renamed_.changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
    renamed_.changes.emplace_back(PutVolume{std::move(followed)});
    return true;
  }

  void follow(const ImageCopyRecord& copy) {
    if (copy.host != from_.host || !shows(copy.pool, copy.volume)) return;
    ImageCopyRecord followed = copy;
    followed.host = renamed_.to;
    renamed_.changes.emplace_back(RemoveImageCopy{copy.host, copy.pool, copy.volume});
    renamed_.changes.emplace_back(PutImageCopy{std::move(followed)});
    ++renamed_.image_copies;
  }

  /// They are seen under the new name: nobody is to ask any more whether they may still be up under the old one.
  void forget_domains_seen() {
    for (const auto& domain : from_.observed->domains) {
      if (here_.count(domain.uuid) != 0) renamed_.changes.emplace_back(RemoveObservedDomain{from_.host, domain.uuid});
    }
  }

  const RecordedState& recorded_;
  const HostRecord& from_;
  const HostSnapshot& now_;
  RenamedHost renamed_;
  std::set<std::string> here_;  ///< uuids
};

void add_count(std::vector<std::string>& parts, int count, const char* one, const char* many) {
  if (count > 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : many));
}

}  // namespace

std::vector<RenamedHost> renamed_hosts(const PlanInput& input) {
  std::vector<RenamedHost> all;
  for (const auto& [name, host] : input.recorded.hosts) {
    if (find_host(input.config, name) != nullptr || !host.observed) continue;
    const HostSnapshot* now = found_again(input, host.observed->identity);
    if (now == nullptr) continue;
    RenamedHost renamed = Follower(input.recorded, host, *now).run();
    if (!renamed.changes.empty()) all.push_back(std::move(renamed));
  }
  return all;
}

std::string show(const RenamedHost& renamed) {
  std::vector<std::string> parts;
  add_count(parts, renamed.instances, "instance", "instances");
  add_count(parts, renamed.kept_disks, "kept disk", "kept disks");
  add_count(parts, renamed.image_copies, "copy of an image", "copies of images");
  return fmt::format("was {}: {}", renamed.from, fmt::join(parts, ", "));
}

}  // namespace vscale
