#include "cmd/views/text/text_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace vscale {
namespace {

constexpr int kGap = 2;             // between columns
constexpr int kLastColumnMin = 20;  // narrower than this, the last column goes on a line of its own

struct Character {
  char32_t code = 0;
  std::size_t length = 1;  // bytes
  bool valid = false;
};

/// The character that begins at `text[0]`, which must not be empty.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first >= 0xf5 || text.size() < length) return {first, 1, false};
  char32_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {first, 1, false};
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  return {code, length, true};
}

/// Of one printed character: 0 for what combines with the one before, 2 for East Asian wide ones and pictures.
int columns_of(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr std::array zero{Range{0x300, 0x36f}, Range{0x200b, 0x200f}, Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}};
  constexpr std::array wide{Range{0x1100, 0x115f}, Range{0x2e80, 0xa4cf},   Range{0xac00, 0xd7a3},
                            Range{0xf900, 0xfaff}, Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
                            Range{0xffe0, 0xffe6}, Range{0x1f300, 0x1faff}, Range{0x20000, 0x3fffd}};
  const auto holds = [code](const Range& range) { return code >= range.first && code <= range.last; };
  if (std::any_of(zero.begin(), zero.end(), holds)) return 0;
  return std::any_of(wide.begin(), wide.end(), holds) ? 2 : 1;
}

/// The length in bytes of the colour sequence that `text` begins with, or 0.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

/// The longest beginning of plain `text` that takes at most `width` columns, in bytes.
std::size_t bytes_within(std::string_view text, int width) {
  std::size_t at = 0;
  int used = 0;
  while (at < text.size()) {
    const Character character = decode(text.substr(at));
    used += columns_of(character.code);
    if (used > width) break;
    at += character.length;
  }
  return at;
}

/// What `text` begins with and is never broken: a word, or a command between backticks, which somebody will copy.
std::size_t unit_length(std::string_view text) {
  std::size_t from = 0;
  if (const auto opened = text.substr(0, text.find(' ')).find('`'); opened != std::string_view::npos) {
    const auto closed = text.find('`', opened + 1);
    if (closed != std::string_view::npos) from = closed;
  }
  return std::min(text.find(' ', from), text.size());
}

void trim_right(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
}

}  // namespace

std::string Paint::colour(const char* code, std::string_view text) const {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

int columns(std::string_view text) {
  int total = 0;
  while (!text.empty()) {
    if (const auto skip = colour_length(text); skip > 0) {
      text.remove_prefix(skip);
      continue;
    }
    const Character character = decode(text);
    total += columns_of(character.code);
    text.remove_prefix(character.length);
  }
  return total;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = decode(text);
    const bool control = character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0);
    if (character.valid && !control) {
      out += text.substr(0, character.length);
    } else if (character.code == '\n' || character.code == '\t' || character.code == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character.code));
    }
    text.remove_prefix(character.length);
  }
  trim_right(out);
  return out;
}

std::string cut(std::string_view text, int width) {
  if (columns(text) <= width) return std::string(text);
  return std::string(text.substr(0, bytes_within(text, width - 2))) + "..";
}

std::vector<std::string> wrap(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t length = unit_length(text);
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (word.empty()) continue;
    const int room = width - columns(lines.back()) - (lines.back().empty() ? 0 : 1);
    if (columns(word) > room && !lines.back().empty()) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
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
      widths[i] = std::max(widths[i], std::min(columns(row[i]), kColumnMax));
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
