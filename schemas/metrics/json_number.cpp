#include "schemas/metrics/json_number.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schemas/metrics/json_answer.h"
#include "schemas/metrics/number_text.h"

namespace vscale {
namespace {

using Number = std::optional<double>;

/// "at /queue/waiting ": where in the answer something was looked for.
std::string place_of(const std::string& pointer) {
  return pointer.empty() ? std::string() : fmt::format("at {} ", pointer);
}

Error error_at(const std::string& subject, const std::string& pointer, const std::string& found,
               const std::string& expected) {
  return answer_error(subject, fmt::format("answered {}with {}, expected {}", place_of(pointer), found, expected),
                      "correct the pointer, or what is answered");
}

Error error_of_pointer(const std::string& subject, const std::string& pointer, const Missing& missing) {
  return answer_error(subject, fmt::format("has no {}: {}", pointer, missing.why),
                      "correct the pointer, or what is answered");
}

Result<Number> number_in(const nlohmann::json& value, const std::string& pointer, const std::string& subject) {
  if (value.is_null()) return Number();
  if (value.is_number()) return Number(value.get<double>());
  if (value.is_string()) {
    const NumberText text = read_number_text(without_white_space(value.get_ref<const std::string&>()));
    if (text.kind == NumberText::Kind::number) return Number(text.value);
    if (text.kind == NumberText::Kind::none) return Number();
  }
  return error_at(subject, pointer, shown_json(value), "a number");
}

Result<double> available_in(const nlohmann::json& document, const std::string& pointer, const std::string& subject) {
  const Found found = follow_pointer(document, pointer);
  if (const auto* missing = std::get_if<Missing>(&found)) return error_of_pointer(subject, pointer, *missing);
  const nlohmann::json& value = *std::get<const nlohmann::json*>(found);
  if (value.is_number() && value.get<double>() >= 0) return value.get<double>();
  return error_at(subject, pointer, shown_json(value), "a number, 0 or more");
}

Result<bool> terminate_in(const nlohmann::json& document, const std::string& pointer, const std::string& subject) {
  if (pointer.empty()) return false;
  const Found found = follow_pointer(document, pointer);
  if (const auto* missing = std::get_if<Missing>(&found)) return error_of_pointer(subject, pointer, *missing);
  const nlohmann::json& value = *std::get<const nlohmann::json*>(found);
  if (value.is_boolean()) return value.get<bool>();
  return error_at(subject, pointer, shown_json(value), "true or false");
}

}  // namespace

Result<Number> json_number(const HttpAnswer& answer, const std::string& pointer, const std::string& subject) {
  const auto document = parse_successful(answer, subject);
  if (!document) return document.error();
  const Found found = follow_pointer(*document, pointer);
  if (const auto* missing = std::get_if<Missing>(&found)) return error_of_pointer(subject, pointer, *missing);
  return number_in(*std::get<const nlohmann::json*>(found), pointer, subject);
}

Result<CapacityAnswer> capacity_answer(const HttpAnswer& answer, const std::string& available,
                                       const std::string& terminate, const std::string& subject) {
  const auto document = parse_successful(answer, subject);
  if (!document) return document.error();
  const auto free = available_in(*document, available, subject);
  if (!free) return free.error();
  const auto wants_to_end = terminate_in(*document, terminate, subject);
  if (!wants_to_end) return wants_to_end.error();
  return CapacityAnswer{.available = *free, .terminate = *wants_to_end};
}

}  // namespace vscale
