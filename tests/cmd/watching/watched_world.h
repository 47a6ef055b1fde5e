#pragma once

#include <functional>
#include <string>

#include "tests/cmd/fake_world.h"

namespace vscale::test {

/// `web` between 1 and 6, by its processors, with times that are soon over; applied with so many.
class WatchedWorld : public FakeWorld {
 public:
  explicit WatchedWorld(int size, const std::string& more = "");

  /// `vscale watch`, for so long, until it is told to stop.
  Ran watch_for(Duration time, const std::vector<std::string>& words = {"watch"});
  /// How many guests of web are up.
  int guests_up();
  /// What the statefile says.
  RecordedState recorded();
  std::vector<ScalingDecision> decisions(const std::string& group = "group.web");
};

/// The file; `more` stands below the group.
std::string watched_config(int size, const std::string& more);
/// The same with no fewer than `min`, and with `watch.follow`: "file" or "applied".
std::string following_config(const std::string& follow, int min);

/// Applies a file with a variable that only this command line gives.
void apply_what_cannot_be_read_later(FakeWorld& world);
/// How often `part` stands in `text`.
int times_in(const std::string& text, const std::string& part);

/// Lets something happen whenever hosts are looked at, just before it.
void interrupt_looks(FakeWorld& world, const std::function<void()>& meanwhile);

}  // namespace vscale::test
