#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/planning/sources/hosts.h"
#include "cmd/planning/sources/zones.h"
#include "cmd/status.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/watch/explain_view.h"
#include "cmd/views/watch/size_text.h"
#include "engine/recorded/wanted_size.h"
#include "engine/scaling/schedule/schedule_policy.h"
#include "schemas/json/scaling/decision_json.h"
#include "schemas/json/scaling/words_json.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFiringsTold = 5;

/// Of all schedules of the group together.
std::vector<NextFiring> next_firings_of(const Group& group, TimeZones& time_zones, Instant now) {
  std::vector<NextFiring> next;
  if (!group.scaling) return next;
  const auto zones = zones_of(group, time_zones, now);
  for (const auto& policy : group.scaling->policies) {
    const auto rules = zones.find(policy.zone);
    if (policy.kind != ScalingPolicy::Kind::schedule || rules == zones.end()) continue;
    for (const auto& firing : next_firings(policy, rules->second, now, kFiringsTold)) {
      next.push_back(
          {.policy = policy.name, .at = firing.at, .local = show_local(rules->second, firing.at), .what = firing.what});
    }
  }
  std::stable_sort(next.begin(), next.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  next.resize(std::min(next.size(), kFiringsTold));
  return next;
}

/// What holds of all that was said about the group and its instances.
std::vector<OperatorWord> words_about(const OperatorWords& words, const std::string& group, Instant now) {
  const OperatorWords ours = words_of(words, group);
  const auto holds = [&](const std::optional<Instant>& until) { return !until || now < *until; };
  std::vector<OperatorWord> about;
  for (const auto& [key, said] : ours.suspensions) {
    if (holds(said.until)) about.emplace_back(said);
  }
  for (const auto& [instance, said] : ours.protections) {
    if (holds(said.until)) about.emplace_back(said);
  }
  for (const auto& [instance, said] : ours.stops) about.emplace_back(said);
  for (const auto& [of_group, said] : ours.restarts) about.emplace_back(said);
  return about;
}

Result<Explanation> explanation_of(const ExplainArguments& arguments, const Config& config, StateStore& store,
                                   TimeZones& time_zones, Instant now) {
  const auto recorded = store.read();
  if (!recorded) return recorded.error();
  const auto address = group_meant(config, *recorded, arguments.about);
  if (!address) return address.error();
  auto decisions = store.decisions(*address, arguments.count);
  if (!decisions) return decisions.error();
  Explanation explanation;
  explanation.group = *address;
  explanation.decisions = std::move(*decisions);
  if (const Group* group = find_group(config, *address)) {
    explanation.size = wanted_size(*group, *recorded, *address);
    if (const WantedSize* owner = size_owner(*group, *recorded, *address)) explanation.owner = *owner;
    const Live live = recorded_live(config, *recorded, now);
    explanation.why_nobody_is_healed =
        why_left_ill(*group, Roster(config, *recorded, live).of(*address), *recorded, now);
    explanation.next = next_firings_of(*group, time_zones, now);
    explanation.has_policies = group->scaling && !group->scaling->policies.empty();
  }
  explanation.words = words_about(recorded->words, *address, now);
  for (const auto& [instance, health] : recorded->health) {
    if (group_address(instance) == *address) explanation.ill.push_back(health);
  }
  return explanation;
}

Json explanation_json(const Explanation& explanation, const Config& config, Instant now) {
  Json document{{"format_version", "1.0"},
                {"timestamp", rfc3339(now)},
                {"name", config.name},
                {"group", explanation.group},
                {"size", explanation.size}};
  document.update(size_owner_json(explanation.owner, explanation.size, now));
  document["decisions"] = Json::array();
  for (const auto& decision : explanation.decisions) document["decisions"].push_back(decision_json(decision));
  document["next"] = Json::array();
  for (const auto& next : explanation.next) {
    document["next"].push_back(
        {{"policy", next.policy}, {"at", rfc3339(next.at)}, {"local", next.local}, {"what", next.what}});
  }
  document["words"] = Json::array();
  for (const auto& word : explanation.words) document["words"].push_back(operator_word_json(word));
  const std::string& breaker = explanation.why_nobody_is_healed;
  document["why_nobody_is_healed"] = breaker.empty() ? Json(nullptr) : Json(breaker);
  document["health"] = Json::array();
  for (const auto& health : explanation.ill) document["health"].push_back(health_json(health));
  return document;
}

}  // namespace

ExitCode run_command(const ExplainArguments& arguments, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const Config& config = *told_by->files.read.config;
  const auto state = open_state(invocation, config, OpenMode::read_only);
  if (!state) return fail(invocation, state.error());
  const Instant now = invocation.outside.clock->now();
  const auto explanation = explanation_of(arguments, config, *state->store, *invocation.outside.time_zones, now);
  if (!explanation) return fail(invocation, explanation.error());
  if (invocation.global.json) {
    invocation.streams.out << line_of(explanation_json(*explanation, config, now));
  } else {
    invocation.streams.out << explanation_text(
        *explanation, {.now = now, .time_of_day = invocation.outside.time_of_day}, invocation.out_paint);
  }
  return told_by->code();
}

}  // namespace vscale
