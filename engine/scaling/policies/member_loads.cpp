#include "engine/scaling/policies/member_loads.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace vscale {
namespace {

// One sample may be late; two that are missing are a gap.
constexpr int kSampleIntervalsUntilStale = 2;

bool is_usable(const Sample& sample, const ScalingMember& member, const LoadQuestion& question) {
  if (sample.at > question.now || !value_of(sample, question.metric)) return false;
  const bool is_of_work = question.metric != Metric::cpu || !member.ready_at;
  return is_of_work || sample.at - sample.over >= *member.ready_at;
}

// Its average in the window; nothing if there is no usable sample.
std::optional<double> load_of(const ScalingMember& member, const LoadQuestion& question) {
  if (member.samples == nullptr) return std::nullopt;
  const Duration stale = kSampleIntervalsUntilStale * question.sample_interval;
  double sum = 0;
  int count = 0;
  for (auto sample = member.samples->rbegin(); sample != member.samples->rend(); ++sample) {
    const Duration age = question.now - sample->at;
    const bool is_too_old = count == 0 ? age > stale : age >= question.window;
    if (is_too_old) break;
    if (!is_usable(*sample, member, question)) continue;
    sum += *value_of(*sample, question.metric);
    ++count;
  }
  return count == 0 ? std::nullopt : std::optional(sum / count);
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
