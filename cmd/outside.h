#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/execution/action_runner.h"
#include "engine/execution/executor.h"
#include "engine/execution/perform.h"
#include "engine/ports/clock.h"
#include "engine/ports/events/domain_events.h"
#include "engine/ports/metrics/metrics_store.h"
#include "engine/ports/metrics/number_sources.h"
#include "engine/ports/metrics/time_zones.h"
#include "engine/ports/state_store.h"
#include "engine/values/result.h"
#include "providers/http_server/http_server.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/service/service_notifier.h"
#include "providers/sqlite/sqlite_state_store.h"

namespace vscale {

/// The hosts of one configuration, reached in one way or another; all three are often one object.
struct HostPorts {
  std::shared_ptr<Domains> domains;
  std::shared_ptr<Volumes> volumes;
  std::shared_ptr<Guests> guests;
  std::shared_ptr<DomainEvents> events{};  ///< nullptr: there is no word from hosts.
};

struct OpenedState {
  std::unique_ptr<StateStore> store;
  /// Copies the statefile beside itself and keeps the newest `keep` copies.
  std::function<Result<void>(Instant at, int keep)> back_up;
  /// When the newest of them was made; nothing: there is none.
  std::function<Result<std::optional<Instant>>()> backed_up_at;
  /// Forgets the holder of that id; SqliteStateStore::force_unlock says when it refuses.
  std::function<Result<void>(const std::string& id)> force_unlock;
  /// Is this file still what stands at its path? Not once somebody has moved it away, or put another one there: what is
  /// written then, no other program sees.
  std::function<bool()> is_still_there;
};

/// Everything outside of the program, as functions: main gives the real world, a test a fake one. Whatever they return
/// may be used for as long as the program runs.
struct Outside {
  std::shared_ptr<Clock> clock;
  std::function<std::string(Instant)> time_of_day;  ///< "14:05:02", where the person is.
  std::string working_folder;                       ///< Absolute.
  std::string user, machine;                        ///< Who runs this, and where: for the lock and the record.
  std::int64_t pid = 0;
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::function<Result<std::string>(const std::string& path)> read_file;
  /// Writes a file that only its owner may read from its first byte, in place of one that is there.
  std::function<Result<void>(const std::string& path, const std::string& text)> write_private_file;
  std::function<Result<OpenedState>(const std::string& path, OpenMode mode)> open_state;
  std::function<HostPorts(const std::vector<HostConnection>&)> reach_hosts;  ///< Opens nothing yet.
  std::function<std::shared_ptr<ImageLibrary>()> image_library;
  std::function<std::shared_ptr<NetworkProbe>()> network_probe;
  std::function<std::shared_ptr<Commands>()> commands;
  std::shared_ptr<TimeZones> time_zones;
  std::function<std::shared_ptr<NumberSources>()> number_sources;
  std::function<std::unique_ptr<MetricsStore>(const std::string& path)> open_metrics;  ///< Touches nothing yet.
  /// Carries out work on a thread of its own, which nobody waits for: what it uses, it owns. False: there is no more
  /// room for threads, and nothing is done.
  std::function<bool(std::function<void()>)> in_background;
  std::function<Result<std::unique_ptr<HttpServer>>(const ListenEndpoint& endpoint, HttpRoutes routes)> serve;
  std::shared_ptr<ServiceNotifier> service;
  /// Performs actions; see ThreadedRunner for `owner`.
  std::function<std::unique_ptr<ActionRunner>(const Config& config, WorldPorts ports, std::shared_ptr<const void> owner,
                                              int threads)>
      action_runner;
  /// From now on an interrupt is a StopRequest; until then it ends the program, which has nothing to lose.
  std::function<void()> interrupt_gently;
  /// From now on, until the next run, the second interrupt ends the program at once.
  std::function<void()> interrupt_between_runs;
  std::function<StopRequest()> stop_request;  ///< How hard the user wants the program to stop, by now.
  std::function<std::string()> new_id;        ///< For runs and locks.
  /// Becomes another program, with these variables in its environment besides ours: for what nobody is to see, as argv
  /// is shown to everybody on the machine. Returns only where that fails.
  std::function<Error(const std::vector<std::string>& argv, const std::map<std::string, std::string>& variables)>
      become;
};

}  // namespace vscale
