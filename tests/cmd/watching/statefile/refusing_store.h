#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/cmd/fake_world.h"

namespace vscale::test {

/// Passes everything on, but for commits that `refuse` has an error for: for tests in which writing fails.
class RefusingStore final : public StateStore {
 public:
  using Refuse = std::function<std::optional<Error>(const Commit&)>;

  RefusingStore(std::unique_ptr<StateStore> store, Refuse refuse)
      : store_(std::move(store)), refuse_(std::move(refuse)) {}

  Result<RecordedState> read() override { return store_->read(); }
  Result<std::map<std::string, RolloutIntent>> rollout_intents() override { return store_->rollout_intents(); }
  Result<std::int64_t> writes_of_others() override { return store_->writes_of_others(); }
  Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) override {
    return store_->decisions(group, limit);
  }
  Result<Committed> commit(const Commit& commit) override {
    if (auto error = refuse_(commit)) return std::move(*error);
    return store_->commit(commit);
  }
  Result<void> record_observations(const std::vector<Observation>& observations) override {
    return store_->record_observations(observations);
  }
  Result<std::unique_ptr<OperationLock>> lock(const LockHolder& holder) override { return store_->lock(holder); }
  Result<std::optional<LockHolder>> lock_holder() override { return store_->lock_holder(); }
  Result<std::optional<AcceptedConfig>> accepted_config() override { return store_->accepted_config(); }
  Result<void> accept_config(const AcceptedConfig& config) override { return store_->accept_config(config); }
  Result<std::unique_ptr<LockRequest>> ask_for_lock(const LockHolder& asks) override {
    return store_->ask_for_lock(asks);
  }
  Result<std::optional<LockHolder>> lock_request() override { return store_->lock_request(); }
  Result<std::vector<EventRecord>> events(Instant since, int limit) override { return store_->events(since, limit); }

 private:
  std::unique_ptr<StateStore> store_;
  Refuse refuse_;
};

/// Every statefile that the program opens from now on refuses these commits.
inline void refuse_commits(FakeWorld& world, const RefusingStore::Refuse& refuse) {
  world.outside().open_state = [open = world.outside().open_state, refuse](const std::string& path,
                                                                           OpenMode mode) -> Result<OpenedState> {
    auto opened = open(path, mode);
    if (opened) opened->store = std::make_unique<RefusingStore>(std::move(opened->store), refuse);
    return opened;
  };
}

}  // namespace vscale::test
