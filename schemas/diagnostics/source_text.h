#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The text of one file with its lines, so that a place in it can be shown.

namespace vscale {

/// A place in one of the files being read. `file` counts in the order in which they were added to the Reporter; -1 is
/// no place at all. Lines and columns start at 1, columns count bytes.
struct Place {
  int file = -1;
  int line = 0;
  int column = 0;
  int length = 1;
  std::size_t offset = 0;  ///< Of the first byte, in the file's text.

  bool operator==(const Place&) const = default;
};

class SourceText {
 public:
  /// A UTF-8 byte order mark at the beginning is left out. No line of a file with `private_contents` is ever quoted.
  SourceText(std::string path, std::string text, bool private_contents);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool private_contents() const { return private_contents_; }
  /// Without its newline; empty for a line that does not exist. Lines start at 1.
  [[nodiscard]] std::string_view line(int number) const;
  /// Line and column of a byte, length 1; offsets beyond the end give the end. `file` is left at -1.
  [[nodiscard]] Place at(std::size_t offset) const;

 private:
  std::string path_, text_;
  bool private_contents_;
  std::vector<std::size_t> line_starts_;
};

/// The offset of the first byte that is not valid UTF-8 (shortest form, no surrogates), or npos.
std::size_t find_invalid_utf8(std::string_view text);

/// The offset of the first control character other than tab, newline and carriage return, or npos. What a terminal or
/// XML could stumble over: C0, DEL and C1. Expects valid UTF-8.
std::size_t find_control_character(std::string_view text);

/// What was found, for a message: in quotes, control characters and quotes escaped, passwords in URLs hidden, and cut
/// after some forty characters.
std::string quote(std::string_view found);

}  // namespace vscale
