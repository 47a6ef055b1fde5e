#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace vscale {

/// "a, b, c", or, if there are more than `most` (1 and more), "a, b and 3 more": the first ones, and how many are left
/// out. Empty for none.
std::string listed_up_to(std::size_t most, const std::vector<std::string>& words);

}  // namespace vscale
