#include "engine/scaling/policies/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/scaling/policies/numbers.h"

namespace vscale {
namespace {

using Kind = Recommendation::Kind;

constexpr double kFullPercent = 100;

TargetOpinion saying(const ScalingPolicy& policy, Kind kind, std::string text, Figures figures = {}) {
  TargetOpinion opinion;
  opinion.recommendation = {
      .policy = policy.name, .kind = kind, .text = std::move(text), .figures = std::move(figures)};
  return opinion;
}

bool is_in_percent(const ScalingPolicy& policy) {
  return policy.target_is_percent_of_full || policy.metric == to_string(Metric::cpu) ||
         policy.metric == to_string(Metric::memory);
}

// What a target of 0 is divided by.
double divisor(const ScalingPolicy& policy) {
  return policy.target == 0 ? 1 : policy.target;
}

// Never against the direction of `ratio`: a group does not shrink for being busy.
int along(double ratio, int wanted, int current) {
  return ratio > 1 ? std::max(wanted, current) : std::min(wanted, current);
}

// Members whose load is not known, as they are counted; and how many that makes.
struct Filled {
  double ratio = 0;
  int counted = 0;
};

Filled filled(const MemberLoads& loads, double sum_of_ratios, double full_ratio) {
  const double measured_ratio = sum_of_ratios / loads.measured();
  if (measured_ratio > 1) {
    const int counted = loads.measured() + loads.missing + loads.unknown + loads.coming;
    return {sum_of_ratios / counted, counted};
  }
  if (measured_ratio < 1) {
    const int assumed = loads.missing + loads.unknown;
    const int counted = loads.measured() + assumed;
    return {(sum_of_ratios + full_ratio * assumed) / counted, counted};
  }
  return {measured_ratio, loads.measured()};
}

std::string text_of(const ScalingPolicy& policy, const MemberLoads& loads, double average) {
  const char* unit = is_in_percent(policy) ? " %" : "";
  std::string text = fmt::format("{} {}{} of {} instance{}, target {}{}", policy.metric, shown_number(average), unit,
                                 loads.measured(), loads.measured() == 1 ? "" : "s", shown_number(policy.target), unit);
  const int silent = loads.missing + loads.unknown;
  if (silent > 0) text += fmt::format(", {} without samples", silent);
  if (loads.coming > 0) text += fmt::format(", {} not ready", loads.coming);
  return text;
}

}  // namespace

TargetOpinion target_by_members(const ScalingPolicy& policy, const MemberLoads& loads, int current) {
  if (current == 0) return saying(policy, Kind::none, policy.metric + ": no instance, so nothing to measure");
  if (loads.measured() == 0) {
    return saying(policy, Kind::error,
                  fmt::format("{}: no usable sample of any of {} instances", policy.metric, current),
                  {{"missing", loads.missing}, {"unknown", loads.unknown}, {"notReady", loads.coming}});
  }
  const double unit = policy.target_is_percent_of_full && policy.full > 0 ? kFullPercent / policy.full : 1;
  const double average = loads.sum() * unit / loads.measured();
  const double ratio = average / divisor(policy);
  const double full_ratio = is_in_percent(policy) ? std::max(kFullPercent, policy.target) / divisor(policy) : 1;
  const Filled all = filled(loads, ratio * loads.measured(), full_ratio);
  const bool has_turned = (ratio > 1 && all.ratio < 1) || (ratio < 1 && all.ratio > 1);
  TargetOpinion opinion = saying(policy, Kind::size, text_of(policy, loads, average),
                                 {{"value", average},
                                  {"target", policy.target},
                                  {"ratio", all.ratio},
                                  {"measured", loads.measured()},
                                  {"missing", loads.missing},
                                  {"unknown", loads.unknown},
                                  {"notReady", loads.coming}});
  const bool stays = has_turned || is_within(policy.tolerance, all.ratio);
  const int wanted = instances_holding(all.ratio * all.counted);
  opinion.recommendation.size = stays ? current : std::max(1, along(all.ratio, wanted, current));
  opinion.load = {policy.name, all.ratio, policy.tolerance};
  return opinion;
}

TargetOpinion target_by_answer(const ScalingPolicy& policy, const Result<std::optional<double>>& answer, int current,
                               int ready) {
  const Result<double> number = number_in(answer);
  if (!number.ok()) return saying(policy, Kind::error, to_string(number.error()));
  const double value = number.value();
  if (value < 0) {
    return saying(policy, Kind::error, fmt::format("it has answered {}: no load is negative", shown_number(value)));
  }
  const bool drains = policy.target == 0;
  const bool is_total = !drains && policy.per != "group";
  const int sharing = is_total ? std::max(1, current) : 1;
  const double ratio = value / divisor(policy) / sharing;
  TargetOpinion opinion = saying(policy, Kind::size,
                                 fmt::format("{}{}, target {}{}", shown_number(value), is_total ? " in all" : "",
                                             shown_number(policy.target), is_total ? " per instance" : ""),
                                 {{"value", value}, {"target", policy.target}, {"ratio", ratio}});
  int& size = opinion.recommendation.size;
  if (current == 0) {
    size = instances_holding(ratio);
    return opinion;
  }
  opinion.load = {policy.name, ratio, policy.tolerance};
  const int counted = is_total || drains ? current : ready;
  size = along(ratio, instances_holding(ratio * counted), current);
  if (is_within(policy.tolerance, ratio) || (counted == 0 && ratio < 1)) size = current;
  return opinion;
}

}  // namespace vscale
