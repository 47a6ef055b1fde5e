#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/recorded/apply_change.h"
#include "engine/watch/decide_tick.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/scaling/scaled_world.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

namespace vscale::test {

inline constexpr const char* kWebGroup = "group.web";

/// `web` between 1 and 10, without cooldowns, stabilization and rates.
inline Group scaled_web(int size, std::vector<ScalingPolicy> policies) {
  Group group = web(size);
  group.scaling = scaled_group(1, 10, std::move(policies)).scaling;
  return group;
}

/// A group `web` that has run for an hour, all of it well, and a watch that looks at it every 15 s:
///
///     TickedWorld world(web(3));
///     world.ill[2] = "no answer";
///     world.look(3);
///     CHECK(world.heals() == Words{"web-2 replace failing"});
class TickedWorld : public PlayedWorld {
 public:
  explicit TickedWorld(Group group) : PlayedWorld(running({std::move(group)})) { pass(std::chrono::hours{1}); }

  std::map<int, std::string> ill;  ///< By ordinal: who answers that it is not well, and what is found.
  std::set<int> not_asked;         ///< Ordinals.
  std::optional<double> cpu;       ///< What every instance has used of late.
  TickInput given;                 ///< Answers, room, who is busy; all else is filled in by decide().
  TickDecision last;               ///< Of the last look.

  Group& group() { return input.config.groups.front(); }
  [[nodiscard]] InstanceRecord& record(int ordinal) { return input.recorded.instances.at(web_at(ordinal)); }
  [[nodiscard]] LiveDomain& guest(int ordinal) {
    return *domain(record(ordinal).host, fmt::format("prod-web-{}", ordinal));
  }
  void say(const OperatorWord& word) { apply(input.recorded, PutWord{word}); }
  /// What the member answers to the policy "slots".
  void answer_slots(int ordinal, double available, bool terminate = false) {
    given.answers[kWebGroup].capacity["slots"].insert_or_assign(
        web_at(ordinal), Result<CapacityAnswer>(CapacityAnswer{available, terminate}));
  }
  void answer_queue(double waiting) {
    given.answers[kWebGroup].numbers.insert_or_assign("queue", Result<std::optional<double>>(std::optional(waiting)));
  }

  void pass(Duration time) {
    input.now += time;
    for (auto& [name, view] : input.live) {
      if (view.snapshot) view.snapshot->seen_at = input.now;
    }
  }

  /// What a tick decides now, of which nothing is remembered.
  TickDecision decide() {
    measure();
    given.config = &input.config;
    given.recorded = &input.recorded;
    given.live = &input.live;
    members_.emplace(input.config, input.recorded, input.live);
    given.members = &*members_;
    given.samples = &samples_;
    given.wellness = wellness();
    given.now = input.now;
    return decide_tick(given);
  }
  /// So many times, each an interval after the one before, and remembered.
  const TickDecision& look(int times = 1) {
    for (int i = 0; i < times; ++i) {
      pass(std::chrono::seconds{15});
      last = decide();
      apply(input.recorded, last.remembered);
      for (const auto& change : last.changes) apply(input.recorded, change);
    }
    return last;
  }
  /// What is planned by the last look.
  Plan plan_of_look() {
    input.findings = last.findings;
    return plan();
  }

  /// "web-2 replace failing", of the last look.
  [[nodiscard]] Words heals() const {
    Words words;
    for (const auto& [address, healing] : last.findings.healings) {
      words.push_back(fmt::format("{} {} {}", short_name(address), to_string(healing.by), to_string(healing.why)));
    }
    return words;
  }
  /// "web-2: heal is suspended: no answer"
  [[nodiscard]] Words held() const {
    Words words;
    for (const auto& held : last.held) words.push_back(fmt::format("{}: {}", short_name(held.address), held.text));
    return words;
  }
  /// "healed group.web[2] on kvm1: start: it is shut off"
  [[nodiscard]] Words told() const {
    Words words;
    for (const auto& event : last.events) {
      words.push_back(fmt::format("{} {}{}{}: {}", event.kind, event.address, event.host.empty() ? "" : " on ",
                                  event.host, event.text));
    }
    return words;
  }
  /// "web-1", of those who are to be replaced since they have asked to end.
  [[nodiscard]] Words ending() const {
    Words words;
    for (const auto& [address, text] : last.findings.asked_to_end) words.push_back(short_name(address));
    return words;
  }
  [[nodiscard]] int failures(int ordinal) const {
    const auto found = input.recorded.health.find(web_at(ordinal));
    return found == input.recorded.health.end() ? 0 : found->second.failures;
  }

 private:
  void measure() {
    samples_.clear();
    if (!cpu) return;
    for (const auto& [address, instance] : input.recorded.instances) {
      samples_[instance.uuid] = {cpu_sample(input.now, *cpu)};
    }
  }

  [[nodiscard]] std::map<InstanceAddress, Wellness> wellness() const {
    std::map<InstanceAddress, Wellness> found;
    for (const auto& address : to_be_asked(input.config, *given.members)) {
      if (not_asked.contains(address.ordinal)) continue;
      const auto trouble = ill.find(address.ordinal);
      Wellness one{.uuid = input.recorded.instances.at(address).uuid, .well = trouble == ill.end(), .found = ""};
      if (!one.well) one.found = trouble->second;
      found.emplace(address, std::move(one));
    }
    return found;
  }

  Samples samples_;
  std::optional<Roster> members_;
};

}  // namespace vscale::test
