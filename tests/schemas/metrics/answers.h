#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "engine/ports/metrics/number_sources.h"
#include "engine/values/result.h"

/// What parsers of answers came to, in short.

namespace vscale::test {

inline constexpr const char* kWho = "policy queue of group.web: http://there";

inline HttpAnswer ok(const std::string& body) {
  return {200, body};
}

/// The number; fails the test if there is none.
inline double number_of(const Result<std::optional<double>>& result) {
  INFO((result ? "" : to_string(result.error())));
  REQUIRE(result);
  REQUIRE(*result);
  return **result;
}

inline bool is_absent(const Result<std::optional<double>>& result) {
  INFO((result ? "" : to_string(result.error())));
  REQUIRE(result);
  return !result->has_value();
}

/// "invalid: gave 2 series, expected one; write …", without who has answered.
template <class T>
std::string mistake_in(const Result<T>& result) {
  REQUIRE_FALSE(result);
  const std::string text = to_string(result.error());
  REQUIRE(text.starts_with(std::string(kWho) + " "));
  return std::string(to_string(result.error().kind)) + ": " + text.substr(std::string(kWho).size() + 1);
}

}  // namespace vscale::test
