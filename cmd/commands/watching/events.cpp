#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/watch/events_view.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kSinceByDefault{std::chrono::days{1}};
/// The newest so many are looked through.
constexpr int kEventsMax = 10'000;

/// The event is about that group, or one of its instances; or about that instance.
bool is_about(const EventRecord& event, const std::string& address) {
  if (event.address == address) return true;
  const auto instance = parse_instance_address(event.address);
  return instance && group_address(*instance) == address;
}

Result<std::vector<EventRecord>> events_of(const EventsArguments& arguments, const Config& config, StateStore& store,
                                           Instant now) {
  auto events = store.events(now - arguments.since.value_or(kSinceByDefault), kEventsMax);
  if (!events) return events.error();
  if (arguments.about) {
    const auto recorded = store.read();
    if (!recorded) return recorded.error();
    const auto address = resolve_address(config, *recorded, *arguments.about);
    if (!address) return address.error();
    std::erase_if(*events, [&](const EventRecord& event) { return !is_about(event, *address); });
  }
  std::erase_if(*events, [&](const EventRecord& event) { return event.text.find(arguments.by) == std::string::npos; });
  return events;
}

}  // namespace

ExitCode run_command(const EventsArguments& arguments, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const Config& config = *told_by->files.read.config;
  const Instant now = invocation.outside.clock->now();
  std::vector<EventRecord> events;
  const auto state = open_state(invocation, config, OpenMode::read_only);
  if (state) {
    auto found = events_of(arguments, config, *state->store, now);
    if (!found) return fail(invocation, found.error());
    events = std::move(*found);
  } else if (state.error().kind != ErrorKind::not_found) {
    return fail(invocation, state.error());
  }
  if (!invocation.global.json) {
    invocation.streams.out << events_text(events, {.now = now, .time_of_day = invocation.outside.time_of_day},
                                          invocation.out_paint);
    return told_by->code();
  }
  Json document{{"format_version", "1.0"}, {"timestamp", rfc3339(now)}, {"name", config.name}};
  document["events"] = Json::array();
  for (const auto& event : events) document["events"].push_back(event_json(event));
  invocation.streams.out << line_of(document);
  return told_by->code();
}

}  // namespace vscale
