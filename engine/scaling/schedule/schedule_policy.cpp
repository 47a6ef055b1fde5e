#include "engine/scaling/schedule/schedule_policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/scaling/schedule/cron.h"
#include "engine/scaling/schedule/occurrences.h"
#include "engine/values/result.h"

namespace vscale {
namespace {

// Starts that come together with an end open nothing. So many in a row are looked through for the next that does.
constexpr int kMaxIdleStarts = 1000;

Cron checked_cron(const std::string& text) {
  const std::optional<Cron> cron = cron_from(text);
  VSCALE_ASSERT(cron.has_value(), "a schedule has cron expressions that were checked");
  return *cron;
}

// "size 8", "min 6, max 9"
std::string show_effect(const ScalingPolicy& policy) {
  std::string shown;
  const auto add = [&](const char* word, const std::optional<int>& value) {
    if (value) shown += fmt::format("{}{} {}", shown.empty() ? "" : ", ", word, *value);
  };
  add("size", policy.size);
  add("min", policy.min);
  add("max", policy.max);
  return shown;
}

Recommendation silent(const ScalingPolicy& policy, std::string text) {
  Recommendation said;
  said.policy = policy.name;
  said.text = std::move(text);
  return said;
}

Recommendation in_effect(const ScalingPolicy& policy, const std::string& since) {
  Recommendation said;
  said.policy = policy.name;
  said.kind = policy.size ? Recommendation::Kind::size : Recommendation::Kind::bounds;
  said.size = policy.size.value_or(0);
  said.exact = policy.size.has_value();
  said.floor = policy.min;
  said.ceiling = policy.max;
  said.text = fmt::format("{}: {}", since, show_effect(policy));
  if (policy.size) said.figures.emplace_back("size", *policy.size);
  if (policy.min) said.figures.emplace_back("min", *policy.min);
  if (policy.max) said.figures.emplace_back("max", *policy.max);
  return said;
}

ScheduleOpinion event_opinion(const ScalingPolicy& policy, const ZoneRules& rules,
                              const std::optional<Instant>& fired_at, Instant now) {
  const std::optional<Instant> event = last_occurrence(checked_cron(policy.at), rules, now);
  const bool is_credible = fired_at && *fired_at <= now + kLateTick;
  const std::optional<Instant> heeded = is_credible ? fired_at : std::nullopt;
  if (!event) return {silent(policy, "no event yet"), heeded};
  const std::string when = show_local(rules, *event);
  if (heeded && *event <= *heeded) return {silent(policy, "no event since " + when), heeded};
  const Duration age = now - *event;
  const Duration counts_for = std::max(policy.catch_up, kLateTick);
  if (age <= counts_for) return {in_effect(policy, "event of " + when), event};
  return {silent(policy, fmt::format("event of {} passed over: {} ago, and it counts for {}", when, show_duration(age),
                                     show_duration(counts_for))),
          event};
}

struct Window {
  std::optional<Instant> start, end;  // the last ones

  [[nodiscard]] bool is_open() const { return start && (!end || *start > *end); }
};

Window window_at(const Cron& start, const Cron& end, const ZoneRules& rules, Instant now) {
  return {last_occurrence(start, rules, now), last_occurrence(end, rules, now)};
}

ScheduleOpinion window_opinion(const ScalingPolicy& policy, const ZoneRules& rules, Instant now) {
  const Window window = window_at(checked_cron(policy.start), checked_cron(policy.end), rules, now);
  if (window.is_open()) return {in_effect(policy, "window open since " + show_local(rules, *window.start)), {}};
  if (!window.start) return {silent(policy, "window has not opened yet"), {}};
  return {silent(policy, "window closed since " + show_local(rules, *window.end)), {}};
}

std::vector<Firing> next_events(const ScalingPolicy& policy, const ZoneRules& rules, Instant now, std::size_t count) {
  const Cron cron = checked_cron(policy.at);
  std::vector<Firing> firings;
  std::optional<Instant> at = next_occurrence(cron, rules, now);
  for (; at && firings.size() < count; at = next_occurrence(cron, rules, *at)) {
    firings.push_back({*at, show_effect(policy)});
  }
  return firings;
}

// The first start after `after` that does not come together with an end.
std::optional<Instant> next_opening(const Cron& start, const Cron& end, const ZoneRules& rules, Instant after) {
  for (int idle = 0; idle < kMaxIdleStarts; ++idle) {
    const std::optional<Instant> at = next_occurrence(start, rules, after);
    if (!at || last_occurrence(end, rules, *at) != at) return at;
    after = *at;
  }
  return std::nullopt;
}

std::vector<Firing> next_turns(const ScalingPolicy& policy, const ZoneRules& rules, Instant now, std::size_t count) {
  const Cron start = checked_cron(policy.start);
  const Cron end = checked_cron(policy.end);
  bool is_open = window_at(start, end, rules, now).is_open();
  std::vector<Firing> firings;
  while (firings.size() < count) {
    const std::optional<Instant> at = is_open ? next_occurrence(end, rules, now) : next_opening(start, end, rules, now);
    if (!at) break;
    firings.push_back({*at, is_open ? "window closes" : "window opens: " + show_effect(policy)});
    is_open = !is_open;
    now = *at;
  }
  return firings;
}

}  // namespace

ScheduleOpinion schedule_opinion(const ScalingPolicy& policy, const ZoneRules& rules,
                                 const std::optional<Instant>& fired_at, Instant now) {
  VSCALE_ASSERT(policy.kind == ScalingPolicy::Kind::schedule, "only a schedule fires");
  return policy.at.empty() ? window_opinion(policy, rules, now) : event_opinion(policy, rules, fired_at, now);
}

std::vector<Firing> next_firings(const ScalingPolicy& policy, const ZoneRules& rules, Instant now, int count) {
  VSCALE_ASSERT(policy.kind == ScalingPolicy::Kind::schedule && count >= 0, "only a schedule fires");
  const auto wanted = static_cast<std::size_t>(count);
  return policy.at.empty() ? next_turns(policy, rules, now, wanted) : next_events(policy, rules, now, wanted);
}

}  // namespace vscale
