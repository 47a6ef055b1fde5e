#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/desired/amount.h"
#include "engine/desired/scaling.h"
#include "engine/desired/template.h"
#include "engine/values/address.h"
#include "engine/values/units.h"

/// A group of equal instances (or a machine, a group of one), as the user wants it.

namespace vscale {

enum class PlacementStrategy { balanced, spread, pack, round_robin, first_come, best_fit };

struct AntiAffinity {
  enum class Mode { soft, hard };

  std::string key = "host";  ///< "host", or a host label: no two on hosts with the same value of it.
  std::string with;  ///< Address of another group or machine, `group.db`; empty: among the group's own instances.
  Mode mode = Mode::soft;

  bool operator==(const AntiAffinity&) const = default;
};

struct Placement {
  PlacementStrategy strategy = PlacementStrategy::balanced;
  std::vector<AntiAffinity> anti_affinity{AntiAffinity{}};
  std::vector<std::string> requires_traits;  ///< `uefi`, `!gpu`.

  bool operator==(const Placement&) const = default;
};

struct UpdateStep {
  Amount to;
  bool manual_pause = false;
  std::optional<Duration> pause;
  std::optional<Duration> bake;

  bool operator==(const UpdateStep&) const = default;
};

/// How disruptive a change is to the instance that it is made to; ordered from least to most.
enum class Disruption { none, live, reboot, replace };

struct Update {
  enum class Strategy { rolling, recreate, on_delete };
  enum class OnFailure { pause, rollback, proceed };  ///< proceed is written `continue`.

  Strategy strategy = Strategy::rolling;
  Amount max_surge{Amount::Unit::count, 1};
  Amount max_unavailable{Amount::Unit::count, 0};
  int per_host = 1;
  Duration min_ready{};
  Duration progress_deadline{std::chrono::minutes{10}};
  Disruption allow = Disruption::replace;
  std::vector<UpdateStep> steps;
  OnFailure on_failure = OnFailure::pause;
  int max_failures = 0;

  bool operator==(const Update&) const = default;
};

/// One condition that must hold before an instance is ready.
struct Gate {
  enum class Kind { domain, agent, cloud_init, systemd, tcp, http, exec, check_in, k8s_node };

  Kind kind = Kind::domain;
  bool allow_degraded = false;      ///< systemd
  int port = 0;                     ///< tcp, http
  std::string path = "/";           ///< http
  int status = 200;                 ///< http
  std::optional<Duration> timeout;  ///< of one try
  std::optional<Duration> every;    ///< between tries
  std::vector<TemplateText> guest;  ///< exec: argv in the guest
  std::string kubeconfig;           ///< k8sNode

  bool operator==(const Gate&) const = default;
};

struct Heal {
  enum class When { liveness, readiness, never };
  enum class By { restart, replace };

  When when = When::liveness;
  By by = By::replace;
  Amount max_unhealthy{Amount::Unit::percent, 40};

  bool operator==(const Heal&) const = default;
};

struct Health {
  Duration startup_timeout{std::chrono::minutes{5}};
  std::vector<Gate> gates;  ///< In order. Filled with the default for the image's agent if none are written.
  int failures = 3;
  Heal heal;

  bool operator==(const Health&) const = default;
};

struct Hook {
  enum class OnFailure { abort, proceed };  ///< proceed is written `continue`.

  std::vector<TemplateText> command;  ///< argv where vscale runs; exactly one of command and guest.
  std::vector<TemplateText> guest;    ///< argv in the guest, through the agent.
  std::vector<TemplateText> undo;
  std::optional<TemplateText> stdin_text;
  std::vector<TemplateText> stdin_from;  ///< argv whose output is stdin.
  std::optional<Duration> timeout;
  OnFailure on_failure = OnFailure::abort;

  bool operator==(const Hook&) const = default;
};

struct Hooks {
  std::vector<Hook> after_boot, after_ready, before_stop, after_stop;

  bool operator==(const Hooks&) const = default;
};

struct Members {
  std::string file;
  std::vector<std::string> then;
  Duration drain_delay{};

  bool operator==(const Members&) const = default;
};

struct ExternalAddresses {
  std::vector<std::string> addresses;  ///< Single addresses and FIRST-LAST ranges, as written.
  int prefix = 32;
  bool via_agent = true;
  std::vector<TemplateText> via_command;

  bool operator==(const ExternalAddresses&) const = default;
};

struct HighAvailability {
  enum class OnHostLoss { wait, restart, rebuild };
  enum class ReturnHome { automatic, manual, never };

  int priority = 50;
  std::optional<OnHostLoss> on_host_loss;
  ReturnHome return_home = ReturnHome::automatic;

  bool operator==(const HighAvailability&) const = default;
};

struct Lifecycle {
  bool prevent_destroy = false;
  std::vector<std::string> ignore_changes;

  bool operator==(const Lifecycle&) const = default;
};

/// Which hosts a group may use: named ones, or those with all of some labels; neither: all of them.
struct HostSelection {
  std::vector<std::string> names;
  std::map<std::string, std::string> labels;

  bool operator==(const HostSelection&) const = default;
};

struct Group {
  InstanceAddress::Kind kind = InstanceAddress::Kind::group;
  std::string name;
  HostSelection hosts;
  std::vector<std::string> depends_on;  ///< Addresses: `group.db`, `machine.db1`, however they were written; no cycles.
  Template instance;                    ///< The key `template`; for a machine, its own keys.
  int size = 1;
  bool stateful = false;
  std::optional<Scaling> scaling;
  Placement placement;
  Update update;
  Health health;
  Hooks hooks;
  std::optional<Members> members;
  std::optional<ExternalAddresses> external;
  Duration shutdown_grace{std::chrono::seconds{60}};
  std::optional<HighAvailability> ha;
  Lifecycle lifecycle;

  bool operator==(const Group&) const = default;
};

}  // namespace vscale
