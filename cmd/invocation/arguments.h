#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/units.h"

/// What was asked for on the command line, as values.

namespace vscale {

/// Before or after any command.
struct GlobalOptions {
  std::vector<std::string> files;        ///< -f; `vscale.yaml` where none is given.
  std::vector<std::string> assignments;  ///< --var
  std::vector<std::string> var_files;    ///< --var-file
  std::optional<std::string> state;      ///< --state
  bool json = false;
  bool no_color = false;
  bool verbose = false;
  bool quiet = false;
};

/// How the hosts are known: by asking them, or by what was last seen (--refresh=false).
enum class Refresh { ask_hosts, as_recorded };

struct ValidateArguments {};

struct PlanArguments {
  PlanOptions options;
  Refresh refresh = Refresh::ask_hosts;
  std::optional<std::string> out;
  bool detailed_exitcode = false;
};

/// apply and destroy, which is an apply with PlanOptions::destroy.
struct ApplyArguments {
  PlanOptions options;
  Refresh refresh = Refresh::ask_hosts;
  std::optional<std::string> plan_file;
  bool auto_approve = false;
  std::optional<int> parallelism;
  Duration lock_timeout{};
  std::string reason;
};

struct StatusArguments {
  std::optional<std::string> group;
  bool follow = false;  ///< Looks again and again, until it is stopped.
};

struct WatchArguments {
  bool once = false;     ///< One tick, for cron.
  bool dry_run = false;  ///< Nothing is done and nothing is recorded.
  std::optional<Duration> interval;
  std::optional<std::string> listen;
};

/// What an operator says: cmd/operators. `lasts` is --for.
struct ScaleArguments {
  std::string group;
  int size = 0;
  std::optional<Duration> lasts;
  std::string reason;
};
struct SuspendArguments {
  std::string group;
  Suspension::Process process = Suspension::Process::scale;
  std::optional<Duration> lasts;
  std::string reason;
};
struct ResumeArguments {
  std::string group;
  Suspension::Process process = Suspension::Process::scale;
  std::string reason;
};
struct ProtectArguments {
  std::string instance;
  Protection::From from = Protection::From::scale_in;
  std::optional<Duration> lasts;
  std::string reason;
};
struct UnprotectArguments {
  std::string instance;
  std::string reason;
};
struct RestartArguments {
  std::string group;
  bool rolling = false;
  std::string reason;
};
struct StopArguments {
  std::string instance;
  std::string reason;
};
struct StartArguments {
  std::string instance;
  std::string reason;
};

struct EventsArguments {
  std::optional<Duration> since;     ///< --since: so long ago.
  std::string by;                    ///< Only what names this user or policy; empty: all.
  std::optional<std::string> about;  ///< Only of this group or instance.
};
struct ExplainArguments {
  std::string about;  ///< A group.
  int count = 1;      ///< So many of its last decisions.
};

struct RolloutStatusArguments {
  std::string group;
};
struct RolloutHistoryArguments {
  std::string group;
};
/// rollout pause, resume, promote, abort, undo.
struct RolloutWordArguments {
  RolloutIntent::Kind kind = RolloutIntent::Kind::pause;
  std::string group;
  std::string reason;
};

struct SimulateRolloutArguments {
  std::string group;
  PlanOptions options;
  Refresh refresh = Refresh::ask_hosts;
};

struct SimulateScalingArguments {
  std::string group;
  std::string trace;      ///< Of the group's whole load: a file of lines TIME,LOAD.
  Duration boot{60'000};  ///< From the decision until a new instance is ready.
};

enum class GraphFormat { dot, mermaid };
struct GraphArguments {
  std::optional<std::string> plan_file;
  GraphFormat format = GraphFormat::dot;
  PlanOptions options;
  Refresh refresh = Refresh::ask_hosts;
};

struct SchemaArguments {};

struct ImageListArguments {};
struct ImagePullArguments {
  std::vector<std::string> images;  ///< Empty: all that a group uses.
};
struct ImageUpdateArguments {
  std::vector<std::string> images;  ///< Empty: all that a group uses.
};

struct SshArguments {
  std::string instance;
  std::vector<std::string> command;
};
struct ConsoleArguments {
  std::string instance;
};

enum class InventoryFormat { ansible, ssh_config, json };
struct InventoryArguments {
  InventoryFormat format = InventoryFormat::ansible;
};

struct StateListArguments {};
struct StateShowArguments {
  std::optional<std::string> address;  ///< Nothing: the whole record.
};

struct ForceUnlockArguments {
  std::string id;  ///< Of the lock, as the refusal names it.
};

struct VersionArguments {};

enum class Shell { bash, zsh, fish };
struct CompletionArguments {
  Shell shell = Shell::bash;
};

using Arguments =
    std::variant<ValidateArguments, PlanArguments, ApplyArguments, StatusArguments, GraphArguments, SchemaArguments,
                 ImageListArguments, ImagePullArguments, ImageUpdateArguments, SshArguments, ConsoleArguments,
                 InventoryArguments, StateListArguments, StateShowArguments, ForceUnlockArguments, VersionArguments,
                 CompletionArguments, WatchArguments, ScaleArguments, SuspendArguments, ResumeArguments,
                 ProtectArguments, UnprotectArguments, RestartArguments, StopArguments, StartArguments, EventsArguments,
                 ExplainArguments, RolloutStatusArguments, RolloutHistoryArguments, RolloutWordArguments,
                 SimulateRolloutArguments, SimulateScalingArguments>;

}  // namespace vscale
