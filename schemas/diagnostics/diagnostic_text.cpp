#include "schemas/diagnostics/diagnostic_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "schemas/diagnostics/terminal_text.h"

namespace vscale {
namespace {

constexpr std::size_t kTabCells = 4;
constexpr std::size_t kMaxSnippetCells = 64;  // what is left of 80 columns after the gutter, roughly
constexpr std::size_t kCellsBeforeCaret = 24;
constexpr std::size_t kSummaryIndent = 2;

// One character of the snippet as it is shown.
struct Cell {
  std::string text;
  std::size_t width = 1;
  std::size_t byte = 0;  // where it begins in the line
};

std::vector<Cell> cells(std::string_view line) {
  std::vector<Cell> all;
  for (std::size_t i = 0; i < line.size();) {
    const Character character = first_character(line.substr(i));
    const std::string escape = escape_of(character);
    const bool is_tab = character.code == '\t';
    Cell cell{
        .text = is_tab ? std::string(kTabCells, ' ') : escape, .width = is_tab ? kTabCells : escape.size(), .byte = i};
    if (cell.text.empty()) {
      cell.text = line.substr(i, character.bytes);
      cell.width = static_cast<std::size_t>(columns_of(character.code));
    }
    all.push_back(std::move(cell));
    i += character.bytes;
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

// `text` after `before`, broken between words at the screen's width; further lines begin `indent` columns in.
std::string wrapped(const std::string& before, const std::string& text, std::size_t indent) {
  const int used = static_cast<int>(indent);
  std::string out;
  for (const std::string& line : wrap(safe(text), kTextWidth - used, static_cast<int>(before.size()) - used)) {
    out += (out.empty() ? before : std::string(indent, ' ')) + line + "\n";
  }
  return out;
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
    const bool fits = static_cast<int>(gutter.size() + 4 + snippet.underline.size()) + columns(label) <= kTextWidth;
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
