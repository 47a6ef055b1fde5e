#include "providers/libvirt/watching/looks.h"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "providers/libvirt/link/late_wakes.h"

namespace vscale::libvirt {

using SteadyClock = std::chrono::steady_clock;

Looks::Looks(std::string host, std::function<void()> on_answer)
    : host_(std::move(host)), on_answer_(std::move(on_answer)) {}

Error Looks::silent_error() const {
  // Since when, and not for how long: the same words at every call, which need not be written down again.
  return Error{ErrorKind::unreachable,
               fmt::format("host \"{}\": still no answer since {}", host_, rfc3339(*silent_since_)),
               last_failure_ ? last_failure_->message : "", last_failure_ ? last_failure_->hint : ""};
}

Looks::Waiting Looks::begin(Instant now, Look look) {
  Waiting waiting;
  waiting.looks_ = shared_from_this();
  waiting.shared_ = std::make_shared<Shared>();
  waiting.begun_ = now;
  waiting.begun_by_uptime_ = SteadyClock::now();
  {
    const std::scoped_lock lock(mutex_);
    if (silent_since_) {
      waiting.at_once_ = silent_error();
      if (late_ > 0) return waiting;
      ++late_;
      waiting.shared_->given_up = true;
    }
  }
  std::optional<Error> failed = start(waiting.shared_, std::move(look));
  if (!failed) return waiting;
  if (waiting.at_once_) {
    const std::scoped_lock lock(mutex_);
    --late_;
  } else {
    waiting.at_once_ = std::move(failed);
  }
  return waiting;
}

std::optional<Error> Looks::start(const std::shared_ptr<Shared>& shared, Look look) {
  try {
    std::thread([self = shared_from_this(), shared, look = std::move(look), begun = SteadyClock::now()]() mutable {
      Result<HostSnapshot> answer = look();
      look = nullptr;
      std::unique_lock lock(shared->mutex);
      if (shared->given_up) {
        lock.unlock();
        self->end_late(answer, std::chrono::duration_cast<Duration>(SteadyClock::now() - begun));
        return;
      }
      shared->answer.emplace(std::move(answer));
      shared->ended.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    return Error{ErrorKind::failed, fmt::format("host \"{}\" cannot be read: there can be no more threads", host_),
                 error.what(), "raise the limit on processes: ulimit -u"};
  }
  return std::nullopt;
}

void Looks::give_up(Instant since, Duration patience) {
  const std::scoped_lock lock(mutex_);
  ++late_;
  ++late_in_a_row_;
  patience_ = patience;
  if (!silent_since_) silent_since_ = since;
}

void Looks::answer_in_time() {
  const std::scoped_lock lock(mutex_);
  late_in_a_row_ = 0;
}

void Looks::end_late(const Result<HostSnapshot>& answer, Duration took) {
  {
    const std::scoped_lock lock(mutex_);
    --late_;
    // A host that turns us away, or cannot tell what is asked, has answered too.
    const bool is_silent = !answer && answer.error().kind == ErrorKind::unreachable;
    last_failure_ = is_silent ? std::optional(answer.error()) : std::nullopt;
    if (is_silent) return;
    if (late_in_a_row_ >= kLateInARow && took >= patience_) {
      last_failure_ = Error{ErrorKind::unreachable,
                            fmt::format("to tell of itself took it {}, and it is waited for {} at most",
                                        show_duration(took), show_duration(patience_)),
                            "", "see what keeps its libvirtd busy"};
      return;
    }
    silent_since_.reset();
  }
  on_answer_();
}

Result<HostSnapshot> Looks::Waiting::answer(std::optional<Duration> patience) {
  if (at_once_) return *at_once_;
  std::unique_lock lock(shared_->mutex);
  const auto come = [this] { return shared_->answer.has_value(); };
  if (!patience) shared_->ended.wait(lock, come);
  auto deadline = begun_by_uptime_ + patience.value_or(Duration{0});
  if (wait_until(shared_->ended, lock, deadline, come)) {
    looks_->answer_in_time();
    return std::move(*shared_->answer);
  }
  shared_->given_up = true;
  looks_->give_up(begun_, *patience);
  return Error{ErrorKind::unreachable,
               fmt::format("host \"{}\" did not answer within {}", looks_->host_, show_duration(*patience)), "",
               "it is asked again, and nobody waits for that"};
}

}  // namespace vscale::libvirt
