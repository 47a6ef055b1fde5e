#pragma once

#include <functional>
#include <string>

#include "cmd/outside.h"
#include "cmd/serving/served_pages.h"
#include "engine/desired/config.h"

namespace vscale {

/// What is served of the statefile. Called on the server's thread: it opens the statefile by itself, to read, and asks
/// no host.
struct RecordedSource {
  std::function<Result<OpenedState>(const std::string& path, OpenMode mode)> open_state;
  std::string state_path;
  std::function<Config()> config;  ///< That is followed now.
  std::shared_ptr<Clock> clock;
};

/// So many events are handed out at most.
constexpr int kServedEventsMax = 1000;

/// As `vscale status --json` prints it, with hosts as they were last seen.
Result<std::string> served_status(const RecordedSource& source);
/// Its groups and its hosts alone: {format_version, timestamp, name, groups|hosts: [...]}
Result<std::string> served_groups(const RecordedSource& source);
Result<std::string> served_hosts(const RecordedSource& source);
/// As `vscale events --json`; ?since=2026-11-29T16:00:00.000Z, else of the last day.
Result<std::string> served_events(const RecordedSource& source, const PageRequest& request);

}  // namespace vscale
