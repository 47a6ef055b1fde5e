#include "cmd/serving/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

namespace vscale {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// A number with its labels; whether it is a gauge or a counter is its family's to say.
ClientMetric metric(double value, Labels labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  metric.counter.value = value;
  return metric;
}

ClientMetric count(std::uint64_t value, Labels labels = {}) {
  return metric(static_cast<double>(value), std::move(labels));
}

MetricFamily gauge(std::string name, std::string help, std::vector<ClientMetric> metrics) {
  return {.name = std::move(name), .help = std::move(help), .type = MetricType::Gauge, .metric = std::move(metrics)};
}

MetricFamily counter(std::string name, std::string help, std::vector<ClientMetric> metrics) {
  return {.name = std::move(name), .help = std::move(help), .type = MetricType::Counter, .metric = std::move(metrics)};
}

MetricFamily tick_durations(const TickDurations& ticks) {
  ClientMetric metric;
  metric.histogram.sample_count = ticks.count;
  metric.histogram.sample_sum = seconds(ticks.sum);
  for (std::size_t i = 0; i < ticks.up_to.size(); ++i) {
    metric.histogram.bucket.push_back({.cumulative_count = ticks.up_to[i], .upper_bound = TickDurations::kBounds_s[i]});
  }
  metric.histogram.bucket.push_back(
      {.cumulative_count = ticks.count, .upper_bound = std::numeric_limits<double>::infinity()});
  return {.name = "vscale_tick_duration_seconds",
          .help = "How long the ticks of the loop took.",
          .type = MetricType::Histogram,
          .metric = {metric}};
}

std::vector<MetricFamily> of_the_loop(const WatchFigures& figures) {
  std::vector<MetricFamily> families;
  families.push_back(gauge("vscale_build_info", "Which vscale this is: always 1.",
                           {metric(1, {{.name = "version", .value = figures.version}})}));
  families.push_back(tick_durations(figures.ticks));
  families.push_back(counter("vscale_ticks_overran_total", "Ticks that took longer than watch.interval.",
                             {count(figures.ticks_overran)}));
  families.push_back(
      counter("vscale_plans_total", "Plans that were made: few where nothing happens.", {count(figures.plans)}));
  if (figures.last_tick) {
    families.push_back(gauge("vscale_last_tick_timestamp_seconds", "When a tick was last completed, since 1970.",
                             {metric(seconds(figures.last_tick->time_since_epoch()))}));
  }
  families.push_back(gauge("vscale_lock_held", "1: this vscale may act. 0: it waits for another one to end.",
                           {metric(figures.holds_lock ? 1 : 0)}));
  families.push_back(counter("vscale_actions_total", "Actions that were carried out, by what came of them.",
                             {count(figures.actions_done, {{.name = "result", .value = "done"}}),
                              count(figures.actions_failed, {{.name = "result", .value = "failed"}})}));
  return families;
}

MetricFamily of_hosts(const std::vector<HostFigures>& hosts) {
  std::vector<ClientMetric> metrics;
  for (const HostFigures& host : hosts)
    metrics.push_back(metric(host.up ? 1 : 0, {{.name = "host", .value = host.host}}));
  return gauge("vscale_host_up", "1: the host answered in the last tick.", std::move(metrics));
}

/// One number of every group.
std::vector<ClientMetric> of_each(const std::vector<GroupFigures>& groups,
                                  const std::function<double(const GroupFigures&)>& value) {
  std::vector<ClientMetric> metrics;
  for (const GroupFigures& group : groups) {
    metrics.push_back(metric(value(group), {{.name = "group", .value = group.group}}));
  }
  return metrics;
}

std::vector<MetricFamily> sizes_of(const std::vector<GroupFigures>& groups) {
  const auto family = [&](const char* name, const char* help, int GroupFigures::*number) {
    return gauge(name, help, of_each(groups, [number](const auto& group) { return group.*number; }));
  };
  return {
      family("vscale_group_wanted_instances", "The size that is wanted.", &GroupFigures::wanted),
      family("vscale_group_min_instances", "The least size that the group may have.", &GroupFigures::min),
      family("vscale_group_max_instances", "The largest size that the group may have.", &GroupFigures::max),
      family("vscale_group_instances", "Instances that are there.", &GroupFigures::there),
      family("vscale_group_ready_instances", "Instances that have passed their gates.", &GroupFigures::ready),
      family("vscale_group_unready_instances", "Instances that were ready and are not.", &GroupFigures::unready),
  };
}

/// Something of every group, by a word.
using CountsByWord = std::vector<std::pair<const char*, std::uint64_t GroupFigures::*>>;

std::vector<ClientMetric> by_word(const std::vector<GroupFigures>& groups, const char* label,
                                  const CountsByWord& counts) {
  std::vector<ClientMetric> metrics;
  for (const GroupFigures& group : groups) {
    for (const auto& [word, number] : counts) {
      metrics.push_back(
          count(group.*number, {{.name = "group", .value = group.group}, {.name = label, .value = word}}));
    }
  }
  return metrics;
}

MetricFamily states_of(const std::vector<GroupFigures>& groups) {
  std::vector<ClientMetric> metrics;
  for (const GroupFigures& group : groups) {
    for (const auto& [state, number] : group.by_state) {
      metrics.push_back(metric(number, {{.name = "group", .value = group.group}, {.name = "state", .value = state}}));
    }
  }
  return gauge("vscale_instances", "Instances, by how they are.", std::move(metrics));
}

std::vector<MetricFamily> deeds_of(const std::vector<GroupFigures>& groups) {
  return {
      counter("vscale_scaling_decisions_total", "Decisions about the size, by where they led.",
              by_word(groups, "direction",
                      {{"out", &GroupFigures::scaled_out},
                       {"in", &GroupFigures::scaled_in},
                       {"none", &GroupFigures::left_as_it_was}})),
      counter("vscale_heals_total", "Instances that were healed, by what was done.",
              by_word(groups, "by",
                      {{"start", &GroupFigures::started},
                       {"restart", &GroupFigures::restarted},
                       {"replace", &GroupFigures::replaced}})),
      counter("vscale_policy_errors_total", "Times that a policy was asked and could not tell.",
              of_each(groups, [](const auto& group) { return static_cast<double>(group.policy_errors); })),
  };
}

}  // namespace

void TickDurations::add(Duration took) {
  ++count;
  sum += took;
  for (std::size_t i = 0; i < up_to.size(); ++i) {
    if (seconds(took) <= kBounds_s[i]) ++up_to[i];
  }
}

std::string metrics_page(const WatchFigures& figures) {
  std::vector<MetricFamily> families = of_the_loop(figures);
  families.push_back(of_hosts(figures.hosts));
  for (auto* more : {&sizes_of, &deeds_of}) {
    for (MetricFamily& family : more(figures.groups)) families.push_back(std::move(family));
  }
  families.push_back(states_of(figures.groups));
  // A name without a number says nothing.
  std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace vscale
