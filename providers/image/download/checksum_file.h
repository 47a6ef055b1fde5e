#pragma once

#include <optional>
#include <string>
#include <string_view>

/// SHA256SUMS and SHA512SUMS, as distributions publish them.

namespace vscale {

/// `sha256:HEX` or `sha512:HEX`, in lower case, of the line for `file_name`. Lines are `HEX  name`, `HEX *name` (GNU)
/// or `SHA512 (name) = HEX` (BSD); a directory before the name does not matter. A file with nothing but one digest is
/// of whatever it lies beside. Of several lines for one name the longest digest counts.
std::optional<std::string> checksum_for(std::string_view sums, std::string_view file_name);

/// `sha256:HEX` or `sha512:HEX` in lower case, from any case; nothing for anything else.
std::optional<std::string> normal_checksum(std::string_view text);

}  // namespace vscale
