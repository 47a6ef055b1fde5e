#include "cmd/serving/recorded_pages.h"

#include <nlohmann/json.hpp>

#include "cmd/planning/sources/hosts.h"
#include "cmd/status.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/status_view.h"
#include "cmd/views/watch/events_view.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kEventsServed{std::chrono::days{1}};

Result<Json> status_document(const RecordedSource& source) {
  const Config config = source.config();
  const auto state = source.open_state(source.state_path, OpenMode::read_only);
  if (!state) return state.error();
  const auto recorded = state->store->read();
  if (!recorded) return recorded.error();
  const auto running = state->store->lock_holder();
  if (!running) return running.error();
  const Instant now = source.clock->now();
  const auto command = [](const std::string& words, const PlanOptions&) { return "vscale " + words; };
  const Status status = status_of(config, *recorded, recorded_live(config, *recorded, now), *running, now, command);
  return status_json(status, std::nullopt, now);
}

Result<std::string> part_of_status(const RecordedSource& source, const char* part) {
  const auto whole = status_document(source);
  if (!whole) return whole.error();
  Json document;
  for (const char* key : {"format_version", "timestamp", "name", part}) document[key] = whole->at(key);
  return line_of(document);
}

}  // namespace

Result<std::string> served_status(const RecordedSource& source) {
  const auto document = status_document(source);
  if (!document) return document.error();
  return line_of(*document);
}

Result<std::string> served_groups(const RecordedSource& source) {
  return part_of_status(source, "groups");
}

Result<std::string> served_hosts(const RecordedSource& source) {
  return part_of_status(source, "hosts");
}

Result<std::string> served_events(const RecordedSource& source, const PageRequest& request) {
  const Instant now = source.clock->now();
  Instant since = now - kEventsServed;
  if (const auto asked = request.query.find("since"); asked != request.query.end()) {
    const auto at = instant_from(asked->second);
    if (!at) {
      return Error{.kind = ErrorKind::invalid,
                   .message = "since is no instant",
                   .detail = {},
                   .hint = "write it as 2026-11-29T16:00:00.000Z"};
    }
    since = *at;
  }
  const auto state = source.open_state(source.state_path, OpenMode::read_only);
  if (!state) return state.error();
  const auto events = state->store->events(since, kServedEventsMax);
  if (!events) return events.error();
  Json document{{"format_version", "1.0"}, {"timestamp", rfc3339(now)}, {"name", source.config().name}};
  document["events"] = Json::array();
  for (const auto& event : *events) document["events"].push_back(event_json(event));
  return line_of(document);
}

}  // namespace vscale
