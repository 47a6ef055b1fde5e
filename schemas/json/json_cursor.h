#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/units.h"

/// Reads a JSON document that somebody may have cut, edited or written with another version: nothing throws, and the
/// first mistake is kept with its path.

namespace vscale {

/// A place in a document. Reading what is not there, or is of another type, gives an empty value and notes the mistake;
/// the reader goes on and asks for the mistake once at the end. Members that nobody asks for are no mistake. Refers to
/// the document and to `mistake`, which must outlive it.
class JsonCursor {
 public:
  /// `mistake` is written once, by the first mistake: "actions[3].host: missing".
  JsonCursor(const nlohmann::ordered_json& document, std::string& mistake);

  /// A member that must be there.
  [[nodiscard]] JsonCursor operator[](const char* key) const;
  /// Is the member there, and not null?
  [[nodiscard]] bool has(const char* key) const;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] std::uint64_t amount() const;  ///< Not negative.
  [[nodiscard]] int small() const;             ///< Fits an int.
  [[nodiscard]] double number() const;         ///< Whole or not.
  [[nodiscard]] bool truth() const;
  [[nodiscard]] Instant instant() const;  ///< RFC 3339, in UTC.
  [[nodiscard]] std::vector<JsonCursor> items() const;
  [[nodiscard]] std::vector<std::pair<std::string, JsonCursor>> members() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] bool is_text() const;

  /// The value that a word stands for: `kind_from(word)` gives an optional, nothing for a word that it does not know.
  template <class From>
  [[nodiscard]] auto word(From from) const -> typename decltype(from(std::string()))::value_type {
    const auto value = from(text());
    if (!value) wrong("an unknown word");
    return value.value_or(typename decltype(from(std::string()))::value_type{});
  }

  /// Notes that what stands here is not acceptable: "PATH: WHY".
  void wrong(const std::string& why) const;

 private:
  JsonCursor(const nlohmann::ordered_json* value, std::string path, std::string& mistake);

  const nlohmann::ordered_json* value_;  // nullptr: not there; the mistake has been noted
  std::string path_;
  std::string* mistake_;
};

}  // namespace vscale
