#include "schemas/json_cursor.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

namespace vscale {
namespace {

/// Digits at `from`, exactly `count` of them.
std::optional<int> digits(const std::string& text, std::size_t from, std::size_t count) {
  if (text.size() < from + count) return std::nullopt;
  int value = 0;
  const char* begin = text.data() + from;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  if (error != std::errc{} || end != begin + count || value < 0) return std::nullopt;
  return value;
}

/// The instant that rfc3339() wrote; nothing for any other text.
std::optional<Instant> instant_from(const std::string& text) {
  // 2026-05-04T13:20:00.000Z
  constexpr const char* form = "dddd-dd-ddTdd:dd:dd.dddZ";
  constexpr std::size_t length = 24;
  if (text.size() != length) return std::nullopt;
  for (std::size_t i = 0; i < length; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == 'd' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  const auto at = [&](std::size_t from, std::size_t count) { return digits(text, from, count).value_or(0); };
  const std::chrono::year_month_day date{std::chrono::year{at(0, 4)},
                                         std::chrono::month{static_cast<unsigned>(at(5, 2))},
                                         std::chrono::day{static_cast<unsigned>(at(8, 2))}};
  if (!date.ok() || at(11, 2) > 23 || at(14, 2) > 59 || at(17, 2) > 60) return std::nullopt;
  return Instant{std::chrono::sys_days{date}} + std::chrono::hours{at(11, 2)} + std::chrono::minutes{at(14, 2)} +
         std::chrono::seconds{at(17, 2)} + std::chrono::milliseconds{at(20, 3)};
}

}  // namespace

JsonCursor::JsonCursor(const nlohmann::ordered_json& document, std::string& mistake)
    : value_(&document), mistake_(&mistake) {}

JsonCursor::JsonCursor(const nlohmann::ordered_json* value, std::string path, std::string& mistake)
    : value_(value), path_(std::move(path)), mistake_(&mistake) {}

void JsonCursor::wrong(const std::string& why) const {
  if (mistake_->empty()) *mistake_ = (path_.empty() ? "the document" : path_) + ": " + why;
}

bool JsonCursor::has(const char* key) const {
  if (value_ == nullptr || !value_->is_object()) return false;
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

JsonCursor JsonCursor::operator[](const char* key) const {
  const std::string path = path_.empty() ? key : path_ + "." + key;
  if (value_ != nullptr && value_->is_object()) {
    const auto found = value_->find(key);
    if (found != value_->end()) return {&*found, path, *mistake_};
  }
  if (value_ != nullptr) JsonCursor{value_, path, *mistake_}.wrong("missing");
  return {nullptr, path, *mistake_};
}

bool JsonCursor::is_text() const {
  return value_ != nullptr && value_->is_string();
}

std::string JsonCursor::text() const {
  if (is_text()) return value_->get_ref<const std::string&>();
  if (value_ != nullptr) wrong("not a text");
  return {};
}

std::int64_t JsonCursor::integer() const {
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value_ != nullptr && value_->is_number_unsigned() && value_->get<std::uint64_t>() <= max) {
    return value_->get<std::int64_t>();
  }
  if (value_ != nullptr && value_->is_number_integer() && !value_->is_number_unsigned()) {
    return value_->get<std::int64_t>();
  }
  if (value_ != nullptr) wrong("not a whole number");
  return 0;
}

std::uint64_t JsonCursor::amount() const {
  if (value_ != nullptr && value_->is_number_unsigned()) return value_->get<std::uint64_t>();
  const std::int64_t value = integer();
  if (value < 0) wrong("negative");
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

int JsonCursor::small() const {
  const std::int64_t value = integer();
  if (value > std::numeric_limits<int>::max() || value < std::numeric_limits<int>::min()) {
    wrong("too large a number");
    return 0;
  }
  return static_cast<int>(value);
}

bool JsonCursor::truth() const {
  if (value_ != nullptr && value_->is_boolean()) return value_->get<bool>();
  if (value_ != nullptr) wrong("not true or false");
  return false;
}

Instant JsonCursor::instant() const {
  const std::string written = text();
  if (value_ == nullptr || !value_->is_string()) return {};
  const auto at = instant_from(written);
  if (!at) wrong("not a time");
  return at.value_or(Instant{});
}

std::vector<JsonCursor> JsonCursor::items() const {
  std::vector<JsonCursor> list;
  if (value_ == nullptr) return list;
  if (!value_->is_array()) {
    wrong("not a list");
    return list;
  }
  list.reserve(value_->size());
  for (const auto& item : *value_) list.push_back({&item, fmt::format("{}[{}]", path_, list.size()), *mistake_});
  return list;
}

std::vector<std::pair<std::string, JsonCursor>> JsonCursor::members() const {
  std::vector<std::pair<std::string, JsonCursor>> list;
  if (value_ == nullptr) return list;
  if (!value_->is_object()) {
    wrong("not an object");
    return list;
  }
  for (const auto& [key, value] : value_->items()) {
    list.emplace_back(key, JsonCursor{&value, path_ + "." + key, *mistake_});
  }
  return list;
}

std::vector<std::string> JsonCursor::texts() const {
  std::vector<std::string> list;
  for (const auto& item : items()) list.push_back(item.text());
  return list;
}

}  // namespace vscale
