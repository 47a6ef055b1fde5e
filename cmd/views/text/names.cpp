#include "cmd/views/text/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cmd/views/text/text_layout.h"
#include "engine/values/address.h"

namespace vscale {

std::string group_of(const std::string& address) {
  const auto instance = parse_instance_address(address);
  return instance ? group_address(*instance) : printable(address);
}

std::string shown_group(const std::string& group) {
  return printable(group.substr(group.find('.') + 1));
}

std::string shown_name(const std::string& address) {
  const auto instance = parse_instance_address(address);
  return instance ? short_name(*instance) : printable(address);
}

std::string name_ranges(const std::vector<std::string>& addresses) {
  std::vector<std::string> ranges;
  for (std::size_t first = 0; first < addresses.size();) {
    const auto from = parse_instance_address(addresses[first]);
    std::size_t last = first;
    while (from && last + 1 < addresses.size()) {
      const auto next = parse_instance_address(addresses[last + 1]);
      if (!next || next->group != from->group || next->ordinal != from->ordinal + static_cast<int>(last + 1 - first)) {
        break;
      }
      ++last;
    }
    std::string text = shown_name(addresses[first]);
    if (last > first) text += " to " + shown_name(addresses[last]);
    ranges.push_back(std::move(text));
    first = last + 1;
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

}  // namespace vscale
