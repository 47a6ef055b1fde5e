#include "cmd/serving/served_pages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cmd/serving/metrics_page.h"
#include "cmd/views/run/run_json.h"

namespace vscale {
namespace {

constexpr int kOk = 200;
constexpr int kUnavailable = 503;

PageAnswer told(int status, const std::string& text) {
  return {.status = status, .body = text + "\n"};
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::unreachable:
    case ErrorKind::timed_out:
    case ErrorKind::conflict:
    case ErrorKind::no_capacity:
      return kUnavailable;
    case ErrorKind::exists:
    case ErrorKind::unsupported:
    case ErrorKind::denied:
    case ErrorKind::failed:
      return 500;
  }
  return 500;
}

PageAnswer json_answer(const Result<std::string>& json) {
  if (!json) return error_answer(json.error());
  return {.content_type = "application/json", .body = *json};
}

}  // namespace

PageAnswer healthz(const LoopPulse& pulse) {
  const std::string age = show_duration(pulse.since_it_got_on);
  if (pulse.since_it_got_on > pulse.limit) {
    return told(kUnavailable,
                fmt::format("stuck: it has not got on for {}, and {} are allowed", age, show_duration(pulse.limit)));
  }
  return told(kOk, fmt::format("ok: it got on {} ago{}", age, pulse.holds_lock ? "" : ", waiting for the lock"));
}

PageAnswer readyz(const LoopPulse& pulse) {
  if (!pulse.holds_lock) return told(kUnavailable, "not ready: another vscale holds the lock");
  if (!pulse.has_ticked) return told(kUnavailable, "not ready: no tick has been completed so far");
  return told(kOk, "ready");
}

PageAnswer error_answer(const Error& error) {
  const nlohmann::ordered_json json = {
      {"error",
       {{"kind", to_string(error.kind)}, {"message", error.message}, {"detail", error.detail}, {"hint", error.hint}}}};
  return {.status = status_of(error.kind), .content_type = "application/json", .body = line_of(json)};
}

HttpRoutes routes_of(ServedPages pages) {
  HttpRoutes routes;
  if (pages.metrics) {
    routes["/metrics"] = [metrics = std::move(pages.metrics)](const PageRequest&) {
      return PageAnswer{.content_type = kMetricsContentType, .body = metrics()};
    };
  }
  if (pages.pulse) {
    routes["/healthz"] = [pulse = pages.pulse](const PageRequest&) { return healthz(pulse()); };
    routes["/readyz"] = [pulse = pages.pulse](const PageRequest&) { return readyz(pulse()); };
  }
  const auto serve_json = [&](const char* path, ServedPages::Json& page) {
    if (!page) return;
    routes[path] = [page = std::move(page)](const PageRequest& request) { return json_answer(page(request)); };
  };
  serve_json("/api/v1/status", pages.status);
  serve_json("/api/v1/events", pages.events);
  serve_json("/api/v1/groups", pages.groups);
  serve_json("/api/v1/hosts", pages.hosts);
  return routes;
}

}  // namespace vscale
