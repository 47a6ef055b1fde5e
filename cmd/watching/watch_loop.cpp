#include "cmd/watching/watch_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/planning/fresh_plan.h"
#include "cmd/watching/published.h"

namespace vscale {

WatchLoop::WatchLoop(Invocation& invocation, const WatchArguments& arguments)
    : invocation_(invocation),
      arguments_(arguments),
      view_(invocation, arguments.dry_run ? WatchView::Tells::what_would_be : WatchView::Tells::what_is_done),
      followed_(invocation),
      published_(std::make_shared<Published>()) {}

WatchLoop::~WatchLoop() = default;

void WatchLoop::tell(const std::string& kind, const std::string& text) {
  view_.event({.at = now(), .kind = kind, .address = {}, .host = {}, .text = text});
}

Result<std::string> WatchLoop::statefile() const {
  if (followed_.files() != nullptr) return state_path(invocation_, *followed_.files()->read.config);
  return statefile_of_mistaken(invocation_);
}

std::optional<ExitCode> WatchLoop::prepare() {
  const Followed::News news = followed_.read_files();
  if (news.why) fail(invocation_, *news.why);
  if (!news.rejected.empty()) report(invocation_, news.rejected, JsonOutput::stream);
  have_files_mistakes_ = news.why.has_value() || !news.rejected.empty();
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
  got_on();
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
    if (lock_error_ || has_made_way_) tell("goes on", "the lock is free");
    lock_error_.reset();
    has_made_way_ = false;
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

/// The server may say of the loop that it is not stuck.
void WatchLoop::got_on() {
  const std::lock_guard guard(published_->mutex);
  published_->got_on_at = uptime();
}

/// What goes on is brought to its end, and nothing is waited for any more. That can take long, as a hook does.
void WatchLoop::wind_down() {
  while (!ticks_->is_idle() && stop() != StopRequest::now) {
    ticks_->wind_down();
    ticks_->advance(now() + kLookAround);
    got_on();
    publish();
  }
}

/// An apply has asked for the lock: what goes on comes to its end, and the lock is given. It is taken again when the
/// apply is done.
bool WatchLoop::make_way() {
  const auto asks = state_.store->lock_request();
  if (lock_ == nullptr || !asks || !*asks) return false;
  wind_down();
  tell("makes way",
       fmt::format("for {} by {}@{}, pid {}", (*asks)->operation, (*asks)->user, (*asks)->host, (*asks)->pid));
  lock_.reset();
  has_made_way_ = true;
  return true;
}

/// Until the next tick is due, by uptime, or something has happened, or somebody wants it to stop.
void WatchLoop::rest_until(Duration next_tick) {
  const Duration earliest = uptime() + kTickGap;
  bool word = false;  // once it has come it counts, also where it is too early to heed it
  while (uptime() < next_tick && stop() == StopRequest::none) {
    const auto moment = [this](Duration at) { return now() + std::max(at - uptime(), Duration{0}); };
    const Duration until = std::min(next_tick, uptime() + kLookAround);
    if (!ticks_->is_idle()) ticks_->advance(moment(until));
    const auto& events = ticks_->events();
    const Instant latest = ticks_->is_idle() ? moment(until) : now();
    if (events != nullptr) word |= events->sleep_between(std::min(moment(earliest), latest), latest);
    if (events == nullptr && ticks_->is_idle()) invocation_.outside.clock->sleep_until(latest);
    publish();
    if (uptime() >= earliest && (word || ticks_->has_news())) return;
  }
}

/// Somebody has moved the statefile away, or put another one there. What is recorded from then on, nobody else would
/// see; and what operators say, this loop would not hear.
bool WatchLoop::has_lost_statefile() {
  if (state_.is_still_there()) return false;
  const std::string& path = published_->state_path;
  Error error;
  error.kind = ErrorKind::conflict;
  error.message = fmt::format(
      "the statefile was moved away, removed or replaced while watch was at work on it, and was to stay there: {}",
      path);
  error.hint = fmt::format(
      "watch ends. What it wrote last may stand in {0}-wal alone, which belongs to the file that it had opened: put "
      "the right one at {0}, with its own -wal beside it or with none, and begin vscale watch again",
      path);
  view_.error(error);
  return true;
}

/// `error`: it could not go on.
ExitCode WatchLoop::loop() {
  while (stop() == StopRequest::none) {
    if (has_lost_statefile()) return ExitCode::error;
    if (!take_the_lock()) {
      got_on();
      publish();
      invocation_.outside.clock->sleep_until(now() + kStandbyInterval);
      continue;
    }
    if (make_way()) {
      invocation_.outside.clock->sleep_until(now() + kStandbyInterval);
      continue;
    }
    const Duration began = uptime();
    ticks_->tick();
    got_on();
    publish();
    rest_until(began + ticks_->interval());
  }
  return ExitCode::ok;
}

/// Whoever runs it by cron learns by its exit code that not all was done, whatever kept it from that.
ExitCode WatchLoop::once() {
  if (!take_the_lock()) return ExitCode::error;
  const bool is_complete = ticks_->tick();
  finish();
  ExitCode code = ticks_->all_known() ? ExitCode::ok : ExitCode::partial;
  if (!is_complete || ticks_->has_failed() || have_files_mistakes_) code = stronger(code, ExitCode::error);
  return stop() == StopRequest::none ? code : stronger(code, ExitCode::interrupted);
}

/// What was begun is finished, and nothing is waited for any more; or, with --once, all of it is done.
void WatchLoop::finish() {
  while (arguments_.once && !ticks_->is_idle() && stop() == StopRequest::none) ticks_->advance(now() + kLookAround);
  wind_down();
}

ExitCode WatchLoop::run() {
  view_.begin();
  if (const auto code = prepare()) return *code;
  invocation_.outside.interrupt_gently();
  if (const auto code = serve()) return *code;
  if (arguments_.once) return once();
  const ExitCode code = loop();
  tell("stops", "what is under way is finished, and nothing is waited for");
  if (invocation_.outside.service != nullptr) static_cast<void>(invocation_.outside.service->stopping());
  finish();
  if (server_ != nullptr) static_cast<void>(server_->stop());
  return code;
}

}  // namespace vscale
