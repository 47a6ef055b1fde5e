#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/plan/fates/fates.h"

/// Whether an instance is to be looked at, and where it is.

namespace vscale {
namespace {

/// The record follows a domain that somebody moved, with those of its volumes that are there now.
void follow_by_hand(Planning& planning, Decision& decision) {
  const InstanceRecord& old = *decision.record;
  const std::string& host = decision.where->host;
  report_drift(planning, decision, "host", old.host, host, "follow it");
  decision.reasons.push_back({Rule::moved_outside,
                              fmt::format("moved {} -> {} outside vscale", old.host, host),
                              {{"recorded", old.host}, {"live", host}}});
  InstanceRecord& followed = planning.changed_records.emplace_back(old);
  followed.host = host;
  decision.record = &followed;
  decision.follow = true;
  planning.instances[decision.address] = &followed;
  decision.record_changes.emplace_back(PutInstance{followed});
  const std::vector<VolumeRecord> volumes = planning.volumes.of(decision.address);
  for (const auto& volume : volumes) {
    if (planning.volumes.is_shared(volume.pool) || !planning.volumes.is_live(host, volume.pool, volume.name)) continue;
    VolumeRecord moved = volume;
    moved.host = host;
    decision.record_changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
    decision.record_changes.emplace_back(PutVolume{moved});
    planning.volumes.relocate(volume, host);
  }
}

/// Twins are the one thing that destroys data by itself: nothing is done to either.
bool report_twins(Planning& planning, Decision& decision) {
  const Whereabouts& where = *decision.where;
  if (!where.also_off.empty()) {
    planning.warn("second_definition",
                  fmt::format("{} is defined on {} too, where it is off; that one is left alone", decision.name,
                              fmt::join(where.also_off, ", ")),
                  fmt::format("remove it there: virsh undefine {}", where.domain->name));
  }
  if (where.also_up.empty()) return false;
  planning.error("twin",
                 fmt::format("{} is up on {} and on {}: the same domain twice", decision.name, where.host,
                             fmt::join(where.also_up, ", ")),
                 fmt::format("stop the wrong one by hand (virsh destroy {}), then plan again", where.domain->name));
  decision.fate = Fate::left;
  return true;
}

}  // namespace

bool is_in_scope(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (!planning.scope.includes(plan.address, decision.name)) return false;
  if (!decision.record) return true;
  return !planning.scope.excludes_host(decision.record->host) && !planning.scope.excludes_host(decision.where->host);
}

void leave_out(Decision& decision, const char* what) {
  decision.fate = Fate::left;
  decision.reasons.clear();
  if (what == nullptr) return;
  decision.held = true;
  decision.reasons.push_back({Rule::not_targeted, fmt::format("{} left out by --target or --exclude", what), {}});
}

bool locate_decision(Planning& planning, Decision& decision) {
  if (decision.where->presence == Presence::unknown) {
    leave_unknown(planning, decision);
    return false;
  }
  if (decision.where->domain != nullptr && report_twins(planning, decision)) return false;
  if (decision.where->host != decision.record->host) follow_by_hand(planning, decision);
  return true;
}

void leave_unknown(Planning& planning, Decision& decision) {
  decision.fate = Fate::left;
  planning.plan.complete = false;
  std::optional<Instant> since;
  const auto host = planning.input.recorded.hosts.find(decision.where->host);
  if (host != planning.input.recorded.hosts.end() && host->second.failure) since = host->second.failure->at;
  planning.plan.unknown.push_back(
      {.address = decision.name, .host = decision.where->host, .why = decision.where->why, .since = since});
}

void report_drift(Planning& planning, const Decision& decision, std::string what, std::string recorded,
                  std::string live, std::string remedy) {
  planning.plan.drift.push_back({.address = decision.name,
                                 .host = decision.where->host,
                                 .what = std::move(what),
                                 .recorded = std::move(recorded),
                                 .live = std::move(live),
                                 .remedy = std::move(remedy)});
}

}  // namespace vscale
