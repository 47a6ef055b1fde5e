#pragma once

#include <string>
#include <string_view>

namespace vscale {

/// The URI as it may be shown and kept: a password in it is replaced by `***`. Everything else stays, also what is no
/// URI at all. A password may hold what it should not, such as `?`, `#`, `/` or `@`: all that lies between the first
/// colon and the last `@` is taken for one. So of a URI that has an `@` in its path or parameters, a port may be
/// hidden.
std::string without_password(const std::string& uri);

/// What a part of a URI stands for: %63 is c. A % before anything but two hexadecimal digits is itself.
std::string percent_decoded(std::string_view text);

}  // namespace vscale
