#include "providers/clock/time_zones.h"

#include <date/tz.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>

#include "engine/values/text/lower_case.h"
#include "engine/values/text/shown_line.h"

namespace vscale {
namespace {

// Clocks are changed four times a year at most, so this is for longer than anybody asks.
constexpr std::size_t kMaxOffsets = 10'000;

// What the machine itself is set to is a file among the zones, and no name that means the same elsewhere.
constexpr std::string_view kOwnZone = "localtime";

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";
constexpr std::string_view kFileBegins = "TZif";
constexpr std::size_t kMaxDetail = 120;  // characters

// The zone that was probably meant: the same in other letters, or a place without its continent.
std::string probably_meant(std::string_view zone) {
  const std::string wanted = lower_case(zone);
  for (const date::time_zone& known : date::get_tzdb().zones) {
    const std::string name = lower_case(known.name());
    const std::string place = name.substr(name.find_last_of('/') + 1);
    if (name != kOwnZone && (name == wanted || place == wanted)) return known.name();
  }
  return "";
}

Error unknown_zone(const std::string& zone) {
  const std::string meant = probably_meant(zone);
  return {.kind = ErrorKind::not_found,
          .message = fmt::format("time zone \"{}\" is not known on this machine", zone),
          .detail = "",
          .hint = meant.empty() ? "IANA names are like Europe/Berlin; those of /usr/share/zoneinfo are known"
                                : fmt::format("did you mean \"{}\"?", meant)};
}

Error unreadable_zone(const std::string& zone, const std::string& detail) {
  return {.kind = ErrorKind::failed,
          .message = fmt::format("what clocks show in time zone \"{}\" cannot be read", zone),
          .detail = shown_line(detail, kMaxDetail),
          .hint = "is the package tzdata installed, and whole?"};
}

// The library ends the program at a file that is no zone data.
bool is_zone_data(const std::string& zone) {
  std::ifstream file(std::string(kZoneFolder) + zone, std::ios::binary);
  std::string begin(kFileBegins.size(), '\0');
  return file.read(begin.data(), static_cast<std::streamsize>(begin.size())) && begin == kFileBegins;
}

ZoneRules read_rules(const date::time_zone& data, const std::string& zone, Instant from, Instant to) {
  ZoneRules rules{.zone = zone, .offsets = {}};
  auto at = std::chrono::floor<std::chrono::seconds>(from);
  while (at <= to && rules.offsets.size() < kMaxOffsets) {
    const date::sys_info info = data.get_info(at);
    const auto seconds = static_cast<std::int32_t>(info.offset.count());
    // Some changes are of the name alone, or of what of it is called daylight saving.
    const bool is_new = rules.offsets.empty() || rules.offsets.back().seconds != seconds;
    if (is_new) rules.offsets.push_back({.from = at, .seconds = seconds});
    if (info.end <= at) break;
    at = info.end;
  }
  return rules;
}

}  // namespace

Result<ZoneRules> SystemTimeZones::rules(const std::string& zone, Instant from, Instant to) {
  VSCALE_ASSERT(from <= to, "time goes forward");
  if (zone == "UTC") return utc_rules();
  try {
    const auto& zones = date::get_tzdb().zones;
    const auto found =
        std::find_if(zones.begin(), zones.end(), [&](const date::time_zone& known) { return known.name() == zone; });
    if (zones.empty()) return unreadable_zone(zone, "there are no zones");
    if (found == zones.end() || zone == kOwnZone) return unknown_zone(zone);
    if (!is_zone_data(zone)) return unreadable_zone(zone, "its file is no zone data");
    return read_rules(*found, zone, from, to);
  } catch (const std::exception& e) {
    return unreadable_zone(zone, e.what());
  }
}

}  // namespace vscale
