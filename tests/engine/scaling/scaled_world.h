#pragma once

#include <list>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/scaling/decide_size.h"
#include "tests/support/builders.h"

/// A scaled group for tests, with everything filled in that does not matter.
///
///     ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
///     world.add_ready(4, 90);
///     CHECK(world.decide().decision.size == 6);

namespace vscale::test {

using MemberState = ScalingMember::State;
using Layer = LayerResult::Layer;
using Says = Recommendation::Kind;

inline ScalingPolicy policy_of(ScalingPolicy::Kind kind, const std::string& name) {
  ScalingPolicy policy;
  policy.kind = kind;
  policy.name = name;
  return policy;
}

inline ScalingPolicy cpu_target(double target, double tolerance = 0.1) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::target, "cpu");
  policy.metric = "cpu";
  policy.target = target;
  policy.tolerance = tolerance;
  return policy;
}

/// A total that is shared out among the instances.
inline ScalingPolicy queue_target(double target, const std::string& per = "instance") {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::target, "queue");
  policy.http = HttpSource{"http://127.0.0.1/jobs", "/waiting"};
  policy.target = target;
  policy.per = per;
  return policy;
}

inline ScalingStep step_adding(double from, std::optional<double> to, Amount add) {
  return {.from = from, .to = to, .add = add};
}
inline ScalingStep step_removing(double from, std::optional<double> to, Amount add) {
  return {.from = from, .to = to, .add = add, .remove = true};
}
inline Amount of_instances(int count) {
  return {Amount::Unit::count, count};
}
inline Amount of_percent(int value) {
  return {Amount::Unit::percent, value};
}

inline ScalingPolicy cpu_steps(double threshold, std::vector<ScalingStep> steps) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::step, "burst");
  policy.metric = "cpu";
  policy.threshold = threshold;
  policy.steps = std::move(steps);
  return policy;
}

inline ScalingPolicy free_slots(int per_instance, int min_available) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::capacity, "slots");
  policy.per_instance = per_instance;
  policy.min_available = min_available;
  policy.endpoint = CapacityEndpoint{};
  return policy;
}

/// Without cooldowns, stabilization and rates: what the policies say is what comes.
inline Group scaled_group(int min, int max, std::vector<ScalingPolicy> policies) {
  Group group;
  group.name = "web";
  group.scaling = Scaling{};
  group.scaling->min = min;
  group.scaling->max = max;
  group.scaling->cooldown = {};
  group.scaling->stabilization = {};
  group.scaling->rate_out.clear();
  group.scaling->rate_in.clear();
  group.scaling->policies = std::move(policies);
  return group;
}

/// With the defaults of the configuration for all of these.
inline Group tempered_group(int min, int max, std::vector<ScalingPolicy> policies) {
  Group group = scaled_group(min, max, std::move(policies));
  const Scaling defaults;
  group.scaling->cooldown = defaults.cooldown;
  group.scaling->stabilization = defaults.stabilization;
  group.scaling->rate_out = defaults.rate_out;
  group.scaling->rate_in = defaults.rate_in;
  return group;
}

inline InstanceAddress web_at(int ordinal) {
  return {.kind = InstanceAddress::Kind::group, .group = "web", .ordinal = ordinal};
}

inline Sample cpu_sample(Instant at, double cpu) {
  Sample sample;
  sample.at = at;
  sample.over = std::chrono::seconds{15};
  sample.cpu_percent = cpu;
  return sample;
}

/// Members, samples and answers, and the decision on them. Owns what the input points to.
class ScaledWorld {
 public:
  explicit ScaledWorld(Group group) : group_(std::move(group)) {
    input.sample_interval = std::chrono::seconds{15};
    input.evaluate_interval = std::chrono::minutes{1};
    input.now = kNow;
  }
  ScaledWorld(const ScaledWorld&) = delete;
  ScaledWorld& operator=(const ScaledWorld&) = delete;

  /// `count` members in that state, ready for an hour, with a sample of five seconds ago if `cpu` is given. The size
  /// that is wanted grows along.
  ScaledWorld& add(int count, MemberState state, std::optional<double> cpu = std::nullopt) {
    for (int i = 0; i < count; ++i) {
      ScalingMember member;
      member.address = web_at(next_ordinal_);
      member.uuid = "uuid-" + std::to_string(next_ordinal_++);
      member.state = state;
      member.ready_at = input.now - std::chrono::hours{1};
      if (cpu) {
        samples_.push_back({cpu_sample(input.now - std::chrono::seconds{5}, *cpu)});
        member.samples = &samples_.back();
      }
      input.members.push_back(member);
    }
    if (state != MemberState::leaving) input.current += count;
    return *this;
  }
  ScaledWorld& add_ready(int count, std::optional<double> cpu = std::nullopt) {
    return add(count, MemberState::ready, cpu);
  }
  /// A new sample of now for every member, in place of those before.
  ScaledWorld& measure(double cpu) {
    for (ScalingMember& member : input.members) {
      samples_.push_back({cpu_sample(input.now, cpu)});
      member.samples = &samples_.back();
    }
    return *this;
  }
  /// What the member with this ordinal answers to the policy "slots".
  ScaledWorld& answer_slots(int ordinal, double available, bool terminate = false) {
    input.capacity["slots"].insert_or_assign(web_at(ordinal),
                                             Result<CapacityAnswer>(CapacityAnswer{available, terminate}));
    return *this;
  }
  ScaledWorld& answer_queue(std::optional<double> waiting) {
    input.answers.insert_or_assign("queue", Result<std::optional<double>>(waiting));
    return *this;
  }

  [[nodiscard]] Group& group() { return group_; }
  [[nodiscard]] ScalingMember& member(int ordinal) { return input.members.at(static_cast<std::size_t>(ordinal)); }

  [[nodiscard]] ScalingOutcome decide(const ScalingMemory& memory = {}) {
    input.group = &group_;
    return decide_size(input, memory);
  }
  [[nodiscard]] int size(const ScalingMemory& memory = {}) { return decide(memory).decision.size; }

  ScalingInput input;

 private:
  Group group_;
  std::list<std::vector<Sample>> samples_;
  int next_ordinal_ = 0;
};

/// The result of a layer; fails the test by an exception where the decision did not go through it.
inline const LayerResult& layer_of(const ScalingDecision& decision, Layer layer) {
  for (const LayerResult& result : decision.layers) {
    if (result.layer == layer) return result;
  }
  throw std::logic_error("no such layer in the decision");
}

}  // namespace vscale::test
