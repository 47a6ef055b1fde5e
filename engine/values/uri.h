#pragma once

#include <string>

namespace vscale {

/// The URI as it may be shown and kept: a password in it is replaced by `***`. Everything else stays, also what is no
/// URI at all.
std::string without_password(const std::string& uri);

}  // namespace vscale
