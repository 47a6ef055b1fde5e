#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/execution/action_runner.h"
#include "engine/execution/executor.h"
#include "engine/execution/perform.h"

namespace vscale {

/// An ActionRunner without threads, in virtual time: whenever it is waited for, it picks by its seed one of the actions
/// that were started, and performs it to its end. So everything that may happen in another order does, by seed.
/// It counts what was in flight at once, which no executor may let grow beyond its limits.
class SimulatedRunner final : public ActionRunner {
 public:
  SimulatedRunner(std::uint64_t seed, const Config& config, WorldPorts ports);

  void start(const Action& action, ActionInput input) override;
  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) override;
  void cut_waits_short() override { waits_cut_ = true; }
  void cut_wait_short(int id) override { cut_.insert(id); }

  /// The most that was ever in flight at once, each in the place where there was most.
  [[nodiscard]] const ExecutionLimits& peak() const { return peak_; }

 private:
  struct Started {
    Action action;
    ActionInput input;
  };
  void count(const Action& action, int by);

  std::mt19937_64 random_;
  Config config_;
  WorldPorts ports_;
  std::vector<Started> started_;
  bool waits_cut_ = false;
  std::set<int> cut_;
  std::map<std::string, int> on_host_, in_group_, uploading_;
  std::map<std::string, std::map<std::string, int>> booting_;  ///< By host, then instance.
  ExecutionLimits peak_{.parallel = 0, .per_host = 0, .per_group = 0, .uploads_per_host = 0, .booting_per_host = 0};
};

}  // namespace vscale
