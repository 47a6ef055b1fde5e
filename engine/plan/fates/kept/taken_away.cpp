#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/fates/fates.h"

/// What somebody took away from a guest that is still there: its definition, the file of its seed or of a disk.

namespace vscale {
namespace {

/// Does its domain, where it has one, stand on a file that its pool, which says what it has, does not have? Such a
/// guest runs on, and does not start again.
bool has_lost_its_file(const Planning& planning, const Decision& decision, const VolumeRecord& volume) {
  const LiveDomain* domain = decision.where->domain;
  const bool uses = domain == nullptr || std::any_of(domain->disk_paths.begin(), domain->disk_paths.end(),
                                                     [&](const auto& path) { return is_file_of(volume, path); });
  if (!uses || (volume.host != decision.where->host && !planning.volumes.is_shared(volume.pool))) return false;
  const std::string host = planning.host_reaching(volume.pool, volume.host, decision.where->host);
  return planning.volumes.is_pool_active(host, volume.pool) &&
         !planning.volumes.is_live(host, volume.pool, volume.name);
}

/// Needs its files to go on. One that is paused has them open.
bool needs_its_files(const LiveDomain& domain) {
  return domain.state == DomainState::shut_off || domain.state == DomainState::crashed;
}

}  // namespace

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
    const bool is_off = needs_its_files(*decision.where->domain);
    planning.warn("disk_lost",
                  fmt::format("{}: pool {} on {} has no {} any more, which is its {} disk: {}", decision.name,
                              volume.pool, decision.where->host, volume.name, volume.disk,
                              is_off ? "it cannot start" : "it runs on until it stops, and will not start again"),
                  fmt::format("{}put the file back; or make the guest anew, which gives it another {} disk: --replace {}",
                    is_off ? "" : "save what is on it while it runs; ", volume.disk, decision.name));
  }
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
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::seed || !has_lost_its_file(planning, decision, volume)) continue;
    report_drift(planning, decision, "seed", "there", "missing", "write again");
    decision.reasons.push_back({Rule::missing_on_host,
                                fmt::format("its seed {} is gone, without which it does not start", volume.name),
                                {{"volume", volume.name}}});
    decision.lost_seed = volume;
  }
}

void hold_start_without_disk(Planning& planning, Decision& decision) {
  if (!decision.start || decision.where->domain == nullptr || !needs_its_files(*decision.where->domain)) return;
  const auto lost = lost_disks(planning, decision);
  if (lost.empty()) return;
  decision.start = decision.wait = decision.redefine = false;
  decision.held = true;
  const std::string why = fmt::format("its {} disk is gone, without which it cannot start", lost.front().disk);
  decision.reasons.push_back({Rule::missing_on_host, why, {{"volume", lost.front().name}}});
  for (auto& drift : planning.plan.drift) {
    if (drift.address == decision.name && drift.what == "state") drift.remedy = "held: " + why;
  }
}

bool has_lost_its_definition(const Decision& decision) {
  return decision.where->domain != nullptr && decision.where->domain->transient;
}

std::string decide_definition(Planning& planning, Decision& decision, const Obstacle& obstacle) {
  if (!has_lost_its_definition(decision)) return "";
  decision.reasons.push_back(
      {Rule::changed_outside, "definition removed outside vscale: it would be gone once it is off", {}});
  std::string why = obstacle.empty() ? "" : hold_by(decision, obstacle);
  report_drift(planning, decision, kDefinition, "there", "removed", why.empty() ? "define again" : "held: " + why);
  if (!why.empty()) return why;
  decision.fields.push_back({kDefinition, "removed", "there"});
  decision.redefine = true;
  return "";
}

}  // namespace vscale
