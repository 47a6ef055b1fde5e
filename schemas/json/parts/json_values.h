#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/values/result.h"
#include "engine/values/units.h"
#include "schemas/json/json_cursor.h"

/// Lists, words and values that may be missing, as JSON: what the documents of this folder are put together from.

namespace vscale {

template <class List, class ToJson>
nlohmann::ordered_json list_json(const List& list, ToJson to_json) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& item : list) out.push_back(to_json(item));
  return out;
}

template <class T, class From>
std::vector<T> list_from(const JsonCursor& json, From from) {
  std::vector<T> list;
  for (const auto& item : json.items()) list.push_back(from(item));
  return list;
}

/// As list_from(), and empty where an older vscale did not write the list.
template <class T, class From>
std::vector<T> list_if_any(const JsonCursor& json, const char* key, From from) {
  return json.has(key) ? list_from<T>(json[key], from) : std::vector<T>{};
}

// ---- Words ----------------------------------------------------------------------------------------------------------

/// The word for a value of an enum that has no to_string() in the engine.
template <class Enum>
struct Word {
  Enum value;
  const char* word;
};

template <class Enum, std::size_t count>
const char* word_for(const std::array<Word<Enum>, count>& words, Enum value) {
  for (const auto& word : words) {
    if (word.value == value) return word.word;
  }
  VSCALE_ASSERT(false, "a value without a word in JSON");
}

/// For JsonCursor::word().
template <class Enum, std::size_t count>
auto from_words(const std::array<Word<Enum>, count>& words) {
  return [&words](const std::string& text) -> std::optional<Enum> {
    for (const auto& word : words) {
      if (text == word.word) return word.value;
    }
    return std::nullopt;
  };
}

// ---- What may be missing --------------------------------------------------------------------------------------------

template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}
inline nlohmann::ordered_json or_null(const std::optional<Duration>& value) {
  return value ? nlohmann::ordered_json(value->count()) : nlohmann::ordered_json(nullptr);
}
inline nlohmann::ordered_json or_null(const std::optional<Instant>& at) {
  return at ? nlohmann::ordered_json(rfc3339(*at)) : nlohmann::ordered_json(nullptr);
}

inline bool truth_if_any(const JsonCursor& json, const char* key) {
  return json.has(key) && json[key].truth();
}
inline std::int64_t integer_if_any(const JsonCursor& json, const char* key) {
  return json.has(key) ? json[key].integer() : 0;
}
inline std::string text_if_any(const JsonCursor& json, const char* key) {
  return json.has(key) ? json[key].text() : std::string();
}

inline std::optional<int> optional_int_from(const JsonCursor& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  return json[key].small();
}
inline std::optional<Duration> optional_duration_from(const JsonCursor& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  return Duration{json[key].integer()};
}
inline std::optional<Instant> optional_instant_from(const JsonCursor& json, const char* key) {
  if (!json.has(key)) return std::nullopt;
  return json[key].instant();
}

}  // namespace vscale
