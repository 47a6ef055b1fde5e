#include "schemas/metrics/json_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/values/text/listed.h"
#include "engine/values/text/shown_line.h"

namespace vscale {
namespace {

constexpr std::size_t kKeysShown = 5;
constexpr const char* kWhole = "the answer";

/// How deep it goes, looked at without making anything of it.
bool is_nested_too_deep(const std::string& body) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kAnswerMaxNesting) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// The parts of a pointer that begins with `/`, decoded; nothing for a `~` that stands for nothing.
std::optional<std::vector<std::string>> parts_of(std::string_view pointer) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < pointer.size(); ++at) {
    const char c = pointer[at];
    if (c == '/') {
      parts.emplace_back();
    } else if (c != '~') {
      parts.back() += c;
    } else {
      const char next = at + 1 < pointer.size() ? pointer[++at] : '\0';
      if (next != '0' && next != '1') return std::nullopt;
      parts.back() += next == '0' ? '~' : '/';
    }
  }
  return parts;
}

std::optional<std::size_t> index_from(const std::string& part) {
  constexpr std::size_t kMostDigits = 9;
  const bool is_index = !part.empty() && part.size() <= kMostDigits && (part.size() == 1 || part.front() != '0') &&
                        std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!is_index) return std::nullopt;
  return std::stoul(part);
}

Missing missing_key(const nlohmann::json& object, const std::string& key, const std::string& path) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : object.items()) keys.push_back(shown_line(name, kAnswerShownMax));
  return {fmt::format("there is no \"{}\" in {}; it has {}", key, path,
                      keys.empty() ? "nothing" : listed_up_to(kKeysShown, keys))};
}

Found child_of(const nlohmann::json& value, const std::string& part, const std::string& path) {
  if (value.is_object()) {
    const auto found = value.find(part);
    if (found == value.end()) return missing_key(value, part, path);
    return &*found;
  }
  if (value.is_array()) {
    const auto index = index_from(part);
    if (index && *index < value.size()) return &value[*index];
    return Missing{fmt::format("there is no item {} in {}, which has {}, counted from 0", part, path, value.size())};
  }
  return Missing{fmt::format("there is no \"{}\" in {}: that is {}", part, path, shown_json(value))};
}

}  // namespace

Error answer_error(const std::string& subject, const std::string& found, std::string hint) {
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("{} {}", subject, found),
          .detail = "",
          .hint = std::move(hint)};
}

Result<nlohmann::json> parse_answer(const std::string& body, const std::string& subject) {
  if (is_nested_too_deep(body)) {
    return answer_error(subject, fmt::format("answered with JSON that is nested more than {} deep", kAnswerMaxNesting),
                        "check the URL");
  }
  auto document = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_discarded()) return document;
  const std::string shown = shown_line(body, kAnswerShownMax);
  return answer_error(
      subject,
      body.empty() ? "answered with nothing, expected JSON" : fmt::format("answered with \"{}\", expected JSON", shown),
      "check the URL");
}

Error status_error(const HttpAnswer& answer, const std::string& subject) {
  Error error = answer_error(subject, fmt::format("answered {}, expected 200", answer.status), "check the URL");
  error.detail = shown_line(answer.body, kAnswerWordsMax);
  if (answer.status == 401 || answer.status == 403) {
    error.kind = ErrorKind::denied;
    error.hint = "check user, password and token";
  } else if (answer.status >= 300 && answer.status < 400) {
    error.hint = "write the URL that it leads to";
  } else if (answer.status >= 500 || answer.status == 408 || answer.status == 429) {
    error.kind = ErrorKind::unreachable;
    error.hint = "see what it logs";
  }
  return error;
}

Result<nlohmann::json> parse_successful(const HttpAnswer& answer, const std::string& subject) {
  if (answer.status != 200) return status_error(answer, subject);
  return parse_answer(answer.body, subject);
}

std::string shown_json(const nlohmann::json& value) {
  if (value.is_string()) {
    return fmt::format("the text \"{}\"", shown_line(value.get_ref<const std::string&>(), kAnswerShownMax));
  }
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return value.dump();
}

Found follow_pointer(const nlohmann::json& document, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/') return Missing{"it does not begin with /"};
  const auto parts = parts_of(pointer);
  if (!parts) return Missing{"a ~ in it must be ~0 (for ~) or ~1 (for /)"};
  const nlohmann::json* here = &document;
  std::string path = kWhole;
  for (const std::string& part : *parts) {
    if (here->is_null()) return here;
    const Found child = child_of(*here, part, path);
    if (std::holds_alternative<Missing>(child)) return child;
    here = std::get<const nlohmann::json*>(child);
    path = (path == kWhole ? "" : path) + "/" + part;
  }
  return here;
}

}  // namespace vscale
