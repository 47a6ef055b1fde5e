#include "engine/scaling/layers/combine.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/values/result.h"

namespace vscale {
namespace {

using Kind = Recommendation::Kind;
using Basis = Combined::Basis;

Basis basis_of(const ScalingPolicy& policy, const Recommendation& recommendation) {
  if (recommendation.kind != Kind::size) return Basis::nothing;
  if (!recommendation.exact) return Basis::load;
  return policy.at.empty() ? Basis::window : Basis::event;
}

struct Choice {
  Basis basis = Basis::nothing;
  std::optional<std::size_t> winner;
  int speaking = 0;  // so many have said a size on this basis
};

// The winner among those that have said a size on the strongest basis that there is.
Choice choose(const Scaling& scaling, const std::vector<Recommendation>& recommendations) {
  Choice choice;
  for (std::size_t i = 0; i < recommendations.size(); ++i) {
    const Basis basis = basis_of(scaling.policies[i], recommendations[i]);
    if (basis == Basis::nothing || basis < choice.basis) continue;
    const bool is_stronger = basis > choice.basis;
    const bool first_counts = basis == Basis::load && scaling.combine == Scaling::Combine::first;
    const bool is_larger = !is_stronger && recommendations[i].size > recommendations[*choice.winner].size;
    choice.speaking = is_stronger ? 1 : choice.speaking + 1;
    if (is_stronger || (is_larger && !first_counts)) choice.winner = i;
    choice.basis = basis;
  }
  return choice;
}

const Recommendation* first_error(const std::vector<Recommendation>& recommendations) {
  const auto found = std::ranges::find(recommendations, Kind::error, &Recommendation::kind);
  return found == recommendations.end() ? nullptr : &*found;
}

std::string text_of(const Scaling& scaling, const Choice& choice, const std::string& name) {
  if (choice.basis == Basis::window) return fmt::format("{}: its window is open", name);
  if (choice.basis == Basis::event) return fmt::format("{}: an event", name);
  if (choice.speaking == 1) return fmt::format("{}: the only one that says a size", name);
  const char* rule = scaling.combine == Scaling::Combine::first ? "the first" : "the largest";
  return fmt::format("{}: {} of {}", name, rule, choice.speaking);
}

}  // namespace

Combined combine(const Scaling& scaling, const std::vector<Recommendation>& recommendations, int current) {
  VSCALE_ASSERT(recommendations.size() == scaling.policies.size(), "one recommendation for each policy");
  const Choice choice = choose(scaling, recommendations);
  Combined combined{.result = {.layer = LayerResult::Layer::combine, .before = current, .after = current},
                    .basis = choice.basis,
                    .winner = choice.winner};
  LayerResult& result = combined.result;
  result.text = "no policy says a size";
  if (choice.winner) {
    result.after = recommendations[*choice.winner].size;
    result.text = text_of(scaling, choice, recommendations[*choice.winner].policy);
  }
  const bool is_said_by_schedule = choice.basis == Basis::window || choice.basis == Basis::event;
  const Recommendation* error = first_error(recommendations);
  if (error != nullptr && !is_said_by_schedule) {
    result.text += fmt::format("; nothing goes, as {} cannot tell: {}", error->policy, error->text);
    if (result.after < current) {
      result.after = current;
      combined.basis = Basis::nothing;
      combined.winner.reset();
    }
  }
  result.figures = {{"sizes", choice.speaking}, {"policies", static_cast<double>(recommendations.size())}};
  return combined;
}

SizeBounds bounds_of_file(const Scaling& scaling) {
  return {.low = scaling.min, .high = std::max(scaling.min, scaling.max)};
}

SizeBounds bounds_of_windows(const Scaling& scaling, const std::vector<Recommendation>& recommendations) {
  SizeBounds bounds = bounds_of_file(scaling);
  const SizeBounds file = bounds;
  for (const Recommendation& recommendation : recommendations) {
    if (recommendation.kind != Kind::bounds) continue;
    if (recommendation.floor && *recommendation.floor > bounds.low) {
      bounds.low = std::min(*recommendation.floor, file.high);
      bounds.low_by = recommendation.policy;
    }
    if (recommendation.ceiling && *recommendation.ceiling < bounds.high) {
      bounds.high = std::max(*recommendation.ceiling, file.low);
      bounds.high_by = recommendation.policy;
    }
  }
  if (bounds.low > bounds.high) {
    bounds.high = bounds.low;
    bounds.high_by = bounds.low_by;
  }
  return bounds;
}

}  // namespace vscale
