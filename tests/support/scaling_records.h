#pragma once

#include <string>
#include <vector>

#include "engine/recorded/recorded_state.h"
#include "engine/scaling/scaling_decision.h"

/// What scaling, healing and operators leave in the record, with something of its own in every field.

namespace vscale::test {

inline Instant scaling_moment(int second) {
  return Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 7}} + std::chrono::seconds{second};
}

inline WantedSize full_wanted_size(const std::string& group) {
  return {.group = group,
          .size = 7,
          .owner = WantedSize::Owner::operator_,
          .by = "anna@ctl1",
          .reason = "launch \"day\"",
          .at = scaling_moment(1),
          .until = scaling_moment(3601)};
}

inline Said full_said() {
  return {.at = scaling_moment(2), .by = "bob@ctl1", .reason = "noisy"};
}

inline std::vector<OperatorWord> one_word_of_each(const std::string& group, const InstanceAddress& instance) {
  return {Suspension{group, Suspension::Process::heal, scaling_moment(60), full_said()},
          Suspension{group, Suspension::Process::launch, std::nullopt, full_said()},
          Protection{instance, Protection::From::all, scaling_moment(90), full_said()}, StopWord{instance, full_said()},
          RestartWord{group, false, full_said()}};
}

inline HealthRecord full_health(const InstanceAddress& instance) {
  return {.address = instance,
          .uuid = "00000000-0000-4000-8000-0000000000db",
          .failures = 2,
          .failure = "agent: no answer within 10s",
          .failing_since = scaling_moment(4),
          .healthy_since = scaling_moment(3),
          .looked_at = scaling_moment(5),
          .healed_at = {scaling_moment(-600), scaling_moment(-60)},
          .backoff_step = 1,
          .retry_at = scaling_moment(300)};
}

inline ScalingMemory full_memory(const std::string& group, const InstanceAddress& instance) {
  ScalingMemory memory;
  memory.group = group;
  memory.evaluated_at = scaling_moment(6);
  memory.opinions = {{scaling_moment(-30), scaling_moment(0), 4}, {scaling_moment(0), scaling_moment(6), 6}};
  memory.changes = {{scaling_moment(-20), 3, 4}};
  memory.out_ready_at = scaling_moment(-5);
  memory.flapping_until = scaling_moment(600);
  memory.policies["burst"].beyond = {true, false, true};
  memory.policies["early"].fired_at = scaling_moment(-100);
  memory.policies["slots"].capacity = {{.address = instance,
                                        .uuid = "u1",
                                        .available = 2.5,
                                        .silent = 1,
                                        .terminate = true,
                                        .terminate_at = scaling_moment(-7)}};
  return memory;
}

inline ScalingDecision full_decision(const std::string& group, int current, int size, int second) {
  ScalingDecision decision;
  decision.group = group;
  decision.at = scaling_moment(second);
  decision.current = current;
  decision.size = size;
  decision.ready = 3;
  decision.there = 4;
  Recommendation cpu;
  cpu.policy = "cpu";
  cpu.kind = Recommendation::Kind::size;
  cpu.size = size;
  cpu.exact = true;
  cpu.floor = 2;
  cpu.ceiling = 9;
  cpu.text = "cpu 92 % of 3 instances, target 60 %";
  cpu.figures = {{"value", 92.5}, {"target", 60}};
  Recommendation queue;
  queue.policy = "queue";
  queue.kind = Recommendation::Kind::error;
  queue.text = "no answer within 5s";
  decision.recommendations = {cpu, queue};
  decision.winner = "cpu";
  decision.terminating = {{InstanceAddress::Kind::group, "web", 2}};
  decision.layers = {{.layer = LayerResult::Layer::combine,
                      .before = current,
                      .after = size,
                      .text = "the largest",
                      .figures = {{"errors", 1}}}};
  decision.text = "4 -> 5: cpu 92 % of 3 instances, target 60 %";
  return decision;
}

}  // namespace vscale::test
