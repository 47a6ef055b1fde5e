#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/planning.h"
#include "engine/plan/steps/removal.h"
#include "engine/values/text/shell_word.h"

/// What may not happen, or not so often at once, however much the file wants it.

namespace vscale {
namespace {

bool is_protected(const GroupPlan& plan, const Decision& decision) {
  if (plan.group != nullptr) return plan.group->lifecycle.prevent_destroy;
  return decision.record->prevent_destroy;
}

/// May disks that would be deleted still be there, although the domain is missing? A pool that is off, or not there,
/// says nothing.
bool may_have_left_disks(const Planning& planning, const Decision& decision) {
  const auto& volumes = planning.volumes.of(decision.address);
  return decision.where->presence == Presence::absent &&
         std::any_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& volume) {
           const bool has_data = volume.role != VolumeRecord::Role::seed && !volume.keep;
           return has_data && (planning.volumes.is_live(volume.host, volume.pool, volume.name) ||
                               !planning.volumes.is_pool_active(volume.host, volume.pool));
         });
}

/// Taking away what still exists: the domain, or its disks where only the definition is missing. What is being removed
/// has nothing left to protect.
bool takes_away(const Planning& planning, const Decision& decision) {
  const bool goes = decision.fate == Fate::destroy || decision.fate == Fate::replace;
  const bool exists = !decision.domain_is_gone || may_have_left_disks(planning, decision);
  return goes && exists && !decision.is_being_removed();
}

std::string instead_of_protection(const Decision& decision) {
  if (!decision.domain_is_gone) {
    return fmt::format("set preventDestroy: false, or leave it out: --exclude {}", decision.name);
  }
  return fmt::format(
      "if its disks are there, define the domain again on {} by hand, with its uuid {}; or set preventDestroy: false, "
      "or leave it out: --exclude {}",
      decision.where->host, decision.record->uuid, decision.name);
}

void hold_protected(Planning& planning, GroupPlan& plan) {
  for (auto& decision : plan.decisions) {
    if (!takes_away(planning, decision) || !is_protected(plan, decision)) continue;
    const char* what = decision.fate == Fate::destroy ? "destroyed" : "replaced";
    planning.error("prevent_destroy",
                   fmt::format("{} would be {} ({}), and lifecycle.preventDestroy forbids it", decision.name, what,
                               decision.reasons.at(decision.cause).text),
                   instead_of_protection(decision),
                   plan.group != nullptr ? place_of(*plan.group, "lifecycle.preventDestroy") : "");
    Reason why{Rule::prevent_destroy, "lifecycle.preventDestroy holds it", {}};
    if (decision.fate == Fate::replace && !decision.domain_is_gone) {
      hold_replacement(planning, plan, decision, std::move(why));
      continue;
    }
    for (auto& drift : planning.plan.drift) {
      if (drift.address == decision.name) drift.remedy = "held: " + why.text;
    }
    decision.fate = Fate::left;
    decision.held = true;
    decision.reasons.push_back(std::move(why));
  }
}

/// Its kept data disk whose file is gone, so that only the guest, which has it open, still has what is on it; nothing
/// if there is none.
std::optional<VolumeRecord> last_copy(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const bool goes = decision.fate == Fate::destroy || decision.fate == Fate::replace;
  if (!goes || decision.domain_is_gone || !has_its_files_open(*decision.where->domain)) return std::nullopt;
  for (auto& volume : lost_disks(planning, decision)) {
    if (volume.role == VolumeRecord::Role::data && is_kept(plan, volume)) return volume;
  }
  return std::nullopt;
}

/// The file that its kept data disk goes on in, as after a snapshot, while the disk itself stays as it was then; empty
/// if there is none. One that the file has no more may simply be detached.
std::string goes_on_in(const Planning& planning, const GroupPlan& plan, const Decision& decision,
                       const VolumeRecord& disk) {
  if (plan.group == nullptr) return "";
  const auto& wanted = plan.group->instance.disks;
  const bool in_file =
      std::any_of(wanted.begin(), wanted.end(), [&](const DataDisk& one) { return one.name == disk.disk; });
  const auto& paths = decision.where->domain->disk_paths;
  const auto& volumes = planning.volumes.of(decision.address);
  const bool is_used =
      std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return is_file_of(disk, path); });
  if (!in_file || is_used) return "";
  std::string unknown;
  for (const std::string& path : paths) {
    if (!is_file_of_none(volumes, path)) continue;
    // As libvirt calls it, unless somebody chose the name.
    const std::string stem = "/" + disk.name.substr(0, disk.name.rfind('.') + 1);
    if (unknown.empty() || path.find(stem) != std::string::npos) unknown = path;
  }
  return unknown;
}

/// What would be lost of a kept disk, and how to save it; the texts are empty if nothing would.
struct Loss {
  std::string disk, why, remedy;
};

Loss loss_of(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const bool goes = decision.fate == Fate::destroy || decision.fate == Fate::replace;
  if (!goes || decision.where->domain == nullptr) return {};
  if (const auto disk = last_copy(planning, plan, decision)) {
    return {disk->disk,
            fmt::format("its kept disk {} is gone from pool {} on {}, and only the guest still has it", disk->disk,
                        disk->pool, decision.where->host),
            "save it, and stop the guest by hand"};
  }
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data || !is_kept(plan, volume)) continue;
    const std::string file = goes_on_in(planning, plan, decision, volume);
    if (file.empty()) continue;
    return {
        volume.disk, fmt::format("its kept disk {} goes on in {}, as after a snapshot", volume.disk, file),
        fmt::format("merge that first: virsh blockcommit {} FILE --active --pivot, or qemu-img commit while it is off",
                    shell_word(decision.where->domain->name))};
  }
  return {};
}

void hold_last_copies(Planning& planning, GroupPlan& plan) {
  if (planning.input.options.allow_data_loss) return;
  for (auto& decision : plan.decisions) {
    const Loss loss = loss_of(planning, plan, decision);
    if (loss.why.empty()) continue;
    if (decision.fate == Fate::replace && !decision.is_being_removed()) {
      hold_replacement(planning, plan, decision,
                       {Rule::keep_disk, loss.why + ": " + loss.remedy, {{"disk", loss.disk}}});
      continue;
    }
    planning.error(
        "last_copy", fmt::format("{} would go, and {}", decision.name, loss.why),
        fmt::format("{}; or leave it out: --exclude {}; --allow-data-loss gives it up", loss.remedy, decision.name));
    decision.fate = Fate::left;
  }
}

/// It may be running as it was made.
bool is_unknown(const Planning& planning, const Decision& decision) {
  const auto& all = planning.plan.unknown;
  return decision.record != nullptr &&
         std::any_of(all.begin(), all.end(), [&](const Unknown& unknown) { return unknown.address == decision.name; });
}

/// Its domain would go, and another than it was would come.
bool becomes_another(const Decision& decision) {
  const auto is_by_spec = [](const Reason& reason) { return reason.rule == Rule::spec_changed; };
  return decision.fate == Fate::replace && !decision.domain_is_gone &&
         std::any_of(decision.reasons.begin(), decision.reasons.end(), is_by_spec);
}

/// No new one beside an old one: not beside one either that nobody knows to be gone.
void hold_recreation(Planning& planning, GroupPlan& plan) {
  if (plan.group == nullptr || plan.group->update.strategy != Update::Strategy::recreate) return;
  const auto unknown = std::find_if(plan.decisions.begin(), plan.decisions.end(),
                                    [&](const Decision& decision) { return is_unknown(planning, decision); });
  if (unknown == plan.decisions.end()) return;
  const std::string name = short_name(unknown->address);
  for (auto& decision : plan.decisions) {
    if (!becomes_another(decision)) continue;
    hold_replacement(planning, plan, decision,
                     {Rule::held_by_strategy,
                      fmt::format("{} is unknown, and recreate makes none before all are gone", name),
                      {{"strategy", "recreate"}, {"unknown", name}}});
  }
}

int limit_of(const Amount& amount, int of) {
  if (amount.unit == Amount::Unit::count) return amount.value;
  // A share that rounds to nothing would hold for ever.
  return amount.value == 0 ? 0 : std::max(1, of * amount.value / 100);
}

/// The first ones go ahead; the rest comes with the next plan.
void hold_replacements(Planning& planning, GroupPlan& plan) {
  if (!planning.config.limits.replace || plan.group == nullptr) return;
  const int limit = limit_of(*planning.config.limits.replace, static_cast<int>(plan.decisions.size()));
  int replaced = 0;
  for (auto& decision : plan.decisions) {
    if (decision.fate != Fate::replace || !decision.disturbs || ++replaced <= limit) continue;
    hold_replacement(planning, plan, decision,
                     {Rule::limit,
                      fmt::format("limits.replace allows {} in one plan", limit),
                      {{"limit", limit}, {"position", replaced}}});
  }
}

/// Those that come first go ahead; the others wait for later plans. What is half removed is not counted: it goes on.
void hold_destructions(Planning& planning) {
  const auto& limit = planning.input.options.destroy_at_once;
  if (!limit) return;
  int destroyed = 0;
  for (auto& plan : planning.groups) {
    for (auto& decision : plan.decisions) {
      if (decision.fate != Fate::destroy || decision.is_being_removed() || ++destroyed <= *limit) continue;
      decision.fate = Fate::left;
      decision.held = true;
      decision.reasons.push_back(
          {Rule::limit, fmt::format("{} at once is the limit", *limit), {{"limit", *limit}, {"position", destroyed}}});
    }
  }
}

/// What goes for good. Replacements are not counted, but for what they do not bring back.
struct Destroyed {
  int instances = 0;
  int robbed = 0;  ///< Instances that are replaced, or gone already, of which a data disk is deleted.

  [[nodiscard]] int total() const { return instances + robbed; }
};

Destroyed count_destroyed(const Planning& planning) {
  Destroyed destroyed;
  for (const auto& plan : planning.groups) {
    for (const auto& decision : plan.decisions) {
      if (decision.goes_for_good()) ++destroyed.instances;
      if (!disks_given_up(planning, plan, decision).empty()) ++destroyed.robbed;
    }
  }
  if (!planning.input.options.destroy) return destroyed;
  for (const auto& owner : planning.volumes.owners()) {
    if (!leftover_disks(planning, owner).empty()) ++destroyed.robbed;
  }
  return destroyed;
}

std::string instances_text(int count) {
  return fmt::format("{} instance{}", count, count == 1 ? "" : "s");
}

std::string show(const Destroyed& destroyed) {
  if (destroyed.robbed == 0) return "destroys " + instances_text(destroyed.instances);
  if (destroyed.instances == 0) return "deletes data disks of " + instances_text(destroyed.robbed);
  return fmt::format("destroys {} and deletes data disks of {} more, {} together", instances_text(destroyed.instances),
                     destroyed.robbed, destroyed.total());
}

}  // namespace

void apply_limits(Planning& planning) {
  for (auto& plan : planning.groups) {
    hold_protected(planning, plan);
    hold_last_copies(planning, plan);
    hold_recreation(planning, plan);
    hold_replacements(planning, plan);
  }
  hold_destructions(planning);
}

void check_destroyed(Planning& planning) {
  const Destroyed destroyed = count_destroyed(planning);
  const PlanOptions& options = planning.input.options;
  if (options.max_destroy && destroyed.total() > *options.max_destroy) {
    planning.error("max_destroy",
                   fmt::format("the plan {}, and --max-destroy is {}", show(destroyed), *options.max_destroy),
                   fmt::format("give --max-destroy {} if that is meant", destroyed.total()));
  }
  const auto& limit = planning.config.limits.destroy;
  if (!options.destroy && limit && destroyed.total() > *limit) {
    planning.error("limit_destroy", fmt::format("the plan {}, and limits.destroy is {}", show(destroyed), *limit),
                   "raise limits.destroy, or go in smaller steps: --target", "limits.destroy");
  }
}

}  // namespace vscale
