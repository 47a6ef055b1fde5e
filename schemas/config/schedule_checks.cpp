#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "engine/scaling/schedule/cron.h"
#include "engine/scaling/schedule/schedule_policy.h"
#include "schemas/config/config_checks.h"

// Schedules that would do nothing, or not what was meant, without ever saying so. Whether a time zone exists is not
// seen here: to know it, the machine's zone data have to be read.

namespace vscale {

void ConfigChecks::check_schedule(const ScalingPolicy& policy, const Scaling& scaling, const Node& node,
                                  const std::string& path, const std::string& subject) {
  const std::optional<Cron> event = check_comes(policy.at, path + ".at", subject);
  const std::optional<Cron> start = check_comes(policy.start, path + ".start", subject);
  const std::optional<Cron> end = check_comes(policy.end, path + ".end", subject);
  if (start && end && is_within(*start, *end)) {
    reporter_.error(at(path + ".end"), {.code = "never_opens",
                                        .summary = subject + ": its window is never open",
                                        .label = "it ends at every moment at which it starts",
                                        .hint = "such as start: \"0 7 * * *\" and end: \"0 19 * * *\"",
                                        .also = {at(path + ".start")}});
  }
  check_schedule_effect(policy, node, path, subject);
  check_reach_of_schedule(policy, scaling, path, subject);
  const Entry* catch_up = node.find("catchUp");
  const bool is_readable = catch_up == nullptr || written(path + ".catchUp");
  if (event && is_readable) check_event_is_seen(policy, scaling, path, subject);
  if (catch_up != nullptr && node.find("start") != nullptr) {
    reporter_.error(catch_up->place, {.code = "unknown_key",
                                      .summary = subject + ": \"catchUp\" means nothing for a window",
                                      .label = "a window is open however late that is seen",
                                      .hint = "leave it out"});
  }
}

std::optional<Cron> ConfigChecks::check_comes(const std::string& text, const std::string& path,
                                              const std::string& subject) {
  const std::optional<Cron> cron = cron_from(text);
  if (!cron || !never_comes(*cron)) return cron;
  const std::string key = path.substr(path.find_last_of('.') + 1);
  reporter_.error(at(path), {.code = "never_comes",
                             .summary = fmt::format("{}: {} \"{}\" never comes", subject, key, text),
                             .label = "no year has such a day",
                             .hint = "the third field is the day, the fourth the month"});
  return std::nullopt;
}

void ConfigChecks::check_schedule_effect(const ScalingPolicy& policy, const Node& node, const std::string& path,
                                         const std::string& subject) {
  const auto has = [&](std::string_view key) { return node.find(key) != nullptr; };
  if ((has("at") || has("start")) && !has("size") && !has("min") && !has("max")) {
    reporter_.error(node.find("kind")->place, {.code = "missing_key",
                                               .summary = subject + " has neither size nor min nor max",
                                               .label = "it would change nothing",
                                               .hint = "add min: 6, say, or size: 8"});
  }
  const bool is_too_small = policy.size && policy.min && *policy.size < *policy.min;
  const bool is_too_large = policy.size && policy.max && *policy.size > *policy.max;
  if (is_too_small || is_too_large) {
    reporter_.error(at(path + ".size"),
                    {.code = "out_of_range",
                     .summary = fmt::format("{}: size {} is not within its own min and max", subject, *policy.size),
                     .label = "size alone says exactly how many",
                     .hint = "leave min and max out, or size"});
  }
}

// The group's own min and max hold whatever a schedule says.
void ConfigChecks::check_reach_of_schedule(const ScalingPolicy& policy, const Scaling& scaling, const std::string& path,
                                           const std::string& subject) {
  const std::string group_path = path.substr(0, path.find(".policies."));
  const bool is_readable = written(group_path + ".min") && written(group_path + ".max");
  if (!is_readable || scaling.min > scaling.max) return;
  const auto refuse = [&](const char* key, int value, const char* side, const char* bound, int limit) {
    reporter_.error(at(path + "." + key),
                    {.code = "out_of_range",
                     .summary = fmt::format("{}: {} {} is {} scaling.{} {}", subject, key, value, side, bound, limit),
                     .label = fmt::format("the group always has {} to {}", scaling.min, scaling.max),
                     .hint = fmt::format("change one of the two; scaling.{} holds for schedules too", bound)});
  };
  if (policy.size && *policy.size > scaling.max) refuse("size", *policy.size, "above", "max", scaling.max);
  if (policy.min && *policy.min > scaling.max) refuse("min", *policy.min, "above", "max", scaling.max);
  if (policy.size && *policy.size < scaling.min) refuse("size", *policy.size, "below", "min", scaling.min);
  if (policy.max && *policy.max < scaling.min) refuse("max", *policy.max, "below", "min", scaling.min);
}

void ConfigChecks::check_event_is_seen(const ScalingPolicy& policy, const Scaling& scaling, const std::string& path,
                                       const std::string& subject) {
  const Duration asked_every = scaling.evaluate.value_or(config_.watch.interval);
  const Duration counts_for = std::max(policy.catch_up, kLateTick);
  if (asked_every <= counts_for) return;
  reporter_.error(at(path + ".catchUp"),
                  {.code = "out_of_range",
                   .summary = fmt::format("{} counts for {}, and is asked every {}", subject, show_duration(counts_for),
                                          show_duration(asked_every)),
                   .label = "the event may be over before anybody asks",
                   .hint = fmt::format("add catchUp: {}, or evaluate more often", show_duration(asked_every))});
}

}  // namespace vscale
