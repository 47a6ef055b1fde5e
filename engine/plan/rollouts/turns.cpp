#include <fmt/format.h>

#include <map>
#include <set>

#include "engine/plan/rollouts/rollouts.h"
#include "engine/plan/steps/creation.h"
#include "engine/plan/steps/growth.h"
#include "engine/plan/steps/removal.h"

/// A rolling update as actions: what is on paper, line by line.

namespace vscale {
namespace {

using What = RolloutEntry::What;

/// Who came long before was looked at in many turns: a plan grows with its instances, and not with their square.
constexpr std::size_t kLookedAtInTurns = 16;

/// Without its template, which is no part of a plan.
RevisionRecord revision_record(const GroupPlan& plan) {
  RevisionRecord revision;
  revision.group = plan.address;
  revision.number = plan.revision;
  revision.spec_hash = plan.spec_hash;
  revision.image = *plan.lock;
  return revision;
}

std::string why_condemned(const Course& course) {
  return course.failure.empty() ? course.why : course.why + ": " + course.failure;
}

std::vector<GuestNic> cards_of(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  return decision.record == nullptr ? decision.nics_after : cards_to_ask(planning, *plan.group, decision.record->nics);
}

/// Do those that have come show whether their revision is good? Not where a failure changes nothing; nor on the way
/// back, where what is stable may be ill for reasons of its own; nor while another rollout of the group rests, whose
/// failures are others.
bool is_looked_at(const Planning& planning, const GroupPlan& plan) {
  if (plan.group->update.on_failure == Update::OnFailure::proceed) return false;
  if (plan.course.kind == Course::Kind::back) return false;
  const bool any_recorded = planning.input.recorded.rollouts.count(planning.recorded_address(plan.address)) != 0;
  return !any_recorded || plan.rollout->begins || recorded_rollout(planning, plan) != nullptr;
}

class Turns {
 public:
  Turns(Planning& planning, GroupPlan& plan, std::vector<int> needs)
      : planning_(planning), plan_(plan), ready_(std::move(needs)) {
    for (std::size_t i = 0; i < plan.decisions.size(); ++i) {
      const Decision& decision = plan.decisions[i];
      const bool stays = decision.fate == Fate::keep && !decision.held && !decision.wait && !decision.welcome;
      if (stays && is_available(planning, decision)) up_.push_back(i);
    }
    for (std::size_t i = 0; i < plan.decisions.size(); ++i) {
      if (is_ill(planning, plan, plan.decisions[i])) up_.push_back(i);
    }
  }

  std::vector<int> lay_out() {
    begin();
    promote();
    prepare_hosts();
    for (const auto& entry : plan_.rollout->entries) lay_out(entry);
    if (plan_.rollout->completes) look_again(up_.size());
    return waited_for();
  }

 private:
  int add(ActionDetail detail) { return planning_.graph.add(plan_.address, "", waited_for(), std::move(detail)); }
  /// From here on everything waits for this one, which waited for all before it.
  void then(int id) {
    ready_ = {id};
    done_.clear();
  }

  [[nodiscard]] std::vector<int> waited_for() const {
    std::vector<int> all = ready_;
    all.insert(all.end(), done_.begin(), done_.end());
    return all;
  }

  void begin() {
    if (plan_.begins) ready_ = lay_out_beginning(planning_, plan_, plan_.rollout->outline.from, std::move(ready_));
  }

  /// Whatever an operator says next, the step stays passed.
  void promote() {
    if (!plan_.rollout->promoted) return;
    RolloutRecord promoted = *plan_.rollout->promoted;
    promoted.group = plan_.address;
    then(add(ChangeRecord{{PutRollout{std::move(promoted)}}}));
  }

  /// The image is on every host that will need it before the first instance is touched.
  void prepare_hosts() {
    for (const auto& entry : plan_.rollout->entries) {
      if (entry.what != What::comes && entry.what != What::gives_way) continue;
      Decision& decision = plan_.decisions[entry.decision];
      const std::string& host = decision.recreate ? decision.record->host : *decision.placed->host;
      const auto prepared = lay_out_preparation(planning_, plan_, decision, host);
      done_.insert(done_.end(), prepared.begin(), prepared.end());
    }
  }

  void lay_out(const RolloutEntry& entry) {
    switch (entry.what) {
      case What::turns:
        look_again(kLookedAtInTurns);
        return then(add(RolloutTurn{entry.number}));
      case What::comes:
      case What::gives_way:
        completions_[entry.decision] = lay_out_made(planning_, plan_, plan_.decisions[entry.decision], ready_);
        return;
      case What::goes:
        completions_[entry.decision] = lay_out_destruction(planning_, plan_, plan_.decisions[entry.decision], ready_);
        return;
      case What::is_done:
        return note_done(entry.decision);
      case What::rests:
        then(add(watch(entry)));
        looked_ = true;
        return;
      case What::holds:
        return hold(entry.number);
    }
  }

  void note_done(std::size_t index) {
    const Decision& decision = plan_.decisions[index];
    const auto laid_out = completions_.find(index);
    const auto kept = plan_.gate_of.find(index);
    const int id = laid_out != completions_.end() ? laid_out->second : kept != plan_.gate_of.end() ? kept->second : 0;
    if (id != 0) done_.push_back(id);
    if (is_ill(planning_, plan_, decision)) return;  // It was looked at before all else.
    if (decision.fate != Fate::retire) {
      up_.push_back(index);
      looked_ = false;
      return;
    }
    for (const auto& nic : decision.record->nics) {
      if (nic.address && !nic.learned) planning_.addresses.release(nic.network, *nic.address, plan_.address);
    }
  }

  /// The last ones that have come, so many at most.
  [[nodiscard]] std::vector<WatchedInstance> watched(std::size_t at_most) const {
    std::vector<WatchedInstance> watched;
    const std::size_t skipped = up_.size() - std::min(up_.size(), at_most);
    for (std::size_t i = skipped; i < up_.size(); ++i) watched.push_back(watched_one(plan_.decisions[up_[i]]));
    return watched;
  }

  [[nodiscard]] WatchedInstance watched_one(const Decision& decision) const {
    const bool is_new = decision.fate != Fate::keep;
    return {.address = decision.name,
            .host = is_new ? decision.host_after : decision.where->host,
            .uuid = is_new ? decision.uuid_after : decision.record->uuid,
            .name = domain_name_of(decision),
            .nics = is_new ? decision.nics_after : cards_of(planning_, plan_, decision)};
  }

  /// A version may come up well and fall over a moment later. Just after a rest all have been looked at.
  void look_again(std::size_t at_most) {
    if (up_.empty() || looked_ || !is_looked_at(planning_, plan_)) return;
    then(add(WatchRollout{.step = std::nullopt,
                          .lasts = Duration{0},
                          .watched = watched(at_most),
                          .gates = plan_.group->health.gates,
                          .failures = plan_.group->health.failures,
                          .passes = false}));
  }

  [[nodiscard]] std::string domain_name_of(const Decision& decision) const {
    const bool is_new = decision.fate == Fate::create || decision.fate == Fate::replace;  // others have a record
    return is_new ? domain_name(planning_.config.name, decision.address) : decision.record->name;
  }

  [[nodiscard]] WatchRollout watch(const RolloutEntry& entry) const {
    return {.step = entry.number,
            .lasts = entry.lasts,
            .watched = watched(up_.size()),
            .gates = plan_.group->health.gates,
            .failures = plan_.group->health.failures,
            .passes = entry.passes};
  }

  /// Once: a rollout that waits already goes on waiting.
  void hold(int step) {
    const RolloutRecord* recorded = recorded_rollout(planning_, plan_);
    const bool waits = !plan_.rollout->begins && !plan_.rollout->promoted && recorded != nullptr &&
                       recorded->step_reached_at && recorded->steps_passed == step;
    if (!waits) then(add(HoldRollout{step}));
  }

  Planning& planning_;
  GroupPlan& plan_;
  std::vector<int> ready_;  ///< What stands for all that a turn waited for.
  std::vector<int> done_;   ///< And what is done since then.
  std::map<std::size_t, int> completions_;
  std::vector<std::size_t> up_;  ///< Of the new revision and there by now, in the order in which they came.
  bool looked_ = false;          ///< At all of them, since the last one came.
};

bool is_all_there(const Planning& planning, const GroupPlan& plan) {
  if (plan.rollout && !plan.rollout->completes) return false;
  int there = 0;
  for (std::size_t i = 0; i < plan.decisions.size(); ++i) {
    const Decision& decision = plan.decisions[i];
    const bool goes = decision.fate == Fate::destroy || decision.fate == Fate::retire || decision.fate == Fate::forget;
    if (goes) continue;
    ++there;
    if (decision.fate == Fate::left || decision.held ||
        (decision.fate == Fate::keep && is_old(planning, plan, decision)))
      return false;
    const bool is_looked_after = is_ill(planning, plan, decision) && plan.rollout && is_looked_at(planning, plan);
    const bool comes = plan.gate_of.count(i) != 0 || decision.rolls || is_looked_after;
    if (!comes && !is_available(planning, decision)) return false;
  }
  return there != 0 && there == plan.size;
}

/// Nothing happens to an instance; but a person sees that there is something to do.
void note_record_change(Planning& planning, const GroupPlan& plan, std::string what) {
  Change change;
  change.address = plan.address;
  change.action = ChangeAction::update;
  change.reasons.push_back({Rule::rollout, std::move(what), {{"revision", plan.revision}}});
  planning.plan.changes.push_back(std::move(change));
}

}  // namespace

const RevisionRecord* recorded_revision(const Planning& planning, const GroupPlan& plan, std::int64_t number) {
  const auto& all = planning.input.recorded.revisions;
  const auto group = all.find(planning.recorded_address(plan.address));
  if (group == all.end()) return nullptr;
  const auto found = group->second.find(number);
  return found == group->second.end() ? nullptr : &found->second;
}

std::optional<RevisionRecord> revision_to_record(const Planning& planning, const GroupPlan& plan) {
  const bool is_known = recorded_revision(planning, plan, plan.revision) != nullptr;
  if (is_known || plan.begins || plan.lock == nullptr) return std::nullopt;
  return revision_record(plan);
}

std::vector<int> lay_out_beginning(Planning& planning, const GroupPlan& plan, std::int64_t from,
                                   std::vector<int> needs) {
  BeginRollout begin;
  begin.rollout.group = plan.address;
  begin.rollout.from = from;
  begin.rollout.to = plan.revision;
  begin.revision = revision_record(plan);
  if (plan.course.kind == Course::Kind::back) {
    begin.condemned = plan.course.wanted;
    begin.why = why_condemned(plan.course);
  }
  return {planning.graph.add(plan.address, "", std::move(needs), std::move(begin))};
}

std::vector<int> lay_out_rollout(Planning& planning, GroupPlan& plan, std::vector<int> needs) {
  return Turns(planning, plan, std::move(needs)).lay_out();
}

/// --force overrules what was said of the revision, for good.
std::vector<int> lay_out_overruling(Planning& planning, GroupPlan& plan, std::vector<int> needs) {
  const auto& intents = planning.input.recorded.rollout_intents;
  const auto said = intents.find(planning.recorded_address(plan.address));
  const bool overrules = plan.course.is_overruled && plan.group != nullptr && said != intents.end() &&
                         said->second.kind != RolloutIntent::Kind::pause;
  if (!overrules) return needs;
  note_record_change(planning, plan, "what was said of its rollout is overruled");
  return {planning.graph.add(plan.address, "", std::move(needs), ChangeRecord{{RemoveRolloutIntent{plan.address}}})};
}

void lay_out_completion(Planning& planning, GroupPlan& plan, std::vector<int> done) {
  if (plan.lock == nullptr || planning.input.options.destroy || reason_to_stop(plan)) return;
  const RevisionRecord* known = recorded_revision(planning, plan, plan.revision);
  const bool is_condemned = known != nullptr && known->verdict != RevisionRecord::Verdict::wanted;
  const bool is_stable = plan.record != nullptr && plan.record->stable == plan.revision && known != nullptr;
  const bool is_recorded_rollout = planning.input.recorded.rollouts.count(planning.recorded_address(plan.address)) != 0;
  if (is_stable && !is_condemned && !is_recorded_rollout && !plan.begins) return;
  // What an older version made is recorded along with the next thing that is done to it.
  const bool awaits_end = is_recorded_rollout || (known != nullptr && (!known->completed_at || is_condemned));
  if (done.empty() && !awaits_end) return;
  if (!is_all_there(planning, plan)) return;
  if (done.empty()) {
    note_record_change(planning, plan, fmt::format("all of revision {} is there: it is complete", plan.revision));
  }
  done.insert(done.end(), plan.first_needs.begin(), plan.first_needs.end());
  EndRollout end{plan.revision, std::nullopt};
  if (!plan.begins && !is_recorded_rollout && known == nullptr) end.created = revision_record(plan);
  plan.completion = planning.graph.add(plan.address, "", std::move(done), std::move(end));
}

}  // namespace vscale
