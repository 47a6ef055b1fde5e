#include "engine/values/text/shown_line.h"

namespace vscale {

std::string shown_line(const std::string& said, std::size_t most) {
  std::string line;
  for (const char c : said.substr(0, said.find('\n'))) {
    if (line.size() == most) break;
    line += (c >= ' ' && c <= '~') ? c : '?';
  }
  return line;
}

}  // namespace vscale
