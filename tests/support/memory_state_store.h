#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports/state_store.h"
#include "engine/recorded/apply_change.h"
#include "providers/fake/crash_point.h"

namespace vscale::test {

/// A StateStore of a few lines, for tests that look at what is written, or make writing fail. What only the statefile
/// has (locks, accepted configurations) is not here.
class MemoryStateStore final : public StateStore {
 public:
  explicit MemoryStateStore(std::string lineage = "11111111-2222-4333-8444-555555555555") {
    state_.lineage = std::move(lineage);
  }

  /// The commit of this number, counted from 0, fails with `error`, as do all after it if `from_then_on`.
  enum class Failing { once, from_then_on };
  void fail_commit(int number, Error error, Failing failing) { failure_ = Failure{number, std::move(error), failing}; }

  RecordedState state_;          ///< For tests to set up and look at.
  std::vector<Commit> commits_;  ///< Those that were written.
  std::vector<EventRecord> events_;
  std::vector<ScalingDecision> decisions_;

  Result<RecordedState> read() override { return state_; }

  Result<std::map<std::string, RolloutIntent>> rollout_intents() override { return state_.rollout_intents; }

  Result<std::int64_t> writes_of_others() override { return 0; }

  Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) override {
    std::vector<ScalingDecision> found;
    for (const auto& decision : decisions_) {
      if (decision.group == group) found.push_back(decision);
    }
    const auto many = static_cast<std::ptrdiff_t>(found.size()) - limit;
    if (many > 0) found.erase(found.begin(), found.begin() + many);
    return found;
  }

  Result<Committed> commit(const Commit& commit) override {
    if (const auto error = failure_of(asked_++)) return *error;
    for (const auto& [host, expected] : commit.expected_generations) {
      if (generation(host) == expected) continue;
      return Error{ErrorKind::conflict, "what is claimed of host " + host + " changed in between", {}, "plan again"};
    }
    for (const auto& change : commit.changes) {
      if (const auto error = collision(change)) return *error;
    }
    for (const auto& change : commit.changes) apply(state_, change);
    apply(state_, commit.remembered);
    decisions_.insert(decisions_.end(), commit.decisions.begin(), commit.decisions.end());
    commits_.push_back(commit);
    events_.insert(events_.end(), commit.events.begin(), commit.events.end());
    const std::int64_t journal_id = commit.begun ? begin(*commit.begun, commit.at) : 0;
    if (commit.ended) end(commit.ended->journal_id != 0 ? commit.ended->journal_id : journal_id);
    if (!commit.changes.empty()) ++state_.serial;
    return Committed{state_.serial, journal_id};
  }

  Result<void> record_observations(const std::vector<Observation>& observations) override {
    for (const auto& seen : observations) {
      HostRecord& host = state_.hosts[seen.host];
      host.host = seen.host;
      if (seen.view.snapshot) host.observed = seen.view.snapshot;
      host.failure = seen.view.failure;
    }
    return {};
  }

  Result<std::unique_ptr<OperationLock>> lock(const LockHolder& /*holder*/) override { return not_here(); }
  Result<std::optional<LockHolder>> lock_holder() override { return not_here(); }
  Result<std::unique_ptr<LockRequest>> ask_for_lock(const LockHolder& /*asks*/) override { return not_here(); }
  Result<std::optional<LockHolder>> lock_request() override { return not_here(); }
  Result<std::optional<AcceptedConfig>> accepted_config() override { return not_here(); }
  Result<void> accept_config(const AcceptedConfig& /*config*/) override { return not_here(); }
  Result<std::vector<EventRecord>> events(Instant /*since*/, int /*limit*/) override { return events_; }

 private:
  struct Failure {
    int number = 0;
    Error error;
    Failing failing = Failing::once;
  };

  static Error not_here() { return {ErrorKind::unsupported, "not in a store in memory", {}, {}}; }

  [[nodiscard]] std::optional<Error> failure_of(int number) const {
    if (!failure_ || number < failure_->number) return std::nullopt;
    if (number > failure_->number && failure_->failing == Failing::once) return std::nullopt;
    return failure_->error;
  }

  [[nodiscard]] std::optional<Error> collision(const RecordChange& change) const {
    const auto* put = std::get_if<PutInstance>(&change);
    if (put == nullptr) return std::nullopt;
    for (const auto& [address, other] : state_.instances) {
      if (address == put->instance.address) continue;
      const bool same =
          other.name == put->instance.name || other.uuid == put->instance.uuid || share_nic(other, put->instance);
      if (same) return Error{ErrorKind::conflict, to_string(address) + " has that already", {}, {}};
    }
    return std::nullopt;
  }

  static bool share_nic(const InstanceRecord& left, const InstanceRecord& right) {
    for (const auto& one : left.nics) {
      for (const auto& other : right.nics) {
        const bool both_given = one.address && !one.learned && !other.learned && one.network == other.network;
        if (one.mac == other.mac || (both_given && one.address == other.address)) return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::int64_t generation(const std::string& host) const {
    const auto record = state_.hosts.find(host);
    return record == state_.hosts.end() ? 0 : record->second.generation;
  }

  std::int64_t begin(const ActionBegun& begun, Instant at) {
    const std::int64_t id = ++last_journal_id_;
    state_.open_actions.push_back({id, begun.run_id, begun.kind, begun.address, begun.host, at});
    return id;
  }
  void end(std::int64_t journal_id) {
    auto& open = state_.open_actions;
    for (auto at = open.begin(); at != open.end(); ++at) {
      if (at->journal_id != journal_id) continue;
      open.erase(at);
      return;
    }
    VSCALE_ASSERT(false, "an outcome for an action that is not open");
  }

  std::optional<Failure> failure_;
  int asked_ = 0;
  std::int64_t last_journal_id_ = 0;
};

/// Any store, with the boundaries of a crash around each commit: killed before it nothing is written, after it all.
class CrashingStore final : public StateStore {
 public:
  CrashingStore(StateStore& store, CrashPoint& crash) : store_(store), crash_(crash) {}

  Result<RecordedState> read() override { return store_.read(); }
  Result<std::map<std::string, RolloutIntent>> rollout_intents() override { return store_.rollout_intents(); }
  Result<std::int64_t> writes_of_others() override { return store_.writes_of_others(); }
  Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) override {
    return store_.decisions(group, limit);
  }
  Result<Committed> commit(const Commit& commit) override {
    crash_.cross();
    auto written = store_.commit(commit);
    crash_.cross();
    return written;
  }
  Result<void> record_observations(const std::vector<Observation>& observations) override {
    crash_.cross();
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
  StateStore& store_;
  CrashPoint& crash_;
};

}  // namespace vscale::test
