#pragma once

#include <optional>
#include <string_view>

#include "engine/desired/config.h"

namespace vscale {

/// One address, or FIRST-LAST with FIRST <= LAST.
std::optional<AddressRange> parse_ipv4_range(std::string_view text);

}  // namespace vscale
