#include "schemas/metrics/influxdb_answer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/values/text/shown_line.h"
#include "schemas/metrics/json_answer.h"

namespace vscale {
namespace {

using Number = std::optional<double>;

/// The list of that name; an empty one where there is none.
const nlohmann::json& list_at(const nlohmann::json& object, const char* key) {
  static const nlohmann::json kNone = nlohmann::json::array();
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_array() ? *found : kNone;
}

/// What InfluxDB itself says is wrong, with the request or with its statement.
std::optional<std::string> told_error(const nlohmann::json& document) {
  const auto error_of = [](const nlohmann::json& object) -> std::optional<std::string> {
    const auto found = object.is_object() ? object.find("error") : object.end();
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return shown_line(found->get<std::string>(), kAnswerWordsMax);
  };
  if (auto error = error_of(document)) return error;
  for (const auto& result : list_at(document, "results")) {
    if (auto error = error_of(result)) return error;
  }
  return std::nullopt;
}

Error refusal(const HttpAnswer& answer, const std::string& words, const std::string& subject) {
  const bool is_denied = answer.status == 401 || answer.status == 403;
  Error error = answer_error(subject, "refused the query",
                             is_denied ? "check username and password of metrics.influxdb"
                                       : "correct the query, or database of metrics.influxdb");
  error.detail = words;
  if (is_denied) error.kind = ErrorKind::denied;
  if (answer.status >= 500) error.kind = ErrorKind::unreachable;
  return error;
}

Error too_many(const std::string& subject, std::size_t count, const char* of_what, const char* instead) {
  return answer_error(subject, fmt::format("gave {} {}, expected one", count, of_what),
                      fmt::format("write a query that gives one number: {}", instead));
}

Error no_influxdb(const std::string& subject) {
  return answer_error(subject, "answered with JSON that is not InfluxDB's", "let metrics.influxdb name an InfluxDB");
}

Result<Number> value_of_series(const nlohmann::json& series, const std::string& subject) {
  if (!series.is_object()) return no_influxdb(subject);
  const nlohmann::json& rows = list_at(series, "values");
  if (rows.empty()) return Number();
  if (rows.size() > 1) return too_many(subject, rows.size(), "rows", "leave GROUP BY time(…) out, and take last(…)");
  const nlohmann::json& columns = list_at(series, "columns");
  const nlohmann::json& row = rows.front();
  if (columns.empty() || !row.is_array() || row.size() != columns.size()) {
    return no_influxdb(subject);
  }
  const std::size_t first = columns.front() == "time" ? 1 : 0;
  if (row.size() != first + 1) return too_many(subject, row.size() - first, "values a row", "select one thing");
  const nlohmann::json& value = row[first];
  if (value.is_null()) return Number();
  if (value.is_number()) return Number(value.get<double>());
  return answer_error(subject, fmt::format("gave {}, expected a number", shown_json(value)), "correct the query");
}

}  // namespace

Result<Number> influxdb_number(const HttpAnswer& answer, const std::string& subject) {
  const auto document = parse_answer(answer.body, subject);
  if (document) {
    if (const auto words = told_error(*document)) return refusal(answer, *words, subject);
  }
  if (answer.status != 200) return status_error(answer, subject);
  if (!document) return document.error();
  const nlohmann::json& results = list_at(*document, "results");
  if (results.empty()) return no_influxdb(subject);
  if (results.size() > 1) return too_many(subject, results.size(), "answers", "write one statement");
  const nlohmann::json& series = list_at(results.front(), "series");
  if (series.empty()) return Number();
  if (series.size() > 1) return too_many(subject, series.size(), "series", "leave GROUP BY out");
  return value_of_series(series.front(), subject);
}

}  // namespace vscale
