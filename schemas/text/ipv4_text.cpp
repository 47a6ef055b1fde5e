#include "schemas/text/ipv4_text.h"

namespace vscale {

std::optional<AddressRange> parse_ipv4_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_ipv4(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_ipv4(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return AddressRange{*first, *last};
}

}  // namespace vscale
