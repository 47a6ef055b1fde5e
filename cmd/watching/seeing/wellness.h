#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "cmd/outside.h"
#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"
#include "engine/watch/decide_tick.h"

/// Guests are asked whether they are well, side by side, and nobody waits long for one that does not answer.

namespace vscale {

/// So many questions are in flight at once, on a thread each, and no more are begun in one tick: of a larger
/// installation everybody is asked in turn, and in every tick those that did not answer the last time.
constexpr std::size_t kAskedAtOnce = 64;
/// So long a tick waits for answers. One that comes later counts in the next tick.
constexpr Duration kAnswersAwaited{2'000};

/// By heal.when: for liveness the agent is asked, where the group has that gate; for readiness all that its gates ask.
/// What cannot be asked is well as long as its domain runs.
std::vector<Gate> gates_of_wellness(const Group& group);

/// For the thread of the loop only; each question has a thread of its own, which shares nothing with it but the
/// answers.
class WellnessLooks {
 public:
  /// The ports live as long as any question that is in flight.
  WellnessLooks(HostPorts hosts, std::shared_ptr<NetworkProbe> probe, std::shared_ptr<Clock> clock,
                std::function<bool(std::function<void()>)> in_background);

  /// Asks as many of `asked` as there is room for, those first that were asked longest ago, and waits for them. All
  /// that has been answered since the last call; who has no gate to be asked by is well.
  std::map<InstanceAddress, Wellness> look(const Config& config, const RecordedState& recorded,
                                           const std::vector<InstanceAddress>& asked);

 private:
  struct Shared;

  /// Who failed comes first, then who was asked longest ago.
  [[nodiscard]] std::vector<const InstanceAddress*> in_turn(const RecordedState& recorded,
                                                            const std::vector<InstanceAddress>& asked) const;
  /// Begins as many questions as there is room for.
  void ask(const Config& config, const RecordedState& recorded, const std::vector<InstanceAddress>& to_ask);
  void begin(const Group& group, const InstanceRecord& instance, const std::string& lineage);
  /// Until nobody is awaited any more, or kAnswersAwaited is over.
  void await();
  [[nodiscard]] std::set<InstanceAddress> in_flight() const;

  HostPorts hosts_;
  std::shared_ptr<NetworkProbe> probe_;
  std::shared_ptr<Clock> clock_;
  std::function<bool(std::function<void()>)> in_background_;
  std::shared_ptr<Shared> shared_;
  std::map<InstanceAddress, Duration> asked_at_;  ///< By uptime.
};

}  // namespace vscale
