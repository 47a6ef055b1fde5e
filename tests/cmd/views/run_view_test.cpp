#include "cmd/views/run/run_view.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "tests/cmd/fake_world.h"
#include "tests/cmd/plans.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

/// Plays events at given seconds, and shows what the screen holds, as a terminal of that width would.
class Screen {
 public:
  Screen(const Plan& plan, bool redraw, int width = kTextWidth, Verbosity verbosity = Verbosity::normal)
      : plan_(plan),
        start_(plan.created_at),
        view_(plan_, out_,
              {.paint = {},
               .verbosity = verbosity,
               .redraw = redraw,
               .width = width,
               .time_of_day = [](Instant at) { return rfc3339(at).substr(11, 8); },
               .uptime = [this] { return uptime_; }}) {}

  template <class What>
  void at(int seconds, What what) {
    uptime_ = std::chrono::seconds{seconds};
    view_.on_event({start_ + uptime_, std::move(what)});
  }
  void tick(int seconds) {
    uptime_ = std::chrono::seconds{seconds};
    view_.tick();
  }
  /// Somebody sets the wall clock.
  void set_clock(Duration by) { start_ += by; }
  void finish() { view_.finish(); }

  /// The lines that are left after the cursor has gone up and lines were erased.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines(1);
    const std::string text = out_.str();
    const std::string up = "\x1b[1A\x1b[2K";
    const std::string clear = "\r\x1b[2K";
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text.compare(i, up.size(), up) == 0) {
        REQUIRE(lines.size() > 1);
        lines.pop_back();
        lines.back().clear();
        i += up.size() - 1;
      } else if (text.compare(i, clear.size(), clear) == 0) {
        lines.back().clear();
        i += clear.size() - 1;
      } else if (text[i] == '\n') {
        lines.emplace_back();
      } else {
        lines.back() += text[i];
      }
    }
    return lines;
  }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& line : lines()) all += line + "\n";
    return all;
  }

 private:
  Plan plan_;
  Instant start_;
  Duration uptime_{};
  std::ostringstream out_;
  RunView view_;
};

/// The image goes to its host, web-0 comes up and waits; web-1's disk fails.
void play(Screen& screen) {
  screen.at(0, RunStarted{"run", 14});
  screen.at(0, ActionStarted{1});
  screen.at(0, ActionStarted{2});
  screen.at(0, ActionDone{2, Duration{0}, ""});
  screen.at(20, TransferProgress{1, 170 * kMiB, 412 * kMiB});
}

void play_to_the_gate(Screen& screen) {
  play(screen);
  screen.at(38, ActionDone{1, std::chrono::seconds{38}, ""});
  screen.at(38, ActionStarted{3});
  screen.at(39, ActionDone{3, Duration{1000}, ""});
  screen.at(39, ActionStarted{4});
  screen.at(41, ActionDone{4, Duration{2000}, ""});
  screen.at(41, ActionStarted{5});
  screen.at(82,
            GateProgress{5, "http :80/health", "503, want 200", 12, std::chrono::seconds{41}, std::chrono::minutes{5}});
}

/// web-0 comes into being: after its claim (1), its disk (2) and its seed (3) are made side by side.
Plan plan_of_one_instance() {
  Plan plan = empty_plan();
  InstanceRecord web;
  web.address = {InstanceAddress::Kind::group, "web", 0};
  const std::string address = to_string(web.address);
  VolumeRecord disk;
  disk.disk = "root";
  add_action(plan, address, "kvm1", ClaimInstance{web, {disk}, {}});
  add_action(plan, address, "kvm1", CreateVolume{disk, "qcow2", "", "", false});
  add_action(plan, address, "kvm1", WriteSeed{}).needs = {1};
  add_action(plan, address, "kvm1", DefineDomain{}).needs = {2, 3};
  return plan;
}

const ActionFailed kDiskFailed{2, Duration{3000}, {ErrorKind::no_capacity, "kvm1: pool default is full", "", ""}};

void claim(Screen& screen) {
  screen.at(0, RunStarted{"run", 4});
  screen.at(0, ActionStarted{1});
  screen.at(0, ActionDone{1, Duration{0}, ""});
}

const WaysOn kWaysOn{.again = "vscale apply", .command = [](const std::string& words) { return "vscale " + words; }};

/// Only the totals are drawn below what has been said for good.
bool nothing_in_flight(const Screen& screen) {
  return !holds(screen.text(), "create on kvm1  ");
}

}  // namespace

TEST_CASE("what is made side by side stands there until the last of it has ended, also after one has failed") {
  Screen screen(plan_of_one_instance(), true);
  claim(screen);
  screen.at(1, ActionStarted{2});
  screen.at(1, ActionStarted{3});
  screen.at(4, kDiskFailed);
  screen.at(4, ActionSkipped{4, 2});
  const std::string seed_in_flight = screen.text();
  screen.at(6, ActionDone{3, Duration{5000}, ""});
  check_golden("cmd/run_side_by_side.txt", seed_in_flight + "%%\n" + screen.text());
}

TEST_CASE("what took how long is counted by what has passed, though the wall clock is set meanwhile") {
  Screen screen(plan_of_one_instance(), true);
  claim(screen);
  screen.at(1, ActionStarted{2});
  screen.set_clock(std::chrono::hours{-1});
  screen.tick(3);
  INFO(screen.text());
  const auto lines = screen.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].ends_with(" 3s"));
  CHECK(lines[1] == "-- 1 of 4 actions done, 3s");
  screen.at(4, kDiskFailed);
  CHECK(screen.lines()[0].ends_with(" 4s"));
}

TEST_CASE("what begins late in a step that has failed leaves no line behind") {
  for (const bool begins_first : {true, false}) {
    Screen screen(plan_of_one_instance(), true);
    claim(screen);
    screen.at(1, ActionStarted{2});
    if (!begins_first) screen.at(4, kDiskFailed);
    screen.at(5, ActionStarted{3});
    if (begins_first) screen.at(5, kDiskFailed);
    screen.at(6, ActionFailed{3, Duration{1000}, {ErrorKind::failed, "kvm1: no seed", "", ""}});
    screen.at(6, ActionSkipped{4, 2});
    INFO(screen.text());
    CHECK(nothing_in_flight(screen));
    CHECK_FALSE(holds(screen.text(), "20786d"));
  }
}

TEST_CASE("a step of which something was skipped before it began is not in flight for ever") {
  Screen screen(plan_of_one_instance(), true);
  screen.at(0, RunStarted{"run", 4});
  screen.at(0, ActionSkipped{2, 0});
  screen.at(0, ActionSkipped{4, 2});
  screen.at(1, ActionStarted{1});
  screen.at(2, ActionDone{1, Duration{1000}, ""});
  INFO(screen.text());
  CHECK(nothing_in_flight(screen));
}

TEST_CASE("a terminal shows what is in flight with a bar and elapsed times below what is done") {
  const Plan plan = plan_that_creates();
  Screen screen(plan, true);
  play(screen);
  const std::string transferring = screen.text();
  Screen later(plan, true);
  play_to_the_gate(later);
  check_golden("cmd/run_terminal.txt", transferring + "%%\n" + later.text());
}

TEST_CASE("while all gates of an instance pass, a terminal shows for how long they have, and names none") {
  Screen screen(plan_that_creates(), true);
  play_to_the_gate(screen);
  screen.at(90, GateProgress{5, "", "ready for 12s of 30s", 0, std::chrono::seconds{12}, std::chrono::seconds{30}});
  const auto lines = screen.lines();
  INFO(screen.text());
  const auto ready =
      std::find_if(lines.begin(), lines.end(), [](const auto& line) { return holds(line, " ready for 12s of 30s "); });
  REQUIRE(ready != lines.end());
  CHECK(ready->ends_with("wait 12s/30s"));
  CHECK_FALSE(holds(*ready, "gate"));
}

TEST_CASE("a pipe gets plain lines and no cursor movement") {
  Screen screen(plan_that_creates(), false);
  play_to_the_gate(screen);
  CHECK(screen.text().find('\x1b') == std::string::npos);
  check_golden("cmd/run_pipe.txt", screen.text());
}

TEST_CASE("what is in flight never wraps, on a terminal of any width") {
  for (int width = 20; width <= 200; width += 9) {
    Screen screen(plan_that_creates(), true, width);
    play_to_the_gate(screen);
    const auto lines = screen.lines();
    REQUIRE(lines.size() >= 3);
    for (std::size_t i = lines.size() - 3; i < lines.size(); ++i)
      CHECK(columns(lines[i]) < std::min(width, kTextWidth + 1));
  }
}

TEST_CASE("elapsed times move on while nothing happens, and the screen is left clean at the end") {
  Screen screen(plan_that_creates(), true);
  play_to_the_gate(screen);
  CHECK(screen.text().find("1m 22s") != std::string::npos);
  screen.tick(100);
  CHECK(screen.text().find("1m 40s") != std::string::npos);
  CHECK(screen.text().find("1m 22s") == std::string::npos);
  screen.finish();
  CHECK(screen.text().find("--") == std::string::npos);
}

TEST_CASE("a failure shows the error below the action, and -q shows nothing else") {
  const Plan plan = plan_that_creates();
  const ActionFailed failed{
      4, Duration{3000}, {ErrorKind::no_capacity, "kvm1: pool default is full", "No space left", "free some"}};
  for (const auto verbosity : {Verbosity::normal, Verbosity::quiet}) {
    Screen screen(plan, true, kTextWidth, verbosity);
    play(screen);
    screen.at(39, ActionStarted{4});
    screen.at(41, failed);
    screen.finish();
    CHECK(screen.text().find("FAILED") != std::string::npos);
    CHECK(screen.text().find("error: kvm1: pool default is full") != std::string::npos);
    CHECK(screen.text().find("[No space left]") != std::string::npos);
    CHECK(screen.text().find("hint: free some") != std::string::npos);
  }
}

TEST_CASE("a rolling update shows where it is in the last line, and its rest as a wait") {
  for (const bool redraw : {true, false}) {
    Screen screen(plan_that_rolls(), redraw);
    screen.at(0, RunStarted{"run", 10});
    for (const int id : {1, 2}) {
      screen.at(1, ActionStarted{id});
      screen.at(1, ActionDone{id, Duration{0}, ""});
    }
    for (const int id : {3, 4, 5}) {
      screen.at(2 * id, ActionStarted{id});
      screen.at(2 * id + 1, ActionDone{id, Duration{1000}, ""});
    }
    screen.at(11, ActionStarted{6});
    screen.at(11, ActionDone{6, Duration{0}, ""});
    screen.at(12, ActionStarted{8});
    screen.at(20, GateProgress{8, "", "rests for 4m 52s more", 0, std::chrono::seconds{8}, std::chrono::minutes{5}});
    const std::string resting = screen.text();
    screen.at(52, GateProgress{8, "http :80/health", "prod-web-3: 503, want 200 (1 of 3)", 1, std::chrono::seconds{40},
                               std::chrono::minutes{5}});
    const std::string troubled = screen.text();
    screen.at(312, ActionDone{8, std::chrono::minutes{5}, ""});
    screen.at(312, ActionStarted{9});
    screen.at(312, ActionDone{9, Duration{0}, ""});
    screen.finish();
    check_golden(redraw ? "cmd/rollout/run_terminal.txt" : "cmd/rollout/run_pipe.txt",
                 resting + "%%\n" + troubled + "%%\n" + screen.text());
  }
}

TEST_CASE("a run that leaves a rolling update at rest has done what it could, and says how to go on") {
  const Plan plan = plan_that_rolls();
  RunSummary waits;
  waits.done = 9;
  waits.serial = 131;
  waits.skipped = {10};
  CHECK(waiting_rollouts(plan, waits).size() == 1);
  waits.skipped.clear();
  RunSummary paused;
  paused.done = 5;
  paused.serial = 127;
  paused.skipped = {6, 7, 8, 9, 10};
  RolloutIntent intent;
  intent.group = "group.web";
  intent.by = "anna@ctl1";
  intent.reason = "wrong kernel";
  std::string all;
  const auto add = [&](const RunSummary& summary) {
    all += run_summary_text(plan, summary, {.took = std::chrono::seconds{72}}, kWaysOn, {}) + "%%\n";
  };
  add(waits);
  for (const auto kind : {RolloutIntent::Kind::pause, RolloutIntent::Kind::abort, RolloutIntent::Kind::undo}) {
    intent.kind = kind;
    paused.held = {intent};
    add(paused);
  }
  CHECK(waiting_rollouts(plan, paused).empty());
  paused.failed = {{5, {ErrorKind::timed_out, "web-3: not ready within 5m", "", ""}}};
  add(paused);
  check_golden("cmd/rollout/run_summaries.txt", all);
}

TEST_CASE("the end of a run says what was left and how to go on") {
  const Plan plan = plan_that_creates();
  RunSummary whole;
  whole.done = 14;
  whole.serial = 124;
  RunSummary failed = whole;
  failed.done = 6;
  failed.failed = {{4, {ErrorKind::failed, "no", "", ""}}};
  failed.skipped = {5, 8, 9, 14};
  RunSummary stopped = failed;
  stopped.failed.clear();
  stopped.interrupted = true;
  stopped.left_open = {7};
  RunSummary full_disk = failed;
  full_disk.state_error = Error{ErrorKind::no_capacity, "vscale.db: cannot be written", "disk full", "free some space"};
  std::string all;
  for (const auto& summary : {whole, failed, stopped, full_disk}) {
    all += run_summary_text(plan, summary, {.took = std::chrono::seconds{72}}, kWaysOn, {}) + "%%\n";
  }
  check_golden("cmd/run_summaries.txt", all);
}

}  // namespace vscale::test
