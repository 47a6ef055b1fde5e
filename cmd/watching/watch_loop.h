#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cmd/invocation/arguments.h"
#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"
#include "cmd/serving/served_pages.h"
#include "cmd/watching/followed.h"
#include "cmd/watching/tick.h"

/// `vscale watch`: ticks, one after another, until somebody ends it.

namespace vscale {

/// A watch that waits for the lock asks for it so often.
constexpr Duration kStandbyInterval{2'000};
/// The loop looks so often whether it is to stop, or whether somebody has said something.
constexpr Duration kLookAround{1'000};
/// Word from a host is heeded at once, but no tick follows another sooner than this: a host that is full of events
/// does not keep watch busy.
constexpr Duration kTickGap{1'000};
/// A loop that has not got on for so many intervals, and this beside, is stuck.
constexpr int kStuckIntervals = 4;
constexpr Duration kStuckBeside{60'000};

/// For one thread; what its server may see of it, it publishes (published.h).
class WatchLoop {
 public:
  WatchLoop(Invocation& invocation, const WatchArguments& arguments);
  ~WatchLoop();

  /// Until the user asks it to stop, or, with --once, until what one tick has begun is done. `error`: it could not
  /// begin; the statefile was moved away beneath it; or, with --once, the tick was not completed, or something has
  /// failed.
  ExitCode run();

 private:
  [[nodiscard]] Instant now() const { return invocation_.outside.clock->now(); }
  [[nodiscard]] Duration uptime() const { return invocation_.outside.clock->uptime(); }
  [[nodiscard]] StopRequest stop() const { return invocation_.outside.stop_request(); }
  void tell(const std::string& kind, const std::string& text);

  std::optional<ExitCode> prepare();
  Result<std::string> statefile() const;
  std::optional<ExitCode> serve();
  bool take_the_lock();
  bool make_way();
  ExitCode once();
  ExitCode loop();
  bool has_lost_statefile();
  void rest_until(Duration next_tick);
  void wind_down();
  void got_on();
  void finish();
  void publish();
  void notify();
  [[nodiscard]] std::string standing_text() const;
  ServedPages pages();

  Invocation& invocation_;
  const WatchArguments& arguments_;
  WatchView view_;
  Followed followed_;
  OpenedState state_;
  std::optional<Ticks> ticks_;
  std::unique_ptr<OperationLock> lock_;
  std::optional<Error> lock_error_;
  bool has_made_way_ = false;  ///< And has not got the lock again since.

  struct Published;
  std::shared_ptr<Published> published_;
  std::unique_ptr<HttpServer> server_;
  bool have_files_mistakes_ = false;  ///< Those of the command line had some when it began, or could not be read.
  bool said_ready_ = false;
  std::string said_standing_;
  Duration alive_said_at_{};
};

}  // namespace vscale
