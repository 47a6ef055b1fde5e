#pragma once

#include <optional>
#include <string>

#include "engine/values/result.h"
#include "engine/values/units.h"

/// Talk with the service manager that has started the program, which is systemd, by the protocol of sd_notify(3).

namespace vscale {

/// What the service manager has put into the environment; empty where it has not.
struct ServiceEnvironment {
  std::string notify_socket{};   ///< NOTIFY_SOCKET: a path, or @NAME for an abstract socket.
  std::string watchdog_usec{};   ///< WATCHDOG_USEC: silence for so long is taken for a failure.
  std::string watchdog_pid{};    ///< WATCHDOG_PID: whose silence; empty: anybody's.
  std::string journal_stream{};  ///< JOURNAL_STREAM: device and inode of what leads to the journal.

  bool operator==(const ServiceEnvironment&) const = default;
};

ServiceEnvironment service_environment();

/// Is what is written to this descriptor kept by the journal, which has a time of its own for every line?
bool leads_to_journal(const ServiceEnvironment& environment, int descriptor);

/// Says how the program is. Where nobody wants to know, as without systemd, every call does nothing and is a success.
/// An error is worth a line in the log and no more. Safe from several threads at once.
class ServiceNotifier {
 public:
  explicit ServiceNotifier(ServiceEnvironment environment) : environment_(std::move(environment)) {}

  /// It has begun to serve: `systemctl start` returns. Said once.
  Result<void> ready() const;
  /// A line for `systemctl status`: "3 groups, 12 instances, all ready".
  Result<void> status(const std::string& text) const;
  /// It is not stuck. To be said from the loop that must not be, at least each alive_interval().
  Result<void> alive() const;
  /// It has begun to end.
  Result<void> stopping() const;

  /// Half of what the watchdog waits for. Nothing: no watchdog waits for this process.
  std::optional<Duration> alive_interval() const;

 private:
  Result<void> tell(const std::string& assignment) const;

  ServiceEnvironment environment_;
};

/// For how long a call waits for a service manager that does not listen, as while it starts itself anew.
constexpr Duration kNotifyTimeout{500};

}  // namespace vscale
