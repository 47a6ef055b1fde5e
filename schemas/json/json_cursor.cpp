#include "schemas/json/json_cursor.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace vscale {

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

double JsonCursor::number() const {
  if (value_ != nullptr && value_->is_number()) return value_->get<double>();
  if (value_ != nullptr) wrong("not a number");
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
