#include "schemas/text/units_text.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

#include "engine/values/text/lower_case.h"

namespace vscale {
namespace {

constexpr std::int64_t kMaxDurationMs = std::int64_t{10} * 365 * 24 * 3600 * 1000;
constexpr std::size_t kMaxDigits = 18;

struct Unit {
  std::string_view word;
  std::uint64_t factor;
};

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizeUnits[] = {{"KiB", kKiB},
                               {"MiB", kMiB},
                               {"GiB", kGiB},
                               {"TiB", kTiB},
                               {"PiB", 1024 * kTiB},
                               {"KB", 1000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000},
                               {"PB", 1'000'000'000'000'000}};

struct Meant {
  std::string_view written, meant;
};

constexpr Meant kMeantSizes[] = {{"k", "KiB"},   {"kib", "KiB"}, {"kb", "KB"},   {"m", "MiB"},
                                 {"mib", "MiB"}, {"mb", "MB"},   {"g", "GiB"},   {"gib", "GiB"},
                                 {"gb", "GB"},   {"t", "TiB"},   {"tib", "TiB"}, {"tb", "TB"},
                                 {"ki", "KiB"},  {"mi", "MiB"},  {"gi", "GiB"},  {"ti", "TiB"}};
constexpr Meant kMeantDurations[] = {{"sec", "s"},  {"secs", "s"},   {"second", "s"},  {"seconds", "s"}, {"min", "m"},
                                     {"mins", "m"}, {"minute", "m"}, {"minutes", "m"}, {"hour", "h"},    {"hours", "h"},
                                     {"hr", "h"},   {"day", "d"},    {"days", "d"},    {"msec", "ms"},   {"S", "s"},
                                     {"M", "m"},    {"H", "h"},      {"D", "d"}};

template <std::size_t N>
std::optional<std::uint64_t> factor_of(const Unit (&units)[N], std::string_view word) {
  for (const Unit& unit : units) {
    if (unit.word == word) return unit.factor;
  }
  return std::nullopt;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits || count_digits(text) != text.size()) return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const std::size_t digits = count_digits(text);
  const auto count = parse_digits(text.substr(0, digits));
  const auto factor = factor_of(kDurationUnits, text.substr(digits));
  if (!count || !factor || *count > static_cast<std::uint64_t>(kMaxDurationMs) / *factor) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*count * *factor));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t whole_digits = count_digits(text);
  const auto whole = parse_digits(text.substr(0, whole_digits));
  if (!whole) return std::nullopt;
  text.remove_prefix(whole_digits);
  std::uint64_t thousandths = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t digits = count_digits(text);
    const auto fraction = parse_digits(text.substr(0, digits));
    if (!fraction || digits > 3) return std::nullopt;
    thousandths = *fraction;
    for (std::size_t i = digits; i < 3; ++i) thousandths *= 10;
    text.remove_prefix(digits);
  }
  const auto factor = factor_of(kSizeUnits, text);
  constexpr auto kLimit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!factor || *whole > kLimit / *factor) return std::nullopt;
  return *whole * *factor + thousandths * (*factor / 1000) + thousandths * (*factor % 1000) / 1000;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.size() > 1 && text.starts_with('0')) return std::nullopt;  // 010 is eight to some and ten to others
  const auto value = parse_digits(text);
  if (!value) return std::nullopt;
  const auto magnitude = static_cast<std::int64_t>(*value);
  return negative ? -magnitude : magnitude;
}

std::optional<double> parse_number(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  const std::size_t whole = count_digits(rest);
  rest.remove_prefix(whole);
  std::size_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = count_digits(rest);
    if (fraction == 0) return std::nullopt;
    rest.remove_prefix(fraction);
  }
  if (whole == 0 || !rest.empty() || whole > kMaxDigits || fraction > kMaxDigits) return std::nullopt;
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto value = parse_integer(text.substr(0, text.size() - 1));
  if (!value || *value > 1'000'000 || *value < -1'000'000) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Amount> parse_amount(std::string_view text) {
  if (const auto percent = parse_percent(text); percent && *percent >= 0) {
    return Amount{Amount::Unit::percent, *percent};
  }
  const auto count = parse_integer(text);
  if (!count || *count < 0 || *count > std::numeric_limits<int>::max()) return std::nullopt;
  return Amount{Amount::Unit::count, static_cast<int>(*count)};
}

std::string_view meant_size_unit(std::string_view unit) {
  const std::string written = lower_case(unit);
  for (const Meant& row : kMeantSizes) {
    if (row.written == written) return row.meant;
  }
  return {};
}

std::string_view meant_duration_unit(std::string_view unit) {
  for (const Meant& row : kMeantDurations) {
    if (row.written == unit) return row.meant;
  }
  return {};
}

}  // namespace vscale
