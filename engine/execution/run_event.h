#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "engine/plan/plan.h"
#include "engine/values/result.h"
#include "engine/values/units.h"

/// What a run tells whoever looks on. Views draw it; nothing is decided by it.

namespace vscale {

/// Progress of one action is told no more often than this.
constexpr Duration kProgressInterval{500};

struct RunStarted {
  std::string run_id;
  int actions = 0;
};
struct ActionStarted {
  int id = 0;
};
/// A transfer: bytes. Comes at most every kProgressInterval.
struct TransferProgress {
  int id = 0;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};
/// A gate that has not passed yet: "http :80/health: 503, want 200". Without a gate it is how long all have passed, or
/// how long a rollout still rests: "ready for 12s of 30s". Comes at most every kProgressInterval.
struct GateProgress {
  int id = 0;
  std::string gate, found;
  int tries = 0;
  Duration waited{};
  Duration limit{};
};
struct ActionDone {
  int id = 0;
  Duration took{};
  std::string note;
};  ///< note: "shut down", "10.0.0.51", or empty.
struct ActionFailed {
  int id = 0;
  Duration took{};
  Error error;
};
/// Not begun, since `because_of` failed, was skipped itself, or the run was stopped (0).
struct ActionSkipped {
  int id = 0;
  int because_of = 0;
};
/// The user asked to stop: `running` actions are still being finished.
struct Stopping {
  int running = 0;
};

struct RunEvent {
  Instant at{};
  std::variant<RunStarted, ActionStarted, TransferProgress, GateProgress, ActionDone, ActionFailed, ActionSkipped,
               Stopping>
      what;
};

/// A port: the view. Called from one thread at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const RunEvent& event) = 0;
};

}  // namespace vscale
