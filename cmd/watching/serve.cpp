#include <fmt/format.h>

#include "cmd/serving/metrics_page.h"
#include "cmd/serving/recorded_pages.h"
#include "cmd/watching/published.h"
#include "cmd/watching/watch_loop.h"

/// What a running watch serves by HTTP.

namespace vscale {

/// Under --listen or watch.listen; nothing where neither says so.
std::optional<ExitCode> WatchLoop::serve() {
  if (arguments_.once) return std::nullopt;
  const bool has_files = followed_.files() != nullptr;
  const std::string listen = arguments_.listen.value_or(has_files ? followed_.files()->read.config->watch.listen : "");
  if (listen.empty()) return std::nullopt;
  const auto endpoint = parse_listen_endpoint(listen);
  if (!endpoint) return fail(invocation_, endpoint.error());
  auto server = invocation_.outside.serve(*endpoint, routes_of(pages()));
  if (!server) return fail(invocation_, server.error());
  server_ = std::move(*server);
  tell("serves", fmt::format("http://{}/metrics /healthz /readyz /api/v1/status", to_string(server_->endpoint())));
  if (!is_loopback(*endpoint)) {
    tell("warning", "whoever reaches that address may read these pages: they need no password");
  }
  return std::nullopt;
}

ServedPages WatchLoop::pages() {
  const auto published = published_;
  const auto clock = invocation_.outside.clock;
  const RecordedSource source{.open_state = invocation_.outside.open_state,
                              .state_path = published->state_path,
                              .config =
                                  [published] {
                                    const std::lock_guard guard(published->mutex);
                                    return published->config;
                                  },
                              .clock = clock};
  ServedPages pages;
  pages.pulse = [published, clock] {
    const std::lock_guard guard(published->mutex);
    return LoopPulse{.since_it_got_on = clock->uptime() - published->got_on_at,
                     .limit = published->tick_age_limit,
                     .has_ticked = published->figures.last_tick.has_value(),
                     .holds_lock = published->holds_lock};
  };
  pages.metrics = [published] {
    const std::lock_guard guard(published->mutex);
    return metrics_page(published->figures);
  };
  pages.status = [source](const PageRequest&) { return served_status(source); };
  pages.groups = [source](const PageRequest&) { return served_groups(source); };
  pages.hosts = [source](const PageRequest&) { return served_hosts(source); };
  pages.events = [source](const PageRequest& request) { return served_events(source, request); };
  return pages;
}

/// The service manager hears that the loop lives, and the server what it may tell.
void WatchLoop::publish() {
  {
    const std::lock_guard guard(published_->mutex);
    published_->figures = ticks_->figures();
    published_->figures.holds_lock = published_->holds_lock = lock_ != nullptr;
    published_->tick_age_limit = ticks_->interval() * kStuckIntervals + kStuckBeside;
    const ConfigurationFiles* files = followed_.files();
    if (files != nullptr && !(published_->config == *files->read.config)) published_->config = *files->read.config;
  }
  notify();
}

/// A line for `systemctl status`.
std::string WatchLoop::standing_text() const {
  if (lock_ == nullptr && !arguments_.dry_run) return "waits: another vscale holds the lock";
  if (!ticks_->figures().last_tick) return "waits: there is nothing to follow yet";
  int ready = 0, wanted = 0;
  for (const auto& group : ticks_->figures().groups) {
    ready += group.ready;
    wanted += group.wanted;
  }
  return fmt::format("{} of {} instances ready", ready, wanted);
}

/// Said often, and heard only where systemd has started the program. It is ready also where it waits: for another
/// vscale to end, or for something to be applied.
void WatchLoop::notify() {
  const auto& service = invocation_.outside.service;
  if (service == nullptr) return;
  if (!said_ready_) said_ready_ = service->ready().ok();
  if (const std::string standing = standing_text(); standing != said_standing_) {
    said_standing_ = standing;
    static_cast<void>(service->status(standing));
  }
  const auto interval = service->alive_interval();
  if (!interval || uptime() < alive_said_at_ + *interval / 2) return;
  alive_said_at_ = uptime();
  static_cast<void>(service->alive());
}

}  // namespace vscale
