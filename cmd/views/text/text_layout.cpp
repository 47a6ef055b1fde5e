#include "cmd/views/text/text_layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace vscale {
namespace {

constexpr int kGap = 2;             // between columns
constexpr int kLastColumnMin = 20;  // narrower than this, the last column goes on a line of its own

/// The longest beginning of plain `text` that takes at most `width` columns, in bytes.
std::size_t bytes_within(std::string_view text, int width) {
  std::size_t at = 0;
  int used = 0;
  while (at < text.size()) {
    const Character character = first_character(text.substr(at));
    used += columns_of(character.code);
    if (used > width) break;
    at += character.bytes;
  }
  return at;
}

void trim_right(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
}

}  // namespace

std::string Paint::colour(const char* code, std::string_view text) const {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::string escape = escape_of(character);
    if (character.code == '\n' || character.code == '\t' || character.code == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += escape.empty() ? text.substr(0, character.bytes) : escape;
    }
    text.remove_prefix(character.bytes);
  }
  trim_right(out);
  return out;
}

std::string cut(std::string_view text, int width) {
  if (columns(text) <= width) return std::string(text);
  return std::string(text.substr(0, bytes_within(text, width - 2))) + "..";
}

std::string pad_right(std::string text, int width) {
  const int missing = width - columns(text);
  if (missing > 0) text.append(static_cast<std::size_t>(missing), ' ');
  return text;
}

std::string pad_left(std::string text, int width) {
  const int missing = width - columns(text);
  if (missing > 0) text.insert(0, static_cast<std::size_t>(missing), ' ');
  return text;
}

std::string left_and_right(const std::string& left, const std::string& right, int indent) {
  const auto margin = std::min(left.find_first_not_of(' '), left.size());
  return hanging(std::string(margin, ' '), left.substr(margin), right, static_cast<int>(margin) + indent);
}

std::string hanging(const std::string& prefix, const std::string& text, const std::string& right, int more_indent) {
  const int edge = kTextWidth - (right.empty() ? 0 : columns(right) + kGap);
  const auto lines = wrap(text, edge - std::max(columns(prefix), more_indent));
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line = (i == 0 ? prefix : std::string(static_cast<std::size_t>(more_indent), ' ')) + lines[i];
    if (i == 0 && !right.empty()) line = pad_right(std::move(line), edge + kGap) + right;
    trim_right(line);
    out += line + "\n";
  }
  return out;
}

int Table::gap_after(std::size_t column) const {
  return symbols_ == Symbols::first && column == 0 ? 1 : kGap;
}

std::vector<int> Table::widths() const {
  std::vector<int> widths;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], std::min(columns(row[i]), column_max_));
    }
  }
  return widths;
}

void Table::write_row(const std::vector<std::string>& row, const std::vector<int>& widths, std::string& out) const {
  std::string line(static_cast<std::size_t>(indent_), ' ');
  const auto end_line = [&out, &line](int next_column) {
    trim_right(line);
    if (!line.empty()) out += line + "\n";
    line = std::string(static_cast<std::size_t>(next_column), ' ');
  };
  int column = indent_;
  for (std::size_t i = 0; i + 1 < row.size(); ++i) {
    const bool too_wide = columns(row[i]) > widths[i];
    if (column + columns(row[i]) > kTextWidth) end_line(column = indent_ + kGap);
    line += too_wide ? cut(row[i], kTextWidth - column) : pad_right(row[i], widths[i] + gap_after(i));
    column += widths[i] + gap_after(i);
    if (too_wide) end_line(column);
  }
  if (kTextWidth - column < kLastColumnMin) end_line(column = indent_ + kGap);
  const std::string last = row.empty() ? "" : row.back();
  auto parts = wrap(last, kTextWidth - column);
  const bool overflows = columns(parts.front()) > kTextWidth - column;
  if (overflows && column > indent_ + kGap) {
    end_line(column = indent_ + kGap);
    parts = wrap(last, kTextWidth - column);
  }
  bool first = true;
  for (const auto& part : parts) {
    if (!first) end_line(column);
    line += part;
    first = false;
  }
  trim_right(line);
  if (!line.empty()) out += line + "\n";
}

std::string Table::text() const {
  std::string out;
  const auto all_widths = widths();
  for (const auto& row : rows_) write_row(row, all_widths, out);
  return out;
}

}  // namespace vscale
