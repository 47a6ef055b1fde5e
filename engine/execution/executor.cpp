#include "engine/execution/executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/desired/config.h"
#include "engine/execution/record_changes.h"
#include "engine/execution/slots.h"
#include "engine/recorded/apply_change.h"

namespace vscale {
namespace {

struct InFlight {
  std::int64_t journal_id = 0;
  Duration began{};  ///< By Clock::uptime().
};

/// Most of a record, and nothing of it is needed to walk a plan.
RecordedState without_what_was_seen(RecordedState recorded) {
  for (auto& [name, host] : recorded.hosts) host.observed.reset();
  return recorded;
}

}  // namespace

/// One run. What each action waits for is counted down; whatever reaches zero is ready, and begins in order of ids.
class Execution::Run {
 public:
  Run(Plan plan, RecordedState recorded, const ExecutionLimits& limits, std::string run_id, ExecutorPorts ports,
      std::shared_ptr<SlotCounts> counts)
      : plan_(std::move(plan)),
        recorded_(without_what_was_seen(std::move(recorded))),
        before_(recorded_),
        run_id_(std::move(run_id)),
        ports_(std::move(ports)),
        slots_(plan_, limits, std::move(counts)) {
    summary_.run_id = run_id_;
    summary_.serial = recorded_.serial;
    for (const auto& action : plan_.actions) {
      waits_for_[action.id] = action.needs.size();
      for (const int need : action.needs) dependants_[need].push_back(action.id);
      if (action.needs.empty()) ready_.add(action);
    }
  }

  [[nodiscard]] const Plan& plan() const { return plan_; }

  bool advance(Instant until) {
    if (!begun_) begin_run();
    while (obey_stop_request() != StopRequest::now) {
      const auto next = next_to_begin();
      if (next) {
        begin(action_of(*next));
      } else if (in_flight_.empty()) {
        return true;
      } else {
        take_next_outcome(until);
        if (ports_.clock.now() >= until) return false;
      }
    }
    return true;
  }

  [[nodiscard]] bool is_resting() const {
    return !in_flight_.empty() && std::all_of(in_flight_.begin(), in_flight_.end(),
                                              [this](const auto& entry) { return is_rest(action_of(entry.first)); });
  }

  RunSummary sum_up() {
    for (const auto& [id, begun] : in_flight_) {
      summary_.left_open.push_back(id);
      slots_.ended(action_of(id), false);
    }
    if (!in_flight_.empty()) summary_.interrupted = true;
    for (const auto& action : plan_.actions) {
      if (settled_.count(action.id) == 0 && in_flight_.count(action.id) == 0) skip(action, 0);
    }
    std::sort(summary_.skipped.begin(), summary_.skipped.end());
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool is_rest(const Action& action) const {
    if (std::holds_alternative<WatchRollout>(action.detail)) return true;
    const auto address = parse_instance_address(action.address);
    if (!address || !std::holds_alternative<WaitForGates>(action.detail)) return false;
    const auto instance = recorded_.instances.find(*address);
    return instance != recorded_.instances.end() && instance->second.phase == Phase::leaving;
  }

  void begin_run() {
    begun_ = true;
    tell(RunStarted{run_id_, static_cast<int>(plan_.actions.size())});
    if (const auto closed = close_open_actions(recorded_, ports_.store, ports_.clock.now()); !closed) {
      end_for(closed.error());
    }
  }

  const Action& action_of(int id) const { return plan_.actions[static_cast<std::size_t>(id) - 1]; }
  void tell(decltype(RunEvent::what) what) { ports_.sink.on_event(RunEvent{ports_.clock.now(), std::move(what)}); }

  StopRequest obey_stop_request() {
    const StopRequest request = ports_.stop_request();
    if (request != StopRequest::none && !stopping_) {
      stopping_ = true;
      tell(Stopping{static_cast<int>(in_flight_.size())});
      cut_waits_short();
    }
    return request;
  }

  std::optional<int> next_to_begin() const {
    if (stopping_ || summary_.state_error) return std::nullopt;
    if (const auto free = ready_.first_free(slots_)) return free;
    if (in_flight_.empty() && !ready_.empty()) return ready_.first();
    return std::nullopt;
  }

  void begin(const Action& action) {
    ready_.remove(action);
    if (const RolloutIntent* held = held_by(action)) return hold(action, *held);
    const Instant now = ports_.clock.now();
    const Duration began = ports_.clock.uptime();
    tell(ActionStarted{action.id});
    if (only_orders(action)) return done(action, began, {});
    if (only_changes_record(action)) return change_record(action, now, began);
    const auto written = write(commit_to_begin(action, now, changes_at_begin(action, recorded_, now)));
    if (!written) return not_recorded(action, began, written.error());
    in_flight_[action.id] = {written->journal_id, began};
    slots_.take(action);
    ports_.runner.start(action, input_for(action));
  }

  // ---- What operators say of rollouts ----

  /// At those that have come, between two turns or before the end.
  static bool is_look(const Action& action) {
    const auto* watch = std::get_if<WatchRollout>(&action.detail);
    return watch != nullptr && !watch->step;
  }

  /// Said since the plan was made.
  [[nodiscard]] const RolloutIntent* new_intent(const std::string& group) {
    look_at_intents();
    const auto said = intents_.find(group);
    if (said == intents_.end()) return nullptr;
    // The plan may have moved it to another address.
    const auto is_known = [&](const auto& known) {
      RolloutIntent as_moved = known.second;
      as_moved.group = group;
      return as_moved == said->second;
    };
    const auto& before = before_.rollout_intents;
    return std::any_of(before.begin(), before.end(), is_known) ? nullptr : &said->second;
  }

  /// A statefile that cannot be read just now says nothing: it is asked again.
  void look_at_intents() {
    const Duration now = ports_.clock.uptime();
    if (intents_seen_ && now - *intents_seen_ < kIntentPollInterval) return;
    intents_seen_ = now;
    if (auto said = ports_.store.rollout_intents()) intents_ = *std::move(said);
  }

  /// What keeps the rollout from going on here; nullptr: nothing.
  const RolloutIntent* held_by(const Action& action) {
    const bool goes_on =
        std::holds_alternative<RolloutTurn>(action.detail) || std::holds_alternative<WatchRollout>(action.detail) ||
        std::holds_alternative<HoldRollout>(action.detail) || std::holds_alternative<BeginRollout>(action.detail) ||
        std::holds_alternative<EndRollout>(action.detail);
    if (!goes_on) return nullptr;
    // What is not wanted any more does not become the stable revision. There is no later moment to look.
    const bool ends = std::holds_alternative<EndRollout>(action.detail);
    if (ends || std::holds_alternative<BeginRollout>(action.detail)) intents_seen_.reset();
    const RolloutIntent* said = new_intent(action.address);
    if (said == nullptr) return nullptr;
    switch (said->kind) {
      case RolloutIntent::Kind::pause:
        // The next turn is held by itself; what is all there is recorded as that.
        return ends || is_look(action) ? nullptr : said;
      case RolloutIntent::Kind::abort:
      case RolloutIntent::Kind::undo:
        return said;
      case RolloutIntent::Kind::promote: {
        // It need not come to a rest that has been passed already: what comes after it can be planned.
        const auto* hold = std::get_if<HoldRollout>(&action.detail);
        return hold != nullptr && hold->step == said->step ? said : nullptr;
      }
      case RolloutIntent::Kind::resume:
        return nullptr;
    }
    VSCALE_ASSERT(false, "an intent of which nobody knows whether it holds a rollout");
  }

  void hold(const Action& action, const RolloutIntent& said) {
    const auto is_same = [&](const RolloutIntent& one) { return one.group == said.group; };
    if (std::none_of(summary_.held.begin(), summary_.held.end(), is_same)) summary_.held.push_back(said);
    skip(action, 0);
    skip_dependants(action.id);
  }

  /// A rest that somebody has ended, one way or the other, and waits for new ones that are not wanted any more.
  void end_rests() {
    for (const auto& [id, begun] : in_flight_) {
      if (rests_ended_.count(id) != 0) continue;
      const RolloutIntent* said = ended_by(action_of(id));
      if (said == nullptr) continue;
      rests_ended_.emplace(id, *said);
      ports_.runner.cut_wait_short(id);
    }
  }

  const RolloutIntent* ended_by(const Action& action) {
    if (const auto* watch = std::get_if<WatchRollout>(&action.detail)) {
      const RolloutIntent* said = new_intent(action.address);
      if (said == nullptr || said->kind == RolloutIntent::Kind::resume) return nullptr;
      if (said->kind == RolloutIntent::Kind::pause && is_look(action)) return nullptr;
      return said->kind == RolloutIntent::Kind::promote && said->step != watch->step ? nullptr : said;
    }
    if (!std::holds_alternative<WaitForGates>(action.detail)) return nullptr;
    const auto address = parse_instance_address(action.address);
    const auto instance = address ? recorded_.instances.find(*address) : recorded_.instances.end();
    if (instance == recorded_.instances.end()) return nullptr;
    const std::string group = group_address(*address);
    const auto rollout = recorded_.rollouts.find(group);
    if (rollout == recorded_.rollouts.end() || rollout->second.to != instance->second.revision) return nullptr;
    const RolloutIntent* said = new_intent(group);
    return said != nullptr && said->kind == RolloutIntent::Kind::undo ? said : nullptr;
  }

  /// Intent and outcome at once, as there is nothing between them.
  void change_record(const Action& action, Instant now, Duration began) {
    Commit commit = commit_to_begin(action, now, changes_at_end(action, {}, recorded_, now));
    commit.ended = ActionEnded{0, true, {}};
    commit.events = events_at_end(action, {}, recorded_, now);
    commit.expected_generations = generations_under(commit.changes);
    const auto written = write(commit);
    if (!written) return not_recorded(action, began, written.error());
    done(action, began, {});
  }

  /// Those that the changes stand on which claim something else of a host than is recorded.
  [[nodiscard]] std::map<std::string, std::int64_t> generations_under(const std::vector<RecordChange>& changes) const {
    std::map<std::string, std::int64_t> generations;
    for (const auto& change : changes) {
      const auto* put = std::get_if<PutInstance>(&change);
      if (put == nullptr) continue;
      const InstanceRecord& after = put->instance;
      const auto before = recorded_.instances.find(after.address);
      const bool claims_the_same = before != recorded_.instances.end() && before->second.host == after.host &&
                                   before->second.claim == after.claim;
      if (!claims_the_same) generations[after.host] = generation_of(after.host);
    }
    return generations;
  }

  /// As this run knows it: as it was recorded when the plan was made, and moved by its own claims since.
  [[nodiscard]] std::int64_t generation_of(const std::string& host) const {
    const auto record = recorded_.hosts.find(host);
    return record == recorded_.hosts.end() ? 0 : record->second.generation;
  }

  Commit commit_to_begin(const Action& action, Instant now, std::vector<RecordChange> changes) const {
    return {.at = now,
            .begun = ActionBegun{run_id_, action.id, kind_of(action.detail), action.address, action.host},
            .ended = {},
            .changes = std::move(changes),
            .events = {}};
  }

  /// Another writer was first, which concerns this branch only; or the state cannot be written, which concerns all.
  void not_recorded(const Action& action, Duration began, const Error& error) {
    if (error.kind != ErrorKind::conflict) end_for(error);
    failed(action, began, error);
  }

  ActionInput input_for(const Action& action) {
    ActionInput input{.lineage = plan_.lineage, .name = {}, .known_addresses = {}, .started_at = {}};
    const bool has_hooks = std::holds_alternative<RunHook>(action.detail) || takes_hooks_back(action.detail);
    if (std::holds_alternative<WriteSeed>(action.detail) || has_hooks) input.known_addresses = known_addresses();
    const auto address = parse_instance_address(action.address);
    const auto instance = address ? recorded_.instances.find(*address) : recorded_.instances.end();
    if (instance == recorded_.instances.end()) return input;
    input.name = instance->second.name;
    input.started_at = instance->second.started_at;
    if (has_hooks) input.nics = instance->second.nics;
    return input;
  }

  static bool takes_hooks_back(const ActionDetail& detail) {
    const auto* stop = std::get_if<StopDomain>(&detail);
    return stop != nullptr && !stop->undo.empty();
  }

  /// The first one that it has; empty if it has none.
  static std::string address_of(const InstanceRecord& instance) {
    for (const auto& nic : instance.nics) {
      // It becomes part of other guests' user-data, and an older version recorded whatever a guest said.
      if (nic.address && parse_ipv4(*nic.address)) return *nic.address;
    }
    return "";
  }

  /// Of every instance that has one. Gathered again only when one has come or gone: a seed is written for every guest,
  /// and most get their addresses before the first one.
  const KnownAddresses& known_addresses() {
    if (known_addresses_) return *known_addresses_;
    KnownAddresses::ByInstance known;
    for (const auto& [address, instance] : recorded_.instances) {
      if (std::string own = address_of(instance); !own.empty()) known.emplace(address, std::move(own));
    }
    return known_addresses_.emplace(std::move(known));
  }

  [[nodiscard]] bool tells_of_addresses(const RecordChange& change) const {
    if (const auto* put = std::get_if<PutInstance>(&change)) {
      const auto before = recorded_.instances.find(put->instance.address);
      return before == recorded_.instances.end() || address_of(before->second) != address_of(put->instance);
    }
    return std::holds_alternative<RemoveInstance>(change) || std::holds_alternative<ForgetInstance>(change) ||
           std::holds_alternative<MoveInstance>(change);
  }

  /// Waits for one until then, or not quite so long, if there is to be looked around.
  void take_next_outcome(Instant until) {
    end_rests();
    const Instant now = ports_.clock.now();
    const Instant next_look = now + kStopPollInterval;
    auto answer = ports_.runner.wait(std::clamp(until, now, next_look), ports_.sink);
    if (std::holds_alternative<NothingYet>(answer)) return;
    const auto& finished = std::get<ActionFinished>(answer);
    const auto entry = in_flight_.find(finished.id);
    VSCALE_ASSERT(entry != in_flight_.end(), "the runner finished an action that it was not given");
    const InFlight begun = entry->second;
    const Action& action = action_of(finished.id);
    in_flight_.erase(entry);
    slots_.ended(action, finished.result.ok());
    const auto ended = rests_ended_.find(finished.id);
    const bool was_cut =
        ended != rests_ended_.end() && !finished.result.ok() && finished.result.error().kind == ErrorKind::timed_out;
    if (finished.result) {
      record_success(action, begun, *finished.result);
    } else if (was_cut && ended->second.kind == RolloutIntent::Kind::promote) {
      record_success(action, begun, {.addresses = {}, .note = "promoted by " + ended->second.by});
    } else {
      record_failure(action, begun, finished.result.error());
    }
  }

  /// What contradicts the record is no outcome, and concerns this branch only.
  void record_success(const Action& action, const InFlight& begun, const ActionOutcome& outcome) {
    const Instant now = ports_.clock.now();
    const auto written = write({.at = now,
                                .begun = {},
                                .ended = ActionEnded{begun.journal_id, true, {}},
                                .changes = changes_at_end(action, outcome, recorded_, now),
                                .events = events_at_end(action, outcome, recorded_, now)});
    if (written) return done(action, begun.began, outcome.note);
    Error error = written.error();
    error.message = fmt::format("{} of {} was done, but that could not be recorded: {}", kind_of(action.detail),
                                action.address, error.message);
    if (error.kind == ErrorKind::conflict) return record_failure(action, begun, error);
    end_for(written.error());
    failed(action, begun.began, error);
  }

  void record_failure(const Action& action, const InFlight& begun, const Error& error) {
    const Instant now = ports_.clock.now();
    const bool cut_short = is_cut_short(action, error);
    Commit commit{.at = now,
                  .begun = {},
                  .ended = ActionEnded{begun.journal_id, false, error},
                  .changes = changes_at_failure(action, error, before_, recorded_),
                  .events = {}};
    if (!cut_short) {
      const auto of_rollout = rollout_failure(action, error, recorded_);
      commit.changes.insert(commit.changes.end(), of_rollout.begin(), of_rollout.end());
      commit.events.push_back(
          {.at = now, .kind = "failed", .address = action.address, .host = action.host, .text = to_string(error)});
    }
    const auto written = write(commit);
    if (!written) end_for(written.error());
    if (const auto ended = rests_ended_.find(action.id); cut_short && ended != rests_ended_.end()) {
      return hold(action, ended->second);
    }
    if (cut_short) return skip(action, 0);
    failed(action, begun.began, error);
  }

  [[nodiscard]] bool is_cut_short(const Action& action, const Error& error) const {
    if (error.kind != ErrorKind::timed_out) return false;
    if (rests_ended_.count(action.id) != 0) return true;
    const bool may_be_cut = std::holds_alternative<WaitForGates>(action.detail) ||
                            std::holds_alternative<WatchRollout>(action.detail) ||
                            std::holds_alternative<RunHook>(action.detail);
    return waits_cut_ && may_be_cut;
  }

  Result<Committed> write(const Commit& commit) {
    auto written = ports_.store.commit(commit);
    if (!written) return written;
    for (const auto& change : commit.changes) {
      if (tells_of_addresses(change)) known_addresses_.reset();
      apply(recorded_, change);
    }
    recorded_.serial = written->serial;
    summary_.serial = written->serial;
    return written;
  }

  /// The first error of the statefile ends the run; later ones only repeat it.
  void end_for(const Error& state_error) {
    if (summary_.state_error) return;
    summary_.state_error = state_error;
    cut_waits_short();
  }

  void cut_waits_short() {
    if (!waits_cut_) ports_.runner.cut_waits_short();
    waits_cut_ = true;
  }

  void done(const Action& action, Duration began, const std::string& note) {
    settled_.insert(action.id);
    ++summary_.done;
    tell(ActionDone{action.id, ports_.clock.uptime() - began, note});
    for (const int dependant : dependants_[action.id]) {
      if (--waits_for_[dependant] == 0 && settled_.count(dependant) == 0) ready_.add(action_of(dependant));
    }
  }

  void failed(const Action& action, Duration began, const Error& error) {
    settled_.insert(action.id);
    summary_.failed.push_back({action.id, error});
    tell(ActionFailed{action.id, ports_.clock.uptime() - began, error});
    skip_dependants(action.id);
  }

  /// All that waits for it, directly or through others, each told with the one that failed.
  void skip_dependants(int failed_id) {
    std::set<int> concerned(dependants_[failed_id].begin(), dependants_[failed_id].end());
    while (!concerned.empty()) {
      const int id = *concerned.begin();
      concerned.erase(concerned.begin());
      if (settled_.count(id) != 0) continue;
      skip(action_of(id), failed_id);
      concerned.insert(dependants_[id].begin(), dependants_[id].end());
    }
  }

  void skip(const Action& action, int because_of) {
    settled_.insert(action.id);
    ready_.remove(action);
    slots_.skipped(action);
    summary_.skipped.push_back(action.id);
    if (stopping_ && because_of == 0) summary_.interrupted = true;
    tell(ActionSkipped{action.id, because_of});
  }

  const Plan plan_;
  RecordedState recorded_;
  const RecordedState before_;
  const std::string run_id_;
  ExecutorPorts ports_;
  Slots slots_;
  RunSummary summary_;
  std::optional<KnownAddresses> known_addresses_;  ///< Nothing: some may have changed.

  std::map<int, std::size_t> waits_for_;  ///< How many needs of an action are not done yet.
  std::map<int, std::vector<int>> dependants_;
  ReadyActions ready_;
  std::map<int, InFlight> in_flight_;
  std::set<int> settled_;  ///< Done, failed or skipped.
  std::map<std::string, RolloutIntent> intents_;
  std::optional<Duration> intents_seen_;
  std::map<int, RolloutIntent> rests_ended_;  ///< Of rests in flight, by what ended them.
  bool begun_ = false;
  bool stopping_ = false;
  bool waits_cut_ = false;
};

Result<void> close_open_actions(const RecordedState& recorded, StateStore& store, Instant now) {
  for (const auto& open : recorded.open_actions) {
    const Error unfinished{ErrorKind::failed, fmt::format("run {} ended before this action had", open.run_id), {}, {}};
    const auto written = store.commit({.at = now,
                                       .begun = {},
                                       .ended = ActionEnded{open.journal_id, false, unfinished},
                                       .changes = {},
                                       .events = {}});
    if (!written) return written.error();
  }
  return {};
}

Execution::Execution(Plan plan, RecordedState recorded, const ExecutionLimits& limits, std::string run_id,
                     ExecutorPorts ports, std::shared_ptr<SlotCounts> counts) {
  assert_well_formed(plan);
  VSCALE_ASSERT(!plan.errored, "a plan with errors is not carried out");
  VSCALE_ASSERT(plan.lineage == recorded.lineage, "a plan is carried out on the state that it was made from");
  if (counts == nullptr) counts = shared_slots();
  run_ = std::make_unique<Run>(std::move(plan), std::move(recorded), limits, std::move(run_id), std::move(ports),
                               std::move(counts));
}

Execution::~Execution() = default;
Execution::Execution(Execution&&) noexcept = default;

const Plan& Execution::plan() const {
  return run_->plan();
}

bool Execution::is_resting() const {
  return run_->is_resting();
}

bool Execution::advance(Instant until) {
  return run_->advance(until);
}

RunSummary Execution::sum_up() {
  return run_->sum_up();
}

std::shared_ptr<SlotCounts> shared_slots() {
  return std::make_shared<SlotCounts>();
}

RunSummary execute(Plan plan, RecordedState recorded, const ExecutionLimits& limits, const std::string& run_id,
                   ExecutorPorts ports) {
  Execution run(std::move(plan), std::move(recorded), limits, run_id, std::move(ports));
  while (!run.advance(Instant::max())) {
  }
  return run.sum_up();
}

}  // namespace vscale
