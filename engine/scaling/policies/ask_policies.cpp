#include "engine/scaling/policies/ask_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/scaling/policies/capacity.h"
#include "engine/scaling/policies/step.h"
#include "engine/scaling/schedule/schedule_policy.h"

namespace vscale {
namespace {

using Kind = ScalingPolicy::Kind;

// Asks one policy after the other, and gathers what they say.
class Asking {
 public:
  Asking(const ScalingInput& input, const std::map<std::string, PolicyMemory>& memory)
      : input_(input), memory_(memory) {}

  void ask(const ScalingPolicy& policy) {
    const auto known = memory_.find(policy.name);
    PolicyMemory memory = known == memory_.end() ? PolicyMemory{} : known->second;
    if (policy.kind == Kind::schedule && input_.suspended.contains(Suspension::Process::schedule)) {
      keep(silenced(policy, "schedule is suspended"), std::move(memory));
      return;
    }
    Recommendation recommendation = recommend(policy, memory);
    if (policy.kind != Kind::schedule && input_.suspended.contains(Suspension::Process::scale)) {
      recommendation = silenced(policy, "scale is suspended: " + recommendation.text);
    }
    keep(std::move(recommendation), std::move(memory));
  }

  Opinions gathered() && {
    std::vector<InstanceAddress>& terminating = opinions_.terminating;
    std::ranges::sort(terminating);
    terminating.erase(std::unique(terminating.begin(), terminating.end()), terminating.end());
    return std::move(opinions_);
  }

 private:
  static Recommendation silenced(const ScalingPolicy& policy, std::string text) {
    return {.policy = policy.name, .text = std::move(text)};
  }

  void keep(Recommendation recommendation, PolicyMemory memory) {
    if (memory != PolicyMemory{}) opinions_.memory[recommendation.policy] = std::move(memory);
    opinions_.recommendations.push_back(std::move(recommendation));
  }

  Recommendation recommend(const ScalingPolicy& policy, PolicyMemory& memory) {
    switch (policy.kind) {
      case Kind::target:
        return by_target(policy);
      case Kind::step:
        return by_step(policy, memory);
      case Kind::schedule:
        return by_schedule(policy, memory);
      case Kind::capacity:
        return by_capacity(policy, memory);
      case Kind::pending_pods:
        return silenced(policy, "kind pendingPods is not there yet");
      case Kind::predictive:
        return silenced(policy, "kind predictive is not there yet");
    }
    VSCALE_ASSERT(false, "a kind of policy that nobody asks");
  }

  Recommendation by_target(const ScalingPolicy& policy) {
    const auto metric = metric_from(policy.metric);
    TargetOpinion opinion =
        metric ? target_by_members(policy, loads(policy, *metric), input_.current)
               : target_by_answer(policy, answer(policy), input_.current, ready_members(input_.members));
    if (opinion.load) opinions_.loads.push_back(*opinion.load);
    return std::move(opinion.recommendation);
  }

  Recommendation by_step(const ScalingPolicy& policy, PolicyMemory& memory) {
    const auto metric = metric_from(policy.metric);
    StepOpinion opinion = metric ? step_by_members(policy, loads(policy, *metric), input_.current, memory.beyond)
                                 : step_by_answer(policy, answer(policy), input_.current, memory.beyond);
    memory.beyond = std::move(opinion.beyond);
    return std::move(opinion.recommendation);
  }

  Recommendation by_schedule(const ScalingPolicy& policy, PolicyMemory& memory) {
    const auto zone = input_.zones.find(policy.zone);
    if (zone == input_.zones.end()) {
      return {.policy = policy.name,
              .kind = Recommendation::Kind::error,
              .text = fmt::format("nothing is known of the time zone {}", policy.zone)};
    }
    ScheduleOpinion opinion = schedule_opinion(policy, zone->second, memory.fired_at, input_.now);
    memory.fired_at = opinion.fired_at;
    return std::move(opinion.recommendation);
  }

  Recommendation by_capacity(const ScalingPolicy& policy, PolicyMemory& memory) {
    static const CapacityAnswers kNobodyAnswered;
    const auto answers = input_.capacity.find(policy.name);
    CapacityOpinion opinion =
        capacity_opinion(policy, input_.members, answers == input_.capacity.end() ? kNobodyAnswered : answers->second,
                         memory.capacity, input_.current, input_.now);
    memory.capacity = std::move(opinion.memory);
    if (!input_.suspended.contains(Suspension::Process::scale)) {
      opinions_.terminating.insert(opinions_.terminating.end(), opinion.terminating.begin(), opinion.terminating.end());
    }
    return std::move(opinion.recommendation);
  }

  [[nodiscard]] MemberLoads loads(const ScalingPolicy& policy, Metric metric) const {
    return member_loads(input_.members, {.metric = metric,
                                         .window = policy.window.value_or(input_.group->scaling->window),
                                         .sample_interval = input_.sample_interval,
                                         .current = input_.current,
                                         .now = input_.now});
  }

  [[nodiscard]] Result<std::optional<double>> answer(const ScalingPolicy& policy) const {
    const auto found = input_.answers.find(policy.name);
    if (found != input_.answers.end()) return found->second;
    return Error{ErrorKind::failed, "its source was not asked", "", ""};
  }

  const ScalingInput& input_;
  const std::map<std::string, PolicyMemory>& memory_;
  Opinions opinions_;
};

}  // namespace

Opinions ask_policies(const ScalingInput& input, const std::map<std::string, PolicyMemory>& memory) {
  Asking asking(input, memory);
  for (const ScalingPolicy& policy : input.group->scaling->policies) asking.ask(policy);
  return std::move(asking).gathered();
}

}  // namespace vscale
