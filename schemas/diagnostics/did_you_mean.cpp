#include "schemas/diagnostics/did_you_mean.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/values/text/listed.h"
#include "engine/values/text/lower_case.h"

namespace vscale {
namespace {

constexpr std::size_t kMaxListed = 12;
constexpr std::size_t kMaxCompared = 64;  // bytes: no name of ours is longer, and the distance is quadratic

// Letters added, left out, replaced, or exchanged with their neighbour.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) best[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) best[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = best[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      best[i][j] = std::min({best[i - 1][j] + 1, best[i][j - 1] + 1, substituted});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) best[i][j] = std::min(best[i][j], best[i - 2][j - 2] + 1);
    }
  }
  return best[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kMaxCompared) return "";
  const std::string wanted = lower_case(word);
  const std::size_t allowed = word.size() <= 5 ? 1 : word.size() <= 8 ? 2 : 3;
  std::size_t best = allowed + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kMaxCompared) continue;
    const std::size_t distance = edit_distance(wanted, lower_case(candidate));
    // A word that shares nothing with the candidate is not a slip of the hand.
    if (distance < best && distance < std::max(word.size(), candidate.size())) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string found = nearest(word, candidates);
  return found.empty() ? "" : fmt::format("did you mean \"{}\"?", found);
}

std::string listed(const std::vector<std::string>& words) {
  return listed_up_to(kMaxListed, words);
}

}  // namespace vscale
