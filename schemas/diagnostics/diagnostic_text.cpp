#include "schemas/diagnostics/diagnostic_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace vscale {
namespace {

constexpr std::size_t kTabCells = 4;
constexpr std::size_t kScreenColumns = 80;
constexpr std::size_t kMaxSnippetCells = 64;  // what is left of 80 columns after the gutter, roughly
constexpr std::size_t kCellsBeforeCaret = 24;
constexpr std::size_t kSummaryIndent = 2;

// One character of the snippet as it is shown.
struct Cell {
  std::string text;
  std::size_t width = 1;
  std::size_t byte = 0;  // where it begins in the line
};

std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80U) return 1;
  if (lead >= 0xF0U) return 4;
  if (lead >= 0xE0U) return 3;
  return lead >= 0xC2U ? 2 : 1;
}

char32_t decode(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 1) return lead;
  char32_t point = lead & (0xFFU >> (bytes.size() + 1));
  for (std::size_t i = 1; i < bytes.size(); ++i) point = point << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3FU);
  return point;
}

bool within(char32_t point, char32_t first, char32_t last) {
  return point >= first && point <= last;
}

// How many columns a terminal gives to a character. The C library's wcwidth() depends on the locale, so the ranges that
// matter stand here: East Asian wide forms and emoji take two, combining marks none.
std::size_t cells_of(char32_t point) {
  const bool combining = within(point, 0x300, 0x36F) || within(point, 0x1AB0, 0x1AFF) ||
                         within(point, 0x20D0, 0x20FF) || within(point, 0xFE00, 0xFE0F) ||
                         within(point, 0xFE20, 0xFE2F) || point == 0x200D || within(point, 0x200B, 0x200C);
  if (combining) return 0;
  const bool wide = within(point, 0x1100, 0x115F) || within(point, 0x2E80, 0x303E) || within(point, 0x3041, 0xA4CF) ||
                    within(point, 0xAC00, 0xD7A3) || within(point, 0xF900, 0xFAFF) || within(point, 0xFE30, 0xFE6F) ||
                    within(point, 0xFF00, 0xFF60) || within(point, 0xFFE0, 0xFFE6) || within(point, 0x1F300, 0x1F64F) ||
                    within(point, 0x1F680, 0x1F6FF) || within(point, 0x1F900, 0x1FAFF) ||
                    within(point, 0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// Line and direction marks reorder or break what follows them on a terminal.
bool must_be_escaped(char32_t point) {
  return point < 0x20 || within(point, 0x7F, 0x9F) || within(point, 0x200E, 0x200F) || within(point, 0x2028, 0x202E) ||
         within(point, 0x2066, 0x2069) || point == 0xFEFF;
}

std::vector<Cell> cells(std::string_view line) {
  std::vector<Cell> all;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t length = std::min(utf8_length(static_cast<unsigned char>(line[i])), line.size() - i);
    const std::string_view tail = line.substr(i + 1, length - 1);
    const bool whole = std::all_of(tail.begin(), tail.end(), is_continuation) &&
                       utf8_length(static_cast<unsigned char>(line[i])) == length;
    const bool lone = !whole || (length == 1 && static_cast<unsigned char>(line[i]) >= 0x80U);
    if (lone) length = 1;
    const std::string_view bytes = line.substr(i, length);
    Cell cell{.text = std::string(bytes), .width = 1, .byte = i};
    if (lone) {
      cell.text = fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
      cell.width = cell.text.size();
    } else if (bytes == "\t") {
      cell.text = std::string(kTabCells, ' ');
      cell.width = kTabCells;
    } else if (const char32_t point = decode(bytes); must_be_escaped(point)) {
      cell.text = point < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(point))
                                : fmt::format("\\u{:04x}", static_cast<unsigned>(point));
      cell.width = cell.text.size();
    } else {
      cell.width = cells_of(point);
    }
    all.push_back(std::move(cell));
    i += length;
  }
  return all;
}

// The same for text that is not a line of the file: what must not reach a terminal is escaped.
std::string safe(std::string_view text) {
  std::string out;
  for (const Cell& cell : cells(text)) out += cell.text;
  return out;
}

struct Snippet {
  std::string line, underline;
};

Snippet make_snippet(std::string_view line, std::size_t column, std::size_t length) {
  const std::vector<Cell> all = cells(line);
  const std::size_t first_byte = column - 1;
  const auto begins_at = [&](std::size_t byte) {
    return static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const Cell& cell) { return cell.byte >= byte; }) - all.begin());
  };
  const std::size_t first = begins_at(first_byte);
  const std::size_t last = std::max(begins_at(first_byte + length), first + 1);
  const auto width = [&](std::size_t from, std::size_t to) {
    std::size_t sum = 0;
    for (std::size_t i = from; i < std::min(to, all.size()); ++i) sum += all[i].width;
    return sum;
  };
  // A long line is shown from a little before the caret.
  std::size_t begin = 0;
  if (width(0, all.size()) > kMaxSnippetCells) {
    while (begin < first && width(begin, first) > kCellsBeforeCaret) ++begin;
  }
  std::size_t end = begin;
  while (end < all.size() && width(begin, end + 1) <= kMaxSnippetCells) ++end;
  Snippet snippet;
  if (begin > 0) snippet.line = "...";
  snippet.underline = std::string(snippet.line.size() + width(begin, first), ' ');
  for (std::size_t i = begin; i < end; ++i) snippet.line += all[i].text;
  if (end < all.size()) snippet.line += "...";
  snippet.underline +=
      std::string(std::max<std::size_t>(1, width(first, std::min(last, std::max(end, first + 1)))), '^');
  return snippet;
}

std::size_t width_of(std::string_view text) {
  std::size_t sum = 0;
  for (const Cell& cell : cells(text)) sum += cell.width;
  return sum;
}

// `text` after `before`, broken between words at the screen's width; further lines begin `indent` columns in. A word
// that is wider stays whole, for it is a path or a value that somebody wants to copy.
std::string wrapped(const std::string& before, const std::string& text, std::size_t indent) {
  std::string out = before;
  std::size_t column = before.size();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = safe(std::string_view(text).substr(at, end - at));
    const std::size_t width = width_of(word);
    if (at > 0 && column + 1 + width > kScreenColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (at > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
    at = end + 1;
  }
  return out + "\n";
}

std::string note(const std::string& gutter, const std::string& text) {
  return wrapped(gutter + " = ", text, gutter.size() + 3);
}

std::string place(const SourceSpan& span) {
  return fmt::format("{}:{}:{}", safe(span.file), span.line, span.column);
}

}  // namespace

std::string render_diagnostic(const Diagnostic& diagnostic) {
  const bool has_place = diagnostic.where.line > 0;
  const std::string number = has_place ? fmt::format("{}", diagnostic.where.line) : "";
  const std::string gutter(number.size() + 1, ' ');
  std::string out =
      wrapped(diagnostic.severity == Severity::error ? "error: " : "warning: ", diagnostic.summary, kSummaryIndent);
  if (has_place) out += fmt::format("{}--> {}\n", gutter, place(diagnostic.where));
  const bool has_snippet = has_place && !diagnostic.snippet.empty();
  if (has_snippet) {
    const auto column = static_cast<std::size_t>(std::max(1, diagnostic.where.column));
    const auto length = static_cast<std::size_t>(std::max(1, diagnostic.where.length));
    const Snippet snippet = make_snippet(diagnostic.snippet, column, length);
    const std::string label = safe(diagnostic.label);
    const bool fits = gutter.size() + 4 + snippet.underline.size() + width_of(label) <= kScreenColumns;
    out += fmt::format("{} |\n", gutter);
    out += fmt::format(" {} | {}\n", number, snippet.line);
    out +=
        fmt::format("{} | {}{}{}\n", gutter, snippet.underline, fits && !label.empty() ? " " : "", fits ? label : "");
    if (!fits) out += note(gutter, diagnostic.label);
  } else if (!diagnostic.label.empty()) {
    out += note(gutter, diagnostic.label);
  }
  for (const SourceSpan& also : diagnostic.also) out += fmt::format("{} = see also {}\n", gutter, place(also));
  if (!diagnostic.hint.empty()) out += note(gutter, "hint: " + diagnostic.hint);
  return out;
}

std::string render_diagnostics(const Diagnostics& diagnostics) {
  if (diagnostics.empty()) return "";
  std::string out;
  std::size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += render_diagnostic(diagnostic) + "\n";
    errors += diagnostic.severity == Severity::error ? 1 : 0;
  }
  const auto counted = [](std::size_t n, const char* word) {
    return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
  };
  const std::size_t warnings = diagnostics.size() - errors;
  if (errors > 0) out += counted(errors, "error");
  if (errors > 0 && warnings > 0) out += ", ";
  if (warnings > 0) out += counted(warnings, "warning");
  return out + "\n";
}

}  // namespace vscale
