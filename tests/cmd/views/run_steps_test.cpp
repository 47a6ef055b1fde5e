#include "cmd/views/run/run_steps.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "cmd/views/run/run_view.h"
#include "tests/cmd/plans.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

RunHook hook_of(RunHook::When when, const std::string& command, const std::string& guest = {}) {
  RunHook run;
  run.when = when;
  if (!command.empty()) run.hook.command = {{command}, {"drain"}};
  if (!guest.empty()) run.hook.guest = {{guest}, {"-s"}};
  run.hook.undo = {{"uncordon"}, {"${name}"}};
  return run;
}

std::string label_of(const RunHook& hook) {
  return action_label({1, "group.web[3]", "kvm1", {}, hook});
}

TEST_CASE("a hook is shown with its moment and its program") {
  CHECK(label_of(hook_of(RunHook::When::before_stop, "kubectl")) == "hook beforeStop: kubectl");
  CHECK(label_of(hook_of(RunHook::When::after_ready, "", "sh")) == "hook afterReady: sh, in the guest");
  CHECK(label_of(hook_of(RunHook::When::after_stop, "/usr/bin/\x1b[31mlb")) == "hook afterStop: /usr/bin/\\x1b[31mlb");
  CHECK(label_of(hook_of(RunHook::When::undo, "kubectl")) == "hook undo: uncordon");
  CHECK(label_of(hook_of(RunHook::When::undo, "", "sh")) == "hook undo: uncordon, in the guest");
}

TEST_CASE("a hook has a line when it begins and when it has ended, and tells what it went on after or failed of") {
  Plan plan = empty_plan();
  for (int i = 0; i < 3; ++i) {
    add_action(plan, "group.web[3]", "kvm1", hook_of(RunHook::When::before_stop, "kubectl"));
  }
  std::ostringstream out;
  RunView view(plan, out,
               {.paint = {},
                .verbosity = Verbosity::normal,
                .time_of_day = [](Instant) { return std::string("14:00:00"); },
                .uptime = [] { return Duration{0}; }});
  const auto tell = [&](auto what) { view.on_event({plan.created_at, std::move(what)}); };
  tell(RunStarted{"run", 3});
  tell(ActionStarted{1});
  tell(ActionDone{1, Duration{0}, ""});
  tell(ActionStarted{2});
  tell(ActionDone{2, Duration{0}, "exit 3: no such node, went on"});
  tell(ActionStarted{3});
  tell(ActionFailed{
      3, Duration{0}, {ErrorKind::failed, "web-3: hook beforeStop kubectl ended with exit 1: no node", "", "mend it"}});
  check_golden("cmd/run_hooks.txt", out.str());
}

}  // namespace
}  // namespace vscale::test
