#include "engine/scaling/policies/member_loads.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include "engine/metrics/sample_window.h"

namespace vscale {
namespace {

// One sample may be late; two that are missing are a gap.
constexpr int kSampleIntervalsUntilStale = 2;

bool is_usable(const Sample& sample, const ScalingMember& member, const LoadQuestion& question) {
  if (sample.at > question.now || !value_of(sample, question.metric)) return false;
  // A member that is ready now did not get so later: the clock was set back since.
  const bool is_known_since_when = member.ready_at && *member.ready_at <= question.now;
  if (question.metric != Metric::cpu || !is_known_since_when) return true;
  return sample.at - sample.over >= *member.ready_at;
}

std::vector<Sample> usable_samples(const ScalingMember& member, const LoadQuestion& question) {
  std::vector<Sample> usable;
  if (member.samples == nullptr) return usable;
  std::ranges::copy_if(*member.samples, std::back_inserter(usable),
                       [&](const Sample& sample) { return is_usable(sample, member, question); });
  return usable;
}

// Its average in the window; nothing if there is no usable sample.
std::optional<double> load_of(const ScalingMember& member, const LoadQuestion& question) {
  const std::vector<Sample> usable = usable_samples(member, question);
  if (usable.empty()) return std::nullopt;
  const Duration age_of_newest = question.now - usable.back().at;
  if (age_of_newest > kSampleIntervalsUntilStale * question.sample_interval) return std::nullopt;
  // The window is open at its begin: this much has the newest one in it.
  const Duration at_least = age_of_newest + Duration{1};
  return average_over(usable, question.metric, question.now, std::max(question.window, at_least));
}

}  // namespace

double MemberLoads::sum() const {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

MemberLoads member_loads(const std::vector<ScalingMember>& members, const LoadQuestion& question) {
  MemberLoads loads;
  loads.coming = not_yet_begun(members, question.current);
  for (const ScalingMember& member : members) {
    if (member.surge) continue;
    switch (member.state) {
      case ScalingMember::State::ready:
        if (const auto load = load_of(member, question)) {
          loads.values.push_back(*load);
        } else {
          ++loads.missing;
        }
        break;
      case ScalingMember::State::starting:
      case ScalingMember::State::unready:
        ++loads.coming;
        break;
      case ScalingMember::State::unknown:
        ++loads.unknown;
        break;
      case ScalingMember::State::off:
      case ScalingMember::State::leaving:
        break;
    }
  }
  return loads;
}

int not_yet_begun(const std::vector<ScalingMember>& members, int current) {
  const auto begun = std::ranges::count_if(members, [](const ScalingMember& member) {
    return !member.surge && member.state != ScalingMember::State::leaving;
  });
  return std::max(0, current - static_cast<int>(begun));
}

}  // namespace vscale
