#include "cmd/watching/sources/policy_answers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cmd/watching/sources/ask_sources.h"
#include "engine/watch/roster.h"

namespace vscale {
namespace {

MemberToAsk member_to_ask(const InstanceRecord& instance) {
  MemberToAsk member;
  member.address = instance.address;
  member.facts = {.name = instance.name,
                  .group = instance.address.group,
                  .ordinal = instance.address.ordinal,
                  .address = {},
                  .host = instance.host};
  for (const auto& nic : instance.nics) {
    if (member.facts.address.empty() && nic.address) member.facts.address = *nic.address;
  }
  return member;
}

bool asks_members(const Group& group) {
  return std::any_of(group.scaling->policies.begin(), group.scaling->policies.end(),
                     [](const ScalingPolicy& policy) { return policy.kind == ScalingPolicy::Kind::capacity; });
}

/// Ready ones that are up.
std::vector<MemberToAsk> members_that_serve(const Roster& roster, const std::string& group) {
  std::vector<MemberToAsk> members;
  for (const auto& member : roster.of(group)) {
    const bool serves = member.record->phase == Phase::ready && member.where.presence == Presence::up;
    if (serves) members.push_back(member_to_ask(*member.record));
  }
  return members;
}

/// Those that are due.
std::vector<GroupToAsk> groups_to_ask(const PlanInput& world, const Roster& members) {
  std::vector<GroupToAsk> groups;
  for (const auto& group : world.config.groups) {
    if (!is_scaling_due(world.config, group, world.recorded, world.now)) continue;
    groups.push_back({.group = &group, .members = {}});
    if (asks_members(group)) groups.back().members = members_that_serve(members, address_of(group));
  }
  return groups;
}

}  // namespace

std::map<std::string, PolicyAnswers> policy_answers(Outside& outside, const Variables& variables,
                                                    const PlanInput& world, const Roster& members) {
  const auto groups = groups_to_ask(world, members);
  if (groups.empty()) return {};
  const auto http = outside.number_sources();
  const auto commands = outside.commands();
  const KnownAddresses known;
  auto told = ask_sources(world.config, groups, {.variables = variables, .known_addresses = known},
                          {.http = *http,
                           .commands = *commands,
                           .clock = *outside.clock,
                           .stopped = [&outside] { return outside.stop_request() != StopRequest::none; }},
                          kSourcesAwaited);
  std::map<std::string, PolicyAnswers> answers;
  for (auto& [group, one] : told) answers[group] = {std::move(one.numbers), std::move(one.capacity)};
  return answers;
}

}  // namespace vscale
