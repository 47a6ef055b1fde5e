#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "engine/ports/state_store.h"
#include "engine/recorded/apply_change.h"

namespace vscale {

/// A store through which several runs and their loop write, with a record in memory that follows all that they write:
/// it need not be read again but for what others have written.
///
/// It replaces the caller's Commit::expected_generations by those of its record: where two runs claim on one host, the
/// later one would be refused for what the other did, which was counted in its plan. Only for whoever holds the lock,
/// as nobody else claims meanwhile; and for the thread of the loop.
class FollowingStore final : public StateStore {
 public:
  /// Both outlive it.
  FollowingStore(StateStore& store, RecordedState& recorded) : store_(store), recorded_(recorded) {}

  /// How often something has been written that a plan goes by; what policies remember is not.
  [[nodiscard]] std::int64_t writes() const { return writes_; }

  Result<RecordedState> read() override { return store_.read(); }
  Result<std::map<std::string, RolloutIntent>> rollout_intents() override { return store_.rollout_intents(); }
  Result<std::int64_t> writes_of_others() override { return store_.writes_of_others(); }
  Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) override {
    return store_.decisions(group, limit);
  }
  Result<Committed> commit(const Commit& asked) override {
    Commit commit = asked;
    for (auto& [host, generation] : commit.expected_generations) {
      const auto known = recorded_.hosts.find(host);
      generation = known == recorded_.hosts.end() ? 0 : known->second.generation;
    }
    auto committed = store_.commit(commit);
    if (!committed) return committed;
    for (const auto& change : commit.changes) apply(recorded_, change);
    apply(recorded_, commit.remembered);
    follow_journal(commit, *committed);
    const bool health = !commit.remembered.health.empty() || !commit.remembered.well.empty();
    if (health || !commit.changes.empty() || commit.begun || commit.ended) ++writes_;
    recorded_.serial = committed->serial;
    return committed;
  }
  Result<void> record_observations(const std::vector<Observation>& observations) override {
    return store_.record_observations(observations);
  }
  Result<std::unique_ptr<OperationLock>> lock(const LockHolder& holder) override { return store_.lock(holder); }
  Result<std::optional<LockHolder>> lock_holder() override { return store_.lock_holder(); }
  Result<std::unique_ptr<LockRequest>> ask_for_lock(const LockHolder& asks) override {
    return store_.ask_for_lock(asks);
  }
  Result<std::optional<LockHolder>> lock_request() override { return store_.lock_request(); }
  Result<std::optional<AcceptedConfig>> accepted_config() override { return store_.accepted_config(); }
  Result<void> accept_config(const AcceptedConfig& config) override { return store_.accept_config(config); }
  Result<std::vector<EventRecord>> events(Instant since, int limit) override { return store_.events(since, limit); }

 private:
  void follow_journal(const Commit& commit, const Committed& committed) {
    auto& open = recorded_.open_actions;
    if (commit.ended) {
      const std::int64_t id = commit.ended->journal_id;
      std::erase_if(open, [&](const OpenAction& action) { return action.journal_id == id; });
    }
    if (!commit.begun || commit.ended) return;  // what begins and ends at once is never open
    open.push_back({committed.journal_id, commit.begun->run_id, commit.begun->kind, commit.begun->address,
                    commit.begun->host, commit.at});
  }

  StateStore& store_;
  RecordedState& recorded_;
  std::int64_t writes_ = 0;
};

}  // namespace vscale
