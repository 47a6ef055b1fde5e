#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/desired/amount.h"
#include "engine/desired/template.h"
#include "engine/values/units.h"

/// How a group's size follows its load, as the user wants it. Read and checked; given meaning by watch.

namespace vscale {

struct OutIn {
  Duration out{};
  Duration in{};

  bool operator==(const OutIn&) const = default;
};

/// At most `amount` instances per `per`.
struct ScalingRate {
  Amount amount;
  Duration per{};

  bool operator==(const ScalingRate&) const = default;
};

struct HttpSource {
  std::string url;
  std::string value;  ///< JSON pointer to the number.

  bool operator==(const HttpSource&) const = default;
};

struct QuerySource {
  std::string url;  ///< Empty for influxdb: Config::metrics names the server.
  std::string query;

  bool operator==(const QuerySource&) const = default;
};

struct CapacityEndpoint {
  std::string scheme = "http";
  int port = 80;
  std::string path, available, terminate;
  Duration timeout{2000};
  TemplateText token;  ///< May name a sensitive variable.

  bool operator==(const CapacityEndpoint&) const = default;
};

/// One step of a step policy: from `from` above the threshold, below `to`.
struct ScalingStep {
  double from = 0;
  std::optional<double> to;
  Amount add;
  bool remove = false;  ///< true: `add` is taken away (it was written as a negative number).

  bool operator==(const ScalingStep&) const = default;
};

struct ScalingPolicy {
  enum class Kind { target, step, schedule, capacity, pending_pods, predictive };

  std::string name;
  Kind kind = Kind::target;

  std::string metric;  ///< cpu | memory | diskIops | diskBytes | networkBytes; empty where a source is given.
  double target = 0;
  bool target_is_percent_of_full = false;  ///< `80%` together with `full`.
  double full = 0;
  double tolerance = 0.1;
  std::optional<Duration> window;
  std::string per;  ///< instance | group; empty where it has no meaning.
  std::optional<QuerySource> prometheus;
  std::optional<QuerySource> influxdb;
  std::optional<HttpSource> http;
  std::vector<std::string> command;

  double threshold = 0;  ///< step
  int for_samples = 1;   ///< step: `for: 3/5`
  int of_samples = 1;
  std::vector<ScalingStep> steps;

  std::string zone;            ///< schedule: IANA name
  std::string at, start, end;  ///< schedule: five-field cron
  std::optional<int> size, min, max;
  Duration catch_up = std::chrono::minutes{10};

  int per_instance = 0;  ///< capacity
  int min_available = 0;
  std::optional<CapacityEndpoint> endpoint;

  std::string kubeconfig;  ///< pendingPods
  int unneeded_below_percent = 50;
  Duration unneeded_for{};
  Duration delay_after_add{};

  std::string mode;  ///< predictive: forecastOnly | forecastAndScale

  bool operator==(const ScalingPolicy&) const = default;
};

struct Scaling {
  int min = 0;
  int max = 0;
  int increment = 1;
  std::optional<Duration> evaluate;  ///< Default: watch.interval.
  OutIn cooldown{std::chrono::seconds{60}, std::chrono::minutes{5}};
  OutIn stabilization{std::chrono::seconds{0}, std::chrono::minutes{5}};
  std::vector<ScalingRate> rate_out{{{Amount::Unit::count, 4}, std::chrono::minutes{1}},
                                    {{Amount::Unit::percent, 100}, std::chrono::minutes{1}}};
  std::vector<ScalingRate> rate_in{{{Amount::Unit::count, 1}, std::chrono::minutes{1}}};
  enum class Combine { max, first } combine = Combine::max;
  Duration provision_timeout{std::chrono::minutes{15}};
  int breaker_unready_percent = 45;
  int breaker_at_least = 3;
  Duration window{std::chrono::minutes{1}};
  std::vector<ScalingPolicy> policies;  ///< In file order: `combine: first` asks them in that order.

  bool operator==(const Scaling&) const = default;
};

}  // namespace vscale
