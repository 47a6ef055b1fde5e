#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "cmd/serving/watch_figures.h"
#include "cmd/watching/watch_loop.h"
#include "engine/desired/config.h"

namespace vscale {

/// What the server's thread may see of the loop.
struct WatchLoop::Published {
  std::mutex mutex;
  WatchFigures figures;
  Duration got_on_at{};  ///< By uptime, as LoopPulse has it.
  Duration tick_age_limit{};
  bool holds_lock = false;
  std::string state_path;
  Config config;
};

}  // namespace vscale
