#pragma once

#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

/// The log of a program that runs for months, where the journal keeps it: a line for what it has decided, done, or
/// could not do.

namespace vscale {

enum class LogLevel { info, warn, error };

struct LogEntry {
  LogLevel level = LogLevel::info;
  std::string about{};  ///< What it is of, as a person says it: `web`, `web-2`, `kvm1`; empty: the program itself.
  std::string text{};   ///< "scaled 2 -> 4: cpu 92 %, target 60 %". Never a secret.
  std::vector<std::pair<std::string, std::string>> fields{};  ///< What a program looks for, such as {"run", "0f3a"}.

  bool operator==(const LogEntry&) const = default;
};

/// "<6>web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a": one line, with its newline, that begins with a priority. The
/// journal has the time. Control characters are escaped, so that nothing that a guest or a server has said can pass for
/// a line of ours. Fields are written as logfmt has them.
std::string log_line(const LogEntry& entry);

/// Where those lines go. Refers to the stream, which outlives it. Safe from several threads at once, as far as nobody
/// else writes to the stream. A stream that takes no more is no error: the work goes on.
class WatchLog {
 public:
  WatchLog(std::ostream& out, LogLevel least) : out_(out), least_(least) {}

  /// Written out at once; nothing if it is below the least level.
  void write(const LogEntry& entry);

 private:
  std::mutex writing_;
  std::ostream& out_;
  LogLevel least_;
};

}  // namespace vscale
