#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text as a terminal shows it: how many columns it takes, where it is broken, and what must not reach one as it is.

namespace vscale {

/// Nothing that is printed for a person is wider.
constexpr int kTextWidth = 80;

/// One character of a text in UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;  ///< false: one byte, in `code`, that is no UTF-8 (shortest form, no surrogates).
};

/// The one that `text` begins with; `text` must not be empty.
Character first_character(std::string_view text);

/// How many columns it takes: none for what combines with the one before, two for East Asian wide ones and pictures.
int columns_of(char32_t code);

/// How many columns `text` takes; colours take none.
int columns(std::string_view text);

/// What is shown in the place of a character that must not reach a terminal: `\x1b` for controls, `\u202e` for what
/// turns a line round or breaks it, `\xff` for bytes that are no UTF-8. Empty for all others.
std::string escape_of(const Character& character);

/// Plain text in lines of at most `width` columns, the first of so many less; broken between words, never within a word
/// nor between backticks, so that a path or a command can be copied: such a line may be wider. At least one line.
std::vector<std::string> wrap(std::string_view text, int width, int less_in_first = 0);

}  // namespace vscale
