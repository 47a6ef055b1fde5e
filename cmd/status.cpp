#include "cmd/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "cmd/planning/recorded.h"
#include "engine/health/ill_share.h"
#include "engine/health/illness.h"
#include "engine/live/emulation.h"
#include "engine/placement/placement.h"
#include "engine/plan/books/unrecorded.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/plan/names/renamed_hosts.h"
#include "engine/recorded/wanted_size.h"
#include "engine/values/text/listed.h"
#include "engine/values/text/shell_word.h"
#include "engine/values/uri.h"

namespace vscale {
namespace {

constexpr std::size_t kNamesListed = 6;

InstanceStatus instance_status(const InstanceRecord& instance, const Whereabouts& where) {
  InstanceStatus status{.address = instance.address,
                        .name = instance.name,
                        .host = where.host,
                        .state = state_of(instance, where),
                        .since = {},
                        .addresses = {},
                        .revision = instance.revision};
  if (status.state == "ready") status.since = instance.ready_at;
  if (status.state == "booting") status.since = instance.started_at;
  for (const auto& nic : instance.nics) {
    if (nic.address) status.addresses.push_back(*nic.address);
  }
  return status;
}

/// Is it off as an operator has said that it is to be?
bool is_stopped(const RecordedState& recorded, const InstanceRecord& instance, const Whereabouts& where) {
  const bool is_there = instance.phase != Phase::claimed && instance.phase != Phase::leaving;
  const bool is_shut_off = where.presence == Presence::off && where.domain->state == DomainState::shut_off;
  return is_there && is_shut_off && where.also_up.empty() && recorded.words.stops.contains(instance.address);
}

/// No plan helps those, and none has anything to do with those that were stopped.
enum class Unready { counted, left_out };

/// "1 booting, 2 shut off, 1 to create": everything that is not simply ready. Without what is on the `silent` hosts.
std::string now_text(const std::vector<const InstanceStatus*>& instances, int want, Unready unready,
                     const std::set<std::string>& silent = {}) {
  std::map<std::string, int> counts;
  for (const auto* instance : instances) {
    if (instance->state == "unknown" && silent.count(instance->host) != 0) continue;
    if ((instance->state == "unready" || instance->state == "stopped") && unready == Unready::left_out) continue;
    if (instance->state != "ready") ++counts[instance->state];
  }
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) parts.push_back(fmt::format("{} {}", count, state));
  const int have = static_cast<int>(instances.size());
  if (have < want) parts.push_back(fmt::format("{} to create", want - have));
  if (have > want) parts.push_back(fmt::format("{} to destroy", have - want));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// What stands beside others while they are rolled is not too much.
int wanted_beside(const GroupStatus& group) {
  return group.rollout.in_progress ? std::max(group.want, group.have) : group.want;
}

std::string range_text(const Group* group) {
  if (group == nullptr) return "not in the files";
  if (!group->scaling) return "fixed";
  return fmt::format("{}-{}", group->scaling->min, group->scaling->max);
}

/// What there is of one group.
using Members = std::vector<const InstanceStatus*>;
using MembersByGroup = std::map<std::string, Members>;

/// Refers to `instances`.
MembersByGroup members_of(const std::vector<InstanceStatus>& instances) {
  MembersByGroup members;
  for (const auto& instance : instances) members[group_address(instance.address)].push_back(&instance);
  return members;
}

GroupStatus group_status(const Config& config, const std::string& address, const RecordedState& recorded,
                         const Members& ours, Instant now) {
  const Group* group = find_group(config, address);
  GroupStatus status{.address = address,
                     .name = address.substr(address.find('.') + 1),
                     .ready = 0,
                     .have = static_cast<int>(ours.size()),
                     .want = group == nullptr ? 0 : wanted_size(*group, recorded, address),
                     .range = range_text(group),
                     .owner = {},
                     .revision = 0,
                     .now = {},
                     .rollout = {}};
  if (const WantedSize* owner = group == nullptr ? nullptr : size_owner(*group, recorded, address)) {
    status.owner = *owner;
  }
  status.ready = static_cast<int>(
      std::count_if(ours.begin(), ours.end(), [](const auto* instance) { return instance->state == "ready"; }));
  if (const auto record = recorded.groups.find(address); record != recorded.groups.end()) {
    status.revision = record->second.revision;
  }
  status.rollout = rollout_status_of(config, address, status.want, recorded);
  status.now = now_text(ours, wanted_beside(status), Unready::counted);
  for (const auto process : suspended(recorded.words, address, now)) {
    status.now += fmt::format("{}{} suspended", status.now.empty() ? "" : ", ", to_string(process));
  }
  status.rollout.ready = status.ready;
  status.rollout.fresh = static_cast<int>(std::count_if(ours.begin(), ours.end(), [&](const auto* instance) {
    return instance->state == "ready" && instance->revision == status.rollout.to;
  }));
  return status;
}

/// Groups of the files in their order, then those that only the record has.
std::vector<GroupStatus> group_statuses(const Config& config, const RecordedState& recorded,
                                        const MembersByGroup& members, Instant now) {
  std::vector<GroupStatus> groups;
  std::set<std::string> in_file;
  for (const auto& group : config.groups) {
    const std::string address = address_of(group);
    in_file.insert(address);
    const auto found = members.find(address);
    groups.push_back(group_status(config, address, recorded, found == members.end() ? Members{} : found->second, now));
  }
  for (const auto& [address, ours] : members) {
    if (!in_file.contains(address)) groups.push_back(group_status(config, address, recorded, ours, now));
  }
  return groups;
}

Usage usage_of(const Inventory& inventory) {
  return {inventory.used, inventory.capacity()};
}

/// Names the host, whether the error does or not; without the hint, which the status gives itself.
std::string why_text(const std::string& host, const Error& error) {
  std::string text = error.message.find(host) == std::string::npos ? host + ": " + error.message : error.message;
  return error.detail.empty() ? text : text + " [" + error.detail + "]";
}

HostStatus host_status(const Host& host, const HostView& view, const PlacementWorld& world,
                       const std::set<std::string_view>& uuids, int recorded) {
  HostStatus status;
  status.name = host.name;
  status.ours = recorded;
  if (!view.snapshot) {
    status.reachable = false;
    if (view.failure) status.since = view.failure->at;
    if (view.failure) status.why = why_text(host.name, view.failure->error);
    return status;
  }
  status.emulated_because = why_emulated(*view.snapshot);
  status.ours = 0;
  for (const auto& domain : view.snapshot->domains) ++(uuids.contains(domain.uuid) ? status.ours : status.foreign);
  for (const auto& placed : world.hosts) {
    if (placed.name != host.name) continue;
    status.vcpus = usage_of(placed.vcpus);
    status.memory_mib = usage_of(placed.memory_mib);
    for (const auto& [storage, disk] : placed.disk_gib) {
      status.disk_gib.used += disk.used;
      status.disk_gib.total += disk.capacity();
    }
  }
  return status;
}

std::string left_alone_text(int instances, bool was_seen) {
  if (instances == 0 && !was_seen) return "What is on it is not known: it was never seen under this name.";
  if (instances == 0) return "Nothing of ours is recorded there.";
  return fmt::format("Its {} instance{} left alone.", instances, instances == 1 ? " is" : "s are");
}

/// What the next apply goes on with.
std::string unfinished_text(const RolloutStatus& rollout) {
  switch (rollout.standing) {
    case RolloutStatus::Standing::rolling:
    case RolloutStatus::Standing::rests:
      return progress_words(rollout);
    case RolloutStatus::Standing::going_back:
      return fmt::format("goes back to revision {}", rollout.undo_to.value_or(0));
    case RolloutStatus::Standing::none:
    case RolloutStatus::Standing::waits:
    case RolloutStatus::Standing::paused:
    case RolloutStatus::Standing::stopped:
    case RolloutStatus::Standing::aborted:
    case RolloutStatus::Standing::rolled_back:
      return {};
  }
  VSCALE_ASSERT(false, "a Standing of which nobody knows whether an apply goes on with it");
}

std::vector<Need> needs_of(const Config& config, const RecordedState& recorded, const Status& status,
                           const MembersByGroup& members, const WholeCommand& command) {
  std::vector<Need> needs;
  std::set<std::string> silent;
  for (const auto& host : status.hosts) {
    if (host.reachable) continue;
    silent.insert(host.name);
    const Host* configured = find_host(config, host.name);
    needs.push_back(
        {.text = fmt::format("{}. {}", host.why, left_alone_text(host.ours, was_seen(recorded, host.name))),
         .commands = {fmt::format("virsh -c {} list",
                                  shell_word(configured == nullptr ? "" : without_password(configured->uri)))}});
  }
  if (!recorded.open_actions.empty() && !status.running) {
    needs.push_back({.text = fmt::format("An earlier run ended in the middle of {} action{}.",
                                         recorded.open_actions.size(), recorded.open_actions.size() == 1 ? "" : "s"),
                     .commands = {command("apply", {})}});
  }
  std::vector<std::string> names;
  for (const auto& group : status.groups) {
    // No plan helps what is on a host that does not answer: what to do about that host is said above.
    const auto found = members.find(group.address);
    std::string now =
        now_text(found == members.end() ? Members{} : found->second, wanted_beside(group), Unready::left_out, silent);
    if (now.empty()) now = unfinished_text(group.rollout);
    if (!now.empty() && !status.running) names.push_back(fmt::format("{}: {}", group.name, now));
  }
  if (names.empty()) return needs;
  const std::size_t count = names.size();
  if (count > kNamesListed) names.resize(kNamesListed);
  std::string text = fmt::format("Not as wanted: {}", fmt::join(names, "; "));
  if (count > kNamesListed) text += fmt::format("; and {} more groups", count - kNamesListed);
  needs.push_back({.text = std::move(text), .commands = {command("plan", {}), command("apply", {})}});
  return needs;
}

/// Rolling updates that stand still until somebody says something. One that only goes on with an apply is not as
/// wanted.
std::vector<Need> needs_of_rollouts(const Status& status, const WholeCommand& command) {
  const OtherRun run = status.running ? OtherRun::goes_on : OtherRun::none;
  std::vector<Need> needs;
  for (const auto& group : status.groups) {
    if (!needs_a_person(group.rollout)) continue;
    Need need{.text = need_words(group.rollout), .commands = {}};
    for (const auto& next : next_commands(group.rollout, run)) {
      // The other way round is no part of these: `rollout status` tells it.
      if (next.lead != "Back:") need.commands.push_back(command(next.words, next.options));
    }
    needs.push_back(std::move(need));
  }
  return needs;
}

/// Groups in which nobody is restarted or replaced, as too many are ill: that has a cause which watch does not reach.
std::vector<Need> needs_of_ill_groups(const Config& config, const RecordedState& recorded, const Live& live,
                                      Instant now, const WholeCommand& command) {
  std::vector<Need> needs;
  if (recorded.health.empty()) return needs;
  const Roster roster(config, recorded, live);
  for (const auto& group : config.groups) {
    const std::string why = why_left_ill(group, roster.of(address_of(group)), recorded, now);
    if (why.empty()) continue;
    needs.push_back({.text = fmt::format("{}: {}: nobody of it is restarted or replaced", group.name, why),
                     .commands = {command("explain " + group.name, {})}});
  }
  return needs;
}

bool is_in_trouble(const LiveDomain* domain) {
  return domain != nullptr && (domain->state == DomainState::paused || domain->state == DomainState::suspended ||
                               domain->state == DomainState::crashed);
}

/// As decide_tick() finds it, but by what was noted where that goes by what a guest answers.
HealthFinding::State health_state_of(const Member& member, const RecordedState& recorded) {
  using State = HealthFinding::State;
  const InstanceRecord& record = *member.record;
  if (record.phase == Phase::leaving) return State::leaving;
  if (recorded.words.stops.contains(record.address)) return State::stopped;
  const Presence presence = member.where.presence;
  if (presence == Presence::unknown || presence == Presence::in_between) return State::unknown;
  if (record.phase == Phase::claimed || record.phase == Phase::defined) return State::making;
  if (presence != Presence::up) return is_in_trouble(member.where.domain) ? State::failing : State::off;
  if (record.phase == Phase::started) return State::booting;
  return is_failing(recorded, record.address) ? State::failing : State::alive;
}

/// Domains with our mark that are in no record: forgotten, or of a newer statefile.
std::optional<Need> need_for_unrecorded(const std::vector<UnrecordedDomain>& domains, const WholeCommand& command) {
  std::vector<std::string> names;
  for (const auto& domain : domains) {
    if (domain.seen != UnrecordedDomain::Seen::now) continue;
    names.push_back(fmt::format("{} on {}", domain.domain->name, *domain.host));
  }
  if (names.empty()) return std::nullopt;
  const bool one = names.size() == 1;
  return Need{.text = fmt::format("Made by this installation and not recorded, so left alone: {}. How to remove {}:",
                                  listed_up_to(kNamesListed, names), one ? "it" : "them"),
              .commands = {command("plan", {})}};
}

/// Guests that run without a definition.
std::optional<Need> need_for_undefined(const std::vector<InstanceStatus>& instances, const LiveIndex& live,
                                       const RecordedState& recorded, const WholeCommand& command) {
  std::vector<std::string> names;
  for (const auto& instance : instances) {
    for (const auto& place : live.with_uuid(recorded.instances.at(instance.address).uuid)) {
      if (place.domain->transient) names.push_back(fmt::format("{} on {}", short_name(instance.address), *place.host));
    }
  }
  if (names.empty()) return std::nullopt;
  return Need{.text = fmt::format("Undefined by somebody while it runs, and gone from its host once it is off: {}.",
                                  listed_up_to(kNamesListed, names)),
              .commands = {command("apply", {})}};
}

/// To see the kept disks, and to delete `unwanted` of them: these, and nothing that there is.
std::vector<std::string> about(const std::vector<VolumeRecord>& unwanted, const WholeCommand& command) {
  if (unwanted.empty()) return {command("state list", {})};
  PlanOptions options;
  options.destroy = true;
  options.allow_data_loss = true;
  for (const auto& volume : unwanted) {
    const std::string owner = to_string(volume.owner);
    if (options.targets.empty() || options.targets.back() != owner) options.targets.push_back(owner);
  }
  if (options.targets.size() > kNamesListed) options.targets = {"ADDRESS"};
  return {command("state list", {}), command("destroy", options)};
}

bool is_in_file(const Config& config, const VolumeRecord& volume) {
  const Group* group = find_group(config, group_address(volume.owner));
  if (group == nullptr) return false;
  const auto& disks = group->instance.disks;
  return std::any_of(disks.begin(), disks.end(), [&](const DataDisk& disk) { return disk.name == volume.disk; });
}

/// Will an instance of the file take it up again?
bool is_awaited(const Config& config, const VolumeRecord& volume) {
  const Group* group = find_group(config, group_address(volume.owner));
  return group != nullptr && volume.owner.ordinal < group->size && is_in_file(config, volume);
}

}  // namespace

bool is_failing(const RecordedState& recorded, const InstanceAddress& address) {
  const auto health = recorded.health.find(address);
  const auto instance = recorded.instances.find(address);
  return health != recorded.health.end() && instance != recorded.instances.end() && health->second.failures > 0 &&
         health->second.uuid == instance->second.uuid;
}

std::string why_left_ill(const Group& group, const std::vector<Member>& members, const RecordedState& recorded,
                         Instant now) {
  if (recorded.health.empty()) return "";  // nobody was noted: watch has found all of them well, or does not run
  HealthInput input;
  input.group = &group;
  input.now = now;
  std::map<InstanceAddress, HealthRecord> records;
  bool is_any_left = false;
  for (const Member& member : members) {
    const InstanceAddress& address = member.record->address;
    const auto noted = recorded.health.find(address);
    const HealthRecord& record = records[address] = noted == recorded.health.end() ? HealthRecord{} : noted->second;
    HealthFinding finding;
    finding.address = address;
    finding.started_at = member.record->started_at;
    finding.state = health_state_of(member, recorded);
    const bool is_failing_now = finding.state == HealthFinding::State::failing;
    is_any_left = is_any_left || is_failing_now || is_past_startup_timeout(group, finding, record, now);
    input.members.push_back(std::move(finding));
  }
  return is_any_left ? why_too_many_ill(group, ill_share(input, records)) : "";
}

std::string state_of(const InstanceRecord& instance, const Whereabouts& where) {
  if (instance.phase == Phase::leaving) return "leaving";
  if (where.presence == Presence::unknown) return "unknown";
  if (instance.phase == Phase::claimed) return "unfinished";
  if (where.domain == nullptr) return "missing";
  if (!where.also_up.empty()) return "twin";
  if (instance.phase == Phase::defined) return "unfinished";
  if (where.presence != Presence::up) return to_string(where.domain->state);
  if (instance.failed) return "failed";
  if (instance.phase != Phase::ready) return "booting";
  return instance.drained ? "drained" : "ready";
}

Status status_of(const Config& config, const RecordedState& as_recorded, const Live& live,
                 const std::optional<LockHolder>& running, Instant now, const WholeCommand& command) {
  // As a plan sees it.
  const RecordedState recorded = followed(as_recorded, renamed_hosts(config, as_recorded, live));
  Status status;
  status.name = config.name;
  status.lineage = recorded.lineage;
  status.serial = recorded.serial;
  status.running = running;
  const LiveIndex index(live);
  const LastSeenUp last_seen_up(recorded, index);
  for (const auto& [address, instance] : recorded.instances) {
    const Whereabouts where = locate(instance, recorded.lineage, config, index, last_seen_up);
    status.instances.push_back(instance_status(instance, where));
    if (is_stopped(recorded, instance, where)) status.instances.back().state = "stopped";
  }
  for (auto& instance : status.instances) {
    if (instance.state == "ready" && is_failing(recorded, instance.address)) instance.state = "unready";
  }
  const MembersByGroup members = members_of(status.instances);
  status.groups = group_statuses(config, recorded, members, now);
  const PlacementWorld world = world_of(config, recorded, live);
  std::set<std::string_view> uuids;
  for (const auto& [address, instance] : recorded.instances) uuids.insert(instance.uuid);
  std::map<std::string, int> ours;
  for (const auto& instance : status.instances) ++ours[instance.host];
  for (const auto& host : config.hosts) {
    status.hosts.push_back(host_status(host, live.at(host.name), world, uuids, ours[host.name]));
  }
  status.needs = needs_of(config, recorded, status, members, command);
  for (auto& need : needs_of_rollouts(status, command)) status.needs.push_back(std::move(need));
  for (auto& need : needs_of_ill_groups(config, recorded, live, now, command)) status.needs.push_back(std::move(need));
  if (auto need = need_for_unrecorded(unrecorded_domains(recorded, config, live), command); need && !status.running) {
    status.needs.push_back(std::move(*need));
  }
  if (auto need = need_for_undefined(status.instances, index, recorded, command)) {
    status.needs.push_back(std::move(*need));
  }
  status.kept_disks = kept_disks(recorded);
  status.detached_disks = detached_disks(recorded, live);
  // What the file has is drift, of which a plan tells.
  std::erase_if(status.detached_disks, [&](const VolumeRecord& volume) { return is_in_file(config, volume); });
  std::vector<VolumeRecord> unwanted = status.kept_disks;
  status.awaited_disks =
      static_cast<int>(std::erase_if(unwanted, [&](const VolumeRecord& volume) { return is_awaited(config, volume); }));
  if (!status.kept_disks.empty()) status.about_kept_disks = about(unwanted, command);
  return status;
}

}  // namespace vscale
