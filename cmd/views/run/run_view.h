#pragma once

#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "cmd/views/plan_view.h"
#include "cmd/views/run/run_steps.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/text_layout.h"
#include "engine/execution/executor.h"
#include "engine/execution/run_event.h"

/// A run as a person follows it.

namespace vscale {

struct RunViewOptions {
  Paint paint;
  Verbosity verbosity = Verbosity::normal;
  /// Steps as they are told: folded on a terminal unless -v, where nothing else is said.
  std::optional<StepSize> steps{};
  bool redraw = false;  ///< A terminal: what is in flight stands in the last lines and is drawn again and again.
  int width = kTextWidth;
  int height = 24;
  std::function<std::string(Instant)> time_of_day;  ///< "14:05:02", where the person is.
  std::function<Duration()> uptime;                 ///< By which all that is elapsed is counted: nobody sets it.
};

/// Draws a run: a line for each step that has ended, and on a terminal the steps in flight with elapsed times and a bar
/// per transfer below them; in a pipe also a line when something long begins. Refers to the stream and the plan, which
/// outlive it.
class RunView final : public EventSink {
 public:
  RunView(const Plan& plan, std::ostream& out, RunViewOptions options);

  void on_event(const RunEvent& event) override;
  /// Draws what is in flight again, if it is time to: call it often.
  void tick();
  /// Takes away what is in flight, for good.
  void finish();

 private:
  struct Running {
    Instant at{};             // when it began, as it is shown
    Duration since{};         // and as it is counted from
    std::set<int> in_flight;  // of the step's actions
    int done = 0;
    std::optional<TransferProgress> transfer;
    std::optional<GateProgress> gate;
    std::string note;
  };

  void started(Instant at, int id);
  void done(Instant at, int id, const std::string& note);
  void failed(Instant at, int id, const Error& error);
  void skipped(int id);
  void leave(std::size_t index);
  void line(Instant at, const std::string& name, const std::string& label, const std::string& outcome);
  void erase();
  void draw(Duration now);
  [[nodiscard]] std::string running_line(const Step& step, const Running& running, Duration now) const;
  [[nodiscard]] std::string total_line(Duration now) const;
  [[nodiscard]] std::string rollout_text() const;
  [[nodiscard]] std::size_t step_of(int id) const;
  Running& running_of(int id);
  void take_note_of(const Action& action);

  const Plan& plan_;
  std::ostream& out_;
  RunViewOptions options_;
  Steps steps_;
  std::map<std::size_t, Running> running_;  // by step: those begun and not ended
  std::map<std::string, int> turns_;        // by group: the turn that its rolling update is at
  std::set<std::size_t> broken_;            // steps of which something failed or was skipped: they are never done
  std::optional<Duration> run_started_;
  std::optional<Duration> drawn_at_;
  int lines_drawn_ = 0;
  int done_ = 0, failed_ = 0, skipped_ = 0;
  bool stopping_ = false;
};

/// What it took to come to an end.
struct RunTotals {
  Duration took{};
  int plans = 1;  ///< How many plans were carried out; with more than one, RunSummary::done is of all of them.
};

/// "apply" -> "vscale -f prod.yaml apply": a command as it is to be said here.
using WordsToCommand = std::function<std::string(const std::string& words)>;

/// The commands to go on with.
struct WaysOn {
  std::string again;  ///< What was begun, with its options.
  /// Where rolling updates stand in the middle, what may be said instead of that.
  std::vector<SayableCommand> of_rollouts{};
  WordsToCommand command;  ///< For others; not asked where the plan has no rolling updates.
};

/// What came of a run: what it was for, or what failed and why, what was left, which rolling updates rest, and the
/// commands to go on with. `plan` is the one that the summary is of.
std::string run_summary_text(const Plan& plan, const RunSummary& summary, const RunTotals& totals, const WaysOn& ways,
                             const Paint& paint);

/// The step at which a rolling update waits for a person since this run.
struct WaitingRollout {
  std::string group;  ///< `group.web`
  int step = 0;       ///< From 0.
};
/// In the plan's order.
std::vector<WaitingRollout> waiting_rollouts(const Plan& plan, const RunSummary& summary);

/// How often what is in flight is drawn again when nothing happens.
constexpr Duration kRedrawInterval{250};
/// The most lines for what is in flight.
constexpr int kLiveLines = 12;

}  // namespace vscale
