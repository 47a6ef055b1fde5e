#include <limits>

#include "schemas/config/config_builder.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

constexpr Duration kUnneededFor = std::chrono::minutes{10};
constexpr Duration kDelayAfterAdd = std::chrono::minutes{10};

// { out, in }, or one duration for both.
void take_out_in(const TreeView& view, std::string_view key, OutIn& into) {
  const Node* node = view.at(key);
  if (node == nullptr) return;
  if (node->kind == Node::Kind::scalar) {
    view.take(key, into.out);
    into.in = into.out;
    return;
  }
  const TreeView both(node);
  both.take("out", into.out);
  both.take("in", into.in);
}

void take_rate(const TreeView& view, std::string_view key, std::vector<ScalingRate>& into) {
  if (!view.has(key)) return;
  into.clear();
  for (const NodePtr& item : view.items(key)) {
    const TreeView step(item.get());
    ScalingRate rate;
    step.take("instances", rate.amount.value);
    if (step.has("percent")) {
      rate.amount.unit = Amount::Unit::percent;
      step.take("percent", rate.amount.value);
    }
    step.take("per", rate.per);
    into.push_back(rate);
  }
}

void take_target(const TreeView& view, ScalingPolicy& policy) {
  view.take("target", policy.target);
  int percent = 0;
  view.take_percent("target", percent);
  const bool written_as_percent = view.text("target").ends_with('%');
  if (written_as_percent) {
    policy.target = percent;
    policy.target_is_percent_of_full = true;
  }
  view.take("full", policy.full);
  view.take("tolerance", policy.tolerance);
}

void take_steps(const TreeView& view, ScalingPolicy& policy) {
  view.take("threshold", policy.threshold);
  const std::string samples = view.text("for");
  if (const std::size_t slash = samples.find('/'); slash != std::string::npos) {
    policy.for_samples = static_cast<int>(parse_integer(samples.substr(0, slash)).value_or(1));
    policy.of_samples = static_cast<int>(parse_integer(samples.substr(slash + 1)).value_or(1));
  }
  for (const NodePtr& item : view.items("steps")) {
    const TreeView step_view(item.get());
    ScalingStep step;
    step_view.take("from", step.from);
    step_view.take("to", step.to);
    if (step.to && *step.to <= 0 && !step_view.has("from")) step.from = -std::numeric_limits<double>::infinity();
    std::string add = step_view.text("add");
    step.remove = add.starts_with('-');
    if (step.remove) add.erase(0, 1);
    step.add = parse_amount(add).value_or(Amount{});
    policy.steps.push_back(step);
  }
}

void take_sources(const TreeView& view, ScalingPolicy& policy) {
  if (view.has("prometheus")) {
    policy.prometheus = QuerySource{view.view("prometheus").text("url"), view.view("prometheus").text("query")};
  }
  if (view.has("influxdb")) policy.influxdb = QuerySource{"", view.view("influxdb").text("query")};
  policy.command = view.texts("command");
  if (!view.has("http")) return;
  const TreeView http = view.view("http");
  if (policy.kind != ScalingPolicy::Kind::capacity) {
    policy.http = HttpSource{http.text("url"), http.text("value")};
    return;
  }
  CapacityEndpoint endpoint;
  http.take("scheme", endpoint.scheme);
  http.take("port", endpoint.port);
  endpoint.path = "/";
  http.take("path", endpoint.path);
  http.take("available", endpoint.available);
  http.take("terminate", endpoint.terminate);
  http.take("timeout", endpoint.timeout);
  http.take("token", endpoint.token);
  policy.endpoint = std::move(endpoint);
}

void take_schedule(const TreeView& view, ScalingPolicy& policy) {
  if (policy.kind == ScalingPolicy::Kind::schedule) policy.zone = "UTC";
  view.take("zone", policy.zone);
  view.take("at", policy.at);
  view.take("start", policy.start);
  view.take("end", policy.end);
  view.take("size", policy.size);
  view.take("min", policy.min);
  view.take("max", policy.max);
  view.take("catchUp", policy.catch_up);
}

void take_pods(const TreeView& view, ScalingPolicy& policy) {
  if (policy.kind == ScalingPolicy::Kind::pending_pods) {
    policy.unneeded_for = kUnneededFor;
    policy.delay_after_add = kDelayAfterAdd;
  }
  view.take("kubeconfig", policy.kubeconfig);
  view.view("unneeded").take_percent("below", policy.unneeded_below_percent);
  view.view("unneeded").take("for", policy.unneeded_for);
  view.take("delayAfterAdd", policy.delay_after_add);
}

ScalingPolicy build_policy(const std::string& name, const Node& node) {
  using Kind = ScalingPolicy::Kind;
  ScalingPolicy policy;
  policy.name = name;
  const TreeView view(&node);
  view.take_word("kind", policy.kind,
                 {{"target", Kind::target},
                  {"step", Kind::step},
                  {"schedule", Kind::schedule},
                  {"capacity", Kind::capacity},
                  {"pendingPods", Kind::pending_pods},
                  {"predictive", Kind::predictive}});
  view.take("metric", policy.metric);
  view.take("window", policy.window);
  view.take("per", policy.per);
  view.take("perInstance", policy.per_instance);
  view.take("minAvailable", policy.min_available);
  if (policy.kind == Kind::predictive) policy.mode = "forecastOnly";
  view.take("mode", policy.mode);
  take_target(view, policy);
  take_steps(view, policy);
  take_sources(view, policy);
  take_schedule(view, policy);
  take_pods(view, policy);
  return policy;
}

}  // namespace

Scaling build_scaling(const Node& node) {
  Scaling scaling;
  const TreeView view(&node);
  view.take("min", scaling.min);
  view.take("max", scaling.max);
  view.take("increment", scaling.increment);
  view.take("evaluate", scaling.evaluate);
  take_out_in(view, "cooldown", scaling.cooldown);
  take_out_in(view, "stabilization", scaling.stabilization);
  take_rate(view.view("rate"), "out", scaling.rate_out);
  take_rate(view.view("rate"), "in", scaling.rate_in);
  view.take_word("combine", scaling.combine, {{"max", Scaling::Combine::max}, {"first", Scaling::Combine::first}});
  view.take("provisionTimeout", scaling.provision_timeout);
  view.view("breaker").take_percent("unready", scaling.breaker_unready_percent);
  view.view("breaker").take("atLeast", scaling.breaker_at_least);
  view.take("window", scaling.window);
  for (const Entry& entry : view.entries("policies")) scaling.policies.push_back(build_policy(entry.key, *entry.value));
  return scaling;
}

}  // namespace vscale
