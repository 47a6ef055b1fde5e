#include <fmt/format.h>

#include <algorithm>

#include "engine/desired/spec_hash.h"
#include "engine/plan/fates/fates.h"
#include "engine/plan/rollouts/rollouts.h"

/// Who comes for whom, once it is decided who is to be replaced.

namespace vscale {
namespace {

bool is_rolling(const Planning& planning, const GroupPlan& plan) {
  return plan.group != nullptr && !planning.input.options.destroy &&
         plan.group->update.strategy == Update::Strategy::rolling;
}

/// A disk that stays with its ordinal by the record, though the file may keep it no more; empty if there is none.
std::string recorded_kept_disk(const Planning& planning, const GroupPlan& plan) {
  for (const auto& decision : plan.decisions) {
    if (decision.record == nullptr) continue;
    for (const auto& volume : planning.volumes.of(decision.address)) {
      if (volume.keep) return volume.disk;
    }
  }
  return "";
}

/// It is ill, and is made anew where it is, whatever else goes on: it serves nobody.
bool is_healed(const Decision& decision) {
  return decision.fate == Fate::replace && decision.is_dead;
}

/// It comes again in its own place.
bool is_retried(const Decision& decision) {
  return is_healed(decision) || std::any_of(decision.reasons.begin(), decision.reasons.end(),
                                            [](const Reason& reason) { return reason.rule == Rule::retried; });
}

/// One that goes for good, since something else stands in for it or nobody needs it.
bool makes_room(const Decision& decision) {
  return decision.fate == Fate::destroy ||
         (decision.fate == Fate::replace && !decision.domain_is_gone && !is_retried(decision));
}

bool is_gone(const Decision& decision) {
  return decision.fate == Fate::replace && decision.domain_is_gone;
}

/// The group keeps what is neither made nor goes. What failed in a rollout that has stopped is in nobody's place.
int kept_count(const Planning& planning, const GroupPlan& plan) {
  const bool stopped = reason_to_stop(plan).has_value();
  const auto is_kept = [&](const Decision& decision) {
    if (decision.fate == Fate::replace) return is_retried(decision);
    if (decision.fate == Fate::left) return true;  // Of which nobody knows, among others: it may serve.
    if (decision.fate != Fate::keep) return false;
    return !stopped || !is_old(planning, plan, decision) || is_available(planning, decision);
  };
  return static_cast<int>(std::count_if(plan.decisions.begin(), plan.decisions.end(), is_kept));
}

template <class Is>
int count_if(const GroupPlan& plan, const Is& is) {
  return static_cast<int>(std::count_if(plan.decisions.begin(), plan.decisions.end(), is));
}

/// So many may be made beside all that are there.
int room_beside(const GroupPlan& plan, int size) {
  const int there =
      count_if(plan, [](const Decision& decision) { return decision.record != nullptr && !is_gone(decision); });
  return budget_for(plan.group->update, size).most() - there;
}

bool any_requested(const GroupPlan& plan) {
  return std::any_of(plan.decisions.begin(), plan.decisions.end(), [](const Decision& decision) {
    return std::any_of(decision.reasons.begin(), decision.reasons.end(),
                       [](const Reason& reason) { return reason.rule == Rule::replace_requested; });
  });
}

/// New ordinals for old ones: what is gone comes again under its own as far as the size goes, and the rest is made
/// under the lowest that are free.
void make_successors(Planning& planning, GroupPlan& plan, int size) {
  int needed = size - kept_count(planning, plan);
  const int go = count_if(plan, makes_room);
  // What failed in a rollout that rests is still there, and takes of the surge.
  // Without turns nothing waits for what goes.
  const int makes_room_in_turns = any_requested(plan) ? go : 0;
  if (reason_to_stop(plan)) needed = std::min(needed, makes_room_in_turns + std::max(0, room_beside(plan, size)));
  for (auto& decision : plan.decisions) {
    if (is_gone(decision) && needed-- <= 0) decision.fate = Fate::retire;
  }
  for (auto& decision : plan.decisions) {
    if (makes_room(decision)) decision.fate = Fate::retire;
  }
  const int created = count_if(plan, [](const Decision& decision) { return decision.fate == Fate::create; });
  add_created(planning, plan, std::max(0, needed) - created, go, size);
}

/// Is it made by this plan, under an ordinal of its own, and not in its own place?
bool comes_new(const Decision& decision) {
  return decision.fate == Fate::create || (decision.fate == Fate::keep && decision.recreate);
}

/// In the order in which both are listed: who comes for whom is a matter of words.
void pair(Decision& old, Decision& comes) {
  old.replaced_by = comes.name;
  if (comes_new(comes)) comes.stands_for = old.name;
  old.reasons.push_back({Rule::rollout,
                         comes_new(comes) ? fmt::format("{} comes for it", short_name(comes.address))
                                          : fmt::format("{} has come for it", short_name(comes.address)),
                         {{"successor", comes.name}}});
}

void name_successors(GroupPlan& plan) {
  auto comes = plan.decisions.begin();
  for (auto& old : plan.decisions) {
    if (old.fate != Fate::retire || !old.replaced_by.empty()) continue;
    comes = std::find_if(comes, plan.decisions.end(), comes_new);
    if (comes == plan.decisions.end()) return;
    pair(old, *comes++);
  }
}

/// Made beside others by an earlier run, and still there or to be made again.
bool has_come(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (decision.fate == Fate::replace) return is_retried(decision);
  return decision.fate == Fate::keep && !decision.recreate && !is_old(planning, plan, decision);
}

/// Who was there before can have come for nobody: of two that were made together one is left where the group was made
/// smaller, and that was cut short.
bool was_made_before(const Decision& comes, const Decision& old) {
  const auto& made = comes.record->created_at;
  if (comes.record->revision != old.record->revision) return false;
  return made && old.record->created_at && *made <= *old.record->created_at;
}

/// Nor can who was there when policies last made the group smaller, for one whose removal was begun.
bool stayed_when_smaller(const Planning& planning, const GroupPlan& plan, const Decision& comes, const Decision& old) {
  const auto& made = comes.record->created_at;
  const auto memory = planning.input.recorded.scaling.find(planning.recorded_address(plan.address));
  const bool is_begun = old.record->phase == Phase::leaving && comes.record->revision == old.record->revision;
  if (!made || !is_begun || memory == planning.input.recorded.scaling.end()) return false;
  const auto& sizes = memory->second.changes;
  return !sizes.empty() && sizes.back().to < sizes.back().from && *made <= sizes.back().at;
}

/// As many as stand beside others, and no more than the surge: what is too much beyond that is so because the group has
/// become smaller. One that is on the same host was made for it.
void name_those_that_have_come(GroupPlan& plan, const Planning& planning, int size) {
  if (plan.course.kind == Course::Kind::back) return;  // What is stable has come for nobody.
  const int there =
      count_if(plan, [](const Decision& decision) { return decision.record != nullptr && !is_gone(decision); });
  int left = std::min(budget_for(plan.group->update, size).surge, there - size);
  std::vector<Decision*> fresh;
  for (auto& decision : plan.decisions) {
    if (has_come(planning, plan, decision)) fresh.push_back(&decision);
  }
  // The last that came are those that nobody has gone for yet.
  std::reverse(fresh.begin(), fresh.end());
  for (const bool same_host : {true, false}) {
    for (auto& old : plan.decisions) {
      if (left <= 0) return;
      if (old.fate != Fate::retire || !old.replaced_by.empty()) continue;
      const auto found = std::find_if(fresh.begin(), fresh.end(), [&](const Decision* one) {
        return (!same_host || one->record->host == old.record->host) && !was_made_before(*one, old) &&
               !stayed_when_smaller(planning, plan, *one, old);
      });
      if (found == fresh.end()) continue;
      pair(old, **found);
      fresh.erase(found);
      --left;
    }
  }
}

void note_surplus(GroupPlan& plan, int size) {
  const auto have = std::count_if(plan.decisions.begin(), plan.decisions.end(),
                                  [](const Decision& decision) { return decision.record != nullptr; });
  for (auto& decision : plan.decisions) {
    const bool said = std::any_of(decision.reasons.begin(), decision.reasons.end(),
                                  [](const Reason& reason) { return reason.rule == Rule::not_wanted; });
    if (decision.fate != Fate::retire || !decision.replaced_by.empty() || said) continue;
    decision.cause = decision.reasons.size();
    decision.reasons.push_back({Rule::not_wanted,
                                fmt::format("size {}, and {} are there: nobody comes for it", size, have),
                                {{"have", have}, {"want", size}}});
  }
}

bool rolls(const Decision& decision) {
  if (is_healed(decision)) return false;
  const bool is_begun = decision.fate == Fate::keep && decision.recreate;
  return is_begun || decision.fate == Fate::create || decision.fate == Fate::replace || decision.fate == Fate::retire;
}

/// What was found when they were asked: that is why they go first.
void note_unready(const Planning& planning, GroupPlan& plan) {
  for (auto& decision : plan.decisions) {
    const auto unready = planning.input.unready.find(decision.address);
    if (!decision.rolls || decision.record == nullptr || unready == planning.input.unready.end()) continue;
    decision.reasons.push_back({Rule::rollout, "not ready, so it goes first: " + unready->second, {}});
  }
}

/// A new one that is not ready any more is looked at before anything goes for it: or its failure would not be found
/// out.
void note_ill(const Planning& planning, GroupPlan& plan) {
  for (auto& decision : plan.decisions) {
    const auto unready = planning.input.unready.find(decision.address);
    if (!is_ill(planning, plan, decision) || unready == planning.input.unready.end()) continue;
    decision.reasons.push_back({Rule::rollout, "not ready any more, so it is looked at first: " + unready->second, {}});
  }
}

bool is_by_spec(const Decision& decision) {
  const auto by_spec = [](const Reason& reason) { return reason.rule == Rule::spec_changed; };
  return (decision.fate == Fate::replace || decision.fate == Fate::retire) &&
         std::any_of(decision.reasons.begin(), decision.reasons.end(), by_spec);
}

bool has_old_one(const GroupPlan& plan) {
  return std::any_of(plan.decisions.begin(), plan.decisions.end(), [](const Decision& decision) {
    return decision.fate == Fate::retire ||
           (decision.fate == Fate::replace && !decision.domain_is_gone && !is_healed(decision));
  });
}

void begin_paper(const Planning& planning, GroupPlan& plan, const Beside& beside, int size) {
  const Update& update = plan.group->update;
  const RolloutRecord* recorded = recorded_rollout(planning, plan);
  RolloutPaper paper;
  paper.succession = beside.possible ? Succession::beside : Succession::in_place;
  paper.budget = beside.possible ? budget_for(update, size) : budget_without_surge(update, size);
  const bool judges = is_to_be_judged(planning, plan);
  paper.of_revision =
      recorded != nullptr || judges || std::any_of(plan.decisions.begin(), plan.decisions.end(), is_by_spec);
  paper.begins = paper.of_revision && (recorded == nullptr || judges || plan.course.is_overruled);
  RolloutOutline& outline = paper.outline;
  outline.group = plan.address;
  outline.from = plan.record != nullptr ? plan.record->stable : 0;
  if (recorded != nullptr) outline.from = recorded->from;
  outline.to = plan.revision;
  outline.back = plan.course.kind == Course::Kind::back;
  if (outline.back && recorded == nullptr) outline.from = plan.course.wanted;
  outline.size = size;
  outline.surge = paper.budget.surge;
  outline.unavailable = paper.budget.unavailable;
  outline.per_host = update.per_host;
  outline.in_place = !beside.possible;
  outline.in_place_why = beside.why_not;
  outline.min_ready = update.min_ready;
  if (paper.of_revision && !outline.back) outline.steps = update.steps;
  outline.on_failure = update.on_failure;
  outline.max_failures = update.max_failures;
  // Those of the revision that it comes from are why it goes back.
  outline.failures = outline.back ? (recorded == nullptr ? 0 : recorded->failures) : plan.course.failures;
  plan.begins = paper.begins;
  plan.rollout = std::move(paper);
}

/// What it is about: the fields of the first that is replaced for them, or else why the first one is.
std::string what_changes(const GroupPlan& plan) {
  std::string first;
  for (const auto& decision : plan.decisions) {
    const bool goes = decision.fate == Fate::retire || decision.fate == Fate::replace;
    if (!goes || decision.reasons.empty()) continue;
    if (first.empty()) first = decision.reasons.at(decision.cause).text;
    for (const auto& reason : decision.reasons) {
      if (reason.rule == Rule::spec_changed) return reason.text;
    }
  }
  return first;
}

void prepare_rollout(Planning& planning, GroupPlan& plan) {
  if (!is_rolling(planning, plan) || plan.lock == nullptr) return;
  const int size = plan.size;
  const Beside beside = comes_beside(planning, plan);
  if (plan.successors_are_beside) make_successors(planning, plan, size);
  const bool goes_on = recorded_rollout(planning, plan) != nullptr || is_to_be_judged(planning, plan);
  if (!has_old_one(plan) && !goes_on) return;
  // A person may have some replaced while the rollout rests: by turns, as ever.
  if (reason_to_stop(plan) && !any_requested(plan)) return;
  if (!beside.possible) {
    for (auto& decision : plan.decisions) {
      if (decision.fate == Fate::destroy) decision.fate = Fate::retire;
    }
  }
  if (beside.possible) name_those_that_have_come(plan, planning, size);
  name_successors(plan);
  note_surplus(plan, size);
  for (auto& decision : plan.decisions) decision.rolls = rolls(decision);
  note_unready(planning, plan);
  note_ill(planning, plan);
  begin_paper(planning, plan, beside, size);
  plan.rollout->outline.what = what_changes(plan);
}

}  // namespace

bool is_to_be_judged(const Planning& planning, const GroupPlan& plan) {
  if (plan.course.kind != Course::Kind::back) return false;
  const RevisionRecord* wanted = recorded_revision(planning, plan, plan.course.wanted);
  return wanted != nullptr && wanted->verdict == RevisionRecord::Verdict::wanted;
}

const RolloutRecord* recorded_rollout(const Planning& planning, const GroupPlan& plan) {
  const auto& rollouts = planning.input.recorded.rollouts;
  const auto found = rollouts.find(planning.recorded_address(plan.address));
  return found == rollouts.end() || found->second.to != plan.revision ? nullptr : &found->second;
}

Beside comes_beside(const Planning& planning, const GroupPlan& plan) {
  if (!is_rolling(planning, plan)) return {};
  const Group& group = *plan.group;
  const bool wants_surge = budget_for(group.update, std::max(1, plan.size)).surge > 0;
  if (!wants_surge) return {};
  if (std::string why = why_in_place(group); !why.empty()) return {false, std::move(why)};
  const std::string disk = recorded_kept_disk(planning, plan);
  if (!disk.empty()) return {false, fmt::format("disk {} is kept, and stays with its ordinal", disk)};
  return {true, ""};
}

std::optional<Reason> reason_to_stop(const GroupPlan& plan) {
  switch (plan.course.kind) {
    case Course::Kind::forward:
    case Course::Kind::back:
      return std::nullopt;
    case Course::Kind::stopped:
      return Reason{Rule::rollout_stopped,
                    "the rollout has stopped: " + plan.course.why,
                    {{"revision", plan.course.wanted}, {"failures", plan.course.failures}}};
    case Course::Kind::paused:
      return Reason{Rule::rollout_waits, "the rollout is " + plan.course.why, {{"revision", plan.course.wanted}}};
  }
  VSCALE_ASSERT(false, "a course without a word");
}

void prepare_rollouts(Planning& planning) {
  for (auto& plan : planning.groups) prepare_rollout(planning, plan);
}

}  // namespace vscale
