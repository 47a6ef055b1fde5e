#pragma once

#include <sstream>
#include <string>

#include "schemas/diagnostics/terminal_text.h"

namespace vscale::test {

/// The first line that does not fit although it could have been broken, or nothing: a word is whole, to be copied.
inline std::string too_wide_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    const bool can_be_broken = line.find(' ', line.find_first_not_of(' ')) != std::string::npos;
    if (columns(line) > kTextWidth && can_be_broken) return line;
  }
  return {};
}

}  // namespace vscale::test
