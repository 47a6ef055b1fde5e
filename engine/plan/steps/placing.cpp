#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/plan/planning.h"
#include "engine/plan/rollouts/rollouts.h"
#include "engine/plan/steps/creation.h"
#include "engine/plan/steps/refusals.h"

/// Which host each new incarnation goes to.

namespace vscale {
namespace {

/// A place that is asked for, and whose it is.
struct Asked {
  GroupPlan* plan = nullptr;
  Decision* decision = nullptr;
};

bool needs_place(const Decision& decision) {
  return decision.fate == Fate::create || decision.fate == Fate::replace;
}

/// What goes by turns finds its place when its turn comes.
bool is_placed_at_once(const Decision& decision) {
  return needs_place(decision) && !decision.rolls;
}

/// The image must fit onto the disk. Once per group.
bool check_image(Planning& planning, const GroupPlan& plan) {
  const Group& group = *plan.group;
  const std::uint64_t disk = group.instance.disk_bytes;
  if (disk == 0 || disk >= plan.lock->virtual_size_bytes) return true;
  planning.error("disk_smaller_than_image",
                 fmt::format("{}: disk {} is smaller than image {}, which is {}", plan.address, show_bytes(disk),
                             group.instance.image, show_bytes(plan.lock->virtual_size_bytes)),
                 fmt::format("give at least {}, or leave `disk` out", show_bytes(plan.lock->virtual_size_bytes)),
                 template_place_of(group, "disk"));
  return false;
}

/// Hard rules that other groups have against a group: they hold for both, whichever of them said it. By the group that
/// they are against.
using RulesAgainst = std::map<std::string, std::vector<AntiAffinity>>;

RulesAgainst rules_against(const Config& config) {
  RulesAgainst against;
  for (const auto& group : config.groups) {
    for (const auto& rule : group.placement.anti_affinity) {
      if (rule.mode != AntiAffinity::Mode::hard || rule.with.empty() || rule.with == address_of(group)) continue;
      against[rule.with].push_back({rule.key, address_of(group), rule.mode});
    }
  }
  return against;
}

/// Where the disks are that this ordinal kept; nothing if it is free to go anywhere.
std::optional<std::string> host_of_kept_disks(const Planning& planning, const Group& group, const Decision& decision) {
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data || planning.volumes.is_shared(volume.pool)) continue;
    for (const auto& disk : group.instance.disks) {
      if (disk.name == volume.disk && disk.storage == volume.storage && (disk.keep || volume.keep)) return volume.host;
    }
  }
  return std::nullopt;
}

/// The image of a revision that a group goes back to may be had from nowhere any more but where its copies are. That
/// which the file has can be sent anywhere.
void keep_to_copies(const Planning& planning, const GroupPlan& plan, std::vector<std::string>& candidates) {
  const Storage* storage = find_storage(planning.config, plan.group->instance.storage);
  const auto& known = planning.input.images;
  const bool can_be_sent = std::any_of(known.begin(), known.end(),
                                       [&](const auto& entry) { return entry.second.digest == plan.lock->digest; });
  if (plan.course.made_of == nullptr || storage == nullptr || can_be_sent) return;
  std::vector<std::string> with_copy;
  for (const auto& host : candidates) {
    if (!planning.live.answers(host)) continue;
    if (complete_copy(planning, host, storage->pool, plan.lock->digest) != nullptr) with_copy.push_back(host);
  }
  if (!with_copy.empty()) candidates = std::move(with_copy);
}

PlacementRequest group_request(const Planning& planning, const GroupPlan& plan, const RulesAgainst& against) {
  const Group& group = *plan.group;
  PlacementRequest request;
  request.claim = claim_of(group.instance, plan.lock->virtual_size_bytes);
  for (auto& host : selected_hosts(planning.config, group.hosts)) {
    if (!planning.scope.excludes_host(host)) request.candidates.push_back(std::move(host));
  }
  keep_to_copies(planning, plan, request.candidates);
  request.rules = group.placement;
  if (const auto found = against.find(plan.address); found != against.end()) {
    auto& rules = request.rules.anti_affinity;
    rules.insert(rules.end(), found->second.begin(), found->second.end());
  }
  for (const auto& nic : group.instance.networks) request.networks.push_back(nic.network);
  request.cursor_host = plan.cursor_host;
  return request;
}

PlacementRequest request_for(const Planning& planning, const GroupPlan& plan, const Decision& decision,
                             const PlacementRequest& of_group) {
  PlacementRequest request = of_group;
  request.address = decision.address;
  request.only_host = host_of_kept_disks(planning, *plan.group, decision);
  if (decision.record != nullptr) request.replaces = {decision.record->host, decision.record->claim};
  return request;
}

void accept(GroupPlan& plan, Decision& decision, PlacementAnswer answer) {
  const std::string host = *answer.host;
  decision.reasons.push_back({Rule::placement, fmt::format("{}: {}", host, answer.why), {{"host", host}}});
  decision.host_after = host;
  if (plan.group->placement.strategy == PlacementStrategy::round_robin) plan.cursor_host = host;
  decision.placed = std::move(answer);
}

bool no_disk_is_larger(const Claim& wanted, const Claim& had) {
  return std::all_of(wanted.disk_gib.begin(), wanted.disk_gib.end(), [&](const auto& entry) {
    const auto before = had.disk_gib.find(entry.first);
    return entry.second <= (before == had.disk_gib.end() ? 0 : before->second);
  });
}

/// What of a claim is to be found room for, where `had` is given away already.
Claim growth_of(const Claim& wanted, const Claim& had) {
  Claim growth = wanted;
  if (wanted.vcpus <= had.vcpus) growth.vcpus = 0;
  if (wanted.memory_mib <= had.memory_mib) growth.memory_mib = 0;
  if (no_disk_is_larger(wanted, had)) growth.disk_gib.clear();
  return growth;
}

bool grows(const Decision& decision) {
  if (decision.fate != Fate::keep) return false;
  return decision.recreate || decision.is_defined_anew() || decision.in_place.resize_machine ||
         !decision.in_place.grown.empty();
}

/// What grows in place must fit where it is. A host that is over its capacity already may still be given less to bear,
/// and more of what it has room for.
void check_growth(Planning& planning, const GroupPlan& plan, Decision& decision, PlacementRequest request,
                  std::vector<Stuck>& stuck) {
  if (!decision.recreate) {
    const Template followed = followed_template(in_place_input(planning, plan, decision));
    request.claim = claim_of(followed, plan.lock->virtual_size_bytes);
  }
  const Claim& had = decision.record->claim;
  const Claim wanted = request.claim;
  request.claim = growth_of(wanted, had);
  if (!decision.recreate && !decision.in_place.resize_machine && !decision.is_defined_anew()) {
    // Somebody raised what is ignored: it is in use already, and only to be counted.
    request.claim.vcpus = 0;
    request.claim.memory_mib = 0;
  }
  if (request.claim == Claim{}) return;
  const std::string& host = decision.record->host;
  request.grows_in_place = true;
  request.rules = Placement{};
  request.networks.clear();
  request.candidates = {host};
  request.only_host.reset();
  give_back(planning.world, host, decision.address, had);
  const PlacementAnswer answer = place(planning.world, request);
  book(planning.world, host, decision.address, answer.host ? wanted : had);
  if (answer.host) return;
  stuck.push_back({decision.name, answer.refusals.front()});
  decision.fate = Fate::left;
}

bool needs_image(const GroupPlan& plan) {
  return std::any_of(plan.decisions.begin(), plan.decisions.end(), [](const Decision& decision) {
    return needs_place(decision) || (decision.fate == Fate::keep && decision.recreate);
  });
}

void leave_what_needs_image(GroupPlan& plan) {
  for (auto& decision : plan.decisions) {
    if (needs_place(decision) || decision.recreate) decision.fate = Fate::left;
  }
}

/// Most plans place nothing: what hosts have is not worked out for them.
bool anything_to_place(const Planning& planning) {
  const auto asks = [](const Decision& decision) { return needs_place(decision) || grows(decision) || decision.rolls; };
  return std::any_of(planning.groups.begin(), planning.groups.end(), [&](const GroupPlan& plan) {
    return plan.rollout || std::any_of(plan.decisions.begin(), plan.decisions.end(), asks);
  });
}

// ---- Rolling updates ----------------------------------------------------------------------------------------------

PlacementHost* host_in(PlacementWorld& world, const std::string& name) {
  const auto found = std::find_if(world.hosts.begin(), world.hosts.end(),
                                  [&](const PlacementHost& host) { return host.name == name; });
  return found == world.hosts.end() ? nullptr : &*found;
}

/// One group's rolling update, placed as its turns come: what has gone by then has made room.
class RollingPlaces {
 public:
  RollingPlaces(Planning& planning, GroupPlan& plan, const PlacementRequest& of_group)
      : planning_(planning), plan_(plan), of_group_(of_group), most_(planning.world) {}

  bool find_place(Decision& decision, const std::string& for_host) {
    PlacementRequest request = request_for(planning_, plan_, decision, of_group_);
    request.cursor_host = plan_.cursor_host;
    request.prefers = for_host;
    const auto answer = request.replaces ? place_in_stead(request) : place_beside(request, for_host);
    if (!answer.host) {
      refused_ = {std::move(request), answer};
      return false;
    }
    book(planning_.world, *answer.host, decision.address, request.claim);
    note_most();
    accept(plan_, decision, answer);
    return true;
  }

  void give_back(const Decision& decision) {
    if (host_in(planning_.world, decision.record->host) == nullptr) return;
    vscale::give_back(planning_.world, decision.record->host, decision.address, decision.record->claim);
  }

  [[nodiscard]] const std::pair<PlacementRequest, PlacementAnswer>& refused() const { return refused_; }

  /// Whoever is placed after this cannot know when in its course: what it takes at its most stays taken.
  void keep_most() {
    for (std::size_t i = 0; i < planning_.world.hosts.size(); ++i) {
      PlacementHost& host = planning_.world.hosts[i];
      const PlacementHost& most = most_.hosts[i];
      host.vcpus.used = std::max(host.vcpus.used, most.vcpus.used);
      host.memory_mib.used = std::max(host.memory_mib.used, most.memory_mib.used);
      for (auto& [storage, disk] : host.disk_gib) disk.used = std::max(disk.used, most.disk_gib.at(storage).used);
    }
    for (auto& [storage, disk] : planning_.world.shared_disk_gib) {
      disk.used = std::max(disk.used, most_.shared_disk_gib.at(storage).used);
    }
  }

 private:
  /// The one that it comes for is as good as gone for rules of neighbourhood, and still there for what there is room
  /// for.
  PlacementAnswer place_beside(const PlacementRequest& request, const std::string& for_host) {
    PlacementHost* host = for_host.empty() ? nullptr : host_in(planning_.world, for_host);
    int* neighbours = nullptr;
    if (host != nullptr) neighbours = &host->instances[plan_.address];
    if (neighbours != nullptr && *neighbours > 0)
      --*neighbours;
    else
      neighbours = nullptr;
    PlacementAnswer answer = place(planning_.world, request);
    if (neighbours != nullptr) ++*neighbours;
    return answer;
  }

  /// It goes before it comes again, and stays where it is if it can.
  PlacementAnswer place_in_stead(const PlacementRequest& request) {
    const auto& [host, claim] = *request.replaces;
    const bool is_there = host_in(planning_.world, host) != nullptr;
    if (is_there) vscale::give_back(planning_.world, host, request.address, claim);
    PlacementRequest stay = request;
    const auto& candidates = request.candidates;
    const bool may_stay =
        !request.only_host && std::find(candidates.begin(), candidates.end(), host) != candidates.end();
    PlacementAnswer answer;
    if (may_stay) {
      stay.candidates = {host};
      answer = place(planning_.world, stay);
      if (answer.host) answer.why = "stays where it is";
    }
    if (!answer.host) answer = place(planning_.world, request);
    if (!answer.host && is_there) book(planning_.world, host, request.address, claim);
    return answer;
  }

  void note_most() {
    for (std::size_t i = 0; i < planning_.world.hosts.size(); ++i) {
      const PlacementHost& host = planning_.world.hosts[i];
      PlacementHost& most = most_.hosts[i];
      most.vcpus.used = std::max(most.vcpus.used, host.vcpus.used);
      most.memory_mib.used = std::max(most.memory_mib.used, host.memory_mib.used);
      for (auto& [storage, disk] : most.disk_gib) disk.used = std::max(disk.used, host.disk_gib.at(storage).used);
    }
    for (auto& [storage, disk] : most_.shared_disk_gib) {
      disk.used = std::max(disk.used, planning_.world.shared_disk_gib.at(storage).used);
    }
  }

  Planning& planning_;
  GroupPlan& plan_;
  const PlacementRequest& of_group_;
  PlacementWorld most_;
  std::pair<PlacementRequest, PlacementAnswer> refused_;
};

void walk(Planning& planning, GroupPlan& plan, const PlacementRequest& of_group, Refusals& refused,
          std::map<const GroupPlan*, Tally>& tallies) {
  RollingPlaces places(planning, plan, of_group);
  walk_rollout(
      planning, plan,
      [&](Decision& decision, const std::string& for_host) { return places.find_place(decision, for_host); },
      [&](const Decision& decision) { places.give_back(decision); });
  places.keep_most();
  if (!plan.rollout->refused) return;
  Decision& decision = plan.decisions[*plan.rollout->refused];
  ++tallies[&plan].asked;
  refused.add(planning, plan, decision, places.refused().first, places.refused().second);
}

}  // namespace

void place_instances(Planning& planning) {
  if (!anything_to_place(planning)) return;
  RecordedState current;
  for (const auto& [address, instance] : planning.instances) current.instances.emplace(address, *instance);
  planning.world = world_of(planning.config, current, planning.input.live);
  const RulesAgainst against = rules_against(planning.config);
  std::vector<Asked> asked;
  std::vector<PlacementRequest> requests;
  Refusals refused;
  std::map<const GroupPlan*, Tally> tallies;
  for (auto& plan : planning.groups) {
    if (plan.group == nullptr || plan.lock == nullptr) continue;
    if (needs_image(plan) && !check_image(planning, plan)) leave_what_needs_image(plan);
    const PlacementRequest of_group = group_request(planning, plan, against);
    std::vector<Stuck> stuck;
    for (auto& decision : plan.decisions) {
      if (grows(decision)) {
        check_growth(planning, plan, decision, request_for(planning, plan, decision, of_group), stuck);
      }
      if (!is_placed_at_once(decision)) continue;
      asked.push_back({&plan, &decision});
      requests.push_back(request_for(planning, plan, decision, of_group));
    }
    if (stuck.empty()) continue;
    if (refused.add_stuck(planning, plan, of_group, stuck)) {
      tallies[&plan].asked += static_cast<int>(stuck.size());
    } else {
      report_stuck(planning, plan, stuck);
    }
  }
  auto answers = place_all(planning.world, requests);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Tally& tally = tallies[asked[i].plan];
    ++tally.asked;
    if (answers[i].host) {
      ++tally.placed;
      accept(*asked[i].plan, *asked[i].decision, std::move(answers[i]));
    } else {
      refused.add(planning, *asked[i].plan, *asked[i].decision, requests[i], answers[i]);
    }
  }
  for (auto& plan : planning.groups) {
    if (plan.rollout) walk(planning, plan, group_request(planning, plan, against), refused, tallies);
  }
  refused.report(planning, tallies);
}

}  // namespace vscale
