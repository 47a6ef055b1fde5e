#include "engine/approval/same_plan.h"

#include <algorithm>
#include <map>
#include <set>

namespace vscale {
namespace {

void forget_times(ImageLock& image) {
  image.at = Instant{};
  image.modified_ns = 0;
}

/// When a lock was taken, and when its file was written, say nothing about what is sent; and a rest that goes on gets
/// shorter with time.
Action without_times(Action action) {
  if (auto* upload = std::get_if<UploadImage>(&action.detail)) forget_times(upload->image);
  if (auto* begin = std::get_if<BeginRollout>(&action.detail)) forget_times(begin->revision.image);
  if (auto* watch = std::get_if<WatchRollout>(&action.detail)) watch->lasts = Duration{0};
  if (auto* claim = std::get_if<ClaimInstance>(&action.detail); claim != nullptr && claim->revision) {
    forget_times(claim->revision->image);
  }
  if (auto* end = std::get_if<EndRollout>(&action.detail); end != nullptr && end->created) {
    forget_times(end->created->image);
  }
  return action;
}

std::vector<Action> without_times(std::vector<Action> actions) {
  for (auto& action : actions) action = without_times(std::move(action));
  return actions;
}

/// What happens at each address, whatever the numbers of the steps are.
using Steps = std::map<std::string, std::vector<Action>>;

Steps steps_by_address(const std::vector<Action>& actions) {
  Steps steps;
  for (const auto& action : actions) {
    Action step = action;
    step.id = 0;
    step.needs.clear();
    steps[action.address].push_back(std::move(step));
  }
  return steps;
}

}  // namespace

std::vector<PlanDifference> plan_differences(const Plan& before, const Plan& now) {
  using What = PlanDifference::What;
  const auto actions_before = without_times(before.actions);
  const auto actions_now = without_times(now.actions);
  if (actions_before == actions_now) return {};
  const Steps steps_before = steps_by_address(actions_before);
  const Steps steps_now = steps_by_address(actions_now);
  std::vector<PlanDifference> differences;
  std::set<std::string> looked_at;
  for (const auto* actions : {&actions_before, &actions_now}) {
    for (const auto& action : *actions) {
      const std::string& address = action.address;
      if (!looked_at.insert(address).second) continue;
      const auto old_steps = steps_before.find(address);
      const auto new_steps = steps_now.find(address);
      if (new_steps == steps_now.end()) {
        differences.push_back({address, What::only_before});
      } else if (old_steps == steps_before.end()) {
        differences.push_back({address, What::only_now});
      } else if (old_steps->second != new_steps->second) {
        differences.push_back({address, What::other_steps});
      }
    }
  }
  if (differences.empty()) differences.push_back({"", What::other_order});
  return differences;
}

}  // namespace vscale
