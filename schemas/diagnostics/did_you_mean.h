#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vscale {

/// The candidate that `word` was probably meant to be: the nearest by edit distance (case does not count), if it is
/// near enough for its length; empty otherwise. The first of several equally near ones.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `did you mean "size"?`, or empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c", cut after `kMaxListed` with the number of those left out.
std::string listed(const std::vector<std::string>& words);

}  // namespace vscale
