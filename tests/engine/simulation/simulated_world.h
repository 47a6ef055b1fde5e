#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/execution/executor.h"
#include "engine/plan/plan.h"
#include "engine/plan/reconcile.h"
#include "engine/ports/state_store.h"
#include "providers/fake/crash_point.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "providers/fake/virtual_clock.h"
#include "tests/support/memory_state_store.h"

/// A whole vscale over a fake cluster, in virtual time: plan and apply as the commands do them, with everything from
/// the decision to the record being the real thing but for hosts, images and threads.

namespace vscale::test {

/// Where the record is kept: in the real statefile (in memory), or in the store of a few lines, which is quicker.
enum class Keeping { statefile, memory };

class SimulatedWorld {
 public:
  /// kvm1 to kvm3, empty but for a domain and a volume of somebody else on kvm1, and the configuration of a group `db`
  /// of one and a group `web` of three that depends on it. `seed` says what chance does, and which action ends next.
  explicit SimulatedWorld(std::uint64_t seed, Keeping keeping = Keeping::statefile);

  Config config;
  VirtualClock clock;
  FakeCluster cluster;
  FakeImageLibrary images;
  FakeCommands commands;
  ExecutionLimits limits;
  CrashPoint crash;                ///< Armed by tests; crossed by every call to a host and by every commit.
  std::vector<std::string> story;  ///< What runs told, line by line, for a person and for comparing.

  Group& group(const std::string& name);

  /// A group `pet` of two more, which is there to be forgotten.
  void add_pets();
  /// The file gives the pets up: they are forgotten, and run on. Nothing, until all of them are ready where they are
  /// recorded: what is half-way when it is given up has to be cleaned up by whoever gives it up.
  void give_up_pets();
  [[nodiscard]] bool pets_given_up() const { return !config.removed.empty(); }

  /// Asks images and hosts, records what was seen, and decides.
  Plan plan(const PlanOptions& options = {});
  /// One run. Checks that it kept the limits.
  RunSummary apply(const Plan& plan);
  /// Plans and applies until there is nothing to do, as a person does: what never came up is replaced by --replace in
  /// the round after. Fails the test if that takes more rounds than `rounds_max`.
  void settle(int rounds_max);
  /// Plans and applies once, or until vscale is killed at that boundary. True: it was killed.
  bool round_killed_at(int boundary);

  /// Checks all that has to hold once nothing is left to do: the record, the hosts and the file say the same; nothing
  /// of ours is on a host that the record does not know; what is others' is as it was.
  void check_settled();
  /// Checks what holds at any moment, whatever has failed: no name and no address twice, nobody else's things touched,
  /// and nothing that stands under what was forgotten.
  void check_always();
  /// Checks that everything is gone but what is others', and what was forgotten with all that it needs.
  void check_destroyed();

  RecordedState recorded();
  /// What another process writes down.
  void commit(const std::vector<RecordChange>& changes);
  /// Called whenever a run looks whether it is to stop, if it is set.
  std::function<void()> before_wait;

 private:
  Live observe();
  std::map<std::string, ImageLock> resolve_images(const RecordedState& recorded);
  /// Those that the file has given up.
  std::vector<FakeDomain> forgotten();
  /// Everything that they need: disks, seed, and the copy that the root disk stands on.
  std::vector<VolumeRef> volumes_of(const FakeDomain& domain);
  void check_forgotten();
  void check_instances(const RecordedState& recorded);
  void check_volumes(const RecordedState& recorded);

  std::uint64_t seed_;
  FakeSeedSource seeds_;
  FakeHookTexts hook_texts_;
  std::unique_ptr<StateStore> kept_;
  CrashingStore store_;
  int runs_ = 0;
};

}  // namespace vscale::test
