#include "engine/watch/decide_tick.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "engine/health/decide_health.h"
#include "engine/health/illness.h"
#include "engine/metrics/sample_window.h"
#include "engine/recorded/lookup/group_entries.h"
#include "engine/recorded/wanted_size.h"
#include "engine/scaling/layers/flapping.h"
#include "engine/scaling/layers/permit.h"
#include "engine/scaling/victims.h"

namespace vscale {
namespace {

/// Without `limits.destroy`, watch takes no more away at once.
constexpr int kDestroyAtOnce = 1;

bool is_stopped(const RecordedState& recorded, const InstanceAddress& address) {
  return recorded.words.stops.contains(address);
}

const HealthRecord* health_of(const RecordedState& recorded, const InstanceRecord& instance) {
  const auto found = recorded.health.find(instance.address);
  return found == recorded.health.end() || found->second.uuid != instance.uuid ? nullptr : &found->second;
}

/// What a domain that is there and does not work is said to be; empty of one that works, or is off.
std::string trouble_of(const LiveDomain* domain) {
  if (domain == nullptr) return "";
  switch (domain->state) {
    case DomainState::paused:
    case DomainState::suspended:
    case DomainState::crashed:
      return fmt::format("it is {}", to_string(domain->state));
    case DomainState::running:
    case DomainState::blocked:
    case DomainState::shutting_down:
    case DomainState::shut_off:
    case DomainState::unknown:
      return "";
  }
  VSCALE_ASSERT(false, "a domain's state of which nobody knows whether it is trouble");
}

/// What a member has told a capacity policy: that it wants to end.
struct Wish {
  std::string policy;
  Instant since{};
};
using Wishes = std::map<InstanceAddress, Wish>;

std::string text_of(const Wish& wish) {
  return fmt::format("it asked to be ended (policy {})", wish.policy);
}

class Tick {
 public:
  explicit Tick(const TickInput& input)
      : input_(input), config_(*input.config), recorded_(*input.recorded), members_(*input.members) {}

  TickDecision decide() {
    for (const auto& group : config_.groups) {
      decide_health_of(group);
      decide_size_of(group);
      decide_who_goes(group);
      decide_who_ends(group);
    }
    return std::move(decision_);
  }

 private:
  // ---- Health -------------------------------------------------------------------------------------------------------

  HealthFinding::State state_of(const Member& member, HealthFinding& finding) const {
    using State = HealthFinding::State;
    const InstanceRecord& record = *member.record;
    // A removal, or a restart, that was cut short leaves it leaving: what is up and nobody is at may be ill as others
    // are.
    const bool is_left_over =
        member.where.presence == Presence::up && !input_.busy.contains(group_address(record.address));
    if (record.phase == Phase::leaving && !is_left_over) return State::leaving;
    if (is_stopped(recorded_, record.address)) return State::stopped;
    switch (member.where.presence) {
      case Presence::unknown:
      case Presence::in_between:
        finding.what = member.where.why;
        return State::unknown;
      case Presence::up:
        return state_of_up(record, finding);
      case Presence::absent:
      case Presence::undefined:
      case Presence::off:
        break;
    }
    if (record.phase == Phase::claimed || record.phase == Phase::defined) return State::making;
    finding.what = trouble_of(member.where.domain);
    if (!finding.what.empty()) return State::failing;
    finding.what = member.where.domain != nullptr ? fmt::format("it is {}", to_string(member.where.domain->state))
                                                  : "its domain is gone";
    return State::off;
  }

  HealthFinding::State state_of_up(const InstanceRecord& record, HealthFinding& finding) const {
    using State = HealthFinding::State;
    if (record.phase == Phase::claimed || record.phase == Phase::defined) return State::making;
    if (record.phase == Phase::started) return State::booting;
    const auto asked = input_.wellness.find(record.address);
    if (asked == input_.wellness.end() || asked->second.uuid != record.uuid) return State::unknown;
    if (asked->second.well) return State::alive;
    finding.what = asked->second.found;
    return State::failing;
  }

  HealthFinding finding_of(const Member& member) const {
    const InstanceRecord& record = *member.record;
    HealthFinding finding;
    finding.address = record.address;
    finding.uuid = record.uuid;
    finding.created_at = record.created_at;
    finding.started_at = record.started_at;
    finding.was_ready = record.ready_at.has_value();
    finding.protected_from_all = protection_of(recorded_.words, record.address, input_.now) == Protection::From::all;
    finding.state = state_of(member, finding);
    return finding;
  }

  std::vector<HealthRecord> records_of(const std::string& group) const {
    std::vector<HealthRecord> records;
    for (const auto& [address, health] : GroupEntries(recorded_.health, group)) records.push_back(health);
    return records;
  }

  void decide_health_of(const Group& group) {
    const std::string address = address_of(group);
    HealthInput health;
    health.group = &group;
    for (const auto& member : members_.of(address)) health.members.push_back(finding_of(member));
    health.suspended = suspended(recorded_.words, address, input_.now);
    health.healing = input_.busy.contains(address);
    health.now = input_.now;
    const std::vector<HealthRecord> before = records_of(address);
    HealthOutcome outcome = decide_health(health, before);
    remember(before, outcome.records);
    for (auto& healing : outcome.heals) note(std::move(healing));
    for (auto& held : outcome.held) {
      decision_.findings.crash_loops.emplace(held.address, held.text);
      decision_.held.push_back(std::move(held));
    }
    breakers_[address] = std::move(outcome.breaker);
  }

  /// What has changed is written, and what nobody needs to know any more goes.
  void remember(const std::vector<HealthRecord>& before, const std::vector<HealthRecord>& after) {
    for (const auto& record : after) {
      if (std::find(before.begin(), before.end(), record) == before.end())
        decision_.remembered.health.push_back(record);
    }
    for (const auto& record : before) {
      const auto is_same = [&](const HealthRecord& one) { return one.address == record.address; };
      if (std::none_of(after.begin(), after.end(), is_same)) decision_.remembered.well.push_back(record.address);
    }
  }

  void note(Healing healing) {
    tell("healed", healing.address, fmt::format("{}: {}", to_string(healing.by), healing.text));
    const InstanceAddress address = healing.address;
    decision_.findings.healings.emplace(address, std::move(healing));
  }

  void tell(const char* kind, const InstanceAddress& address, std::string text) {
    const auto& members = members_.of(group_address(address));
    const auto member =
        std::find_if(members.begin(), members.end(), [&](const Member& one) { return one.record->address == address; });
    decision_.events.push_back({.at = input_.now,
                                .kind = kind,
                                .address = to_string(address),
                                .host = member == members.end() ? "" : member->where.host,
                                .text = std::move(text)});
  }

  // ---- Sizes --------------------------------------------------------------------------------------------------------

  ScalingMember::State scaling_state_of(const Group& group, const Member& member) const {
    using State = ScalingMember::State;
    const InstanceRecord& record = *member.record;
    if (record.phase == Phase::leaving) return State::leaving;
    if (is_stopped(recorded_, record.address)) return State::off;
    switch (member.where.presence) {
      case Presence::unknown:
      case Presence::in_between:
        return State::unknown;
      case Presence::undefined:
        return State::starting;
      case Presence::absent:
      case Presence::off:
        return record.phase == Phase::ready ? State::off : State::starting;
      case Presence::up:
        break;
    }
    if (record.phase != Phase::ready) return State::starting;
    const HealthRecord* health = health_of(recorded_, record);
    return health != nullptr && is_unready(group, *health) ? State::unready : State::ready;
  }

  bool is_protected_from_scale_in(const InstanceAddress& address) const {
    const auto protection = protection_of(recorded_.words, address, input_.now);
    return protection && *protection != Protection::From::update;
  }

  std::vector<ScalingMember> scaling_members_of(const Group& group) const {
    std::vector<ScalingMember> members;
    for (const auto& member : members_.of(address_of(group))) {
      ScalingMember one;
      one.address = member.record->address;
      one.uuid = member.record->uuid;
      one.state = scaling_state_of(group, member);
      one.protected_from_scale_in = is_protected_from_scale_in(one.address);
      one.ready_at = member.record->ready_at;
      const auto samples = input_.samples->find(one.uuid);
      if (samples != input_.samples->end()) one.samples = &samples->second;
      members.push_back(std::move(one));
    }
    mark_surge(group, members);
    return members;
  }

  /// Those beyond the size stand beside others while a rolling update goes on. Who these are is not recorded: whoever
  /// is of the revision that it leads to before others, and who is not ready before who is, so that the ones that serve
  /// count up to the size.
  void mark_surge(const Group& group, std::vector<ScalingMember>& members) const {
    const auto rollout = recorded_.rollouts.find(address_of(group));
    if (rollout == recorded_.rollouts.end()) return;
    std::vector<ScalingMember*> there;
    for (auto& member : members) {
      if (member.state != ScalingMember::State::leaving) there.push_back(&member);
    }
    const auto beyond = std::ssize(there) - wanted_size(group, recorded_, address_of(group));
    if (beyond <= 0) return;
    std::ranges::sort(there, {}, [&](const ScalingMember* member) {
      const bool is_new = recorded_.instances.at(member->address).revision == rollout->second.to;
      const bool is_ready = member->state == ScalingMember::State::ready;
      return std::tuple(!is_new, is_ready, -member->address.ordinal);
    });
    for (std::ptrdiff_t i = 0; i < beyond; ++i) there[static_cast<std::size_t>(i)]->surge = true;
  }

  /// Members that are still to go since the size was made smaller.
  bool is_scaling_in(const std::string& group, int size) const {
    const auto& members = members_.of(group);
    const auto leaving = std::count_if(members.begin(), members.end(),
                                       [](const Member& member) { return member.record->phase == Phase::leaving; });
    return leaving > 0 || (std::ssize(members) > size && !is_rolling(group));
  }
  bool is_rolling(const std::string& group) const { return recorded_.rollouts.contains(group); }

  std::optional<WantedSize> operator_size_of(const Group& group) const {
    const WantedSize* owner = size_owner(group, recorded_, address_of(group));
    const std::optional<WantedSize> said = owner == nullptr ? std::nullopt : std::optional(*owner);
    return is_held(said, input_.now) ? said : std::nullopt;
  }

  ScalingInput scaling_input_of(const Group& group) const {
    const std::string address = address_of(group);
    ScalingInput scaling;
    scaling.group = &group;
    scaling.sample_interval = config_.metrics.interval;
    scaling.evaluate_interval = group.scaling->evaluate.value_or(config_.watch.interval);
    scaling.current = wanted_size(group, recorded_, address);
    scaling.members = scaling_members_of(group);
    if (const auto answers = input_.answers.find(address); answers != input_.answers.end()) {
      scaling.answers = answers->second.numbers;
      scaling.capacity = answers->second.capacity;
    }
    scaling.zones = input_.zones;
    scaling.operator_size = operator_size_of(group);
    scaling.suspended = suspended(recorded_.words, address, input_.now);
    scaling.rolling = is_rolling(address);
    scaling.scaling_in = is_scaling_in(address, scaling.current);
    scaling.breaker = breakers_.at(address);
    if (const auto room = input_.room.find(address); room != input_.room.end()) scaling.room = room->second;
    scaling.destroy_limit = config_.limits.destroy.value_or(kDestroyAtOnce);
    scaling.now = input_.now;
    return scaling;
  }

  void decide_size_of(const Group& group) {
    if (!is_scaling_due(config_, group, recorded_, input_.now)) return;
    const std::string address = address_of(group);
    const auto found = recorded_.scaling.find(address);
    const ScalingMemory before = found == recorded_.scaling.end() ? ScalingMemory{} : found->second;
    const ScalingInput scaling = scaling_input_of(group);
    ScalingOutcome outcome = decide_size(scaling, before);
    outcome.memory.group = address;
    outcome.decision.group = address;
    tell_of_flapping(address, before, outcome.memory);
    decision_.remembered.scaling.push_back(std::move(outcome.memory));
    if (outcome.decision.size != scaling.current) want(address, outcome.decision);
    decision_.decisions.push_back(std::move(outcome.decision));
  }

  void want(const std::string& group, const ScalingDecision& decision) {
    decision_.changes.emplace_back(PutWantedSize{{.group = group,
                                                  .size = decision.size,
                                                  .owner = WantedSize::Owner::policies,
                                                  .by = decision.winner,
                                                  .reason = decision.text,
                                                  .at = input_.now}});
    decision_.events.push_back(
        {.at = input_.now, .kind = "scaled", .address = group, .host = "", .text = decision.text});
  }

  /// Once, when the guard begins to hold: further reversals only put off its end.
  void tell_of_flapping(const std::string& group, const ScalingMemory& before, const ScalingMemory& after) {
    const bool held_before = before.flapping_until && input_.now < *before.flapping_until;
    if (held_before || !after.flapping_until) return;
    const Duration left = *after.flapping_until - input_.now;
    decision_.events.push_back(
        {.at = input_.now,
         .kind = "flapping",
         .address = group,
         .host = "",
         .text = fmt::format("{} reversals within {}: stabilization.in is doubled for {}", kFlappingReversals,
                             show_duration(kFlappingPeriod), show_duration(left))});
  }

  // ---- Who goes first -----------------------------------------------------------------------------------------------

  /// The size as it is wanted from here on.
  int size_of(const Group& group) const {
    for (const auto& change : decision_.changes) {
      const auto* put = std::get_if<PutWantedSize>(&change);
      if (put != nullptr && put->size.group == address_of(group)) return put->size.size;
    }
    return wanted_size(group, recorded_, address_of(group));
  }

  /// What the group's policies remember from here on.
  const ScalingMemory* memory_of(const std::string& group) const {
    const auto& all = decision_.remembered.scaling;
    const auto decided = std::ranges::find(all, group, &ScalingMemory::group);
    if (decided != all.end()) return &*decided;
    const auto before = recorded_.scaling.find(group);
    return before == recorded_.scaling.end() ? nullptr : &before->second;
  }

  bool is_there(const CapacityMemory& one) const {
    const auto found = recorded_.instances.find(one.address);
    return found != recorded_.instances.end() && found->second.uuid == one.uuid;
  }

  Wishes wishes_of(const std::string& group) const {
    Wishes wishes;
    const ScalingMemory* memory = memory_of(group);
    if (memory == nullptr) return wishes;
    for (const auto& [name, policy] : memory->policies) {
      for (const auto& one : policy.capacity) {
        if (one.terminate && is_there(one)) wishes.try_emplace(one.address, Wish{name, one.terminate_at});
      }
    }
    return wishes;
  }

  std::optional<double> cpu_of(const Group& group, const InstanceRecord& record) const {
    const auto samples = input_.samples->find(record.uuid);
    if (samples == input_.samples->end()) return std::nullopt;
    return average_over(samples->second, Metric::cpu, input_.now, group.scaling->window);
  }

  void decide_who_goes(const Group& group) {
    if (!group.scaling) return;
    const std::string address = address_of(group);
    const auto& members = members_.of(address);
    const int too_many = static_cast<int>(members.size()) - size_of(group);
    if (too_many <= 0) return;
    const Wishes wishes = wishes_of(address);
    const auto revision = recorded_.groups.find(address);
    std::vector<VictimCandidate> candidates;
    for (const auto& member : members) {
      const InstanceRecord& record = *member.record;
      const ScalingMember::State state = scaling_state_of(group, member);
      candidates.push_back(
          {.address = record.address,
           .host = member.where.host,
           .leaving = record.phase == Phase::leaving,
           .asked_to_end = wishes.contains(record.address),
           .never_ready = !record.ready_at.has_value(),
           .old_revision = revision != recorded_.groups.end() && record.revision < revision->second.revision,
           // Whoever is off serves nobody either.
           .unhealthy = state == ScalingMember::State::unready || state == ScalingMember::State::off,
           .cpu_percent = cpu_of(group, record),
           .protected_from_scale_in = is_protected_from_scale_in(record.address),
           // Who is leaving already is not unknown, and goes on to leave: nobody goes in its place.
           .out_of_reach = state == ScalingMember::State::unknown});
    }
    decision_.findings.go_first.emplace(address, victims(candidates, too_many));
  }

  // ---- Who has asked to end -----------------------------------------------------------------------------------------

  void decide_who_ends(const Group& group) {
    const Wishes wishes = wishes_of(address_of(group));
    tell_of_new(group, wishes);
    for (const auto& address : who_ends(group, wishes)) {
      decision_.findings.asked_to_end.emplace(address, text_of(wishes.at(address)));
    }
  }

  /// What was decided just now; nullptr: the policies were not due.
  const ScalingDecision* decided_on(const Group& group) const {
    const auto found = std::ranges::find(decision_.decisions, address_of(group), &ScalingDecision::group);
    return found == decision_.decisions.end() ? nullptr : &*found;
  }

  /// Once for each wish: it is remembered from here on.
  void tell_of_new(const Group& group, const Wishes& wishes) {
    if (decided_on(group) == nullptr) return;
    for (const auto& [address, wish] : wishes) {
      if (wish.since == input_.now) tell("asked", address, text_of(wish));
    }
  }

  std::vector<InstanceAddress> who_ends(const Group& group, const Wishes& wishes) const {
    const std::string address = address_of(group);
    if (wishes.empty() || group.lifecycle.prevent_destroy || is_rolling(address)) return {};
    const auto going = decision_.findings.go_first.find(address);
    if (going == decision_.findings.go_first.end()) return next_to_end(group, wishes);
    std::vector<InstanceAddress> ending;
    // A run that was cut off has left a successor that is not ready: what it came for waits for it.
    if (!is_anybody_coming(address)) return ending;
    std::ranges::copy_if(going->second, std::back_inserter(ending),
                         [&](const InstanceAddress& one) { return wishes.contains(one); });
    return ending;
  }

  /// Of those that may end by what was decided just now, the one that has wanted it longest, or nobody.
  std::vector<InstanceAddress> next_to_end(const Group& group, const Wishes& wishes) const {
    const ScalingDecision* decided = decided_on(group);
    if (decided == nullptr || !is_at_rest(group)) return {};
    std::vector<InstanceAddress> may_end;
    std::ranges::copy_if(decided->terminating, std::back_inserter(may_end), [&](const InstanceAddress& one) {
      // Who is ill and is not healed is left alone: somebody may be at work there.
      const bool is_left_ill = decision_.findings.crash_loops.contains(one);
      return wishes.contains(one) && !is_left_ill && !is_stopped(recorded_, one);
    });
    std::ranges::sort(may_end, {}, [&](const InstanceAddress& one) { return std::pair(wishes.at(one).since, one); });
    may_end.resize(std::min<std::size_t>(1, may_end.size()));
    return may_end;
  }

  /// Nobody comes, goes or is healed: it can do without one of its members for a while.
  bool is_at_rest(const Group& group) const {
    const std::string address = address_of(group);
    const auto& healings = decision_.findings.healings;
    const bool heals = std::any_of(healings.begin(), healings.end(),
                                   [&](const auto& entry) { return group_address(entry.first) == address; });
    return !heals && !input_.busy.contains(address) && std::ssize(members_.of(address)) == size_of(group) &&
           !is_anybody_coming(address);
  }

  /// By the record: whoever was ready and fell ill since is a matter of health, and of the update's budget.
  bool is_anybody_coming(const std::string& group) const {
    const auto& members = members_.of(group);
    return std::any_of(members.begin(), members.end(), [&](const Member& member) {
      const Phase phase = member.record->phase;
      return phase != Phase::ready && phase != Phase::leaving && !is_stopped(recorded_, member.record->address);
    });
  }

  const TickInput& input_;
  const Config& config_;
  const RecordedState& recorded_;
  const Roster& members_;
  std::map<std::string, std::string> breakers_;  ///< By group: why its breaker is open, or nothing.
  TickDecision decision_;
};

}  // namespace

TickDecision decide_tick(const TickInput& input) {
  return Tick(input).decide();
}

bool is_scaling_due(const Config& config, const Group& group, const RecordedState& recorded, Instant now) {
  if (!group.scaling) return false;
  const auto memory = recorded.scaling.find(address_of(group));
  if (memory == recorded.scaling.end()) return true;
  return is_due(memory->second, group.scaling->evaluate.value_or(config.watch.interval), now);
}

std::vector<InstanceAddress> to_be_asked(const Config& config, const Roster& members) {
  std::vector<InstanceAddress> addresses;
  for (const auto& group : config.groups) {
    for (const auto& member : members.of(address_of(group))) {
      const Phase phase = member.record->phase;
      if (member.where.presence != Presence::up || (phase != Phase::ready && phase != Phase::leaving)) continue;
      addresses.push_back(member.record->address);
    }
  }
  return addresses;
}

}  // namespace vscale
