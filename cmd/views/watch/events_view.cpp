#include "cmd/views/watch/events_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/views/text/names.h"

namespace vscale {
namespace {

/// "web-2 on kvm1", "web", "".
std::string subject_of(const EventRecord& event) {
  if (event.address.empty()) return event.host;
  return parse_instance_address(event.address) ? shown_name(event.address) : shown_group(event.address);
}

}  // namespace

std::string events_text(const std::vector<EventRecord>& events, const TimeWords& times, const Paint& paint) {
  if (events.empty()) return "Nothing happened.\n";
  Table table(0);
  table.add({paint.dim("TIME"), paint.dim("ABOUT"), paint.dim("EVENT"), "WHAT"});
  for (const auto& event : events) {
    std::string text = printable(event.text);
    const bool names_host = event.host.empty() || text.find(event.host) != std::string::npos;
    if (!names_host && !event.address.empty()) text += (text.empty() ? "on " : ", on ") + printable(event.host);
    table.add({moment_text(event.at, times), printable(subject_of(event)), printable(event.kind), std::move(text)});
  }
  return table.text();
}

nlohmann::ordered_json event_json(const EventRecord& event) {
  return {{"at", rfc3339(event.at)},
          {"kind", event.kind},
          {"address", event.address},
          {"host", event.host},
          {"text", event.text}};
}

}  // namespace vscale
