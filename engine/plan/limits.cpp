#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/planning.h"

/// What may not happen, or not so often at once, however much the file wants it.

namespace vscale {
namespace {

bool is_protected(const GroupPlan& plan, const Decision& decision) {
  if (plan.group != nullptr) return plan.group->lifecycle.prevent_destroy;
  return decision.record->prevent_destroy;
}

/// Taking away what still exists. What is missing, or was begun to be removed, has nothing left to protect.
bool takes_away(const Decision& decision) {
  const bool goes = decision.fate == Fate::destroy || decision.fate == Fate::replace;
  return goes && !decision.domain_is_gone && decision.record->phase != Phase::leaving;
}

void hold_protected(Planning& planning, GroupPlan& plan) {
  for (auto& decision : plan.decisions) {
    if (!takes_away(decision) || !is_protected(plan, decision)) continue;
    const char* what = decision.fate == Fate::destroy ? "destroyed" : "replaced";
    planning.error("prevent_destroy",
                   fmt::format("{} would be {} ({}), and lifecycle.preventDestroy forbids it", decision.name, what,
                               decision.reasons.back().text),
                   fmt::format("set preventDestroy: false, or leave it out: --exclude {}", decision.name),
                   plan.group != nullptr ? place_of(*plan.group, "lifecycle.preventDestroy") : "");
    decision.fate = Fate::left;
    decision.held = true;
    decision.reasons.push_back({Rule::prevent_destroy, "lifecycle.preventDestroy holds it", {}});
  }
}

int limit_of(const Amount& amount, int of) {
  if (amount.unit == Amount::Unit::count) return amount.value;
  // A share that rounds to nothing would hold for ever.
  return amount.value == 0 ? 0 : std::max(1, of * amount.value / 100);
}

/// The first ones go ahead; the rest comes with the next plan.
void hold_replacements(Planning& planning, GroupPlan& plan) {
  if (!planning.config.limits.replace || plan.group == nullptr) return;
  const int limit = limit_of(*planning.config.limits.replace, static_cast<int>(plan.decisions.size()));
  int replaced = 0;
  for (auto& decision : plan.decisions) {
    if (decision.fate != Fate::replace || !decision.disturbs || ++replaced <= limit) continue;
    decision.fate = Fate::left;
    decision.held = true;
    decision.reasons.push_back({Rule::limit,
                                fmt::format("limits.replace allows {} in one plan", limit),
                                {{"limit", limit}, {"position", replaced}}});
  }
}

int count_destroyed(const Planning& planning) {
  int count = 0;
  for (const auto& plan : planning.groups) {
    count += static_cast<int>(std::count_if(plan.decisions.begin(), plan.decisions.end(),
                                            [](const Decision& decision) { return decision.fate == Fate::destroy; }));
  }
  return count;
}

}  // namespace

void apply_limits(Planning& planning) {
  for (auto& plan : planning.groups) {
    hold_protected(planning, plan);
    hold_replacements(planning, plan);
  }
  const int destroyed = count_destroyed(planning);
  const PlanOptions& options = planning.input.options;
  if (options.max_destroy && destroyed > *options.max_destroy) {
    planning.error(
        "max_destroy",
        fmt::format("the plan destroys {} instances, and --max-destroy is {}", destroyed, *options.max_destroy),
        fmt::format("give --max-destroy {} if that is meant", destroyed));
  }
  const auto& limit = planning.config.limits.destroy;
  if (!options.destroy && limit && destroyed > *limit) {
    planning.error("limit_destroy",
                   fmt::format("the plan destroys {} instances, and limits.destroy is {}", destroyed, *limit),
                   "raise limits.destroy, or go in smaller steps: --target", "limits.destroy");
  }
}

}  // namespace vscale
