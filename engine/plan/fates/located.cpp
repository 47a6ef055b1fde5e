#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "engine/plan/fates/fates.h"
#include "engine/values/text/shell_word.h"

/// Whether an instance is to be looked at, and where it is.

namespace vscale {
namespace {

/// May the domain use the disk? Not if it names all its files, and they are others that are recorded: a disk that was
/// kept when its instance no longer wanted it stays where it is. What has another name now may be this one.
bool may_use(const LiveDomain& domain, const VolumeRecord& disk, const std::vector<VolumeRecord>& recorded) {
  if (disk.role == VolumeRecord::Role::root || domain.disk_paths.empty()) return true;
  return !std::all_of(domain.disk_paths.begin(), domain.disk_paths.end(), [&](const std::string& path) {
    return std::any_of(recorded.begin(), recorded.end(), [&](const VolumeRecord& volume) {
      return volume.name != disk.name && is_file_of(volume, path);
    });
  });
}

std::string_view without_slashes_at_end(std::string_view folder) {
  return folder.substr(0, folder.find_last_not_of('/') + 1);
}

/// Is the path that of the volume in this pool? A pool whose path is not known has any file of that name.
bool is_file_in(const LivePool& pool, const VolumeRecord& volume, const std::string& path) {
  if (!is_file_of(volume, path)) return false;
  const std::string_view folder = std::string_view(path).substr(0, path.size() - volume.name.size());
  return pool.path.empty() || without_slashes_at_end(folder) == without_slashes_at_end(pool.path);
}

/// Does the domain, as far as it names its files, use what its new host's pool has under the volume's name? That may be
/// a file which something else left there.
bool uses_file_in_pool(const Planning& planning, const Decision& decision, const VolumeRecord& volume) {
  const LivePool* pool = planning.live.pool(decision.where->host, volume.pool);
  if (pool == nullptr || pool->volumes.count(volume.name) == 0) return false;
  const auto& paths = decision.where->domain->disk_paths;
  return paths.empty() || std::any_of(paths.begin(), paths.end(),
                                      [&](const std::string& path) { return is_file_in(*pool, volume, path); });
}

/// Is the volume with the domain on its new host? A disk that the domain does not use is if it is nowhere else. A seed
/// is by its name: it may have been ejected, and is nobody's loss.
bool came_along(const Planning& planning, const Decision& decision, const VolumeRecord& volume) {
  if (!planning.volumes.is_live(decision.where->host, volume.pool, volume.name)) return false;
  if (volume.role == VolumeRecord::Role::seed || uses_file_in_pool(planning, decision, volume)) return true;
  return planning.volumes.is_pool_active(volume.host, volume.pool) &&
         !planning.volumes.is_live(volume.host, volume.pool, volume.name);
}

/// The root and data disks that did not come along with a domain which somebody moved, or that its new host has not
/// seen. A seed that stays behind is of no use to anybody, and is deleted where it is.
std::vector<VolumeRecord> disks_not_there(const Planning& planning, const Decision& decision) {
  std::vector<VolumeRecord> missing;
  const std::string& host = decision.where->host;
  const std::vector<VolumeRecord>& recorded = planning.volumes.of(decision.address);
  for (const auto& volume : recorded) {
    if (volume.role == VolumeRecord::Role::seed || planning.volumes.is_shared(volume.pool) || volume.host == host) {
      continue;
    }
    if (uses_file_in_pool(planning, decision, volume)) continue;
    if (may_use(*decision.where->domain, volume, recorded)) missing.push_back(volume);
  }
  return missing;
}

/// A record that followed the domain and not its disks would take stale ones for them, and lose the others.
bool refuse_to_follow(Planning& planning, Decision& decision) {
  const std::vector<VolumeRecord> missing = disks_not_there(planning, decision);
  if (missing.empty()) return false;
  const std::string& host = decision.where->host;
  const VolumeRecord& first = missing.front();
  const std::string names = first.name + (missing.size() == 1 ? "" : fmt::format(" (and {} more)", missing.size() - 1));
  const bool shows_another = planning.volumes.is_live(host, first.pool, first.name);
  const std::string found =
      shows_another ? fmt::format("it does not use the file {} that {} has in pool {}", names, host, first.pool)
                    : fmt::format("{} does not show its disk {} in pool {}", host, names, first.pool);
  const std::string expected = shows_another ? "in place of what is left over, and let the domain use them"
                                             : fmt::format("with pool {} started on {}", first.pool, host);
  planning.error(
      "disks_not_there",
      fmt::format("{} was moved {} -> {} outside vscale, and {}", decision.name, decision.record->host, host, found),
      fmt::format("put its disks there under these names, {}, and plan again; or move the domain back to {}; --exclude "
                  "{} leaves it out meanwhile",
                  expected, decision.record->host, decision.name));
  decision.fate = Fate::left;
  return true;
}

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
  // It cannot be up there as well; and a host that is switched off or has left the file is not asked again.
  if (decision.where->presence == Presence::up && !planning.live.answers(old.host)) {
    decision.record_changes.emplace_back(RemoveObservedDomain{old.host, old.uuid});
  }
  const std::vector<VolumeRecord> volumes = planning.volumes.of(decision.address);
  for (const auto& volume : volumes) {
    if (planning.volumes.is_shared(volume.pool) || !came_along(planning, decision, volume)) continue;
    VolumeRecord moved = volume;
    moved.host = host;
    decision.record_changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
    decision.record_changes.emplace_back(PutVolume{moved});
    planning.volumes.relocate(volume, host);
  }
}

/// May hosts other than this one reach what its pool has?
bool may_be_shared(const Planning& planning, const std::string& host, const std::string& pool) {
  return planning.volumes.is_shared(pool) || looks_shared(planning.sharing_signs, host, pool);
}

bool names_file(const LiveDomain& domain, const VolumeRecord& volume) {
  return std::any_of(domain.disk_paths.begin(), domain.disk_paths.end(),
                     [&](const std::string& path) { return is_file_of(volume, path); });
}

/// Is the domain, which is in no record, the volume's owner by its mark? Where the owner has a record of its own, only
/// one that is seen now: what a host had that has left the file is nobody's any more.
bool is_owner(const Planning& planning, const UnrecordedDomain& domain, const VolumeRecord& volume) {
  if (domain.mark().address != volume.owner) return false;
  return planning.instances.count(volume.owner) == 0 || domain.seen == UnrecordedDomain::Seen::now;
}

/// Why a volume of one that is nowhere is not to be touched; empty if it may be. A seed is made anew, and nobody's
/// loss.
std::string why_untouched(const Planning& planning, const Decision& decision, const VolumeRecord& volume) {
  if (volume.role == VolumeRecord::Role::seed) return "";
  const std::string through = planning.host_reaching(volume.pool, volume.host, decision.where->host);
  const std::string user = user_of(planning, volume, through);
  if (user.empty()) return "";
  return fmt::format(
      "{} may stand on its {}: was an older backup of the state restored? then use the newer statefile; if it was lent "
      "by hand, take it back from that domain and plan again",
      user, volume.name);
}

/// One that is nowhere may have left its disks to a domain with another uuid: then nothing is done to them.
void doubt_that_disks_are_free(const Planning& planning, Decision& decision) {
  Whereabouts& where = *decision.where;
  if (where.presence != Presence::absent && where.presence != Presence::undefined) return;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    std::string why = why_untouched(planning, decision, volume);
    if (why.empty()) continue;
    where.presence = Presence::unknown;
    where.why = std::move(why);
    return;
  }
}

/// Twins are the one thing that destroys data by itself: nothing is done to either.
bool report_twins(Planning& planning, Decision& decision) {
  const Whereabouts& where = *decision.where;
  if (!where.also_off.empty()) {
    planning.warn("second_definition",
                  fmt::format("{} is defined on {} too, where it is off; that one is left alone", decision.name,
                              fmt::join(where.also_off, ", ")),
                  fmt::format("remove it there: virsh undefine {}", shell_word(where.domain->name)));
  }
  if (where.also_up.empty()) return false;
  planning.error(
      "twin",
      fmt::format("{} is up on {} and on {}: the same domain twice", decision.name, where.host,
                  fmt::join(where.also_up, ", ")),
      fmt::format("recorded is the one on {}; stop the wrong one by hand (virsh destroy {}), then plan again",
                  decision.record->host, shell_word(where.domain->name)));
  decision.fate = Fate::left;
  return true;
}

}  // namespace

std::string user_of(const Planning& planning, const VolumeRecord& volume, const std::string& through) {
  const bool shared = may_be_shared(planning, through, volume.pool);
  const auto instance = planning.instances.find(volume.owner);
  const auto is_left = [&](const std::string& host, const LiveDomain& domain) {
    const auto& mark = domain.ownership;
    const bool bears_its_mark = mark && mark->address == volume.owner && mark->lineage == planning.plan.lineage;
    return instance != planning.instances.end() && bears_its_mark &&
           is_left_over({&host, &domain}, *mark, *instance->second);
  };
  for (const auto& domain : planning.unrecorded) {
    if (is_left(*domain.host, *domain.domain)) continue;
    const bool reaches_it = shared || *domain.host == through;
    if (is_owner(planning, domain, volume) || (reaches_it && names_file(*domain.domain, volume))) return show(domain);
  }
  for (const auto& [host, view] : planning.input.live) {
    if (!view.snapshot || (!shared && host != through)) continue;
    for (const auto& domain : view.snapshot->domains) {
      if (names_file(domain, volume) && !is_left(host, domain))
        return fmt::format("domain {} on {}", domain.name, host);
    }
  }
  return "";
}

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
  doubt_that_disks_are_free(planning, decision);
  if (decision.where->presence == Presence::unknown) {
    leave_unknown(planning, decision);
    return false;
  }
  if (decision.where->domain != nullptr && report_twins(planning, decision)) return false;
  if (decision.where->host == decision.record->host) return true;
  if (refuse_to_follow(planning, decision)) return false;
  follow_by_hand(planning, decision);
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
