#pragma once

#include <cstddef>
#include <string>

namespace vscale {

/// The first line of what a guest or a command said, up to `most` characters: guests talk much, and lie. What is not
/// printable ASCII, and could disturb a terminal, is a `?`.
std::string shown_line(const std::string& said, std::size_t most);

}  // namespace vscale
