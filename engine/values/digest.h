#pragma once

#include <string>
#include <string_view>

/// SHA-256, for identities: the same bytes give the same name on every machine and in every version. And the same with
/// a key, for what nobody may find out by trying: only who has the key can tell whether a guess was right.

namespace vscale {

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) of `bytes` under `key`: 64 lower-case hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

}  // namespace vscale
