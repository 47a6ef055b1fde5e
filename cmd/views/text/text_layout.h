#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/diagnostics/terminal_text.h"

/// Lines that fit: how a text is coloured, cut and set in columns.

namespace vscale {

/// Colours, or none. Each function gives its text back, coloured where colours are on.
struct Paint {
  bool on = false;

  [[nodiscard]] std::string red(std::string_view text) const { return colour("31", text); }
  [[nodiscard]] std::string green(std::string_view text) const { return colour("32", text); }
  [[nodiscard]] std::string yellow(std::string_view text) const { return colour("33", text); }
  [[nodiscard]] std::string bold(std::string_view text) const { return colour("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return colour("2", text); }

 private:
  [[nodiscard]] std::string colour(const char* code, std::string_view text) const;
};

/// Text from outside as one harmless line: line breaks and tabs become spaces, and what must not reach a terminal
/// is escaped.
std::string printable(std::string_view text);

/// At most `width` columns (3 or more) of plain text; what was longer ends in "..".
std::string cut(std::string_view text, int width);

/// `text` at least `width` columns wide: spaces are added on the right, or on the left.
std::string pad_right(std::string text, int width);
std::string pad_left(std::string text, int width);

/// One line with `right` at the right edge of the page; if both do not fit, `left` is wrapped with `indent` more before
/// its further lines. Every line ends in a newline.
std::string left_and_right(const std::string& left, const std::string& right, int indent);

/// The same, where the text begins after `prefix`, which is kept as it is; further lines begin `more_indent` columns
/// in.
std::string hanging(const std::string& prefix, const std::string& text, const std::string& right, int more_indent);

/// Rows in columns. The last column is wrapped within what is left of the page; a cell of another column that is wider
/// than `column_max` has the rest of its row on the next line. Cells may be coloured, but for the last column's.
class Table {
 public:
  static constexpr int kColumnMax = 26;

  /// first: the first column is a symbol, with one space after it.
  enum class Symbols { none, first };

  explicit Table(int indent, Symbols symbols = Symbols::none, int column_max = kColumnMax)
      : indent_(indent), symbols_(symbols), column_max_(column_max) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Every line ends in a newline; no line ends in a space.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::vector<int> widths() const;
  [[nodiscard]] int gap_after(std::size_t column) const;
  void write_row(const std::vector<std::string>& row, const std::vector<int>& widths, std::string& out) const;

  int indent_;
  Symbols symbols_;
  int column_max_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vscale
