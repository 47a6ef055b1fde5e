#include "engine/plan/plan.h"

#include <algorithm>
#include <array>

namespace vscale {
namespace {

template <class Enum>
struct Word {
  Enum value;
  const char* word;
};

constexpr std::array kRules{
    Word<Rule>{Rule::wanted, "wanted"},
    Word<Rule>{Rule::not_wanted, "not_wanted"},
    Word<Rule>{Rule::group_removed, "group_removed"},
    Word<Rule>{Rule::group_moved, "group_moved"},
    Word<Rule>{Rule::destroy_requested, "destroy_requested"},
    Word<Rule>{Rule::replace_requested, "replace_requested"},
    Word<Rule>{Rule::spec_changed, "spec_changed"},
    Word<Rule>{Rule::size_of_machine_changed, "size_of_machine_changed"},
    Word<Rule>{Rule::stopped_outside, "stopped_outside"},
    Word<Rule>{Rule::missing_on_host, "missing_on_host"},
    Word<Rule>{Rule::file_missing, "file_missing"},
    Word<Rule>{Rule::moved_outside, "moved_outside"},
    Word<Rule>{Rule::host_renamed, "host_renamed"},
    Word<Rule>{Rule::changed_outside, "changed_outside"},
    Word<Rule>{Rule::detached_outside, "detached_outside"},
    Word<Rule>{Rule::undefined_outside, "undefined_outside"},
    Word<Rule>{Rule::unfinished, "unfinished"},
    Word<Rule>{Rule::placement, "placement"},
    Word<Rule>{Rule::image_not_on_host, "image_not_on_host"},
    Word<Rule>{Rule::image_not_needed, "image_not_needed"},
    Word<Rule>{Rule::depends_on, "depends_on"},
    Word<Rule>{Rule::prevent_destroy, "prevent_destroy"},
    Word<Rule>{Rule::keep_disk, "keep_disk"},
    Word<Rule>{Rule::data_lost, "data_lost"},
    Word<Rule>{Rule::limit, "limit"},
    Word<Rule>{Rule::not_allowed, "not_allowed"},
    Word<Rule>{Rule::needs_definition, "needs_definition"},
    Word<Rule>{Rule::update_strategy, "update_strategy"},
    Word<Rule>{Rule::held_by_strategy, "held_by_strategy"},
    Word<Rule>{Rule::rollout, "rollout"},
    Word<Rule>{Rule::rollout_waits, "rollout_waits"},
    Word<Rule>{Rule::rollout_stopped, "rollout_stopped"},
    Word<Rule>{Rule::retried, "retried"},
    Word<Rule>{Rule::suspended, "suspended"},
    Word<Rule>{Rule::protected_by_operator, "protected_by_operator"},
    Word<Rule>{Rule::stop_requested, "stop_requested"},
    Word<Rule>{Rule::restart_requested, "restart_requested"},
    Word<Rule>{Rule::unhealthy, "unhealthy"},
    Word<Rule>{Rule::crash_loop, "crash_loop"},
    Word<Rule>{Rule::drift_reported, "drift_reported"},
    Word<Rule>{Rule::not_targeted, "not_targeted"},
};

constexpr std::array kChangeActions{
    Word<ChangeAction>{ChangeAction::create, "create"},   Word<ChangeAction>{ChangeAction::update, "update"},
    Word<ChangeAction>{ChangeAction::replace, "replace"}, Word<ChangeAction>{ChangeAction::destroy, "destroy"},
    Word<ChangeAction>{ChangeAction::start, "start"},     Word<ChangeAction>{ChangeAction::stop, "stop"},
    Word<ChangeAction>{ChangeAction::migrate, "migrate"}, Word<ChangeAction>{ChangeAction::adopt, "adopt"},
    Word<ChangeAction>{ChangeAction::forget, "forget"},   Word<ChangeAction>{ChangeAction::hold, "hold"},
};

constexpr std::array kDisruptions{
    Word<Disruption>{Disruption::none, "none"},
    Word<Disruption>{Disruption::live, "live"},
    Word<Disruption>{Disruption::reboot, "reboot"},
    Word<Disruption>{Disruption::replace, "replace"},
};

template <class Enum, std::size_t kCount>
const char* word_of(const std::array<Word<Enum>, kCount>& words, Enum value) {
  for (const auto& entry : words) {
    if (entry.value == value) return entry.word;
  }
  VSCALE_ASSERT(false, "a value without a word");
}

template <class Enum, std::size_t kCount>
std::optional<Enum> value_of(const std::array<Word<Enum>, kCount>& words, const std::string& word) {
  for (const auto& entry : words) {
    if (word == entry.word) return entry.value;
  }
  return std::nullopt;
}

struct Kind {
  const char* operator()(const ClaimInstance&) const { return "instance.claim"; }
  const char* operator()(const EnsurePool&) const { return "pool.ensure"; }
  const char* operator()(const UploadImage&) const { return "image.upload"; }
  const char* operator()(const DeleteImage&) const { return "image.delete"; }
  const char* operator()(const CreateVolume&) const { return "volume.create"; }
  const char* operator()(const ResizeVolume&) const { return "volume.resize"; }
  const char* operator()(const DeleteVolume&) const { return "volume.delete"; }
  const char* operator()(const WriteSeed&) const { return "seed.write"; }
  const char* operator()(const DefineDomain&) const { return "domain.define"; }
  const char* operator()(const UpdateDomain&) const { return "domain.update"; }
  const char* operator()(const StartDomain&) const { return "domain.start"; }
  const char* operator()(const StopDomain&) const { return "domain.stop"; }
  const char* operator()(const UndefineDomain&) const { return "domain.undefine"; }
  const char* operator()(const WaitForGates&) const { return "gate.wait"; }
  const char* operator()(const ReleaseInstance&) const { return "address.release"; }
  const char* operator()(const ChangeRecord&) const { return "record.change"; }
  const char* operator()(const Barrier&) const { return "barrier"; }
  const char* operator()(const CheckStop&) const { return "stop.check"; }
  const char* operator()(const RunHook&) const { return "hook.run"; }
  const char* operator()(const BeginRollout&) const { return "rollout.begin"; }
  const char* operator()(const RolloutTurn&) const { return "rollout.turn"; }
  const char* operator()(const WatchRollout&) const { return "rollout.watch"; }
  const char* operator()(const HoldRollout&) const { return "rollout.hold"; }
  const char* operator()(const EndRollout&) const { return "rollout.end"; }
};

}  // namespace

const char* to_string(Rule rule) {
  return word_of(kRules, rule);
}
std::optional<Rule> rule_from(const std::string& word) {
  return value_of(kRules, word);
}

const char* to_string(ChangeAction action) {
  return word_of(kChangeActions, action);
}
std::optional<ChangeAction> change_action_from(const std::string& word) {
  return value_of(kChangeActions, word);
}

const char* to_string(Disruption disruption) {
  return word_of(kDisruptions, disruption);
}
std::optional<Disruption> disruption_from(const std::string& word) {
  return value_of(kDisruptions, word);
}

const char* to_string(RunHook::When when) {
  switch (when) {
    case RunHook::When::after_ready:
      return "afterReady";
    case RunHook::When::before_stop:
      return "beforeStop";
    case RunHook::When::after_stop:
      return "afterStop";
    case RunHook::When::undo:
      return "undo";
  }
  VSCALE_ASSERT(false, "a hook without its moment");
}

const char* kind_of(const ActionDetail& detail) {
  return std::visit(Kind{}, detail);
}

bool applyable(const Plan& plan) {
  return !plan.errored && has_changes(plan);
}

bool has_changes(const Plan& plan) {
  return !plan.actions.empty();
}

bool lacks_room(const Plan& plan) {
  return std::any_of(plan.diagnostics.begin(), plan.diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.code == "no_place" || diagnostic.code == "no_address";
  });
}

void assert_well_formed(const Plan& plan) {
  VSCALE_ASSERT(plan.errored == has_errors(plan.diagnostics), "a plan is errored exactly when a diagnostic says so");
  int id = 0;
  for (const auto& action : plan.actions) {
    VSCALE_ASSERT(action.id == ++id, "action ids count from 1 in their order");
    VSCALE_ASSERT(!action.address.empty(), "an action is about something");
    VSCALE_ASSERT(std::is_sorted(action.needs.begin(), action.needs.end()), "needs ascend");
    VSCALE_ASSERT(std::adjacent_find(action.needs.begin(), action.needs.end()) == action.needs.end(),
                  "an action needs another one once");
    VSCALE_ASSERT(action.needs.empty() || (action.needs.front() >= 1 && action.needs.back() < action.id),
                  "an action needs only earlier ones");
  }
  for (const auto& change : plan.changes) {
    VSCALE_ASSERT(!change.reasons.empty(), "every change has a reason");
  }
}

}  // namespace vscale
