#pragma once

#include <libvirt/libvirt.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/values/result.h"
#include "providers/libvirt/libvirt_hosts.h"

/// One host's connection and the threads that wait for its answers. Internal to providers/libvirt.

namespace vscale::libvirt {

/// How far a piece of work has come. A piece of work that moves is never left behind.
using Progress = std::atomic<std::uint64_t>;

/// What of a host's few requests in flight a piece of work takes.
enum class Lane {
  request,  ///< One of requests_in_flight.
  agent,    ///< Of those, one of agent_requests_in_flight: its answer comes when a guest likes. By start_at_agent().
  stream,   ///< None: a stream's packets are not requests.
};

/// One host: opens a connection when one is first needed, keeps it and uses it again, opens another where all are in
/// use or were lost. Work that comes one after another uses one connection.
///
/// **No connection is used by two threads at once.** libvirt's client before 10.3 (Debian 12 has 9.0) leaves an event
/// source behind when a thread interrupts another that waits on the same connection, with a pointer into the other's
/// stack (CVE-2024-4418): cut a host off during two transfers, and the program ends with a segmentation fault. A file
/// of the test driver, which is read into every connection anew, is one connection for all.
///
/// Every piece of work runs on a thread of its own. Whoever waits for it gives up when it has not moved for its bound:
/// the thread is left behind and never joined, and the link is of no use from then on: every call is `unreachable`,
/// since nobody knows what the late one may still do. Another link takes its place later (LinkSuccession). Therefore
/// **work captures by value only**: it may outlive its caller and everything else but this object, which lives as long
/// as any of its threads.
///
/// Safe from several threads. Owned by shared_ptr.
class HostLink : public std::enable_shared_from_this<HostLink> {
 public:
  HostLink(HostConnection host, LibvirtOptions options);

  const std::string& name() const { return host_.name; }
  const LibvirtOptions& options() const { return options_; }

  template <class T>
  using Work = std::function<Result<T>(virConnectPtr, Progress&)>;

  /// Work that has been started. Waiting for it is not a duty.
  template <class T>
  class Pending;

  /// Starts `work` once there is a connection and its lane has room. `doing` is said when it is left behind.
  template <class T>
  Pending<T> start(Lane lane, const std::string& doing, Work<T> work);

  /// The same in the agent lane, which guests hold for as long as they like: without room there for `patience` it is
  /// not started and `unreachable`, since nothing is known of a guest that was not asked; the host is none the worse
  /// for it. Zero: only if there is room now.
  template <class T>
  Pending<T> start_at_agent(const std::string& doing, Duration patience, Work<T> work);

  /// Starts `work` and waits for it, up to `stall` without progress.
  template <class T>
  Result<T> call(Lane lane, const std::string& doing, Duration stall, Work<T> work) {
    return start<T>(lane, doing, std::move(work)).wait(stall);
  }
  /// The usual: one request, within call_timeout.
  template <class T>
  Result<T> call(const std::string& doing, std::function<Result<T>(virConnectPtr)> work) {
    return call<T>(Lane::request, doing, options_.call_timeout,
                   [work = std::move(work)](virConnectPtr connection, Progress&) { return work(connection); });
  }

  /// Holds a key, such as a pool's, until it goes. Of this link: whoever still holds one when another link has taken
  /// its place has an answer that says so, or moves something that nobody else asks for.
  class Turn;
  /// Waits until nobody holds `key`. An error only if the host was left behind meanwhile. There is no bound of its own,
  /// since those before us have theirs: whoever holds a turn makes a few calls to the host, and each of them ends,
  /// moves (an upload takes what it takes), or leaves the host behind for all. None is to an agent. Whoever holds two
  /// took that of a pool last, and under a pool's none is taken: nobody waits in a circle.
  Result<Turn> take_turn(const std::string& key);

  /// What is to become of it, for whoever may put another in its place.
  enum class Fate {
    keep,     ///< It is of use, or nobody knows yet whether something late is to come.
    replace,  ///< It was left behind, and all that hung in it has returned.
    abandon,  ///< It was left behind, or its opening does not come back, and renew_after has passed.
  };
  Fate fate();
  /// Says from now on what every call answers. For one that has to stay.
  void answer_always(Error error);
  /// How often it has begun anew: a connection was opened when there was none. What answers may be another machine by
  /// now, or another libvirt.
  int beginnings();

  /// Gives the connection up, on a thread of its own; later calls are `unreachable`.
  void begin_closing();
  /// Waits for the end of that. A connection whose end does not come is left to the end of the process.
  void wait_until_closed(std::chrono::steady_clock::time_point deadline);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Connection = std::shared_ptr<virConnect>;
  using Job = std::function<void(virConnectPtr, Progress&)>;

  /// What the waiting and the working thread share.
  struct Flight {
    std::string doing;
    Progress progress{0};
    std::mutex mutex;
    std::condition_variable landed;
    bool done = false;
  };

  /// For the caller alone, until give_back().
  Result<Connection> take_connection();
  bool wait_for_opening(std::unique_lock<std::mutex>& lock);
  void give_back(Connection connection);
  void begin_opening();
  void open_on_this_thread();
  Result<Connection> open() const;
  Error no_more_threads(const std::system_error& error) const;
  bool has_room(Lane lane) const;
  Result<void> enter(Lane lane);
  Result<void> enter_agent_lane(const std::string& doing, Duration patience);
  void leave(Lane lane);
  /// In a lane that was entered, or with the reason why not.
  template <class T>
  Pending<T> start_in(Lane lane, const Result<void>& entered, const std::string& doing, Work<T> work);
  void count_working(int change);
  std::optional<Error> launch(Lane lane, const std::shared_ptr<Flight>& flight, Job job);
  std::optional<Error> wait_for(Flight& flight, Duration stall, const std::function<void(std::uint64_t)>& on_progress);
  Error leave_behind(const std::string& doing, Duration stall);
  void be_left_behind(Error error);  ///< Unless it is already. The lock is the caller's.
  Error unreachable(const std::string& why, const std::string& detail) const;
  const HostConnection host_;
  const LibvirtOptions options_;
  const bool shares_one_connection_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Connection> idle_;  ///< Open and used by nobody; what was used last is used next.
  int lent_ = 0;                  ///< In use.
  bool opening_ = false;
  SteadyTime opening_since_{};
  std::optional<Error> open_error_;
  SteadyTime open_failed_at_{};
  std::optional<Error> left_behind_;  ///< Set for good: what every further call answers.
  SteadyTime left_behind_at_{};
  int working_ = 0;  ///< Threads with a piece of work, waited for or not.
  int beginnings_ = 0;
  int in_flight_ = 0;
  int agents_in_flight_ = 0;
  SteadyTime last_landing_{};
  std::set<std::string> held_;
  bool closing_ = false;
};

template <class T>
class HostLink::Pending {
 public:
  /// False if it could not even be started; wait() tells why.
  bool started() const { return !failed_; }

  /// Its answer; `unreachable` if it did not move for `stall`. `on_progress` is called on this thread. Once only.
  Result<T> wait(Duration stall, const std::function<void(std::uint64_t)>& on_progress = {}) {
    if (failed_) return *failed_;
    if (std::optional<Error> lost = link_->wait_for(*flight_, stall, on_progress)) return *lost;
    return std::move(**answer_);
  }

 private:
  friend class HostLink;
  std::shared_ptr<HostLink> link_;
  std::shared_ptr<Flight> flight_;
  std::shared_ptr<std::optional<Result<T>>> answer_;
  std::optional<Error> failed_;  ///< It could not even be started.
};

template <class T>
HostLink::Pending<T> HostLink::start(Lane lane, const std::string& doing, Work<T> work) {
  return start_in<T>(lane, enter(lane), doing, std::move(work));
}

template <class T>
HostLink::Pending<T> HostLink::start_at_agent(const std::string& doing, Duration patience, Work<T> work) {
  return start_in<T>(Lane::agent, enter_agent_lane(doing, patience), doing, std::move(work));
}

template <class T>
HostLink::Pending<T> HostLink::start_in(Lane lane, const Result<void>& entered, const std::string& doing,
                                        Work<T> work) {
  Pending<T> pending;
  if (!entered) {
    pending.failed_ = entered.error();
    return pending;
  }
  pending.link_ = shared_from_this();
  pending.flight_ = std::make_shared<Flight>();
  pending.flight_->doing = doing;
  pending.answer_ = std::make_shared<std::optional<Result<T>>>();
  pending.failed_ =
      launch(lane, pending.flight_,
             [answer = pending.answer_, work = std::move(work)](virConnectPtr connection, Progress& progress) {
               Result<T> result = work(connection, progress);
               // Whatever libvirt called it: with the connection gone, nothing is known.
               if (!result && virConnectIsAlive(connection) != 1) {
                 Error lost = result.error();
                 lost.kind = ErrorKind::unreachable;
                 answer->emplace(std::move(lost));
               } else {
                 answer->emplace(std::move(result));
               }
             });
  return pending;
}

class HostLink::Turn {
 public:
  Turn(std::shared_ptr<HostLink> link, std::string key) : link_(std::move(link)), key_(std::move(key)) {}
  Turn(Turn&& other) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn();

 private:
  std::shared_ptr<HostLink> link_;
  std::string key_;
};

}  // namespace vscale::libvirt
