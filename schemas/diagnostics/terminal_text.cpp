#include "schemas/diagnostics/terminal_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace vscale {
namespace {

struct CodeRange {
  char32_t first, last;
};

// The C library's wcwidth() depends on the locale, so the ranges that matter stand here.
constexpr std::array kCombining{CodeRange{0x300, 0x36f},   CodeRange{0x1ab0, 0x1aff}, CodeRange{0x200b, 0x200d},
                                CodeRange{0x20d0, 0x20ff}, CodeRange{0xfe00, 0xfe0f}, CodeRange{0xfe20, 0xfe2f}};
constexpr std::array kWide{CodeRange{0x1100, 0x115f},   CodeRange{0x2e80, 0x303e},   CodeRange{0x3041, 0xa4cf},
                           CodeRange{0xac00, 0xd7a3},   CodeRange{0xf900, 0xfaff},   CodeRange{0xfe30, 0xfe6f},
                           CodeRange{0xff00, 0xff60},   CodeRange{0xffe0, 0xffe6},   CodeRange{0x1f300, 0x1f64f},
                           CodeRange{0x1f680, 0x1f6ff}, CodeRange{0x1f900, 0x1faff}, CodeRange{0x20000, 0x3fffd}};
// Controls, and the marks that break a line or turn what follows them round.
constexpr std::array kEscaped{CodeRange{0, 0x1f},        CodeRange{0x7f, 0x9f},     CodeRange{0x61c, 0x61c},
                              CodeRange{0x200e, 0x200f}, CodeRange{0x2028, 0x202e}, CodeRange{0x2066, 0x2069},
                              CodeRange{0xfeff, 0xfeff}};

template <std::size_t N>
bool holds(const std::array<CodeRange, N>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

// The length in bytes of the colour sequence that `text` begins with, or 0.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

// What `text` begins with and is never broken: a word, or a command between backticks, which somebody will copy.
std::size_t unit_length(std::string_view text) {
  std::size_t from = 0;
  if (const auto opened = text.substr(0, text.find(' ')).find('`'); opened != std::string_view::npos) {
    const auto closed = text.find('`', opened + 1);
    if (closed != std::string_view::npos) from = closed;
  }
  return std::min(text.find(' ', from), text.size());
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const Character none{lead, 1, false};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return none;
  char32_t code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return none;
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kFirstOfLength{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kFirstOfLength.at(length) || code > 0x10ffff || surrogate) return none;
  return {code, length, true};
}

int columns_of(char32_t code) {
  if (holds(kCombining, code)) return 0;
  return holds(kWide, code) ? 2 : 1;
}

int columns(std::string_view text) {
  int total = 0;
  while (!text.empty()) {
    if (const auto skip = colour_length(text); skip > 0) {
      text.remove_prefix(skip);
      continue;
    }
    const Character character = first_character(text);
    total += columns_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return total;
}

std::string escape_of(const Character& character) {
  if (character.valid && !holds(kEscaped, character.code)) return "";
  const auto code = static_cast<std::uint32_t>(character.code);
  return code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

std::vector<std::string> wrap(std::string_view text, int width, int less_in_first) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t length = unit_length(text);
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (word.empty()) continue;
    const int whole = width - (lines.size() == 1 ? less_in_first : 0);
    const int room = whole - columns(lines.back()) - (lines.back().empty() ? 0 : 1);
    if (columns(word) > room && !lines.back().empty()) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

}  // namespace vscale
