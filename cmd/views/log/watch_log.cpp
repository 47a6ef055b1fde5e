#include "cmd/views/log/watch_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

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
    case LogLevel::info:
      return 6;
    case LogLevel::warn:
      return 4;
    case LogLevel::error:
      return 3;
  }
  return 3;
}

}  // namespace

std::string log_line(const LogEntry& entry) {
  return fmt::format("<{}>{}\n", priority_of(entry.level), text_of(entry));
}

void WatchLog::write(const LogEntry& entry) {
  if (entry.level < least_) return;
  const std::string line = log_line(entry);
  const std::lock_guard lock(writing_);
  out_ << line << std::flush;
}

}  // namespace vscale
