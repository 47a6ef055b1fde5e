#include "schemas/trace/load_csv.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/metrics/number_text.h"
#include "schemas/text/units_text.h"

namespace vscale {
namespace {

/// Where seconds are a moment, and no offset any more: 2001-09-09. An offset of as much would be 31 years.
constexpr double kFirstMoment = 1e9;
constexpr double kLastMoment = 1e11;

constexpr const char* kForm = "each line is TIME,LOAD: 0,120 or 15m,90 or 1767225600,120";

/// More of a line that is no load is not quoted.
constexpr std::size_t kQuoted = 40;

struct Line {
  double seconds = 0;
  double load = 0;
};

std::optional<double> number_from(std::string_view text) {
  const NumberText number = read_number_text(text);
  return number.kind == NumberText::Kind::number && number.value >= 0 ? std::optional(number.value) : std::nullopt;
}

std::optional<double> seconds_from(std::string_view text) {
  if (const auto number = number_from(text)) return *number < kLastMoment ? number : std::nullopt;
  const auto duration = parse_duration(text);
  if (!duration) return std::nullopt;
  return std::chrono::duration<double>(*duration).count();
}

std::optional<Line> line_from(std::string_view text) {
  const auto separator = text.find_first_of(",;");
  if (separator == std::string_view::npos) return std::nullopt;
  const auto seconds = seconds_from(without_white_space(text.substr(0, separator)));
  const auto load = number_from(without_white_space(text.substr(separator + 1)));
  if (!seconds || !load) return std::nullopt;
  return Line{*seconds, *load};
}

Duration milliseconds(double seconds) {
  return std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
}

Error mistake(const std::string& path, std::size_t line, const std::string& what, const std::string& hint) {
  return {ErrorKind::invalid, fmt::format("{}:{}: {}", path, line, what), "", hint};
}

}  // namespace

Result<LoadCsv> read_load_csv(std::string_view text, const std::string& path) {
  LoadCsv read;
  std::optional<double> first;
  double before = 0;
  bool may_be_heading = true;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = without_white_space(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto point = line_from(line);
    const bool is_heading = !point && std::exchange(may_be_heading, false);
    if (is_heading && line.find_first_of("0123456789") == std::string_view::npos) continue;
    if (!point) return mistake(path, number, fmt::format("\"{}\" is no load", line.substr(0, kQuoted)), kForm);
    may_be_heading = false;
    if (first && point->seconds <= before) {
      return mistake(path, number, fmt::format("{} s is not after {} s, the line before", point->seconds, before),
                     "sort the lines by time, each time once");
    }
    if (read.points.size() == kMostLoadPoints) {
      return mistake(path, number, fmt::format("there are more than {} lines", kMostLoadPoints), "cut it");
    }
    if (!first) {
      first = point->seconds;
      if (*first >= kFirstMoment) read.begin = Instant{} + milliseconds(*first);
    }
    before = point->seconds;
    read.points.push_back({.at = milliseconds(point->seconds - *first), .load = point->load});
  }
  if (read.points.size() < 2) {
    return Error{ErrorKind::invalid,
                 fmt::format("{}: {} loads, expected two or more: the last one ends it", path, read.points.size()), "",
                 kForm};
  }
  return read;
}

}  // namespace vscale
