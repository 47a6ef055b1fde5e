#include "engine/plan/steps/refusals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vscale {
namespace {

std::string list_of(const std::vector<Refusal>& refusals) {
  std::vector<std::string> lines;
  for (const auto& refusal : refusals) lines.push_back(refusal.host + ": " + refusal.why);
  return lines.empty() ? "no host is selected by its `hosts`" : fmt::format("{}", fmt::join(lines, "; "));
}

Causes causes_of(const std::vector<Refusal>& refusals) {
  Causes causes;
  for (const auto& refusal : refusals) causes.emplace_back(refusal.host, refusal.cause);
  return causes;
}

bool any_is(const Causes& causes, Refusal::Cause cause) {
  return std::any_of(causes.begin(), causes.end(), [&](const auto& entry) { return entry.second == cause; });
}

bool all_are(const Causes& causes, Refusal::Cause cause) {
  return std::all_of(causes.begin(), causes.end(), [&](const auto& entry) { return entry.second == cause; });
}

constexpr const char* kNoneLargeEnough =
    "no host is large enough for one of them, even empty: make the template smaller, or add a larger host";

/// "of 5", or, if others of the group need no place, "of the 3 that are to be placed".
std::string of_asked(const Unplaced& unplaced, const Tally& tally, const char* all) {
  const bool whole_group = unplaced.plan->decisions.size() == static_cast<std::size_t>(tally.asked);
  if (whole_group) return fmt::format("of {}{}", tally.asked, all);
  return fmt::format("of the {} that are to be placed", tally.asked);
}

std::string hint_for_successor(const Unplaced& unplaced) {
  const bool by_rule = !any_is(unplaced.causes, Refusal::Cause::no_room);
  return fmt::format("let each make room for the next: `maxSurge: 0`, `maxUnavailable: 1` in `update`; or {}",
                     by_rule ? "more hosts, or mode: soft in placement.antiAffinity"
                             : "a smaller template, more hosts, or free what others take there");
}

/// Would one that goes first make room?
bool is_in_the_way(const Unplaced& unplaced) {
  using Cause = Refusal::Cause;
  const bool one_may_go = unplaced.plan->rollout && unplaced.plan->rollout->budget.unavailable > 0;
  return unplaced.beside && !one_may_go &&
         (any_is(unplaced.causes, Cause::no_room) || any_is(unplaced.causes, Cause::anti_affinity));
}

std::string hint_for(const Unplaced& unplaced, const Tally& tally) {
  using Cause = Refusal::Cause;
  const Causes& causes = unplaced.causes;
  if (!unplaced.kept_on.empty()) {
    return fmt::format(
        "it goes where its kept disks are: make room on {0}, or let it go there; to give these disks up: "
        "vscale destroy --target {1} --allow-data-loss",
        unplaced.kept_on, unplaced.first);
  }
  if (is_in_the_way(unplaced)) return hint_for_successor(unplaced);
  if (causes.empty()) return "give it hosts that there are, or leave `hosts` out: all of them";
  if (all_are(causes, Cause::too_small)) return kNoneLargeEnough;
  const std::string room =
      tally.asked < 2 ? "" : fmt::format("there is room for {} {}: ", tally.placed, of_asked(unplaced, tally, ""));
  const char* fewer = unplaced.plan->group->kind == InstanceAddress::Kind::machine ? "" : "a smaller `size`, ";
  if (any_is(causes, Cause::no_room)) {
    return fmt::format("{}{}a smaller template, more hosts, or free what others take there", room, fewer);
  }
  if (any_is(causes, Cause::anti_affinity)) {
    return fmt::format("{}{}more hosts, or mode: soft in placement.antiAffinity", room, fewer);
  }
  if (any_is(causes, Cause::too_small)) {
    return "no host that suits it is large enough, even empty: make the template smaller, add a larger host, or change "
           "`hosts` or `placement`";
  }
  return "change `hosts`, `placement` or the template, or give a host what it lacks";
}

std::string place_for(const Unplaced& unplaced) {
  const Group& group = *unplaced.plan->group;
  if (group.kind == InstanceAddress::Kind::machine) return place_of(group, "vcpus");
  if (is_in_the_way(unplaced)) return place_of(group, "update");
  const bool none_large_enough = !unplaced.causes.empty() && all_are(unplaced.causes, Refusal::Cause::too_small);
  return place_of(group, none_large_enough ? "template" : "size");
}

}  // namespace

void Refusals::add(Planning& planning, GroupPlan& plan, Decision& decision, const PlacementRequest& request,
                   const PlacementAnswer& answer) {
  decision.fate = Fate::left;
  const Causes causes = causes_of(answer.refusals);
  const std::string why = list_of(answer.refusals);
  const std::string kept_on = request.only_host.value_or("");
  if (!kept_on.empty() && find_host(planning.config, kept_on) == nullptr) {
    planning.plan.complete = false;
    planning.plan.unknown.push_back(
        {.address = decision.name,
         .host = kept_on,
         .why =
             fmt::format("the disks that it kept are on {0}, which is not in the file: put {0} back; or, if it is gone "
                         "for good, give them up: `removed: [{{ address: \"{1}\", then: forget }}]`, apply, and take "
                         "that out again",
                         kept_on, decision.name),
         .since = std::nullopt});
    return;
  }
  if (any_is(causes, Refusal::Cause::silent)) {
    planning.plan.complete = false;
    planning.plan.unknown.push_back({.address = decision.name,
                                     .host = request.only_host.value_or(""),
                                     .why = "no host that answers takes it: " + why,
                                     .since = std::nullopt});
    return;
  }
  const auto same = std::find_if(unplaced_.begin(), unplaced_.end(),
                                 [&](const Unplaced& other) { return other.plan == &plan && other.causes == causes; });
  if (same != unplaced_.end()) {
    ++same->count;
  } else {
    unplaced_.push_back({.plan = &plan,
                         .causes = causes,
                         .first = decision.name,
                         .why = why,
                         .kept_on = kept_on,
                         .beside = !decision.stands_for.empty(),
                         .count = 1});
  }
}

bool Refusals::add_stuck(const Planning& planning, GroupPlan& plan, const PlacementRequest& of_group,
                         const std::vector<Stuck>& stuck) {
  const PlacementAnswer answer = place(planning.world, of_group);
  Causes causes = causes_of(answer.refusals);
  if (answer.host || !all_are(causes, Refusal::Cause::too_small)) return false;
  unplaced_.push_back({.plan = &plan,
                       .causes = std::move(causes),
                       .first = stuck.front().name,
                       .why = list_of(answer.refusals),
                       .count = static_cast<int>(stuck.size())});
  return true;
}

void Refusals::report(Planning& planning, const std::map<const GroupPlan*, Tally>& tallies) const {
  for (const auto& unplaced : unplaced_) {
    const Tally& tally = tallies.at(unplaced.plan);
    const std::string who = unplaced.count == 1 ? unplaced.first + " fits on no host"
                                                : fmt::format("{}: {} {} fit on no host", unplaced.plan->address,
                                                              unplaced.count, of_asked(unplaced, tally, " instances"));
    planning.error("no_place", fmt::format("{}: {}", who, unplaced.why), hint_for(unplaced, tally),
                   place_for(unplaced));
  }
}

void report_stuck(Planning& planning, const GroupPlan& plan, const std::vector<Stuck>& stuck) {
  std::vector<Refusal> refusals;
  std::vector<std::string> hosts;
  for (const auto& one : stuck) {
    if (std::find(hosts.begin(), hosts.end(), one.refusal.host) != hosts.end()) continue;
    hosts.push_back(one.refusal.host);
    refusals.push_back(one.refusal);
  }
  const bool single = stuck.size() == 1;
  const std::string who = single
                              ? stuck.front().name + " cannot grow where it is"
                              : fmt::format("{}: {} instances cannot grow where they are", plan.address, stuck.size());
  const std::string hint = fmt::format("free capacity on {}, or make {} anew, which may be elsewhere: --replace {}",
                                       fmt::join(hosts, ", "), single ? "it" : "each of them", stuck.front().name);
  planning.error("no_room_to_grow", fmt::format("{}: {}", who, list_of(refusals)), hint,
                 template_place_of(*plan.group, "memory"));
}

}  // namespace vscale
