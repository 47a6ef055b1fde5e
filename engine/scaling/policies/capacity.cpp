#include "engine/scaling/policies/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/scaling/policies/member_loads.h"
#include "engine/scaling/policies/numbers.h"

namespace vscale {
namespace {

using State = ScalingMember::State;

// What was found of all members together.
struct Tally {
  double available = 0;
  int asked = 0;
  int silent = 0;
  int silent_for_long = 0;
};

const CapacityAnswer* usable_answer(const CapacityAnswers& answers, const InstanceAddress& address) {
  const auto found = answers.find(address);
  if (found == answers.end() || !found->second.ok()) return nullptr;
  const CapacityAnswer& answer = found->second.value();
  return std::isfinite(answer.available) && answer.available >= 0 ? &answer : nullptr;
}

// What was known of the member, or what is assumed of one that has never answered.
CapacityMemory known_of(const ScalingMember& member, const std::vector<CapacityMemory>& before, int per_instance) {
  for (const CapacityMemory& memory : before) {
    if (memory.address == member.address && memory.uuid == member.uuid) return memory;
  }
  CapacityMemory memory;
  memory.address = member.address;
  memory.uuid = member.uuid;
  memory.available = per_instance;
  return memory;
}

void hear(CapacityMemory& memory, const CapacityAnswer& answer, Instant now) {
  memory.available = answer.available;
  memory.silent = 0;
  if (answer.terminate && !memory.terminate) memory.terminate_at = now;
  if (!answer.terminate) memory.terminate_at = {};
  memory.terminate = answer.terminate;
}

// A member that should answer: ready, or on a host that is silent itself.
void ask(CapacityMemory& memory, const CapacityAnswer* answer, Tally& tally, Instant now) {
  ++tally.asked;
  if (answer != nullptr) {
    hear(memory, *answer, now);
  } else {
    ++tally.silent;
    // No further than it takes to know that it has been silent for long: what is remembered comes to rest.
    memory.silent = std::min(memory.silent + 1, kSilentEvaluations + 1);
  }
  const bool is_silent_for_long = memory.silent > kSilentEvaluations;
  if (is_silent_for_long) ++tally.silent_for_long;
  if (!memory.terminate && !is_silent_for_long) tally.available += memory.available;
}

bool may_go(const ScalingMember& member) {
  return !member.protected_from_scale_in && member.state != State::unknown;
}

bool cannot_be_told(const Tally& tally) {
  const bool are_many = tally.silent > kMostSilent && tally.silent * 100 > kMostSilentPercent * tally.asked;
  return are_many || (tally.asked > 0 && tally.silent_for_long == tally.asked);
}

void recommend(CapacityOpinion& opinion, const ScalingPolicy& policy, const Tally& tally, int current) {
  Recommendation& recommendation = opinion.recommendation;
  const auto ending = static_cast<int>(opinion.terminating.size());
  recommendation.policy = policy.name;
  recommendation.figures = {{"available", tally.available},
                            {"minAvailable", policy.min_available},
                            {"perInstance", policy.per_instance},
                            {"asked", tally.asked},
                            {"silent", tally.silent},
                            {"terminating", ending}};
  if (cannot_be_told(tally)) {
    recommendation.kind = Recommendation::Kind::error;
    recommendation.text = fmt::format("{} of {} instances do not answer", tally.silent, tally.asked);
    return;
  }
  const int per_instance = std::max(1, policy.per_instance);
  const int lacking = instances_holding((policy.min_available - tally.available) / per_instance);
  recommendation.kind = Recommendation::Kind::size;
  recommendation.size = std::max(0, current - ending) + lacking;
  recommendation.text = fmt::format("{} free, at least {}", shown_number(tally.available), policy.min_available);
  if (ending > 0) recommendation.text += fmt::format(", {} to end", ending);
  if (tally.silent > 0) recommendation.text += fmt::format(", {} silent", tally.silent);
}

}  // namespace

CapacityOpinion capacity_opinion(const ScalingPolicy& policy, const std::vector<ScalingMember>& members,
                                 const CapacityAnswers& answers, const std::vector<CapacityMemory>& before, int current,
                                 Instant now) {
  CapacityOpinion opinion;
  Tally tally;
  tally.available = static_cast<double>(policy.per_instance) * not_yet_begun(members, current);
  for (const ScalingMember& member : members) {
    if (member.surge || member.state == State::leaving) continue;
    CapacityMemory memory = known_of(member, before, policy.per_instance);
    const CapacityAnswer* answer = usable_answer(answers, member.address);
    switch (member.state) {
      case State::ready:
      case State::unknown:
        ask(memory, answer, tally, now);
        break;
      case State::starting:
        tally.available += policy.per_instance;
        break;
      case State::unready:
      case State::off:
      case State::leaving:
        break;
    }
    if (memory.terminate && may_go(member)) opinion.terminating.push_back(member.address);
    if (member.state != State::starting) opinion.memory.push_back(std::move(memory));
  }
  std::ranges::sort(opinion.memory, {}, &CapacityMemory::address);
  std::ranges::sort(opinion.terminating);
  recommend(opinion, policy, tally, current);
  return opinion;
}

}  // namespace vscale
