#include "schemas/metrics/prometheus_answer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/values/text/shown_line.h"
#include "schemas/metrics/json_answer.h"
#include "schemas/metrics/number_text.h"

namespace vscale {
namespace {

using Number = std::optional<double>;

/// A text that is there, or "".
std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_told_error(const Result<nlohmann::json>& document) {
  return document && document->is_object() && text_at(*document, "status") == "error";
}

ErrorKind kind_of(const std::string& error_type) {
  if (error_type == "bad_data") return ErrorKind::invalid;
  if (error_type == "timeout" || error_type == "canceled") return ErrorKind::timed_out;
  if (error_type == "unavailable" || error_type == "internal") return ErrorKind::unreachable;
  return ErrorKind::failed;
}

Error told_error(const nlohmann::json& document, const std::string& subject) {
  const std::string type = text_at(document, "errorType");
  Error error = answer_error(subject, fmt::format("refused the query: {}", shown_line(type, kAnswerShownMax)),
                             type == "bad_data" ? "correct the query" : "try it in Prometheus' own page");
  error.kind = kind_of(type);
  error.detail = shown_line(text_at(document, "error"), kAnswerWordsMax);
  return error;
}

Error no_prometheus(const std::string& subject) {
  return answer_error(subject, "answered with JSON that is not Prometheus'", "let url name a Prometheus");
}

/// A point is [time, "value"].
Result<Number> value_of_point(const nlohmann::json& point, const std::string& subject) {
  if (!point.is_array() || point.size() != 2) return no_prometheus(subject);
  const nlohmann::json& value = point[1];
  if (value.is_null()) return Number();
  if (!value.is_string()) return no_prometheus(subject);
  const NumberText number = read_number_text(value.get_ref<const std::string&>());
  switch (number.kind) {
    case NumberText::Kind::number:
      return Number(number.value);
    case NumberText::Kind::none:
      return Number();
    case NumberText::Kind::other:
      break;
  }
  return answer_error(subject, fmt::format("gave {}, expected a number", shown_json(value)), "correct the query");
}

Result<Number> value_of_vector(const nlohmann::json& series, const std::string& subject) {
  if (!series.is_array()) return no_prometheus(subject);
  if (series.empty()) return Number();
  if (series.size() > 1) {
    return answer_error(subject, fmt::format("gave {} series, expected one", series.size()),
                        "write a query that gives one number, such as sum(…) or max(…)");
  }
  const nlohmann::json& only = series.front();
  if (only.is_object() && only.contains("histogram")) {
    return answer_error(subject, "gave a histogram, expected a number",
                        "write a query that gives one number, such as histogram_quantile(0.9, …)");
  }
  if (!only.is_object() || !only.contains("value")) return no_prometheus(subject);
  return value_of_point(only["value"], subject);
}

}  // namespace

Result<Number> prometheus_number(const HttpAnswer& answer, const std::string& subject) {
  const auto document = parse_answer(answer.body, subject);
  if (is_told_error(document)) return told_error(*document, subject);
  if (answer.status != 200) return status_error(answer, subject);
  if (!document) return document.error();
  if (!document->is_object()) return no_prometheus(subject);
  const auto data = document->find("data");
  if (text_at(*document, "status") != "success" || data == document->end() || !data->is_object()) {
    return no_prometheus(subject);
  }
  const auto result = data->find("result");
  if (result == data->end()) return no_prometheus(subject);
  const std::string type = text_at(*data, "resultType");
  if (type == "scalar") return value_of_point(*result, subject);
  if (type == "vector") return value_of_vector(*result, subject);
  if (type == "matrix") {
    return answer_error(subject, "gave the values of a time range, expected one number",
                        "write a query that makes one number of them, such as avg_over_time(…)");
  }
  if (type == "string") return answer_error(subject, "gave a text, expected a number", "correct the query");
  return no_prometheus(subject);
}

}  // namespace vscale
