#include <fmt/core.h>

#include <algorithm>
#include <string_view>

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

}  // namespace

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
  check_looks_back(path + ".window", scaling.window, subject + ": scaling.window");
  const Node* node = TreeView(&root_).view("groups").view(group.name).view("scaling").at("policies");
  if (node == nullptr) return;
  for (const ScalingPolicy& policy : scaling.policies) {
    const Entry* entry = node->find(policy.name);
    if (entry->value->kind == Node::Kind::bad) continue;
    const std::string policy_path = path + ".policies." + policy.name;
    const std::string policy_subject = fmt::format("{}: policy {}", subject, quote(policy.name));
    check_policy(policy, *entry->value, policy_path, policy_subject);
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
                                  .summary = fmt::format("{} has no {}", subject, what),
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
    if (node.find(key) == nullptr) missing(quote(key), add_key(key));
  }
  if (!row->one_of.empty() && sources == 0) missing("any of " + listed(strings(row->one_of)), add_key(row->one_of[0]));
  if (sources > 1) {
    reporter_.error(kind->place,
                    {.code = "exclusive_keys",
                     .summary = fmt::format("{} has more than one of {}", subject, listed(strings(row->one_of))),
                     .label = "only one of them may be given",
                     .hint = "leave one of them"});
  }
  if (node.find("start") != nullptr && node.find("end") == nullptr) missing("\"end\" to its \"start\"", add_key("end"));
  if (node.find("end") != nullptr && node.find("start") == nullptr)
    missing("\"start\" to its \"end\"", add_key("start"));
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
    missing("\"full\", of which target is percent", "add full: 1000, or leave the % out");
  }
}

}  // namespace vscale
