#include "engine/scaling/policies/step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/scaling/policies/numbers.h"

namespace vscale {
namespace {

using Kind = Recommendation::Kind;

bool is_less(double a, double b) {
  return a < b - kNumberSlack;
}
bool is_at_most(double a, double b) {
  return a <= b + kNumberSlack;
}

bool is_below_threshold(const ScalingStep& step) {
  return step.to && *step.to <= 0;
}

bool holds(const ScalingStep& step, double offset) {
  if (is_below_threshold(step)) return is_less(step.from, offset) && is_at_most(offset, *step.to);
  return is_at_most(step.from, offset) && (!step.to || is_less(offset, *step.to));
}

StepOpinion saying(const ScalingPolicy& policy, Kind kind, std::string text, std::vector<bool> beyond) {
  return {.recommendation = {.policy = policy.name, .kind = kind, .text = std::move(text)},
          .beyond = std::move(beyond)};
}

// Is the number on the upper side of the threshold? Right at it that is for the steps to say.
bool is_beyond(const ScalingPolicy& policy, double value, const ScalingStep* step) {
  if (step != nullptr) return !is_below_threshold(*step);
  return !is_less(value, policy.threshold);
}

// The values that are remembered, with the new one, and how many of them are on its side.
struct Series {
  std::vector<bool> beyond;
  int agreeing = 0;
};

Series series_with(std::vector<bool> beyond, bool newest, int longest) {
  beyond.push_back(newest);
  const auto surplus = std::max<std::ptrdiff_t>(0, std::ssize(beyond) - longest);
  beyond.erase(beyond.begin(), beyond.begin() + surplus);
  const auto agreeing = std::ranges::count(beyond, newest);
  return {std::move(beyond), static_cast<int>(agreeing)};
}

StepOpinion opinion_on(const ScalingPolicy& policy, double value, const std::string& what, int current,
                       std::vector<bool> before) {
  const ScalingStep* step = step_for(policy, value);
  const Series series = series_with(std::move(before), is_beyond(policy, value, step), policy.of_samples);
  std::string text = fmt::format("{}, threshold {}", what, shown_number(policy.threshold));
  const auto seen = static_cast<int>(series.beyond.size());
  if (policy.of_samples > 1) {
    text += fmt::format(", {} of {} (for {}/{})", series.agreeing, seen, policy.for_samples, policy.of_samples);
  }
  StepOpinion opinion = saying(policy, Kind::none, std::move(text), series.beyond);
  Recommendation& recommendation = opinion.recommendation;
  recommendation.figures = {
      {"value", value}, {"threshold", policy.threshold}, {"agreeing", series.agreeing}, {"seen", seen}};
  if (step == nullptr || seen < policy.of_samples || series.agreeing < policy.for_samples) return opinion;
  const int change = instances_of(*step, current);
  recommendation.kind = Kind::size;
  recommendation.size = std::max(0, current + (step->remove ? -change : change));
  recommendation.text += fmt::format(", step {}{}", step->remove ? "-" : "+", change);
  recommendation.figures.emplace_back("change", step->remove ? -change : change);
  return opinion;
}

}  // namespace

const ScalingStep* step_for(const ScalingPolicy& policy, double value) {
  const double offset = value - policy.threshold;
  const ScalingStep* found = nullptr;
  for (const ScalingStep& step : policy.steps) {
    if (!holds(step, offset)) continue;
    if (!is_below_threshold(step)) return &step;
    if (found == nullptr) found = &step;
  }
  return found;
}

int instances_of(const ScalingStep& step, int current) {
  if (step.add.unit == Amount::Unit::count) return step.add.value;
  const std::int64_t hundredths = static_cast<std::int64_t>(step.add.value) * current;
  if (hundredths == 0) return 0;
  return static_cast<int>(std::max<std::int64_t>(1, hundredths / 100));
}

StepOpinion step_by_members(const ScalingPolicy& policy, const MemberLoads& loads, int current,
                            std::vector<bool> beyond) {
  if (current == 0) {
    return saying(policy, Kind::none, policy.metric + ": no instance, so nothing to measure", std::move(beyond));
  }
  if (loads.measured() == 0) {
    return saying(policy, Kind::error,
                  fmt::format("{}: no usable sample of any of {} instances", policy.metric, current),
                  std::move(beyond));
  }
  const double average = loads.sum() / loads.measured();
  const std::string what = fmt::format("{} {} of {} instance{}", policy.metric, shown_number(average), loads.measured(),
                                       loads.measured() == 1 ? "" : "s");
  StepOpinion opinion = opinion_on(policy, average, what, current, std::move(beyond));
  Recommendation& recommendation = opinion.recommendation;
  if (recommendation.kind != Kind::size || recommendation.size >= current) return opinion;
  const int silent = loads.missing + loads.unknown;
  recommendation.size = silent > 0 ? current : std::max(1, recommendation.size);
  if (silent > 0) recommendation.text += fmt::format(", but {} without samples", silent);
  return opinion;
}

StepOpinion step_by_answer(const ScalingPolicy& policy, const Result<std::optional<double>>& answer, int current,
                           std::vector<bool> beyond) {
  const Result<double> number = number_in(answer);
  if (!number.ok()) return saying(policy, Kind::error, to_string(number.error()), std::move(beyond));
  return opinion_on(policy, number.value(), shown_number(number.value()), current, std::move(beyond));
}

}  // namespace vscale
