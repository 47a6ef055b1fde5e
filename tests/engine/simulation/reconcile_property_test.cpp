#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "engine/placement/placement.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What holds for every plan, whatever the file, the hosts and the mishaps: random worlds, each from a seed that its
/// section names. A seed that fails becomes a story with a name.

namespace vscale::test {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  /// 0 … below-1. By remainder, so that a seed means the same on every standard library.
  int roll(int below) { return static_cast<int>(engine_() % static_cast<unsigned>(below)); }
  bool one_in(int count) { return roll(count) == 0; }
  template <class Item>
  Item& pick(std::vector<Item>& items) {
    return items[static_cast<std::size_t>(roll(static_cast<int>(items.size())))];
  }

 private:
  std::mt19937 engine_;
};

PlacementStrategy a_strategy(Dice& dice) {
  constexpr PlacementStrategy kAll[] = {PlacementStrategy::balanced,   PlacementStrategy::spread,
                                        PlacementStrategy::pack,       PlacementStrategy::round_robin,
                                        PlacementStrategy::first_come, PlacementStrategy::best_fit};
  return kAll[dice.roll(6)];
}

/// How much the file lets happen to the group's instances by itself.
void limit_updates(Dice& dice, Group& group) {
  constexpr Disruption kAllowed[] = {Disruption::replace, Disruption::replace, Disruption::reboot, Disruption::live,
                                     Disruption::none};
  constexpr Update::Strategy kStrategies[] = {Update::Strategy::rolling, Update::Strategy::rolling,
                                              Update::Strategy::recreate, Update::Strategy::on_delete};
  constexpr const char* kFields[] = {"image", "networks", "disks", "machine", "memory", "vcpus", "disk"};
  group.update.allow = kAllowed[dice.roll(5)];
  group.update.strategy = kStrategies[dice.roll(4)];
  group.lifecycle.ignore_changes.clear();
  if (dice.one_in(3)) group.lifecycle.ignore_changes.emplace_back(kFields[dice.roll(7)]);
}

Group random_group(Dice& dice, const std::string& name) {
  Group group = a_group(name, dice.roll(5));
  group.placement.strategy = a_strategy(dice);
  group.instance.memory_bytes = group.instance.max_memory_bytes = static_cast<std::uint64_t>(1 + dice.roll(4)) * kGiB;
  group.instance.vcpus = 1 + dice.roll(3);
  group.instance.max_vcpus = group.instance.vcpus + dice.roll(3);
  if (dice.one_in(3)) group.instance.disks.push_back(a_disk("data", 10 * kGiB, dice.one_in(2)));
  if (dice.one_in(3)) group.update.strategy = Update::Strategy::recreate;
  if (dice.one_in(3)) limit_updates(dice, group);
  if (dice.one_in(2)) group = rolls_beside(group, 1 + dice.roll(2), dice.roll(3));
  return group;
}

Config random_config(Dice& dice) {
  std::vector<std::string> hosts{"kvm1", "kvm2", "kvm3", "kvm4"};
  hosts.resize(1 + static_cast<std::size_t>(dice.roll(4)));
  std::vector<Group> groups{random_group(dice, "db"), random_group(dice, "web"), random_group(dice, "worker")};
  if (dice.one_in(2)) groups[1].depends_on = {"group.db"};
  if (dice.one_in(2)) groups[2].depends_on = {"group.web"};
  return config_with(groups, hosts);
}

/// `moved:` collects the history; dependents follow the name.
void rename_group(Dice& dice, PlanInput& input, Group& group) {
  const std::string from = address_of(group);
  group.name = "g" + std::to_string(input.config.moved.size()) + "x" + std::to_string(dice.roll(9));
  input.config.moved.push_back({from, address_of(group)});
  for (auto& other : input.config.groups) {
    std::replace(other.depends_on.begin(), other.depends_on.end(), from, address_of(group));
  }
}

/// Only some hosts, or all of them again.
void select_hosts(Dice& dice, const Config& config, Group& group) {
  group.hosts.names.clear();
  if (dice.one_in(3)) return;
  for (const auto& host : config.hosts) {
    if (dice.one_in(2)) group.hosts.names.push_back(host.name);
  }
}

/// The group goes to another network; one that nobody is on any more leaves the file.
void change_network(Dice& dice, Config& config, Group& group) {
  const int number = dice.roll(3);
  Network network = a_network("lan" + std::to_string(number));
  network.addresses = {{ipv4(10, 0, number, 50), ipv4(10, 0, number, 99)}};
  if (find_network(config, network.name) == nullptr) config.networks.push_back(network);
  group.instance.networks[0].network = network.name;
  std::erase_if(config.networks, [&](const Network& candidate) {
    return std::none_of(config.groups.begin(), config.groups.end(),
                        [&](const Group& user) { return user.instance.networks[0].network == candidate.name; });
  });
}

void change_disks(Dice& dice, Group& group) {
  if (group.instance.disks.empty()) {
    group.instance.disks.push_back(a_disk("data", 10 * kGiB, dice.one_in(2)));
  } else {
    group.instance.disks.clear();
  }
}

void add_host(PlanInput& input) {
  int number = 1;
  const auto is_known = [&](const std::string& name) {
    return find_host(input.config, name) != nullptr || input.recorded.hosts.count(name) != 0;
  };
  while (is_known("kvm" + std::to_string(number))) ++number;
  const std::string name = "kvm" + std::to_string(number);
  input.config.hosts.push_back(a_host(name));
  input.live[name] = reachable(a_snapshot(name));
}

/// Somebody edits the file. Disks never shrink and groups never vanish: those are errors, and have stories.
void edit_file(Dice& dice, PlanInput& input) {
  Group& group = dice.pick(input.config.groups);
  switch (dice.roll(13)) {
    case 0:
      group.size = dice.roll(6);
      break;
    case 1:
      group.instance.vcpus = group.instance.max_vcpus = 1 + dice.roll(4);
      break;
    case 2:
      group.instance.memory_bytes = static_cast<std::uint64_t>(1 + dice.roll(4)) * kGiB;
      group.instance.max_memory_bytes = group.instance.memory_bytes + static_cast<std::uint64_t>(dice.roll(2)) * kGiB;
      break;
    case 3:
      group.instance.disk_bytes += static_cast<std::uint64_t>(dice.roll(3)) * kGiB;
      break;
    case 4:
      group.instance.cloud_init.user = "user" + std::to_string(dice.roll(3));
      break;
    case 6:
      rename_group(dice, input, group);
      break;
    case 5:
      input.images["debian-12"] = lock_of("debian-12", static_cast<char>('a' + dice.roll(4)));
      break;
    case 7:
      select_hosts(dice, input.config, group);
      break;
    case 8:
      limit_updates(dice, group);
      break;
    case 9:
      change_network(dice, input.config, group);
      break;
    case 10:
      change_disks(dice, group);
      break;
    case 11:
      group.instance.machine = dice.one_in(2) ? "q35" : "pc";
      break;
    case 12:
      add_host(input);
      break;
  }
}

/// Groups that may go to some hosts only may fit nowhere, which is an error with stories of its own: whoever is told so
/// lets them go everywhere.
void let_go_everywhere(PlanInput& input) {
  for (auto& group : input.config.groups) group.hosts.names.clear();
}

Plan plan_with_room(PlayedWorld& world) {
  Plan plan = world.plan();
  if (!plan.errored) return plan;
  let_go_everywhere(world.input);
  return world.plan();
}

/// Somebody takes the host out of the file, and its name out of what groups say of their hosts.
void drop_host(PlanInput& input, const std::string& name) {
  std::erase_if(input.config.hosts, [&](const Host& host) { return host.name == name; });
  for (auto& group : input.config.groups) std::erase(group.hosts.names, name);
  input.live.erase(name);
}

/// Something happens on a host behind vscale's back. Foreign domains are left out: they do not concern us.
void disturb_host(Dice& dice, PlanInput& input) {
  auto& host = input.config.hosts[static_cast<std::size_t>(dice.roll(static_cast<int>(input.config.hosts.size())))];
  auto& domains = input.live.at(host.name).snapshot->domains.edit();
  std::vector<LiveDomain*> ours;
  for (auto& domain : domains) {
    if (domain.ownership) ours.push_back(&domain);
  }
  if (ours.empty()) return;
  LiveDomain& domain = *dice.pick(ours);
  const auto remove = [&] { domains.erase(domains.begin() + (&domain - domains.data())); };
  switch (dice.roll(5)) {
    case 0:
      domain.state = DomainState::shut_off;
      if (domain.transient) remove();
      break;
    case 1:
      domain.state = DomainState::paused;
      break;
    case 2:
      domain.vcpus = 1;
      break;
    case 3:
      remove();
      break;
    case 4:
      domain.transient = is_up(domain.state);
      if (!domain.transient) remove();
      break;
  }
}

void add_foreign(Dice& dice, PlanInput& input) {
  for (auto& [name, view] : input.live) {
    for (int i = dice.roll(3); i > 0; --i) {
      view.snapshot->domains.push_back(foreign_domain(name + "-x" + std::to_string(i), 1, 1 * kGiB));
    }
  }
}

/// Any order that the needs allow: an executor with many hands promises no more.
std::vector<std::size_t> some_order(Dice& dice, const Plan& plan) {
  std::vector<std::size_t> waiting = order_of_ids(plan);
  std::vector<bool> done(plan.actions.size());
  std::vector<std::size_t> order;
  while (!waiting.empty()) {
    auto at = waiting.begin() + dice.roll(static_cast<int>(waiting.size()));
    const auto is_ready = [&](std::size_t index) {
      const auto& needs = plan.actions[index].needs;
      return std::all_of(needs.begin(), needs.end(), [&](int id) { return done[static_cast<std::size_t>(id) - 1]; });
    };
    while (!is_ready(*at)) at = at + 1 == waiting.end() ? waiting.begin() : at + 1;
    done[*at] = true;
    order.push_back(*at);
    waiting.erase(at);
  }
  return order;
}

// ---- What holds ---------------------------------------------------------------------------------------------------

std::string uuid_in(const ActionDetail& detail) {
  if (const auto* define = std::get_if<DefineDomain>(&detail)) return define->spec.uuid;
  if (const auto* update = std::get_if<UpdateDomain>(&detail)) return update->uuid;
  if (const auto* start = std::get_if<StartDomain>(&detail)) return start->uuid;
  if (const auto* stop = std::get_if<StopDomain>(&detail)) return stop->uuid;
  if (const auto* undefine = std::get_if<UndefineDomain>(&detail)) return undefine->uuid;
  return "";
}

void check_foreign_untouched(const PlanInput& input, const Plan& plan) {
  std::set<std::string> foreign;
  for (const auto& [host, view] : input.live) {
    if (!view.snapshot) continue;
    for (const auto& domain : view.snapshot->domains) {
      if (!domain.ownership) foreign.insert(domain.uuid);
    }
  }
  for (const auto& action : plan.actions) CHECK(foreign.count(uuid_in(action.detail)) == 0);
}

void check_only_answering_hosts_touched(const PlanInput& input, const Plan& plan) {
  for (const auto& action : plan.actions) {
    if (action.host.empty()) continue;
    REQUIRE(input.live.count(action.host) == 1);
    CHECK(input.live.at(action.host).snapshot.has_value());
  }
}

/// As it will be recorded when the plan has been carried out: no address, MAC, uuid or name belongs to two.
void check_identities(const RecordedState& recorded) {
  std::set<std::string> taken;
  for (const auto& [address, instance] : recorded.instances) {
    CHECK(taken.insert("name " + instance.name).second);
    CHECK(taken.insert("uuid " + instance.uuid).second);
    for (const auto& nic : instance.nics) {
      CHECK(taken.insert("mac " + nic.mac).second);
      if (nic.address) CHECK(taken.insert(nic.network + " " + *nic.address).second);
    }
  }
}

void check_capacity(const PlanInput& input) {
  const PlacementWorld world = world_of(input.config, input.recorded, input.live);
  for (const auto& host : world.hosts) {
    CHECK(host.vcpus.used <= host.vcpus.capacity());
    CHECK(host.memory_mib.used <= host.memory_mib.capacity());
    for (const auto& [storage, disk] : host.disk_gib) CHECK(disk.used <= disk.capacity());
  }
}

/// The file's wish, and nothing else: as many as wanted, each with one domain that is up, and no leftovers.
void check_as_wanted(const PlayedWorld& world) {
  std::map<std::string, int> up;
  std::size_t domains = 0;
  for (const auto& [host, view] : world.input.live) {
    for (const auto& domain : view.snapshot->domains) {
      if (!domain.ownership) continue;
      ++domains;
      up[domain.uuid] += is_up(domain.state) ? 1 : 0;
    }
  }
  CHECK(domains == world.input.recorded.instances.size());
  for (const auto& [address, instance] : world.input.recorded.instances) {
    CHECK(instance.phase == Phase::ready);
    CHECK(up[instance.uuid] == 1);
  }
  for (const auto& group : world.input.config.groups) {
    const auto count =
        std::count_if(world.input.recorded.instances.begin(), world.input.recorded.instances.end(),
                      [&](const auto& entry) { return group_address(entry.first) == address_of(group); });
    CHECK(count == group.size);
  }
  std::set<std::string> recorded;
  for (const auto& volume : world.input.recorded.volumes) recorded.insert(volume.host + "/" + volume.name);
  for (const auto& copy : world.input.recorded.image_copies) recorded.insert(copy.host + "/" + copy.volume);
  for (const auto& [host, view] : world.input.live) {
    for (const auto& volume : view.snapshot->pools.front().volumes) {
      INFO("volume " << volume << " on " << host);
      CHECK(recorded.count(host + "/" + volume) == 1);
    }
  }
}

/// Edits, mishaps and runs that die, in a world of this seed; at the end the file has its way.
void live_through(unsigned seed) {
  constexpr int kMishaps = 6;
  Dice dice(seed);
  PlayedWorld world(random_config(dice));
  add_foreign(dice, world.input);
  for (int step = 0; step < kMishaps; ++step) {
    INFO("seed " << seed << ", step " << step);
    edit_file(dice, world.input);
    if (step > 0 && dice.one_in(2)) disturb_host(dice, world.input);
    const Plan plan = plan_with_room(world);
    INFO(plan_text(plan));
    REQUIRE_FALSE(plan.errored);
    check_foreign_untouched(world.input, plan);
    CHECK(plan_text(world.plan()) == plan_text(plan));
    CHECK(world.plan() == plan);
    if (!plan.actions.empty() && dice.one_in(2)) {
      const auto at = static_cast<std::size_t>(dice.roll(static_cast<int>(plan.actions.size())));
      world.carry_out_and_die(plan, some_order(dice, plan), at, dice.one_in(2));
      check_identities(world.input.recorded);
      continue;
    }
    world.carry_out(plan, some_order(dice, plan));
    check_identities(world.input.recorded);
    const Plan next = world.plan();
    INFO(plan_text(next));
    CHECK_FALSE(has_changes(next));
    CHECK_FALSE(next.errored);
  }
  INFO("seed " << seed << ", at the end");
  let_go_everywhere(world.input);
  world.converge();
  check_as_wanted(world);
  check_identities(world.input.recorded);
  check_capacity(world.input);
}

/// Instances of `before` on this host are still recorded there.
void check_still_on(const std::string& host, const RecordedState& before, const RecordedState& now) {
  for (const auto& entry : before.instances) {
    const InstanceRecord& instance = entry.second;
    if (instance.host != host) continue;
    CHECK(std::any_of(now.instances.begin(), now.instances.end(), [&](const auto& other) {
      return other.second.uuid == instance.uuid && other.second.host == host;
    }));
  }
}

/// A host is cut off, or leaves the file, and is back after some edits and a plan that is carried out. False: there was
/// no room for what the file wanted meanwhile, which has stories of its own, so that nothing was carried out.
bool live_without_a_host(unsigned seed, bool leaves_file) {
  INFO("seed " << seed);
  Dice dice(seed);
  PlayedWorld world(random_config(dice));
  world.carry_out(world.plan());
  world.look();
  const RecordedState before = world.input.recorded;
  const Host away = dice.pick(world.input.config.hosts);
  const HostView seen = world.input.live[away.name];
  if (leaves_file) {
    drop_host(world.input, away.name);
  } else {
    world.input.live[away.name] = unreachable();
  }
  for (int i = 0; i < 3; ++i) edit_file(dice, world.input);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  if (!leaves_file) CHECK_FALSE(plan.complete);
  check_only_answering_hosts_touched(world.input, plan);
  if (plan.errored) return false;
  world.carry_out(plan);
  check_identities(world.input.recorded);
  check_still_on(away.name, before, world.input.recorded);
  if (leaves_file) world.input.config.hosts.push_back(away);
  world.input.live[away.name] = seen;
  let_go_everywhere(world.input);
  world.converge();
  check_as_wanted(world);
  return true;
}

constexpr unsigned kWorldsWithoutAHost = 100;
/// Of them, so many at least go on without it; else the test says little.
constexpr unsigned kThatGoOn = 75;
constexpr int kUnseenWorlds = 20;

unsigned live_without_a_host_from(unsigned first_seed, bool leaves_file) {
  unsigned went_on = 0;
  for (unsigned i = 0; i < kWorldsWithoutAHost; ++i)
    went_on += live_without_a_host(first_seed + i, leaves_file) ? 1 : 0;
  return went_on;
}

TEST_CASE("whatever happens, plans converge, and nothing is ever double-booked, foreign or left over") {
  for (unsigned seed = 0; seed < 150; ++seed) live_through(seed);
  // A group that became smaller while none of it was allowed to be replaced kept its size.
  live_through(3148770419U);
}

TEST_CASE("a silent host is never touched, and what may be there is never made twice") {
  REQUIRE(live_without_a_host_from(1000, false) >= kThatGoOn);
}

TEST_CASE("a host that leaves the file is not touched, and what is there is not made twice") {
  REQUIRE(live_without_a_host_from(3000, true) >= kThatGoOn);
}

TEST_CASE("all that holds in worlds that nobody has seen before, too") {
  std::random_device entropy;
  for (int i = 0; i < kUnseenWorlds; ++i) {
    live_through(entropy());
    live_without_a_host(entropy(), false);
    live_without_a_host(entropy(), true);
  }
}

TEST_CASE("a run that dies after any action, done or not, is finished by the next one") {
  const auto world_before_change = [] {
    Group db = a_group("db", 2);
    Group front = web(2);
    front.depends_on = {"group.db"};
    front.instance.disks = {a_disk("data", 10 * kGiB, true), a_disk("scratch", 10 * kGiB)};
    Group cache = a_group("cache", 2);
    cache.update.strategy = Update::Strategy::recreate;
    PlayedWorld world(config_with({db, front, cache}));
    world.carry_out(world.plan());
    // A replacement with disks, growth, a reboot, a disk that grows, a removal, and a group that is made anew in one
    // go.
    world.input.config.groups[2].instance.cloud_init.user = "other";
    world.input.config.groups[1].instance.cloud_init.user = "other";
    world.input.config.groups[1].instance.disks[0].size_bytes = 20 * kGiB;
    world.input.config.groups[1].size = 3;
    world.input.config.groups[0].instance.memory_bytes = 4 * kGiB;
    world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;
    world.input.config.groups[0].instance.disk_bytes = 30 * kGiB;
    world.input.config.groups[0].size = 1;
    return world;
  };
  const std::size_t actions = world_before_change().plan().actions.size();
  REQUIRE(actions > 40);
  for (std::size_t at = 0; at < actions; ++at) {
    for (const bool did_it : {false, true}) {
      PlayedWorld world = world_before_change();
      INFO("dies at action " << at + 1 << (did_it ? ", which was done" : ", which was not done"));
      const Plan plan = world.plan();
      world.carry_out_and_die(plan, order_of_ids(plan), at, did_it);
      world.converge();
      check_as_wanted(world);
    }
  }
}

TEST_CASE("the order in which hosts report their domains and pools decides nothing") {
  constexpr unsigned kWorlds = 50;
  for (unsigned seed = 2000; seed < 2000 + kWorlds; ++seed) {
    INFO("seed " << seed);
    Dice dice(seed);
    PlayedWorld world(random_config(dice));
    add_foreign(dice, world.input);
    world.carry_out(world.plan());
    for (int i = 0; i < 3; ++i) edit_file(dice, world.input);
    disturb_host(dice, world.input);
    PlayedWorld shuffled = world;
    for (auto& [host, view] : shuffled.input.live) {
      std::reverse(view.snapshot->domains.begin(), view.snapshot->domains.end());
    }
    CHECK(plan_text(shuffled.plan()) == plan_text(world.plan()));
  }
}

}  // namespace
}  // namespace vscale::test
