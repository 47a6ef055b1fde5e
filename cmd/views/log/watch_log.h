#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/units.h"

/// The log of a program that runs for months: a line for what it has decided, done, or could not do.

namespace vscale {

enum class LogLevel { debug, info, warn, error };
const char* to_string(LogLevel level);

struct LogEntry {
  LogLevel level = LogLevel::info;
  std::string about{};  ///< What it is of, as a person says it: `web`, `web-2`, `kvm1`; empty: the program itself.
  std::string text{};   ///< "scaled 2 -> 4: cpu 92 %, target 60 %". Never a secret.
  std::vector<std::pair<std::string, std::string>> fields{};  ///< What a program looks for, such as {"run", "0f3a"}.

  bool operator==(const LogEntry&) const = default;
};

enum class LogFormat {
  text,     ///< 2026-11-29T16:00:00.123Z info  web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a
  journal,  ///< <6>web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a: the journal has a time, and priorities.
  json,     ///< {"type": "log", "at", "level", "about", "text", "fields": {...}}
};

/// One line, with its newline, whatever is in the entry: control characters are escaped, so that nothing that a guest
/// or a server has said can pass for a line of ours. Fields are written as logfmt has them.
std::string log_line(const LogEntry& entry, Instant at, LogFormat format);

/// Where those lines go. Refers to the stream, which outlives it. Safe from several threads at once, as far as nobody
/// else writes to the stream. A stream that takes no more is no error: the work goes on.
class WatchLog {
 public:
  WatchLog(std::ostream& out, LogFormat format, LogLevel least) : out_(out), format_(format), least_(least) {}

  /// Written out at once; nothing if it is below the least level.
  void write(Instant at, const LogEntry& entry);

 private:
  std::mutex writing_;
  std::ostream& out_;
  LogFormat format_;
  LogLevel least_;
};

}  // namespace vscale
