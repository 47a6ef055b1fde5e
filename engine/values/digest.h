#pragma once

#include <string>
#include <string_view>

/// SHA-256, for identities: the same bytes give the same name on every machine and in every version.

namespace vscale {

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace vscale
