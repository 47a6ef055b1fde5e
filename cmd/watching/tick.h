#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cmd/invocation/arguments.h"
#include "cmd/invocation/invocation.h"
#include "cmd/planning/sources/images.h"
#include "cmd/serving/watch_figures.h"
#include "cmd/views/watch/watch_view.h"
#include "cmd/watching/doing/following_store.h"
#include "cmd/watching/doing/plan_need.h"
#include "cmd/watching/doing/unit_runs.h"
#include "cmd/watching/followed.h"
#include "cmd/watching/seeing/measuring.h"
#include "cmd/watching/seeing/wellness.h"
#include "engine/plan/reconcile.h"
#include "engine/watch/decide_tick.h"

/// One tick of watch: a fresh look at everything, what is decided by it, and the runs that follow from it.

namespace vscale {

/// So long a tick waits for a host. One that takes longer is silent until it has answered, and no later tick waits for
/// it.
constexpr Duration kHostAwaited{8'000};
/// After a run with failures its groups are planned again so much later, twice as long each time that it fails again.
constexpr Duration kRetryFirst{10'000};
constexpr Duration kRetryMost{300'000};
/// What a plan says is told again, if it still says so, after so long.
constexpr Duration kToldAgain{std::chrono::hours{1}};
/// Where a plan failed, pools are looked into no more often: another look rarely helps, and it costs.
constexpr Duration kPoolsLookedIntoAgain{60'000};
/// Of `--once` by cron: looks that are no further apart make samples of what instances have used in between.
constexpr Duration kOnceApart{std::chrono::minutes{10}};
/// What a look has found is decided on so often, where somebody writes to the statefile each time before it is kept.
constexpr int kDecisionTries = 3;

/// For the thread of the loop only, as is all that it has: runs have threads of their own behind their ActionRunner,
/// and what it measures and asks comes back to the loop.
class Ticks {
 public:
  /// All outlive it. The lock is held while it is used, but for a dry run.
  Ticks(Invocation& invocation, const WatchArguments& arguments, Followed& followed, OpenedState& state,
        WatchView& view);

  /// Looks, decides, and begins what follows. False: it did none of it, or nothing could follow from the look, and it
  /// has told why; what it waits for, such as something to follow, it tells once.
  bool tick();
  /// Goes on with what has begun, until `until`, or until something has ended: what has is told and recorded.
  void advance(Instant until);
  /// Nothing is in flight.
  [[nodiscard]] bool is_idle() const { return runs_.is_idle(); }
  /// Everything that goes on comes to its end soon.
  void wind_down() { runs_.supersede_all(); }

  /// Has anything happened, that would be worth a look before its time: somebody else has written to the statefile?
  bool has_news();
  [[nodiscard]] Duration interval() const;
  [[nodiscard]] const ConfigurationFiles* files() const { return followed_.files(); }
  [[nodiscard]] const WatchFigures& figures() const { return figures_; }
  [[nodiscard]] const std::shared_ptr<DomainEvents>& events() const { return hosts_.events; }
  /// Worth the exit code: a host was silent in the last tick; an error was told, or a run has failed, in any.
  [[nodiscard]] bool all_known() const { return all_known_; }
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  /// When a unit is planned again after a failure, by its first group.
  struct Retry {
    Duration wait{};
    Duration not_before{};    ///< By uptime.
    bool waits_only = false;  ///< Nothing failed but to wait for somebody.
  };

  struct SilentHosts {
    std::set<std::string> by_this_program, by_anybody;
  };

  [[nodiscard]] const Config& config() const { return *followed_.files()->read.config; }
  [[nodiscard]] Instant now() const { return invocation_.outside.clock->now(); }
  [[nodiscard]] Duration uptime() const { return invocation_.outside.clock->uptime(); }
  void tell(const std::string& kind, const std::string& host, const std::string& text);
  void note(const std::string& kind, const std::string& host, const std::string& text);
  void note(const EventRecord& event);
  void tell_error(const Error& error);

  bool follow();
  void accept_files();
  void tell_what_is_followed();
  bool read_record();
  void begin_with(const Config& config);
  void look();
  [[nodiscard]] SilentHosts hosts_silent_until_now() const;
  void tell_of_hosts(const SilentHosts& silent_before);
  TickInput gather(const Roster& members);
  [[nodiscard]] Roster members() const { return {world_.config, world_.recorded, world_.live}; }
  TickDecision decide(const TickInput& input);
  std::optional<int> room_for(const std::string& group, int size);
  std::optional<TickDecision> decide_and_keep();
  [[nodiscard]] Result<void> keep(const TickDecision& decision);
  bool read_again();
  void tell_of_conflict(const Error& conflict);
  void tell_of(const TickDecision& decision);
  void tell_of_policies(const ScalingDecision& decision);
  [[nodiscard]] std::set<InstanceAddress> held_by(const TickDecision& decision) const;
  [[nodiscard]] std::vector<EventRecord> news_of_held(const TickDecision& decision) const;
  void supersede_runs(const TickDecision& decision);
  [[nodiscard]] bool is_worth_another_plan(const Group& group, int planned) const;

  void find_images();
  [[nodiscard]] bool is_settled() const;
  void plan_units(const TickDecision& decision);
  void plan_unit(const std::vector<std::string>& unit, const std::vector<std::vector<std::string>>& units);
  std::map<InstanceAddress, Healing> healings_to_plan(const TickDecision& decision, const std::set<std::string>& busy);
  Plan plan_with(const std::vector<std::string>& excluded);
  Plan plan_without_creations(const std::vector<std::string>& unit, const std::vector<std::string>& excluded);
  bool look_into_pools_for(const Plan& plan);
  [[nodiscard]] bool is_to_wait(const std::string& unit) const;
  void tell_of_plan(const Plan& plan);
  void tell_of_drift(const Plan& plan);
  void carry_out(const std::vector<std::string>& groups, Plan plan);
  void take_ended();
  void back_up();
  [[nodiscard]] Duration age_of_newest_backup(Duration least) const;

  Invocation& invocation_;
  const WatchArguments& arguments_;
  Followed& followed_;
  OpenedState& state_;
  WatchView& view_;
  PlanInput world_;  ///< What plans are made from: the record and the hosts as they are known now.
  FollowingStore store_;
  UnitRuns runs_;
  HostPorts hosts_;
  Measuring measuring_;
  std::optional<WellnessLooks> wellness_;
  std::optional<std::int64_t> seen_writes_;  ///< StateStore::writes_of_others() when the record was read.
  bool is_record_read_ = false;
  bool is_conflict_told_ = false;  ///< Nothing has been kept since.
  FoundImages images_;
  std::map<std::string, Retry> retries_;               ///< By a unit's first group.
  std::map<std::string, Duration> told_;               ///< What plans said, and when (by uptime).
  std::map<std::string, OperatorWords> words_of_run_;  ///< That a group's run was planned with.
  std::map<InstanceAddress, Healing> awaited_heals_;   ///< Decided, and to be planned once their group's run has ended.
  std::map<std::pair<std::string, std::string>, int> policy_errors_;  ///< By group and policy: so many in a row.
  std::vector<EventRecord> noted_;  ///< What `vscale events` is to tell later; written with what is decided next.
  std::set<InstanceAddress> held_;  ///< Who is ill and was left as it is, by the last tick: told once.
  std::string idle_because_;
  std::optional<Duration> backed_up_at_;       ///< By uptime.
  std::optional<Duration> pools_looked_into_;  ///< Likewise.
  WatchFigures figures_;
  PlanNeed plan_need_;
  bool all_known_ = true;
  bool has_failed_ = false;
};

}  // namespace vscale
