#include "cmd/views/log/watch_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cmd/views/run/run_json.h"

namespace vscale {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == 0x7f;
}

std::string without_controls(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '\n') {
      plain += "\\n";
    } else if (is_control(c)) {
      plain += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      plain += c;
    }
  }
  return plain;
}

/// In quotes where it would not be read as one word otherwise.
std::string field_value(const std::string& value) {
  const bool is_word =
      !value.empty() && value.find_first_of(" \"=\\") == std::string::npos && std::ranges::none_of(value, is_control);
  if (is_word) return value;
  std::string quoted;
  for (const char c : value) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return "\"" + without_controls(quoted) + "\"";
}

std::string text_of(const LogEntry& entry) {
  std::string text = without_controls(entry.about);
  if (!text.empty()) text += ' ';
  text += without_controls(entry.text);
  for (const auto& [name, value] : entry.fields) text += fmt::format(" {}={}", name, field_value(value));
  return text;
}

/// syslog's number, as in <syslog.h>.
int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 7;
    case LogLevel::info:
      return 6;
    case LogLevel::warn:
      return 4;
    case LogLevel::error:
      return 3;
  }
  return 3;
}

std::string json_line(const LogEntry& entry, Instant at) {
  nlohmann::ordered_json json = {
      {"type", "log"},        {"at", rfc3339(at)},  {"level", to_string(entry.level)},
      {"about", entry.about}, {"text", entry.text}, {"fields", nlohmann::ordered_json::object()}};
  for (const auto& [name, value] : entry.fields) json["fields"][name] = value;
  return line_of(json);
}

}  // namespace

const char* to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string log_line(const LogEntry& entry, Instant at, LogFormat format) {
  switch (format) {
    case LogFormat::text:
      return fmt::format("{} {:<5} {}\n", rfc3339(at), to_string(entry.level), text_of(entry));
    case LogFormat::journal:
      return fmt::format("<{}>{}\n", priority_of(entry.level), text_of(entry));
    case LogFormat::json:
      return json_line(entry, at);
  }
  return "";
}

void WatchLog::write(Instant at, const LogEntry& entry) {
  if (entry.level < least_) return;
  const std::string line = log_line(entry, at, format_);
  const std::lock_guard lock(writing_);
  out_ << line << std::flush;
}

}  // namespace vscale
