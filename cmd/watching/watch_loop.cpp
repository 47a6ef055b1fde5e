#include "cmd/watching/watch_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/planning/fresh_plan.h"
#include "cmd/watching/published.h"

namespace vscale {

WatchLoop::WatchLoop(Invocation& invocation, const WatchArguments& arguments)
    : invocation_(invocation),
      arguments_(arguments),
      view_(invocation),
      followed_(invocation),
      published_(std::make_shared<Published>()) {}

WatchLoop::~WatchLoop() = default;

void WatchLoop::tell(const std::string& kind, const std::string& text) {
  view_.event({.at = now(), .kind = kind, .address = {}, .host = {}, .text = text});
}

/// By --state, or as the files say; where these have a mistake, beside the first of them, as if they said nothing.
Result<std::string> WatchLoop::statefile() const {
  if (followed_.files() != nullptr) return state_path(invocation_, *followed_.files()->read.config);
  if (invocation_.global.state) return absolute_path(invocation_.outside, *invocation_.global.state);
  const std::string first = absolute_path(invocation_.outside, invocation_.global.files.front());
  return first.substr(0, first.rfind('/')) + "/vscale.db";
}

std::optional<ExitCode> WatchLoop::prepare() {
  const Followed::News news = followed_.read_files();
  if (news.why) fail(invocation_, *news.why);
  if (!news.rejected.empty()) report(invocation_, news.rejected, JsonOutput::stream);
  const auto path = statefile();
  if (!path) return fail(invocation_, path.error());
  // A mistake in the files keeps nobody from going on with what was accepted: but somebody has to have accepted it.
  const bool has_files = followed_.files() != nullptr;
  const bool may_make = has_files && !arguments_.dry_run;
  auto state = invocation_.outside.open_state(*path, may_make             ? OpenMode::read_write_create
                                                     : arguments_.dry_run ? OpenMode::read_only
                                                                          : OpenMode::read_write);
  if (!state) return fail(invocation_, state.error());
  state_ = std::move(*state);
  ticks_.emplace(invocation_, arguments_, followed_, state_, view_);
  published_->started_at = uptime();
  published_->state_path = *path;
  return std::nullopt;
}

/// True: it is held. False: somebody else holds it, which is told once.
bool WatchLoop::take_the_lock() {
  if (lock_ != nullptr || arguments_.dry_run) return true;
  const Outside& outside = invocation_.outside;
  auto lock = state_.store->lock({.id = outside.new_id(),
                                  .operation = "watch",
                                  .user = outside.user,
                                  .host = outside.machine,
                                  .pid = outside.pid,
                                  .since = now()});
  if (lock) {
    if (lock_error_) tell("goes on", "the lock is free");
    lock_error_.reset();
    lock_ = std::move(*lock);
    return true;
  }
  if (!lock_error_) {
    if (lock.error().kind == ErrorKind::conflict && !arguments_.once) {
      tell("waits", lock.error().message);
    } else {
      fail(invocation_, lock.error());
    }
  }
  lock_error_ = lock.error();
  return false;
}

/// An apply has asked for the lock: what goes on comes to its end, and the lock is given. It is taken again when the
/// apply is done.
bool WatchLoop::make_way() {
  const auto asks = state_.store->lock_request();
  if (lock_ == nullptr || !asks || !*asks) return false;
  ticks_->wind_down();
  while (!ticks_->is_idle() && stop() != StopRequest::now) ticks_->advance(now() + kLookAround);
  tell("makes way",
       fmt::format("for {} by {}@{}, pid {}", (*asks)->operation, (*asks)->user, (*asks)->host, (*asks)->pid));
  lock_.reset();
  return true;
}

/// Until the next tick is due, something has happened, or somebody wants it to stop.
void WatchLoop::rest_until(Instant next_tick) {
  const Instant earliest = now() + kTickGap;
  while (now() < next_tick && stop() == StopRequest::none) {
    const Instant until = std::min(next_tick, now() + kLookAround);
    if (!ticks_->is_idle()) ticks_->advance(until);
    const auto& events = ticks_->events();
    const Instant latest = ticks_->is_idle() ? until : now();
    const bool word = events != nullptr ? events->sleep_between(std::min(earliest, latest), latest) : false;
    if (events == nullptr && ticks_->is_idle()) invocation_.outside.clock->sleep_until(latest);
    publish();
    if ((word || ticks_->has_news()) && now() >= earliest) return;
  }
}

void WatchLoop::loop() {
  while (stop() == StopRequest::none) {
    if (!take_the_lock()) {
      publish();
      invocation_.outside.clock->sleep_until(now() + kStandbyInterval);
      continue;
    }
    if (make_way()) {
      invocation_.outside.clock->sleep_until(now() + kStandbyInterval);
      continue;
    }
    const Instant began = now();
    ticks_->tick();
    {
      const std::lock_guard guard(published_->mutex);
      published_->ticked_at = uptime();
    }
    publish();
    rest_until(began + ticks_->interval());
  }
}

/// What was begun is finished, and nothing is waited for any more; or, with --once, all of it is done.
void WatchLoop::finish() {
  while (!ticks_->is_idle() && stop() != StopRequest::now) {
    if (!arguments_.once || stop() != StopRequest::none) ticks_->wind_down();
    ticks_->advance(now() + kLookAround);
  }
}

ExitCode WatchLoop::run() {
  view_.begin();
  if (const auto code = prepare()) return *code;
  invocation_.outside.interrupt_gently();
  if (const auto code = serve()) return *code;
  if (arguments_.once) {
    if (!take_the_lock()) return ExitCode::error;
    ticks_->tick();
  } else {
    loop();
    tell("stops", "finishing what runs");
    if (invocation_.outside.service != nullptr) static_cast<void>(invocation_.outside.service->stopping());
  }
  finish();
  if (server_ != nullptr) static_cast<void>(server_->stop());
  const bool interrupted = arguments_.once && stop() != StopRequest::none;
  ExitCode code = ticks_->all_known() ? ExitCode::ok : ExitCode::partial;
  if (!arguments_.once) code = ExitCode::ok;
  if (arguments_.once && ticks_->has_failed()) code = stronger(code, ExitCode::error);
  return interrupted ? stronger(code, ExitCode::interrupted) : code;
}

}  // namespace vscale
