#include "schemas/text/ipv4_text.h"

#include "schemas/text/units_text.h"

namespace vscale {

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto octet = parse_integer(text.substr(0, dot));
    if (!octet || *octet < 0 || *octet > 255 || text.starts_with('-')) return std::nullopt;
    address = address * 256 + static_cast<std::uint32_t>(*octet);
    text.remove_prefix(part < 3 ? dot + 1 : dot);
  }
  return text.empty() ? std::optional(address) : std::nullopt;
}

std::optional<AddressRange> parse_ipv4_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_ipv4(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_ipv4(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return AddressRange{*first, *last};
}

}  // namespace vscale
