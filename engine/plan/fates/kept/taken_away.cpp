#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/fates/fates.h"
#include "engine/values/text/shell_word.h"

/// What somebody took away from a guest that is still there: its definition, the file of its seed or of a disk.

namespace vscale {
namespace {

/// Does its domain, where it has one, stand on a file that its pool, which says what it has, does not have? Such a
/// guest runs on, and does not start again.
bool has_lost_its_file(const Planning& planning, const Decision& decision, const VolumeRecord& volume) {
  const LiveDomain* domain = decision.where->domain;
  const bool uses = domain == nullptr || std::any_of(domain->disk_paths.begin(), domain->disk_paths.end(),
                                                     [&](const auto& path) { return is_file_of(volume, path); });
  if (domain == nullptr && volume.role == VolumeRecord::Role::seed && !planning.volumes.is_shared(volume.pool)) {
    // Wherever it was left: it is needed here.
    return !planning.volumes.is_live(decision.where->host, volume.pool, volume.name);
  }
  if (!uses || (volume.host != decision.where->host && !planning.volumes.is_shared(volume.pool))) return false;
  const std::string host = planning.host_reaching(volume.pool, volume.host, decision.where->host);
  return planning.volumes.is_pool_active(host, volume.pool) &&
         !planning.volumes.is_live(host, volume.pool, volume.name);
}

/// A file beside the volume that is called as a snapshot of it would be: "web-0-root.before-upgrade"; empty if its pool
/// shows none.
std::string snapshot_of(const Planning& planning, const std::string& host, const VolumeRecord& volume) {
  const LivePool* pool = planning.live.pool(host, volume.pool);
  if (pool == nullptr) return "";
  const std::string stem = volume.name.substr(0, volume.name.rfind('.') + 1);
  for (auto at = pool->volumes.lower_bound(stem); at != pool->volumes.end() && at->starts_with(stem); ++at) {
    if (*at != volume.name) return *at;
  }
  return "";
}

}  // namespace

bool has_its_files_open(const LiveDomain& domain) {
  return domain.state != DomainState::shut_off && domain.state != DomainState::crashed;
}

std::vector<VolumeRecord> lost_disks(const Planning& planning, const Decision& decision) {
  std::vector<VolumeRecord> lost;
  if (decision.where->domain == nullptr) return lost;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::seed && has_lost_its_file(planning, decision, volume)) {
      lost.push_back(volume);
    }
  }
  return lost;
}

void warn_of_lost_disks(Planning& planning, const Decision& decision) {
  for (const auto& volume : lost_disks(planning, decision)) {
    const bool is_off = !has_its_files_open(*decision.where->domain);
    planning.warn(
        "disk_lost",
        fmt::format("{}: pool {} on {} has no {} any more, which is its {} disk: {}", decision.name, volume.pool,
                    decision.where->host, volume.name, volume.disk,
                    is_off ? "it cannot start" : "it runs on until it stops, and will not start again"),
        fmt::format("{}put the file back; or {}make the guest anew, which gives it another {} disk: --replace {}",
                    is_off ? "" : "save what is on it while it runs; ",
                    is_off || !volume.keep ? "" : "stop it by hand, and then ", volume.disk, decision.name));
  }
}

bool is_left_with_its_disks(Planning& planning, Decision& decision) {
  if (!decision.where->why.empty() || decision.record->phase == Phase::leaving) return false;
  const std::string& host = decision.where->host;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    const bool is_here = volume.host == host || planning.volumes.is_shared(volume.pool);
    if (volume.role == VolumeRecord::Role::seed || !is_here) continue;
    if (!planning.volumes.is_pool_active(host, volume.pool)) {
      decision.reasons.push_back(
          {Rule::missing_on_host,
           fmt::format("{} has no such domain; its pool {} is turned on first, which tells whether "
                       "its disks are there",
                       host, volume.pool),
           {{"host", host}, {"pool", volume.pool}}});
      report_drift(planning, decision, "domain", "there", "missing", "look for its disks first");
      decision.open_pools = true;
      planning.plan.complete = false;
      planning.plan.unknown.push_back(
          {.address = decision.name,
           .host = host,
           .why = fmt::format("what becomes of it, a plan knows once pool {} is on: plan again", volume.pool),
           .since = std::nullopt});
      return true;
    }
    if (const std::string snapshot = snapshot_of(planning, host, volume); !snapshot.empty()) {
      decision.where->why = fmt::format("{} has no such domain, and {} beside its disk", host, snapshot);
      planning.warn(
          "snapshot_left",
          fmt::format("{}: {} on {} looks like a snapshot of its disk: defined on {}, it would lose what came "
                      "after, and ruin that",
                      decision.name, snapshot, host, volume.name),
          fmt::format("on {0}: qemu-img commit {1}, then rm it, and plan again; if nobody needs what is in "
                      "it, only rm it",
                      host, shell_word(planning.live.pool(host, volume.pool)->path + "/" + snapshot)));
      leave_unknown(planning, decision);
      return true;
    }
  }
  return false;
}

bool can_be_defined_again(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const Phase phase = decision.record->phase;
  if (phase == Phase::claimed || phase == Phase::leaving || !decision.where->why.empty()) return false;
  const auto& volumes = planning.volumes.of(decision.address);
  const bool has_root = std::any_of(volumes.begin(), volumes.end(),
                                    [](const auto& volume) { return volume.role == VolumeRecord::Role::root; });
  return has_root && obstacle_to_redefinition(planning, plan, decision).empty();
}

void decide_defined_again(Planning& planning, Decision& decision) {
  report_drift(planning, decision, "domain", "there", "missing", "define again, with its disks");
  const std::string& host = decision.record->host;
  decision.reasons.push_back({Rule::missing_on_host,
                              fmt::format("{} has no such domain, and still all its disks: it is defined again", host),
                              {{"host", host}}});
  decision.redefine = decision.start = decision.wait = true;
}

void find_lost_seed(Planning& planning, Decision& decision) {
  const std::vector<VolumeRecord> volumes = planning.volumes.of(decision.address);
  for (const auto& volume : volumes) {
    if (volume.role != VolumeRecord::Role::seed || !has_lost_its_file(planning, decision, volume)) continue;
    report_drift(planning, decision, "seed", "there", "missing", "write again");
    decision.reasons.push_back({Rule::file_missing,
                                fmt::format("its seed {} is gone, without which it does not start", volume.name),
                                {{"volume", volume.name}}});
    VolumeRecord again = volume;
    if (!planning.volumes.is_shared(volume.pool) && volume.host != decision.where->host) {
      again.host = decision.where->host;
      decision.record_changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
      decision.record_changes.emplace_back(PutVolume{again});
    }
    decision.lost_seed = std::move(again);
  }
}

void hold_start_without_disk(Planning& planning, Decision& decision) {
  if (!decision.start || decision.where->domain == nullptr || has_its_files_open(*decision.where->domain)) return;
  const auto lost = lost_disks(planning, decision);
  if (lost.empty()) return;
  decision.start = decision.wait = decision.redefine = false;
  decision.held = true;
  const std::string why = fmt::format("its {} disk is gone, without which it cannot start", lost.front().disk);
  decision.reasons.push_back({Rule::file_missing, why, {{"volume", lost.front().name}}});
  auto& all = planning.plan.drift;
  const auto said = std::find_if(all.rbegin(), all.rend(), [&](const Drift& drift) {  // it was a moment ago
    return drift.address == decision.name && drift.what == "state";
  });
  if (said != all.rend()) said->remedy = "held: " + why;
}

bool has_lost_its_definition(const Decision& decision) {
  return decision.where->domain != nullptr && decision.where->domain->transient;
}

std::string decide_definition(Planning& planning, Decision& decision, const Obstacle& obstacle) {
  if (!has_lost_its_definition(decision)) return "";
  decision.reasons.push_back(
      {Rule::undefined_outside, "definition removed outside vscale: it would be gone once it is off", {}});
  std::string why = obstacle.empty() ? "" : hold_by(decision, obstacle);
  report_drift(planning, decision, kDefinition, "there", "removed", why.empty() ? "define again" : "held: " + why);
  if (!why.empty()) return why;
  decision.fields.push_back({kDefinition, "removed", "there"});
  decision.redefine = true;
  return "";
}

}  // namespace vscale
