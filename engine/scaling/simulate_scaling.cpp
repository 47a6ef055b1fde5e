#include "engine/scaling/simulate_scaling.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/scaling/decide_size.h"
#include "engine/scaling/policies/numbers.h"
#include "engine/scaling/victims.h"

namespace vscale {
namespace {

using Kind = ScalingPolicy::Kind;
using State = ScalingMember::State;

constexpr double kPercent = 100;

bool looks_at_load(const ScalingPolicy& policy) {
  return policy.kind == Kind::target || policy.kind == Kind::step || policy.kind == Kind::capacity;
}

// The group with its first policy that looks at load, and its schedules.
Group with_one_load(const Group& group) {
  Group kept = group;
  bool has_load = false;
  std::erase_if(kept.scaling->policies, [&](const ScalingPolicy& policy) {
    const bool is_first = looks_at_load(policy) && !has_load;
    has_load = has_load || is_first;
    return !is_first && policy.kind != Kind::schedule;
  });
  return kept;
}

Error refused(std::string message, std::string hint) {
  return {ErrorKind::invalid, std::move(message), "", std::move(hint)};
}

std::optional<Error> mistake_in(const Group& group, const LoadTrace& trace) {
  const std::string name = fmt::format("group \"{}\"", group.name);
  if (!group.scaling) return refused(name + " has no scaling", "add scaling: { min: 1, max: 5 }");
  if (std::ranges::none_of(group.scaling->policies, looks_at_load)) {
    return refused(name + " has no policy that looks at load", "add one of kind target, step or capacity");
  }
  if (trace.points.empty() || trace.points.front().at != Duration::zero()) {
    return refused("the trace does not begin at 0", "let its first line be 0,LOAD");
  }
  if (!std::ranges::is_sorted(trace.points, {}, &LoadPoint::at)) {
    return refused("the trace is not in order of time", "sort its lines by their first column");
  }
  if (trace.sample_interval <= Duration::zero() ||
      trace.points.back().at / trace.sample_interval > kMostSimulatedSteps) {
    return refused(fmt::format("the trace is longer than {} samples of {}", kMostSimulatedSteps,
                               show_duration(trace.sample_interval)),
                   "cut it, or raise metrics.interval");
  }
  return std::nullopt;
}

int size_at_first(const Group& group) {
  return std::clamp(group.size, group.scaling->min, std::max(group.scaling->min, group.scaling->max));
}

// An instance as it is played.
struct PlayedInstance {
  int ordinal = 0;
  Instant ready_at{};
  std::vector<Sample> samples{};
};

class Playing {
 public:
  Playing(const Group& group, const LoadTrace& trace)
      : group_(with_one_load(group)), trace_(trace), now_(trace.begin), size_(size_at_first(group)) {
    for (int i = 0; i < size_; ++i) instances_.push_back({.ordinal = i, .ready_at = now_});
  }

  SimulatedScaling played() && {
    const Instant end = trace_.begin + trace_.points.back().at;
    while (now_ < end) {
      load_ = load_now();
      ready_ = static_cast<int>(
          std::ranges::count_if(instances_, [&](const auto& instance) { return instance.ready_at <= now_; }));
      measure();
      if (is_due(memory_, trace_.evaluate_interval, now_)) decide();
      const Duration step = std::min<Duration>(trace_.sample_interval, end - now_);
      count(step);
      now_ += step;
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] const ScalingPolicy& load_policy() const {
    return *std::ranges::find_if(group_.scaling->policies, looks_at_load);
  }

  double load_now() {
    while (point_ + 1 < trace_.points.size() && trace_.begin + trace_.points[point_ + 1].at <= now_) ++point_;
    return trace_.points[point_].load;
  }

  [[nodiscard]] double share() const { return load_ / std::max(1, ready_); }

  // How much of the load `ready` instances carry as the policy wants it.
  [[nodiscard]] double carried() const {
    const ScalingPolicy& policy = load_policy();
    if (policy.kind == Kind::capacity) {
      return static_cast<double>(policy.per_instance) * ready_ - policy.min_available;
    }
    if (policy.kind == Kind::step) return policy.threshold * ready_;
    const double target = policy.target_is_percent_of_full ? policy.target * policy.full / kPercent : policy.target;
    return target * ready_;
  }

  void measure() {
    const auto metric = metric_from(load_policy().metric);
    if (!metric) return;
    const Duration kept = std::max(load_policy().window.value_or(group_.scaling->window), 2 * trace_.sample_interval);
    for (PlayedInstance& instance : instances_) {
      if (instance.ready_at > now_) continue;
      instance.samples.push_back(sample_of(*metric));
      std::erase_if(instance.samples, [&](const Sample& sample) { return sample.at < now_ - kept; });
    }
  }

  [[nodiscard]] Sample sample_of(Metric metric) const {
    Sample sample;
    sample.at = now_;
    sample.over = trace_.sample_interval;
    const double load = share();
    switch (metric) {
      case Metric::cpu:
        sample.cpu_percent = std::min(kPercent, load);
        break;
      case Metric::memory:
        sample.memory_percent = std::min(kPercent, load);
        break;
      case Metric::disk_iops:
        sample.disk_iops = load;
        break;
      case Metric::disk_bytes:
        sample.disk_bytes = load;
        break;
      case Metric::network_bytes:
        sample.network_bytes = load;
        break;
    }
    return sample;
  }

  [[nodiscard]] InstanceAddress address_of(const PlayedInstance& instance) const {
    return {.kind = group_.kind, .group = group_.name, .ordinal = instance.ordinal};
  }

  [[nodiscard]] ScalingInput input() const {
    ScalingInput input;
    input.group = &group_;
    input.sample_interval = trace_.sample_interval;
    input.evaluate_interval = trace_.evaluate_interval;
    input.current = size_;
    input.zones = trace_.zones;
    input.now = now_;
    const ScalingPolicy& policy = load_policy();
    for (const PlayedInstance& instance : instances_) {
      ScalingMember member;
      member.address = address_of(instance);
      // One that was ready at the begin was so before its first sample.
      member.ready_at = instance.ready_at == trace_.begin ? std::nullopt : std::optional(instance.ready_at);
      member.state = instance.ready_at <= now_ ? State::ready : State::starting;
      member.samples = &instance.samples;
      if (policy.kind == Kind::capacity && member.state == State::ready) {
        const double free = std::max(0.0, policy.per_instance - share());
        input.capacity[policy.name].insert_or_assign(member.address, CapacityAnswer{.available = free});
      }
      input.members.push_back(std::move(member));
    }
    if (policy.kind != Kind::capacity && policy.metric.empty()) {
      const double answer = policy.per == "group" ? share() : load_;
      input.answers.insert_or_assign(policy.name, std::optional<double>(answer));
    }
    return input;
  }

  void decide() {
    ScalingOutcome outcome = decide_size(input(), memory_);
    memory_ = std::move(outcome.memory);
    result_.ticks.push_back({.at = now_,
                             .load = load_,
                             .size = outcome.decision.size,
                             .ready = ready_,
                             .load_per_instance = ready_ > 0 ? std::optional(share()) : std::nullopt,
                             .text = std::move(outcome.decision.text)});
    resize(outcome.decision.size);
  }

  void resize(int size) {
    const int change = size - size_;
    if (change == 0) return;
    ++result_.changes;
    if (change * last_change_ < 0) ++result_.reversals;
    last_change_ = change > 0 ? 1 : -1;
    size_ = size;
    for (int i = 0; i < change; ++i)
      instances_.push_back({.ordinal = free_ordinal(), .ready_at = now_ + trace_.boot_delay});
    if (change > 0) return;
    std::vector<VictimCandidate> candidates;
    for (const PlayedInstance& instance : instances_) {
      candidates.push_back({.address = address_of(instance), .never_ready = instance.ready_at > now_});
    }
    for (const InstanceAddress& going : victims(candidates, -change)) {
      std::erase_if(instances_, [&](const PlayedInstance& instance) { return instance.ordinal == going.ordinal; });
    }
  }

  [[nodiscard]] int free_ordinal() const {
    int ordinal = 0;
    while (std::ranges::find(instances_, ordinal, &PlayedInstance::ordinal) != instances_.end()) ++ordinal;
    return ordinal;
  }

  void count(Duration step) {
    const double hours = std::chrono::duration<double, std::ratio<3600>>(step).count();
    result_.instance_hours += hours * static_cast<double>(instances_.size());
    if (load_ > carried() + kNumberSlack) result_.hours_short += hours;
  }

  const Group group_;
  const LoadTrace& trace_;
  ScalingMemory memory_;
  SimulatedScaling result_;
  std::vector<PlayedInstance> instances_;
  std::size_t point_ = 0;
  Instant now_;
  double load_ = 0;
  int size_ = 0;
  int ready_ = 0;
  int last_change_ = 0;
};

}  // namespace

Result<SimulatedScaling> simulate_scaling(const Group& group, const LoadTrace& trace) {
  if (auto mistake = mistake_in(group, trace)) return *std::move(mistake);
  return Playing(group, trace).played();
}

}  // namespace vscale
