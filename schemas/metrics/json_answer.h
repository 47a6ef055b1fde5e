#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>

#include "engine/ports/metrics/number_sources.h"
#include "engine/values/result.h"

/// JSON that others have answered, as far as numbers are read from it. Internal to schemas/metrics.

namespace vscale {

/// Lists and objects within each other; what is deeper was not meant to be read.
constexpr int kAnswerMaxNesting = 64;
/// What of an answer is shown in an error.
constexpr std::size_t kAnswerShownMax = 60;
/// What of another program's own words is shown.
constexpr std::size_t kAnswerWordsMax = 200;

/// `subject`: who has answered, as messages begin: "policy queue of group.web: http://prom:9090".
Error answer_error(const std::string& subject, const std::string& found, std::string hint);

/// `invalid` for what is no JSON, or nested too deep. Its length was bounded by who fetched it.
Result<nlohmann::json> parse_answer(const std::string& body, const std::string& subject);
/// The same of the body of an answer with status 200; `denied` for 401 and 403, `unreachable` for what the server may
/// give another time (408, 429, 5xx), `invalid` for any other status.
Result<nlohmann::json> parse_successful(const HttpAnswer& answer, const std::string& subject);

/// The status of an answer that is not 200, as parse_successful() tells it.
Error status_error(const HttpAnswer& answer, const std::string& subject);

/// "true", "a text", "a list", "an object", … for messages.
std::string shown_json(const nlohmann::json& value);

/// What a JSON pointer (RFC 6901) leads to.
struct Missing {
  std::string why;  ///< "there is no \"free\" in it; it has: used, total"
};
using Found = std::variant<const nlohmann::json*, Missing>;
/// Of a null on the way it is that null. "" is the whole document.
Found follow_pointer(const nlohmann::json& document, const std::string& pointer);

}  // namespace vscale
