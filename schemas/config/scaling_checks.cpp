#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/scaling/schedule/cron.h"
#include "engine/scaling/schedule/schedule_policy.h"
#include "schemas/config/config_checks.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/language/language.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

// Which keys a kind of policy knows, beside `kind` itself, and which of them it needs.
struct PolicyKeys {
  std::string_view kind;
  std::vector<std::string_view> known;
  std::vector<std::string_view> required;
  std::vector<std::string_view> one_of;  // exactly one of these
};

const std::vector<PolicyKeys>& policy_keys() {
  static const std::vector<PolicyKeys> kTable = {
      {"target",
       {"metric", "target", "full", "tolerance", "window", "per", "prometheus", "influxdb", "http", "command"},
       {"target"},
       {"metric", "prometheus", "influxdb", "http", "command"}},
      {"step",
       {"metric", "threshold", "for", "steps", "window", "prometheus", "influxdb", "http", "command"},
       {"threshold", "steps"},
       {"metric", "prometheus", "influxdb", "http", "command"}},
      {"schedule", {"zone", "at", "start", "end", "size", "min", "max", "catchUp"}, {}, {"at", "start"}},
      {"capacity", {"perInstance", "minAvailable", "http"}, {"perInstance", "minAvailable", "http"}, {}},
      {"pendingPods", {"kubeconfig", "unneeded", "delayAfterAdd"}, {"kubeconfig"}, {}},
      {"predictive", {"metric", "target", "mode"}, {"metric", "target"}, {}}};
  return kTable;
}

std::string add_key(std::string_view key) {
  // Only capacity cannot do without it, and asks each instance.
  if (key == "http") return "add http: { port: 8080, path: /status, available: /free }";
  for (const ObjectType* object : all_objects()) {
    if (object->name == "policy") return fmt::format("add {}: {}", key, example_of(object->find(key)->type));
  }
  return "";
}

std::vector<std::string> strings(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

/// The end of a window that is missing. Not one at which the window would never be open, given the `other` end.
std::string add_end_of_window(std::string_view key, const Node& other) {
  const std::string morning = "30 6 * * MON-FRI";
  const std::string evening = "0 19 * * MON-FRI";
  const bool is_start = key == "start";
  const auto example = cron_from(is_start ? morning : evening);
  const auto given = cron_from(other.text);
  const bool is_usual = !example || !given || !(is_start ? is_within(*example, *given) : is_within(*given, *example));
  return fmt::format("add {}: \"{}\"", key, is_start == is_usual ? morning : evening);
}

/// Where there is no instance there is nothing of instances to be measured.
bool looks_at_instances_only(const ScalingPolicy& policy) {
  return (policy.kind == ScalingPolicy::Kind::target || policy.kind == ScalingPolicy::Kind::step) &&
         !policy.metric.empty();
}

/// Of cpu and memory an instance has 100 percent: a target above would never be reached, and one near 0 never kept.
bool is_beyond_an_instance(const ScalingPolicy& policy) {
  return policy.kind == ScalingPolicy::Kind::target && (policy.metric == "cpu" || policy.metric == "memory") &&
         (policy.target < 1 || policy.target > 100);
}

}  // namespace

/// A group that may come to have no instance is to have something that brings one back.
void ConfigChecks::check_lifts_from_zero(const Scaling& scaling, const std::string& path, const std::string& subject) {
  const bool stays_at_zero = scaling.min == 0 && !scaling.policies.empty() &&
                             std::all_of(scaling.policies.begin(), scaling.policies.end(), looks_at_instances_only);
  if (!stays_at_zero || !written(path + ".min")) return;
  reporter_.error(at(path + ".min"),
                  {.code = "stays_at_zero",
                   .summary = fmt::format("{}: with scaling.min 0 it may come to have no instance, and none of its "
                                          "policies would bring one back: all look at what instances use",
                                          subject),
                   .label = "allowed: 1 or more",
                   .hint = "raise min, or add a policy that asks prometheus, http or a command, or a schedule"});
}

void ConfigChecks::check_scaling(const Group& group) {
  const std::string path = path_of(group) + ".scaling";
  const std::string subject = subject_of(group);
  const Scaling& scaling = *group.scaling;
  if (scaling.min > scaling.max && written(path + ".min") && written(path + ".max")) {
    reporter_.error(at(path + ".min"), {.code = "min_above_max",
                                        .summary = fmt::format("{}: scaling.min {} is above scaling.max {}", subject,
                                                               scaling.min, scaling.max),
                                        .label = fmt::format("allowed: 0 to {}", scaling.max),
                                        .hint = "raise max, or lower min",
                                        .also = {at(path + ".max")}});
  }
  check_lifts_from_zero(scaling, path, subject);
  check_looks_back(path + ".window", scaling.window, subject + ": scaling.window");
  const Node* node = TreeView(&root_).view("groups").view(group.name).view("scaling").at("policies");
  if (node == nullptr) return;
  for (const ScalingPolicy& policy : scaling.policies) {
    const Entry* entry = node->find(policy.name);
    if (entry->value->kind == Node::Kind::bad) continue;
    const std::string policy_path = path + ".policies." + policy.name;
    const std::string policy_subject = fmt::format("{}: policy {}", subject, quote(policy.name));
    check_policy(policy, *entry->value, policy_path, policy_subject);
    if (policy.kind == ScalingPolicy::Kind::step) check_scaling_steps(policy, policy_path, policy_subject);
    if (policy.kind != ScalingPolicy::Kind::schedule) continue;
    check_schedule(policy, scaling, *entry->value, policy_path, policy_subject);
  }
}

void ConfigChecks::check_looks_back(const std::string& path, Duration window, const std::string& subject) {
  const Duration kept = config_.metrics.retention;
  if (window <= kept || !written(path)) return;
  reporter_.error(at(path), {.code = "out_of_range",
                             .summary = fmt::format("{} {} goes back further than samples are kept", subject,
                                                    show_duration(window)),
                             .label = fmt::format("allowed: up to {}", show_duration(kept)),
                             .hint = "raise metrics.retention, or look back less far"});
}

void ConfigChecks::check_policy(const ScalingPolicy& policy, const Node& node, const std::string& path,
                                const std::string& subject) {
  const Entry* kind = node.find("kind");
  if (kind == nullptr || kind->value->kind == Node::Kind::bad) return;
  const auto row = std::find_if(policy_keys().begin(), policy_keys().end(),
                                [&](const PolicyKeys& keys) { return keys.kind == kind->value->text; });
  const auto missing = [&](const std::string& what, const std::string& hint) {
    reporter_.error(kind->place, {.code = "missing_key",
                                  .summary = fmt::format("{} has {}", subject, what),
                                  .label = fmt::format("required for kind {}", row->kind),
                                  .hint = hint});
  };
  std::size_t sources = 0;
  for (const Entry& entry : node.entries) {
    if (std::find(row->one_of.begin(), row->one_of.end(), entry.key) != row->one_of.end()) ++sources;
    const bool known =
        entry.key == "kind" || std::find(row->known.begin(), row->known.end(), entry.key) != row->known.end();
    if (known) continue;
    reporter_.error(entry.place,
                    {.code = "unknown_key",
                     .summary = fmt::format("{}: {} means nothing for kind {}", subject, quote(entry.key), row->kind),
                     .label = "known: " + listed(strings(row->known)),
                     .hint = "leave it out, or choose another kind"});
  }
  for (const std::string_view key : row->required) {
    if (node.find(key) == nullptr) missing("no " + quote(key), add_key(key));
  }
  if (!row->one_of.empty() && sources == 0) missing("none of " + listed(strings(row->one_of)), add_key(row->one_of[0]));
  if (sources > 1) {
    reporter_.error(kind->place,
                    {.code = "exclusive_keys",
                     .summary = fmt::format("{} has more than one of {}", subject, listed(strings(row->one_of))),
                     .label = "only one of them may be given",
                     .hint = "leave one of them"});
  }
  const Entry* start = node.find("start");
  const Entry* end = node.find("end");
  const bool is_window = sources == 1;  // Where there is an "at", too, "start" may be what is to go.
  if (start != nullptr && end == nullptr && is_window)
    missing("no \"end\" to its \"start\"", add_end_of_window("end", *start->value));
  if (end != nullptr && start == nullptr)
    missing("no \"start\" to its \"end\"", add_end_of_window("start", *end->value));
  if (policy.min && policy.max && *policy.min > *policy.max) {
    reporter_.error(at(path + ".min"),
                    {.code = "min_above_max",
                     .summary = fmt::format("{}: min {} is above max {}", subject, *policy.min, *policy.max),
                     .label = fmt::format("allowed: 0 to {}", *policy.max),
                     .hint = "raise max, or lower min"});
  }
  if (policy.for_samples > policy.of_samples) {
    reporter_.error(at(path + ".for"),
                    {.code = "min_above_max",
                     .summary = fmt::format("{}: {} of {} samples", subject, policy.for_samples, policy.of_samples),
                     .label = "expected N/M with N not above M",
                     .hint = "such as 3/5"});
  }
  if (is_beyond_an_instance(policy) && written(path + ".target")) {
    reporter_.error(at(path + ".target"), {.code = "out_of_range",
                                           .summary = fmt::format("{}: target {} is out of range for {}", subject,
                                                                  policy.target, policy.metric),
                                           .label = "allowed: 1 to 100",
                                           .hint = "it is percent of what one instance has, such as 60"});
  }
  if (policy.window) check_looks_back(path + ".window", *policy.window, subject + ": window");
  const Entry* metrics = root_.find("metrics");
  const bool has_database =
      metrics != nullptr && (metrics->value->kind == Node::Kind::bad || metrics->value->find("influxdb") != nullptr);
  if (const Entry* influxdb = node.find("influxdb"); influxdb != nullptr && !has_database) {
    reporter_.error(influxdb->place,
                    {.code = "missing_key",
                     .summary = subject + " asks an InfluxDB, and the file names none",
                     .label = "metrics.influxdb is what it would ask",
                     .hint = "add metrics: { influxdb: { url: \"http://HOST:8086\", database: NAME } }"});
  }
  if (policy.target_is_percent_of_full && node.find("full") == nullptr) {
    missing("no \"full\", of which target is percent", "add full: 1000, or leave the % out");
  }
}

// AWS's rules: what no step has, or two have, would be a decision that nobody has made.
void ConfigChecks::check_scaling_steps(const ScalingPolicy& policy, const std::string& path,
                                       const std::string& subject) {
  const auto place = [&](std::size_t step) { return at(fmt::format("{}.steps[{}]", path, step)); };
  const auto end_of = [&](std::size_t step) {
    return policy.steps[step].to.value_or(std::numeric_limits<double>::infinity());
  };
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < policy.steps.size(); ++i) {
    const double from = policy.steps[i].from;
    if (from >= end_of(i)) {
      reporter_.error(place(i), {.code = "empty_step",
                                 .summary = fmt::format("{}: no number lies in steps[{}]", subject, i),
                                 .label = fmt::format("from {} to {}", from, end_of(i)),
                                 .hint = "`from` is the lower end; below the threshold both are less than 0"});
    } else if (from < 0 && end_of(i) > 0) {
      reporter_.error(place(i),
                      {.code = "step_on_both_sides",
                       .summary = fmt::format("{}: steps[{}] lies on both sides of the threshold", subject, i),
                       .label = "it lies above or below",
                       .hint = "make two of it, with an end at 0 each"});
    } else {
      order.push_back(i);
    }
  }
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return policy.steps[a].from < policy.steps[b].from; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::size_t before = order[i - 1];
    const double end = end_of(before);
    const double begin = policy.steps[order[i]].from;
    const bool is_at_threshold = end <= 0 && begin >= 0;  // near it nothing need be done
    if (end == begin || (end < begin && is_at_threshold)) continue;
    reporter_.error(
        place(order[i]),
        {.code = end > begin ? "steps_overlap" : "gap_between_steps",
         .summary = end > begin ? fmt::format("{}: steps[{}] and steps[{}] overlap", subject, before, order[i])
                                : fmt::format("{}: no step has what lies from {} to {}", subject, end, begin),
         .label = fmt::format("from {}", begin),
         .hint = "each begins where the one before it ends",
         .also = {place(before)}});
  }
}

// Schedules that would do nothing, or not what was meant, without ever saying so. Whether a time zone exists is not
// seen here: to know it, the machine's zone data have to be read.
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
  if (catch_up != nullptr && node.find("start") != nullptr && node.find("at") == nullptr) {
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
