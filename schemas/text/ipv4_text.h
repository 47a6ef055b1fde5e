#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/desired/config.h"

namespace vscale {

/// A dotted quad without leading zeros, in host byte order; nothing for any other text.
std::optional<std::uint32_t> parse_ipv4(std::string_view text);

/// One address, or FIRST-LAST with FIRST <= LAST.
std::optional<AddressRange> parse_ipv4_range(std::string_view text);

}  // namespace vscale
