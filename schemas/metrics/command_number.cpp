#include "schemas/metrics/command_number.h"

#include <fmt/format.h>

#include "engine/values/text/shown_line.h"
#include "schemas/metrics/json_answer.h"
#include "schemas/metrics/number_text.h"

namespace vscale {
namespace {

std::string first_line(const std::string& said) {
  return shown_line(std::string(without_white_space(said)), kAnswerWordsMax);
}

}  // namespace

Result<std::optional<double>> command_number(const CommandExit& exit, const std::string& subject) {
  if (exit.code != 0) {
    Error error = answer_error(subject, fmt::format("ended with exit {}", exit.code), "run it by hand");
    error.kind = ErrorKind::failed;
    error.detail = first_line(exit.err);
    return error;
  }
  const std::string_view printed = without_white_space(exit.out);
  const NumberText number = read_number_text(printed);
  switch (number.kind) {
    case NumberText::Kind::number:
      return std::optional<double>(number.value);
    case NumberText::Kind::none:
      return std::optional<double>();
    case NumberText::Kind::other:
      break;
  }
  const std::string found = printed.empty()
                                ? "printed nothing"
                                : fmt::format("printed \"{}\"", shown_line(std::string(printed), kAnswerShownMax));
  return answer_error(subject, found + ", expected one number",
                      "let it print a number alone, or NaN where there is none");
}

}  // namespace vscale
