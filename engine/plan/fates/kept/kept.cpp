#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/plan/fates/fates.h"
#include "engine/plan/rollouts/rollouts.h"
#include "engine/values/text/listed.h"

/// What an instance needs that the file wants and that is recorded: nothing at best.

namespace vscale {
namespace {

void decide_missing(Planning& planning, Decision& decision) {
  report_drift(planning, decision, "domain", "there", "missing", "create again");
  const std::string& host = decision.record->host;
  set_replace(decision, {Rule::missing_on_host,
                         fmt::format("{} has no such domain; its root disk is made anew", host),
                         {{"host", host}}});
}

const char* word_of(Phase phase) {
  switch (phase) {
    case Phase::claimed:
      return "claimed, nothing defined yet";
    case Phase::defined:
      return "defined, not started";
    case Phase::started:
      return "started, not ready yet";
    case Phase::ready:
      return "ready";
    case Phase::leaving:
      return "its removal was begun";
  }
  VSCALE_ASSERT(false, "a Phase without a word");
}

void note_unfinished(Decision& decision) {
  const Phase phase = decision.record->phase;
  decision.reasons.push_back(
      {Rule::unfinished, fmt::format("left by an earlier run: {}", word_of(phase)), {{"phase", to_string(phase)}}});
}

/// So many of a group are named.
constexpr std::size_t kStalledNamed = 3;

std::string stalled_text(Duration taken, Duration bound) {
  return fmt::format("not ready for {}, its bound was {}", show_duration(taken), show_duration(bound));
}

/// How long note_stalled() found it to take; nothing if it did not.
std::optional<Duration> stalled_for(const Decision& decision) {
  for (const auto& reason : decision.reasons) {
    if (reason.rule != Rule::unfinished) continue;
    for (const auto& [name, value] : reason.values) {
      if (name == "started_ms") return Duration(std::get<std::int64_t>(value));
    }
  }
  return std::nullopt;
}

/// Started, up, and not ready although its bound is used up. Nothing but waiting is done by itself: whoever replaces it
/// loses what the console might still tell.
bool note_stalled(const Planning& planning, const GroupPlan& plan, Decision& decision) {
  const InstanceRecord& record = *decision.record;
  if (record.phase != Phase::started || decision.where->presence != Presence::up || !record.started_at) return false;
  const Duration bound = plan.group->health.startup_timeout;
  const Duration taken = planning.input.now - *record.started_at;
  if (taken <= bound) return false;
  decision.reasons.push_back(
      {Rule::unfinished,
       "unfinished: " + stalled_text(taken, bound),
       {{"phase", to_string(record.phase)}, {"started_ms", taken.count()}, {"bound_ms", bound.count()}}});
  return true;
}

/// A claim comes before its disks, and they before its domain: one that is there without them was made by a run that
/// the record does not know, and to define it again from the record would take its disks away.
bool has_unrecorded_disks(const Planning& planning, Decision& decision) {
  const LiveDomain* domain = decision.where->domain;
  if (decision.record->phase != Phase::claimed || domain == nullptr) return false;
  const std::vector<VolumeRecord>& recorded = planning.volumes.of(decision.address);
  const bool has_root = std::any_of(recorded.begin(), recorded.end(),
                                    [](const VolumeRecord& volume) { return volume.role == VolumeRecord::Role::root; });
  const auto stray = std::find_if(domain->disk_paths.begin(), domain->disk_paths.end(),
                                  [&](const std::string& path) { return is_file_of_none(recorded, path); });
  if (has_root && stray == domain->disk_paths.end()) return false;
  decision.where->why = fmt::format(
      "it is recorded as claimed only, and {} has its domain with {}, which is not recorded: was an older backup of "
      "the state restored? then use the newer statefile",
      decision.where->host, stray == domain->disk_paths.end() ? "its root disk" : *stray);
  return true;
}

/// That it does not come up is why the rollout has stopped: it is left for a person to look at.
bool is_left_failed(const GroupPlan& plan, Decision& decision) {
  const bool is_left = decision.record->failed && decision.held && reason_to_stop(plan).has_value();
  if (is_left) decision.reasons.push_back({Rule::unfinished, "it has failed, and is left as it is", {}});
  return is_left;
}

const InstanceAddress& recorded_as(const Decision& decision) {
  return decision.record->address;
}

std::string by_operator(const char* what, const Said& said) {
  return fmt::format("{} by {}{}", what, said.by, said.reason.empty() ? "" : ": " + said.reason);
}

/// An operator has said that it is to be off. True: it has nothing to do with being up.
bool decide_stopped(const Planning& planning, Decision& decision) {
  const auto& stops = planning.input.recorded.words.stops;
  const auto said = stops.find(recorded_as(decision));
  const Phase phase = decision.record->phase;
  if (said == stops.end() || phase == Phase::claimed || phase == Phase::leaving) return false;
  if (decision.where->presence != Presence::up) return true;
  decision.stop = true;
  decision.reasons.push_back(
      {Rule::stop_requested, by_operator("stopped", said->second.said), {{"by", said->second.said.by}}});
  return true;
}

/// An operator has asked for a restart of the group, and it was started before that.
void decide_restart(const Planning& planning, const GroupPlan& plan, Decision& decision) {
  const auto& restarts = planning.input.recorded.words.restarts;
  const auto said = restarts.find(planning.recorded_address(plan.address));
  if (said == restarts.end() || !decision.record->started_at) return;
  if (*decision.record->started_at >= said->second.said.at) return;
  decision.restart = said->second.rolling ? Decision::Restart::one_by_one : Decision::Restart::together;
  decision.reasons.push_back(
      {Rule::restart_requested, by_operator("restart asked for", said->second.said), {{"by", said->second.said.by}}});
}

const Healing* healing_of(const Planning& planning, const Decision& decision, Healing::By by) {
  const auto& healings = planning.input.findings.healings;
  const auto found = healings.find(recorded_as(decision));
  return found == healings.end() || found->second.by != by ? nullptr : &found->second;
}

Reason why_healed(const Healing& healing) {
  return {Rule::unhealthy, healing.text, {{"why", to_string(healing.why)}, {"by", to_string(healing.by)}}};
}

void decide_healed_by_restart(const Planning& planning, Decision& decision) {
  const Healing* healing = healing_of(planning, decision, Healing::By::restart);
  if (healing == nullptr) return;
  decision.restart = Decision::Restart::one_by_one;
  decision.is_dead = true;
  decision.reasons.push_back(why_healed(*healing));
}

/// Whoever is started again and again, and dies each time, is given a rest.
void hold_crash_loop(const Planning& planning, Decision& decision) {
  const auto found = planning.input.findings.crash_loops.find(recorded_as(decision));
  if (found == planning.input.findings.crash_loops.end() || !decision.start) return;
  decision.start = decision.wait = false;
  decision.held = true;
  decision.reasons.push_back({Rule::crash_loop, found->second, {}});
}

void decide_by_phase(Planning& planning, const GroupPlan& plan, Decision& decision) {
  if (is_left_failed(plan, decision)) return;
  if (decide_stopped(planning, decision)) return;
  const bool up = decision.where->presence == Presence::up;
  switch (decision.record->phase) {
    case Phase::claimed:
      note_unfinished(decision);
      decision.recreate = decision.where->presence == Presence::undefined;
      decision.start = decision.wait = true;
      // Where it cannot be, it was: a domain is defined at once or not at all.
      decision.redefine = fields_against_redefinition(planning, plan, decision).empty();
      return;
    case Phase::defined:
      note_unfinished(decision);
      decision.start = decision.wait = true;
      return;
    case Phase::started:
      if (!note_stalled(planning, plan, decision)) note_unfinished(decision);
      decision.wait = true;
      decision.start = !up;
      if (up) decide_healed_by_restart(planning, decision);
      return;
    case Phase::ready:
      break;
    case Phase::leaving:
      // Its stop has not come to it: it is as it was, and whether it is ready is looked at again.
      note_unfinished(decision);
      decision.wait = true;
      decision.start = !up;
      if (up) decide_healed_by_restart(planning, decision);
      return;
  }
  if (up) {
    decide_restart(planning, plan, decision);
    return decide_healed_by_restart(planning, decision);
  }
  const char* state = to_string(decision.where->domain->state);
  report_drift(planning, decision, "state", "running", state, "start");
  decision.reasons.push_back(
      {Rule::stopped_outside, fmt::format("it is {}, and should run", state), {{"state", state}}});
  decision.start = decision.wait = true;
}

/// And what it lacks to do so.
void decide_whether_it_runs(Planning& planning, const GroupPlan& plan, Decision& decision) {
  decide_by_phase(planning, plan, decision);
  hold_crash_loop(planning, decision);
  if (decision.recreate) return;
  find_lost_seed(planning, decision);
  hold_start_without_disk(planning, decision);
}

void report_too_large(Planning& planning, const GroupPlan& plan, const Decision& decision) {
  for (const auto& disk : decision.in_place.too_large) {
    std::string hint = "leave it at " + show_bytes(disk.has_bytes);
    hint +=
        disk.keep ? ": a replacement would keep it as it is" : ", or replace the instance: --replace " + decision.name;
    planning.error("disk_shrink",
                   fmt::format("{}: {} is {}, and the file says {}: a disk cannot shrink", decision.name, disk.key,
                               show_bytes(disk.has_bytes), show_bytes(disk.wanted_bytes)),
                   hint, template_place_of(*plan.group, disk.place));
  }
}

/// What is not put back is no less drift.
void report_held_drift(Planning& planning, const InPlace& in_place, const std::string& why) {
  for (Drift drift : in_place.drift) {
    drift.remedy = "held: " + why;
    planning.plan.drift.push_back(std::move(drift));
  }
}

InPlace compare(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  return compare_in_place(in_place_input(planning, plan, decision));
}

void decide_in_place(Planning& planning, const GroupPlan& plan, Decision& decision) {
  decision.in_place = compare(planning, plan, decision);
  InPlace& in_place = decision.in_place;
  report_too_large(planning, plan, decision);
  const Disruption allowed = allowed_for(planning, *plan.group);
  const bool needs_definition = in_place.redefine || has_lost_its_definition(decision);
  const Obstacle obstacle = needs_definition ? obstacle_to_redefinition(planning, plan, decision) : Obstacle{};
  const std::string no_definition = decide_definition(planning, decision, obstacle);
  if (in_place.disruption > allowed || (in_place.redefine && !obstacle.empty())) {
    decision.reasons.insert(decision.reasons.end(), in_place.reasons.begin(), in_place.reasons.end());
    std::string why = fmt::format("needs {}", to_string(in_place.disruption));
    if (in_place.redefine && !obstacle.empty()) {
      why = no_definition.empty() ? hold_by(decision, obstacle) : no_definition;
    } else {
      hold(decision, in_place.disruption, allowed);
    }
    report_held_drift(planning, in_place, why);
    decision.stays_as_it_is = true;
    in_place = InPlace{};
    return;
  }
  planning.plan.drift.insert(planning.plan.drift.end(), in_place.drift.begin(), in_place.drift.end());
  decision.reasons.insert(decision.reasons.end(), in_place.reasons.begin(), in_place.reasons.end());
  decision.fields.insert(decision.fields.end(), in_place.fields.begin(), in_place.fields.end());
}

/// The remedy of all drift that goes with what is replaced.
constexpr const char* kMadeAnew = "made anew";

/// What comes along with a replacement, and what was otherwise on its host: a person sees all of it.
void note_what_goes_along(Planning& planning, const GroupPlan& plan, Decision& decision) {
  const InPlace in_place = compare(planning, plan, decision);
  VSCALE_ASSERT(in_place.reasons.size() == in_place.fields.size(), "each field that changes has its reason");
  for (std::size_t i = 0; i < in_place.reasons.size(); ++i) {
    if (in_place.reasons[i].rule != Rule::size_of_machine_changed) continue;
    decision.reasons.push_back(in_place.reasons[i]);
    decision.fields.push_back(in_place.fields[i]);
  }
  for (Drift drift : in_place.drift) {
    drift.remedy = kMadeAnew;
    planning.plan.drift.push_back(std::move(drift));
  }
  if (has_lost_its_definition(decision)) {
    report_drift(planning, decision, kDefinition, "there", "removed", kMadeAnew);
  }
  if (decision.where->presence == Presence::absent) {
    report_drift(planning, decision, "domain", "there", "missing", kMadeAnew);
  }
  const bool should_run = decision.record->phase == Phase::ready && decision.where->domain != nullptr;
  if (!should_run || decision.where->presence == Presence::up) return;
  report_drift(planning, decision, "state", "running", to_string(decision.where->domain->state), kMadeAnew);
}

/// One that a rolling update has made, and that has failed, is made again, as often as the rollout puts up with it.
std::optional<Reason> reason_to_retry(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const RolloutRecord* rollout = recorded_rollout(planning, plan);
  const InstanceRecord& record = *decision.record;
  if (rollout == nullptr || !record.failed || record.revision != plan.revision || record.phase == Phase::ready) {
    return std::nullopt;
  }
  return Reason{Rule::retried,
                fmt::format("did not become available: {} failed, {} allowed", rollout->failures,
                            plan.group->update.max_failures),
                {{"failures", rollout->failures}, {"allowed", plan.group->update.max_failures}}};
}

void decide_mark(Decision& decision) {
  const LiveDomain* domain = decision.where->domain;
  if (domain == nullptr || !domain->ownership || domain->ownership->address == decision.address) return;
  decision.mark = true;
  const std::string old = to_string(domain->ownership->address);
  decision.reasons.push_back(
      {Rule::group_moved, fmt::format("was {}; it keeps its name {}", old, decision.record->name), {{"from", old}}});
}

/// An earlier run was ended between its hooks and its stop.
void decide_welcome(Decision& decision) {
  if (!decision.record->drained) return;
  decision.welcome = true;
  decision.reasons.push_back(
      {Rule::unfinished, "its beforeStop hooks were run, and it stays: they are taken back", {{"drained", 1}}});
}

}  // namespace

void report_stalled(Planning& planning, const GroupPlan& plan) {
  std::vector<const Decision*> stalled;
  Duration longest{};
  for (const auto& decision : plan.decisions) {
    const auto taken = stalled_for(decision);
    if (!taken) continue;
    stalled.push_back(&decision);
    longest = std::max(longest, *taken);
  }
  if (stalled.empty()) return;
  const Decision& first = *stalled.front();
  const Duration bound = plan.group->health.startup_timeout;
  std::string summary = fmt::format("{} is up on {}, and {}; it is only waited for again", first.name,
                                    first.where->host, stalled_text(longest, bound));
  if (stalled.size() > 1) {
    std::vector<std::string> named;
    for (const Decision* decision : stalled) {
      named.push_back(fmt::format("{} on {}", short_name(decision->address), decision->where->host));
    }
    summary = fmt::format(
        "{}: {} are up and not ready for up to {}, their bound was {} ({}); they are only waited for "
        "again",
        plan.address, stalled.size(), show_duration(longest), show_duration(bound), listed_up_to(kStalledNamed, named));
  }
  const std::string name = short_name(first.address);
  planning.warn("boot_stalled", std::move(summary),
                fmt::format("look what {} says: vscale console {}; or make it anew: vscale plan --replace {}",
                            stalled.size() > 1 ? name : "it", name, name));
}

InPlaceInput in_place_input(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  return {.group = *plan.group,
          .image_virtual_size_bytes = plan.lock ? plan.lock->virtual_size_bytes : 0,
          .recorded = *decision.record,
          .volumes = planning.volumes.of(decision.address),
          .live = decision.where->domain,
          .is_up = decision.where->presence == Presence::up,
          .has_other_disks = has_other_disks(planning, plan, decision)};
}

void hold_replacement(Planning& planning, const GroupPlan& plan, Decision& decision, Reason why) {
  const auto goes_along = [&](const Drift& drift) {
    return drift.address == decision.name && drift.remedy == kMadeAnew;
  };
  auto& all = planning.plan.drift;
  // What is done about these now is said again below.
  std::erase_if(all, [&](const Drift& drift) {
    return goes_along(drift) && (drift.what == "state" || drift.what == kDefinition);
  });
  for (auto& drift : all) {
    if (goes_along(drift)) drift.remedy = "held: " + why.text;
  }
  decision.fate = Fate::keep;
  decision.held = decision.stays_as_it_is = true;
  decision.reasons.push_back(std::move(why));
  decide_welcome(decision);
  decide_whether_it_runs(planning, plan, decision);
  if (decision.recreate || !has_lost_its_definition(decision)) return;
  static_cast<void>(decide_definition(planning, decision, obstacle_to_redefinition(planning, plan, decision)));
}

namespace {

void decide_as_found(Planning& planning, GroupPlan& plan, Decision& decision) {
  if (decision.where->presence == Presence::in_between || has_unrecorded_disks(planning, decision)) {
    return leave_unknown(planning, decision);
  }
  note_renamed_storage(planning, plan, decision);
  warn_of_lost_disks(planning, decision);
  if (decision.is_being_removed()) {
    note_unfinished(decision);
    Reason reason = decision.reasons.back();
    decision.reasons.pop_back();
    return set_replace(decision, std::move(reason));
  }
  const bool is_absent = decision.where->presence == Presence::absent;
  if (is_absent && is_left_with_its_disks(planning, decision)) return;
  if (is_absent && !can_be_defined_again(planning, plan, decision)) return decide_missing(planning, decision);
  if (auto requested = why_requested(planning, plan, decision)) {
    decide_requested(planning, plan, decision, std::move(*requested));
    return note_what_goes_along(planning, plan, decision);
  }
  if (decide_by_spec(planning, plan, decision)) return note_what_goes_along(planning, plan, decision);
  if (is_absent) {
    decide_defined_again(planning, decision);
    find_lost_seed(planning, decision);
    return decide_in_place(planning, plan, decision);
  }
  if (auto retried = reason_to_retry(planning, plan, decision)) {
    set_replace(decision, std::move(*retried));
    return note_what_goes_along(planning, plan, decision);
  }
  if (const Healing* healing = healing_of(planning, decision, Healing::By::replace)) {
    decision.is_dead = true;
    set_replace(decision, why_healed(*healing));
    return note_what_goes_along(planning, plan, decision);
  }
  decide_mark(decision);
  decide_welcome(decision);
  decide_whether_it_runs(planning, plan, decision);
  if (!decision.recreate) decide_in_place(planning, plan, decision);
}

/// What somebody did on a host, and vscale would put right. A record that follows a domain puts nothing right.
bool is_of_drift(const Reason& reason) {
  constexpr Rule kOfDrift[] = {Rule::stopped_outside, Rule::missing_on_host,  Rule::file_missing,
                               Rule::changed_outside, Rule::detached_outside, Rule::undefined_outside};
  return std::ranges::find(kOfDrift, reason.rule) != std::end(kOfDrift);
}

/// watch.drift: report. Whoever is to be healed is, whatever that undoes.
void only_report_drift(Planning& planning, Decision& decision) {
  const bool is_drift =
      !decision.reasons.empty() && std::all_of(decision.reasons.begin(), decision.reasons.end(), is_of_drift);
  if (!is_drift || planning.input.findings.healings.contains(recorded_as(decision))) return;
  decision.fate = Fate::left;
  decision.held = true;
  decision.reasons.push_back({Rule::drift_reported, "watch.drift: report", {}});
  for (auto& drift : planning.plan.drift) {
    if (drift.address == decision.name) drift.remedy = "none: watch.drift is report";
  }
}

}  // namespace

void decide_kept(Planning& planning, GroupPlan& plan, Decision& decision) {
  decide_as_found(planning, plan, decision);
  if (planning.input.options.report_drift) only_report_drift(planning, decision);
}

}  // namespace vscale
