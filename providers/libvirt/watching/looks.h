#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/live/host_snapshot.h"
#include "engine/values/result.h"

namespace vscale::libvirt {

/// Whose answers came too late so often in a row is not waited for again until a look has not taken longer than anybody
/// has patience: who always needs somewhat longer would hold up every look at all others.
constexpr int kLateInARow = 2;

/// The looks at one host, each on a thread of its own, and who has patience for them (Domains::observe says what is
/// promised). A look ends by its own bounds, so that threads never pile up; its thread is never joined. Safe from
/// several threads. Owned by shared_ptr. Internal to providers/libvirt.
class Looks : public std::enable_shared_from_this<Looks> {
 public:
  using Look = std::function<Result<HostSnapshot>()>;  ///< Owns what it works with: it may outlive everybody else.

  /// `on_answer` is called, on the thread of a look, when a host that was silent has answered.
  Looks(std::string host, std::function<void()> on_answer);

  class Waiting;
  /// Begins `look`. Of a silent host nobody waits for it, and it is not begun while another one is under way.
  Waiting begin(Instant now, Look look);

 private:
  /// What a look and who waits for it share.
  struct Shared {
    std::mutex mutex;
    std::condition_variable ended;
    std::optional<Result<HostSnapshot>> answer;
    bool given_up = false;
  };

  std::optional<Error> start(const std::shared_ptr<Shared>& shared, Look look);
  void give_up(Instant since, Duration patience);
  void answer_in_time();
  void end_late(const Result<HostSnapshot>& answer, Duration took);
  Error silent_error() const;  ///< The lock is the caller's.

  const std::string host_;
  const std::function<void()> on_answer_;
  std::mutex mutex_;
  std::optional<Instant> silent_since_;
  std::optional<Error> last_failure_;  ///< Of the last look at a silent host.
  int late_ = 0;                       ///< Looks under way that nobody waits for.
  int late_in_a_row_ = 0;              ///< Looks that somebody waited for, and that came too late.
  Duration patience_{};                ///< Of who waited for the last of them.
};

/// For the caller of begin(). Not waiting leaves the look behind.
class Looks::Waiting {
 public:
  /// The answer, for which there is patience until so much has passed since begin(); nothing: until it is there.
  Result<HostSnapshot> answer(std::optional<Duration> patience);

 private:
  friend class Looks;
  std::shared_ptr<Looks> looks_;
  std::shared_ptr<Shared> shared_;
  Instant begun_{};
  std::chrono::steady_clock::time_point begun_by_uptime_{};
  std::optional<Error> at_once_;  ///< The answer, without any waiting.
};

}  // namespace vscale::libvirt
