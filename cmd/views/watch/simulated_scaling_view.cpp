#include "cmd/views/watch/simulated_scaling_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/views/text/names.h"
#include "cmd/views/text/text_layout.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSecondsInHour = 3600;

struct Extremes {
  int smallest = 0;
  int largest = 0;
};

Extremes sizes_of(const SimulatedScaling& played) {
  if (played.ticks.empty()) return {};
  const auto [smallest, largest] = std::ranges::minmax_element(played.ticks, {}, &SimulatedTick::size);
  return {smallest->size, largest->size};
}

/// 120, 80.5
std::string number(double value) {
  return fmt::format("{:.4g}", value);
}

/// "3h 10m"; of many hours the hours alone.
std::string hours(double value) {
  constexpr double kManyHours = 48;
  if (value >= kManyHours) return fmt::format("{:.0f}h", value);
  return show_duration(std::chrono::round<std::chrono::seconds>(std::chrono::duration<double>(value * kSecondsInHour)));
}

std::string changes_text(const LoadTrace& trace, const SimulatedScaling& played, std::size_t most) {
  Table table(0);
  table.add({"AFTER", "LOAD", "EACH", "READY", "SIZE"});
  std::size_t listed = 0;
  std::size_t left_out = 0;
  std::optional<int> before;
  for (const auto& tick : played.ticks) {
    const bool is_change = before && *before != tick.size;
    before = tick.size;
    if (!is_change) continue;
    if (listed == most) {
      ++left_out;
      continue;
    }
    ++listed;
    table.add({show_duration(tick.at - trace.begin), number(tick.load),
               tick.load_per_instance ? number(*tick.load_per_instance) : "-", std::to_string(tick.ready),
               printable(tick.text)});
  }
  if (listed == 0) return {};
  std::string text = "\n" + table.text();
  if (left_out > 0) text += fmt::format("and {} more changes; all of them with -v\n", left_out);
  return text;
}

}  // namespace

std::string simulated_scaling_text(const Group& group, const LoadTrace& trace, const SimulatedScaling& played,
                                   Verbosity verbosity) {
  const Extremes sizes = sizes_of(played);
  const std::size_t most = verbosity == Verbosity::verbose ? played.ticks.size() : kListedSizes;
  const std::string heading = fmt::format("{}: {} of load, looked at every {}; a new instance is ready after {}",
                                          group.name, show_duration(trace.points.back().at),
                                          show_duration(trace.evaluate_interval), show_duration(trace.boot_delay));
  const auto counted = [](int count, const std::string& what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  const std::string sum =
      fmt::format("{} of size, {}; {} to {} instances, {} of one in all.", counted(played.changes, "change"),
                  counted(played.reversals, "reversal"), sizes.smallest, sizes.largest, hours(played.instance_hours));
  const std::string shortage = played.hours_short > 0
                                   ? fmt::format("Short for {}: there was more load than those that were ready carry.",
                                                 hours(played.hours_short))
                                   : "Never short: those that were ready have carried the load.";
  return left_and_right(heading, "", 2) + changes_text(trace, played, most) + "\n" + left_and_right(sum, "", 2) +
         left_and_right(shortage, "", 2);
}

Json simulated_scaling_json(const Group& group, const LoadTrace& trace, const SimulatedScaling& played) {
  Json ticks = Json::array();
  for (const auto& tick : played.ticks) {
    ticks.push_back({{"at", rfc3339(tick.at)},
                     {"load", tick.load},
                     {"size", tick.size},
                     {"ready", tick.ready},
                     {"load_per_instance", tick.load_per_instance ? Json(*tick.load_per_instance) : Json(nullptr)},
                     {"text", tick.text}});
  }
  const Extremes sizes = sizes_of(played);
  return {{"format_version", "1.0"},
          {"group", address_of(group)},
          {"begin", rfc3339(trace.begin)},
          {"boot_ms", trace.boot_delay.count()},
          {"evaluate_ms", trace.evaluate_interval.count()},
          {"ticks", std::move(ticks)},
          {"changes", played.changes},
          {"reversals", played.reversals},
          {"smallest", sizes.smallest},
          {"largest", sizes.largest},
          {"instance_hours", played.instance_hours},
          {"hours_short", played.hours_short}};
}

}  // namespace vscale
