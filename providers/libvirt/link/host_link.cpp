#include "providers/libvirt/link/host_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <system_error>
#include <thread>

#include "engine/values/text/shell_word.h"
#include "engine/values/uri.h"
#include "providers/libvirt/link/host_uri.h"
#include "providers/libvirt/link/late_wakes.h"
#include "providers/libvirt/link/library.h"
#include "providers/libvirt/link/libvirt_error.h"

namespace vscale::libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;

void close_connection(virConnectPtr connection) {
  static_cast<void>(virConnectClose(connection));
}

/// libvirt names a URI that it cannot read as it was given.
std::string without_passwords(std::string words, std::initializer_list<std::string> uris) {
  for (const std::string& uri : uris) {
    const std::string shown = without_password(uri);
    if (shown == uri) continue;
    for (std::size_t at = words.find(uri); at != std::string::npos; at = words.find(uri, at + shown.size())) {
      words.replace(at, uri.size(), shown);
    }
  }
  return words;
}

}  // namespace

HostLink::HostLink(HostConnection host, LibvirtOptions options)
    : host_(std::move(host)), options_(options), shares_one_connection_(is_world_of_its_own(host_.uri)) {
  VSCALE_ASSERT(
      options_.agent_requests_in_flight >= 1 && options_.agent_requests_in_flight < options_.requests_in_flight,
      "agent requests are some of the requests in flight, and leave room for others");
}

Error HostLink::unreachable(const std::string& why, const std::string& detail) const {
  return Error{ErrorKind::unreachable, fmt::format("host \"{}\" {}", host_.name, why), detail,
               fmt::format("check that `virsh -c {} list` answers", shell_word(without_password(host_.uri)))};
}

// ---- Connections -------------------------------------------------------------------------------------------------

Result<HostLink::Connection> HostLink::take_connection() {
  // Dead connections are dropped by this thread, and after the lock: their end may take a moment.
  std::vector<Connection> dead;
  std::unique_lock lock(mutex_);
  SteadyTime give_up_at = SteadyClock::now() + 2 * options_.call_timeout;
  for (;;) {
    if (left_behind_) return *left_behind_;
    if (shares_one_connection_ && !idle_.empty()) return idle_.back();
    while (!idle_.empty()) {
      Connection last = std::move(idle_.back());
      idle_.pop_back();
      if (virConnectIsAlive(last.get()) == 1) {
        ++lent_;
        return last;
      }
      dead.push_back(std::move(last));
    }
    const bool failed_just_now = open_error_ && SteadyClock::now() < open_failed_at_ + options_.reopen_after;
    if (!opening_ && !failed_just_now) begin_opening();
    if (lent_ > 0) {
      // Another one would be welcome and is not needed: if it does not open, those in use come back. A host that turned
      // one away (sshd's MaxStartups) is asked again, since an upload keeps what it has for long.
      const bool opening = opening_;
      const SteadyTime again_at = opening ? give_up_at : std::min(give_up_at, open_failed_at_ + options_.reopen_after);
      SteadyTime wake = again_at;
      const bool changed = wait_until(
          changed_, lock, wake, [&] { return left_behind_ || !idle_.empty() || lent_ == 0 || opening_ != opening; });
      give_up_at += wake - again_at;
      if (!changed && SteadyClock::now() >= give_up_at) {
        return unreachable("has no connection free", open_error_ ? open_error_->detail : without_password(host_.uri));
      }
    } else if (!opening_) {
      return *open_error_;
    } else if (!wait_for_opening(lock)) {
      return unreachable(fmt::format("did not open a connection within {}", show_duration(options_.open_timeout)),
                         without_password(host_.uri));
    }
  }
}

bool HostLink::wait_for_opening(std::unique_lock<std::mutex>& lock) {
  const SteadyTime end = opening_since_ + options_.open_timeout;
  SteadyTime moved_end = end;
  const bool come =
      wait_until(changed_, lock, moved_end, [this] { return !opening_ || left_behind_ || !idle_.empty(); });
  // Whoever waits for it next counts from there as well.
  opening_since_ = std::max(opening_since_, moved_end - options_.open_timeout);
  return come;
}

void HostLink::give_back(Connection connection) {
  const bool alive = connection && virConnectIsAlive(connection.get()) == 1;
  const std::scoped_lock lock(mutex_);
  if (shares_one_connection_) return;
  --lent_;
  if (alive && !left_behind_ && idle_.size() < static_cast<std::size_t>(options_.requests_in_flight)) {
    idle_.push_back(std::move(connection));
  }
  changed_.notify_all();
}

void HostLink::begin_opening() {
  opening_ = true;
  opening_since_ = SteadyClock::now();
  open_error_.reset();
  try {
    std::thread([self = shared_from_this()] { self->open_on_this_thread(); }).detach();
  } catch (const std::system_error& error) {
    opening_ = false;
    open_error_ = no_more_threads(error);
    open_failed_at_ = SteadyClock::now();
  }
}

Error HostLink::no_more_threads(const std::system_error& error) const {
  return unreachable("cannot be opened: there are no more threads on this machine", error.what());
}

Result<HostLink::Connection> HostLink::open() const {
  try {
    start_library();
  } catch (const std::system_error& error) {
    return no_more_threads(error);
  }
  if (virConnectPtr raw = virConnectOpen(uri_to_open(host_.uri).c_str())) {
    // Drivers without a wire have nothing to keep alive and say so; that is not an error.
    static_cast<void>(virConnectSetKeepAlive(
        raw, static_cast<int>(std::max<std::int64_t>(1, options_.keepalive_interval.count() / 1000)),
        static_cast<unsigned>(options_.keepalive_count)));
    return Connection(raw, close_connection);
  }
  const Failure last = last_failure();
  Error error = unreachable("cannot be reached", without_passwords(last.words, {uri_to_open(host_.uri), host_.uri}));
  // A host that turns us away is not one that is away.
  if (last.kind == ErrorKind::denied) error.kind = ErrorKind::denied;
  return error;
}

void HostLink::open_on_this_thread() {
  // Before the lock, and gone after it: what comes too late is closed here, which may take a moment.
  Result<Connection> opened = open();
  const std::scoped_lock lock(mutex_);
  opening_ = false;
  open_error_.reset();
  if (!opened) {
    open_error_ = opened.error();
  } else if (!left_behind_) {
    if (idle_.empty() && lent_ == 0) ++beginnings_;
    idle_.push_back(std::move(*opened));
  }
  open_failed_at_ = SteadyClock::now();
  changed_.notify_all();
}

int HostLink::beginnings() {
  const std::scoped_lock lock(mutex_);
  return beginnings_;
}

HostLink::Fate HostLink::fate() {
  const std::scoped_lock lock(mutex_);
  const SteadyTime now = SteadyClock::now();
  if (left_behind_ && working_ == 0 && !opening_) return Fate::replace;
  if (left_behind_ && now >= left_behind_at_ + options_.renew_after) return Fate::abandon;
  if (opening_ && now >= opening_since_ + options_.open_timeout + options_.renew_after) return Fate::abandon;
  return Fate::keep;
}

void HostLink::answer_always(Error error) {
  const std::scoped_lock lock(mutex_);
  left_behind_ = std::move(error);
  changed_.notify_all();
}

void HostLink::be_left_behind(Error error) {
  if (left_behind_) return;
  left_behind_ = std::move(error);
  left_behind_at_ = SteadyClock::now();
  changed_.notify_all();
}

void HostLink::begin_closing() {
  const std::scoped_lock lock(mutex_);
  be_left_behind(unreachable("is not talked to any more: its connection was closed", ""));
  if (idle_.empty()) return;
  closing_ = true;
  try {
    std::thread([self = shared_from_this(), last = std::exchange(idle_, {})]() mutable {
      last.clear();
      const std::scoped_lock inner(self->mutex_);
      self->closing_ = false;
      self->changed_.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    closing_ = false;  // The end of the process closes it.
  }
}

void HostLink::wait_until_closed(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return !closing_; });
}

// ---- Lanes and turns ------------------------------------------------------------------------------------------------

bool HostLink::has_room(Lane lane) const {
  return in_flight_ < options_.requests_in_flight &&
         (lane != Lane::agent || agents_in_flight_ < options_.agent_requests_in_flight);
}

Result<void> HostLink::enter(Lane lane) {
  VSCALE_ASSERT(lane != Lane::agent, "whoever waits for an agent says how long");
  if (lane == Lane::stream) return {};
  std::unique_lock lock(mutex_);
  LateWakes wakes;
  SteadyTime silent_since = SteadyClock::now();
  while (!has_room(lane) && !left_behind_) {
    // Work that nobody waits for could hang too: when nothing comes back any more, it has. That is no judgement on
    // guests: agents leave room for others, which end within call_timeout.
    const SteadyTime wake = SteadyClock::now() + kProgressInterval;
    changed_.wait_until(lock, wake);
    silent_since = std::max(silent_since + wakes.forgiven(SteadyClock::now() - wake), last_landing_);
    if (SteadyClock::now() >= silent_since + 2 * options_.call_timeout) {
      be_left_behind(unreachable("does not answer any more", "all of its requests in flight are stuck"));
    }
  }
  if (left_behind_) return *left_behind_;
  ++in_flight_;
  return {};
}

Result<void> HostLink::enter_agent_lane(const std::string& doing, Duration patience) {
  std::unique_lock lock(mutex_);
  SteadyTime give_up_at = SteadyClock::now() + patience;
  const bool room = wait_until(changed_, lock, give_up_at, [&] { return left_behind_ || has_room(Lane::agent); });
  if (left_behind_) return *left_behind_;
  if (!room) {
    return Error{ErrorKind::unreachable,
                 fmt::format("host \"{}\" had no room within {} to {}", host_.name, show_duration(patience), doing),
                 fmt::format("{} of its {} requests in flight wait for guest agents", agents_in_flight_, in_flight_),
                 "look for guests whose agent hangs"};
  }
  ++in_flight_;
  ++agents_in_flight_;
  return {};
}

void HostLink::leave(Lane lane) {
  if (lane == Lane::stream) return;
  const std::scoped_lock lock(mutex_);
  --in_flight_;
  if (lane == Lane::agent) --agents_in_flight_;
  last_landing_ = SteadyClock::now();
  changed_.notify_all();
}

Result<HostLink::Turn> HostLink::take_turn(const std::string& key) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !held_.contains(key) || left_behind_; });
  if (left_behind_) return *left_behind_;
  held_.insert(key);
  return Turn(shared_from_this(), key);
}

HostLink::Turn::~Turn() {
  if (!link_) return;
  const std::scoped_lock lock(link_->mutex_);
  link_->held_.erase(key_);
  link_->changed_.notify_all();
}

// ---- Work ----------------------------------------------------------------------------------------------------------

std::optional<Error> HostLink::launch(Lane lane, const std::shared_ptr<Flight>& flight, Job job) {
  Result<Connection> open = take_connection();
  if (!open) {
    leave(lane);
    return open.error();
  }
  count_working(1);
  try {
    std::thread([self = shared_from_this(), flight, lane, job = std::move(job),
                 connection = std::move(*open)]() mutable {
      job(connection.get(), flight->progress);
      job = nullptr;
      self->give_back(std::move(connection));
      self->leave(lane);
      self->count_working(-1);
      const std::scoped_lock lock(flight->mutex);
      flight->done = true;
      flight->landed.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    give_back(nullptr);  // what would have taken it has closed it
    leave(lane);
    count_working(-1);
    // Not asked, it has not failed either.
    return Error{ErrorKind::unreachable,
                 fmt::format("host \"{}\": cannot start a thread to {}", host_.name, flight->doing), error.what(), ""};
  }
  return std::nullopt;
}

void HostLink::count_working(int change) {
  const std::scoped_lock lock(mutex_);
  working_ += change;
}

std::optional<Error> HostLink::wait_for(Flight& flight, Duration stall,
                                        const std::function<void(std::uint64_t)>& on_progress) {
  std::unique_lock lock(flight.mutex);
  LateWakes wakes;
  std::uint64_t seen = flight.progress.load();
  SteadyTime moved_at = SteadyClock::now();
  for (;;) {
    const SteadyTime deadline = moved_at + stall;
    const SteadyTime wake = std::min(deadline, SteadyClock::now() + kProgressInterval);
    if (flight.landed.wait_until(lock, wake, [&] { return flight.done; })) return std::nullopt;
    moved_at += wakes.forgiven(SteadyClock::now() - wake);
    const std::uint64_t now_at = flight.progress.load();
    if (now_at != seen) {
      seen = now_at;
      moved_at = SteadyClock::now();
      lock.unlock();
      if (on_progress) on_progress(seen);
      lock.lock();
    } else if (SteadyClock::now() >= moved_at + stall) {
      return leave_behind(flight.doing, stall);
    }
  }
}

Error HostLink::leave_behind(const std::string& doing, Duration stall) {
  const std::scoped_lock lock(mutex_);
  be_left_behind(unreachable(fmt::format("did not answer within {} when asked to {}", show_duration(stall), doing),
                             without_password(host_.uri)));
  return *left_behind_;
}

}  // namespace vscale::libvirt
