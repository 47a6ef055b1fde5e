#include "tests/engine/simulation/simulated_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <tuple>

#include "engine/plan/images/image_volume.h"
#include "engine/plan/rollouts/config_of_plan.h"
#include "providers/fake/simulated_runner.h"
#include "providers/sqlite/sqlite_state_store.h"
#include "tests/support/builders.h"
#include "tests/support/state_store_options.h"

namespace vscale::test {
namespace {

constexpr const char* kForeignDomain = "legacy-db";
constexpr const char* kForeignVolume = "legacy-db.qcow2";
constexpr const char* kPets = "pet";
/// Time that passes between two rounds of a person, or of watch.
constexpr Duration kBetweenRounds{20'000};

std::unique_ptr<StateStore> new_store(Keeping keeping) {
  if (keeping == Keeping::memory) return std::make_unique<MemoryStateStore>(kLineage);
  StateStoreOptions options = store_options();
  options.new_lineage = [] { return std::string(kLineage); };
  auto store = SqliteStateStore::open(":memory:", OpenMode::read_write_create, options);
  REQUIRE(store);
  return std::move(*store);
}

Config wanted() {
  Config config = config_with({a_group("db"), a_group("web", 3)}, {"kvm1", "kvm2", "kvm3"});
  config.images[0].keep = 0;
  Group& web = config.groups[1];
  web.depends_on = {"group.db"};
  Gate http;
  http.kind = Gate::Kind::http;
  http.port = 80;
  web.health.gates.push_back(http);
  // Whoever lives through a bad day wants them to go on.
  for (auto& group : config.groups) group.update.on_failure = Update::OnFailure::proceed;
  return config;
}

std::string short_address(const std::string& address) {
  const auto instance = parse_instance_address(address);
  return instance ? short_name(*instance) : address;
}

/// Writes what a run tells as lines: "14:00:00.550 web-0 volume.create on kvm1: done in 100 ms".
class StoryWriter final : public EventSink {
 public:
  StoryWriter(const Plan& plan, std::vector<std::string>& story) : plan_(plan), story_(story) {}

  void on_event(const RunEvent& event) override {
    at_ = event.at;
    std::visit(*this, event.what);
  }
  void operator()(const RunStarted& run) { line(fmt::format("{}: {} actions", run.run_id, run.actions)); }
  void operator()(const ActionStarted&) {}
  void operator()(const TransferProgress&) {}
  void operator()(const GateProgress&) {}
  void operator()(const ActionDone& done) {
    const std::string note = done.note.empty() ? "" : ", " + done.note;
    line(fmt::format("{}: done in {}{}", name(done.id), show_duration(done.took), note));
  }
  void operator()(const ActionFailed& failed) {
    line(fmt::format("{}: FAILED after {}: {}", name(failed.id), show_duration(failed.took), to_string(failed.error)));
  }
  void operator()(const ActionSkipped& skipped) {
    line(fmt::format("{}: skipped because of {}", name(skipped.id), name(skipped.because_of)));
  }
  void operator()(const Stopping& stopping) { line(fmt::format("stopping, {} running", stopping.running)); }

 private:
  std::string name(int id) const {
    if (id == 0) return "the stop";
    const Action& action = plan_.actions[static_cast<std::size_t>(id) - 1];
    const std::string place = action.host.empty() ? "" : " on " + action.host;
    return fmt::format("{} {}{}", short_address(action.address), kind_of(action.detail), place);
  }
  void line(const std::string& text) { story_.push_back(rfc3339(at_).substr(11, 12) + " " + text); }

  const Plan& plan_;
  std::vector<std::string>& story_;
  Instant at_{};
};

/// Guests that were waited for in vain.
std::vector<std::string> never_came_up(const Plan& plan, const RunSummary& summary) {
  std::vector<std::string> instances;
  for (const auto& failed : summary.failed) {
    const Action& action = plan.actions[static_cast<std::size_t>(failed.id) - 1];
    const bool waited = std::holds_alternative<WaitForGates>(action.detail);
    if (waited && failed.error.kind == ErrorKind::timed_out) instances.push_back(action.address);
  }
  return instances;
}

/// A copy of an image that an instance may stand on which was moved there by hand. It is on no record, and stays.
bool stands_under_an_instance(const VolumeRef& volume, const RecordedState& recorded) {
  return std::any_of(recorded.instances.begin(), recorded.instances.end(), [&](const auto& entry) {
    const InstanceRecord& instance = entry.second;
    return instance.host == volume.host && is_image_volume_of(instance.image_digest, volume.name);
  });
}

}  // namespace

SimulatedWorld::SimulatedWorld(std::uint64_t seed, Keeping keeping)
    : config(wanted()),
      cluster(seed, clock),
      images(clock),
      seed_(seed),
      kept_(new_store(keeping)),
      store_(*kept_, crash) {
  for (const std::string name : {"kvm1", "kvm2", "kvm3"}) {
    FakeHost host;
    host.name = name;
    cluster.add_host(host);
  }
  cluster.add_foreign_domain("kvm1", kForeignDomain, 4, 8 * kGiB);
  cluster.add_foreign_volume({"kvm1", "default", kForeignVolume}, 100 * kGiB);
  cluster.crash_at(&crash);
}

Group& SimulatedWorld::group(const std::string& name) {
  for (auto& group : config.groups) {
    if (group.name == name) return group;
  }
  FAIL("no group " << name);
  return config.groups.front();
}

void SimulatedWorld::add_pets() {
  config.groups.push_back(a_group(kPets, 2));
  config.groups.back().update.on_failure = Update::OnFailure::proceed;
}

void SimulatedWorld::give_up_pets() {
  const auto pets =
      std::find_if(config.groups.begin(), config.groups.end(), [](const Group& group) { return group.name == kPets; });
  if (pets == config.groups.end()) return;
  std::set<std::pair<std::string, std::string>> there;  // host, uuid
  for (const auto& domain : cluster.domains()) there.emplace(domain.host, domain.uuid);
  int ready = 0;
  for (const auto& [address, instance] : recorded().instances) {
    const bool sound = instance.phase == Phase::ready && there.count({instance.host, instance.uuid}) != 0;
    ready += address.group == kPets && sound ? 1 : 0;
  }
  if (ready != pets->size) return;
  config.removed.push_back({address_of(*pets), Removed::Then::forget});
  config.groups.erase(pets);
  story.push_back("the pets are given up");
}

RecordedState SimulatedWorld::recorded() {
  auto recorded = store_.read();
  REQUIRE(recorded);
  return *std::move(recorded);
}

std::map<std::string, ImageLock> SimulatedWorld::resolve_images(const RecordedState& recorded) {
  std::map<std::string, ImageLock> locks;
  for (const auto& image : config.images) {
    const auto found = recorded.image_locks.find(image.name);
    const auto known = found == recorded.image_locks.end() ? std::nullopt : std::optional<ImageLock>(found->second);
    const auto lock = images.resolve(image, known, true, {});
    REQUIRE(lock);
    locks[image.name] = *lock;
    if (known && known->digest == lock->digest) continue;
    const auto written = store_.commit({.at = clock.now(),
                                        .begun = {},
                                        .ended = {},
                                        .changes = {PutImageLock{*lock}},
                                        .events = {}});  // Not within REQUIRE, which would catch a crash.
    REQUIRE(written);
  }
  return locks;
}

Live SimulatedWorld::observe() {
  std::map<std::string, ObserveRequest> requests;
  for (const auto& host : config.hosts) requests[host.name] = {.pools = {"default"}, .known_foreign = {}};
  Live live;
  std::vector<Observation> seen;
  for (const auto& [host, answer] : cluster.observe(requests)) {
    if (answer) {
      live[host].snapshot = *answer;
    } else {
      live[host].failure = HostFailure{answer.error(), clock.now()};
    }
    seen.push_back({host, live[host]});
  }
  const auto written = store_.record_observations(seen);
  REQUIRE(written);
  return live;
}

void SimulatedWorld::commit(const std::vector<RecordChange>& changes) {
  const auto written = kept_->commit({.at = clock.now(), .begun = {}, .ended = {}, .changes = changes, .events = {}});
  REQUIRE(written);
}

Plan SimulatedWorld::plan(const PlanOptions& options) {
  PlanInput input;
  input.images = resolve_images(recorded());
  input.live = observe();
  input.recorded = recorded();
  input.config = config;
  input.now = clock.now();
  input.options = options;
  Plan plan = reconcile(input);
  for (const auto& change : plan.changes) {
    story.push_back(fmt::format("plan: {} {} on {}: {}", short_address(change.address), to_string(change.action),
                                change.host.empty() ? change.from_host : change.host, change.reasons.front().text));
  }
  return plan;
}

RunSummary SimulatedWorld::apply(const Plan& plan) {
  ++runs_;
  const auto recorded_before = recorded();
  const Config as_planned = config_of_plan(config, plan, recorded_before);
  SimulatedRunner runner(seed_ + static_cast<std::uint64_t>(runs_), as_planned,
                         {cluster, cluster, cluster, cluster, images, seeds_, commands, hook_texts_, clock});
  StoryWriter writer(plan, story);
  const auto asked = [this] {
    if (before_wait) before_wait();
    return StopRequest::none;
  };
  RunSummary summary = execute(with_templates(plan, as_planned), recorded_before, limits, fmt::format("run {}", runs_),
                               {store_, runner, clock, writer, asked});
  CHECK(runner.peak().parallel <= limits.parallel);
  CHECK(runner.peak().per_host <= limits.per_host);
  CHECK(runner.peak().per_group <= limits.per_group);
  CHECK(runner.peak().uploads_per_host <= limits.uploads_per_host);
  CHECK(runner.peak().booting_per_host <= limits.booting_per_host);
  return summary;
}

void SimulatedWorld::settle(int rounds_max) {
  PlanOptions options;
  for (int round = 0; round < rounds_max; ++round) {
    const Plan next = plan(options);
    if (next.complete && !next.errored && !has_changes(next)) {
      const auto closed = close_open_actions(recorded(), store_, clock.now());
      REQUIRE(closed);
      return;
    }
    options.replaces.clear();
    if (applyable(next)) options.replaces = never_came_up(next, apply(next));
    check_always();
    clock.advance(kBetweenRounds);
  }
  const Plan left = plan();
  for (const auto& change : left.changes) {
    UNSCOPED_INFO(change.address << ": " << to_string(change.action) << ", " << change.reasons.front().text);
  }
  for (const auto& diagnostic : left.diagnostics) UNSCOPED_INFO(diagnostic.summary);
  FAIL("still something to do after " << rounds_max << " rounds");
}

bool SimulatedWorld::round_killed_at(int boundary) {
  crash.arm(boundary);
  try {
    apply(plan());
  } catch (const SimulatedCrash&) {
    story.push_back(fmt::format("killed at boundary {}", boundary));
    return true;
  }
  crash.arm(std::nullopt);
  return false;
}

// ---- What has to hold ----------------------------------------------------------------------------------------------

std::vector<FakeDomain> SimulatedWorld::forgotten() {
  std::vector<FakeDomain> pets;
  if (!pets_given_up()) return pets;
  for (const auto& domain : cluster.domains()) {
    if (domain.ownership && domain.ownership->address.group == kPets) pets.push_back(domain);
  }
  return pets;
}

std::vector<VolumeRef> SimulatedWorld::volumes_of(const FakeDomain& domain) {
  std::vector<VolumeRef> volumes = domain.disks;
  if (domain.seed) volumes.push_back(*domain.seed);
  const VolumeRef& root = domain.disks.front();
  if (const auto disk = cluster.volume(root)) volumes.push_back({root.host, root.pool, disk->backing_volume});
  return volumes;
}

void SimulatedWorld::check_forgotten() {
  if (!pets_given_up()) return;
  const auto pets = forgotten();
  CHECK(pets.size() == 2);
  const RecordedState state = recorded();
  for (const auto& pet : pets) {
    INFO("forgotten " << pet.name << " on " << pet.host);
    for (const auto& volume : volumes_of(pet)) {
      INFO("volume " << volume.name);
      const auto there = cluster.volume(volume);
      REQUIRE(there.has_value());
      CHECK(there->complete);
    }
    REQUIRE(pet.ownership->addresses.size() == 1);
    for (const auto& [address, instance] : state.instances) {
      if (instance.uuid == pet.uuid) continue;
      INFO(to_string(address));
      CHECK(instance.nics.at(0).address != pet.ownership->addresses[0].address);
      CHECK(instance.nics.at(0).mac != pet.nics.at(0).mac);
    }
  }
}

void SimulatedWorld::check_always() {
  check_forgotten();
  std::set<std::string> names;
  bool foreign_found = false;
  for (const auto& domain : cluster.domains()) {
    INFO("domain " << domain.name << " on " << domain.host);
    CHECK(names.insert(domain.name).second);
    if (domain.ownership) continue;
    foreign_found = true;
    CHECK(domain.name == kForeignDomain);
    CHECK(domain.state == DomainState::running);
    CHECK(domain.memory_bytes == 8 * kGiB);
  }
  CHECK(foreign_found);
  const auto volume = cluster.volume({"kvm1", "default", kForeignVolume});
  REQUIRE(volume.has_value());
  CHECK(volume->capacity_bytes == 100 * kGiB);
  const auto addresses = cluster.addresses_in_use();
  CHECK(std::adjacent_find(addresses.begin(), addresses.end()) == addresses.end());
}

void SimulatedWorld::check_settled() {
  check_always();
  const RecordedState state = recorded();
  CHECK(state.open_actions.empty());
  check_instances(state);
  check_volumes(state);
  const Plan next = plan();
  CHECK(next.complete);
  CHECK(next.drift.empty());
  CHECK_FALSE(has_changes(next));
}

void SimulatedWorld::check_destroyed() {
  check_always();
  const RecordedState state = recorded();
  CHECK(state.instances.empty());
  const auto pets = forgotten();
  CHECK(cluster.domains().size() == 1 + pets.size());
  std::set<VolumeRef> left{{"kvm1", "default", kForeignVolume}};
  for (const auto& pet : pets) {
    for (const auto& volume : volumes_of(pet)) left.insert(volume);
  }
  const auto there = cluster.volumes();
  CHECK(std::set<VolumeRef>(there.begin(), there.end()) == left);
}

void SimulatedWorld::check_instances(const RecordedState& state) {
  std::size_t wanted = 0;
  for (const auto& group : config.groups) wanted += static_cast<std::size_t>(group.size);
  CHECK(state.instances.size() == wanted);
  std::map<std::string, FakeDomain> ours;  // by uuid
  for (const auto& domain : cluster.domains()) {
    if (domain.ownership) ours.emplace(domain.uuid, domain);
  }
  for (const auto& pet : forgotten()) ours.erase(pet.uuid);
  CHECK(ours.size() == wanted);
  for (const auto& [address, instance] : state.instances) {
    INFO(to_string(address));
    CHECK(instance.phase == Phase::ready);
    CHECK(instance.ready_at.has_value());
    REQUIRE(ours.count(instance.uuid) == 1);
    const FakeDomain& domain = ours.at(instance.uuid);
    CHECK(domain.host == instance.host);
    CHECK(domain.name == instance.name);
    CHECK(domain.state == DomainState::running);
    CHECK_FALSE(domain.behaviour.never_boots);
    CHECK(domain.ownership->address == address);
    CHECK(domain.memory_bytes == group(address.group).instance.memory_bytes);
  }
}

void SimulatedWorld::check_volumes(const RecordedState& state) {
  std::set<VolumeRef> known{{"kvm1", "default", kForeignVolume}};
  for (const auto& volume : state.volumes) known.insert({volume.host, volume.pool, volume.name});
  for (const auto& copy : state.image_copies) known.insert({copy.host, copy.pool, copy.volume});
  for (const auto& pet : forgotten()) {
    for (const auto& volume : volumes_of(pet)) known.insert(volume);
  }
  for (const auto& there : cluster.volumes()) {
    INFO("volume " << there.name << " on " << there.host << " is on record");
    CHECK((known.count(there) == 1 || stands_under_an_instance(there, state)));
  }
  for (const auto& volume : known) {
    INFO("volume " << volume.name << " on " << volume.host << " is there, and whole");
    const auto there = cluster.volume(volume);
    REQUIRE(there.has_value());
    CHECK(there->complete);
  }
  for (const auto& volume : state.volumes) {
    INFO("volume " << volume.name << " belongs to " << to_string(volume.owner));
    CHECK(state.instances.count(volume.owner) == 1);
    if (volume.role == VolumeRecord::Role::root) {
      CHECK(cluster.volume({volume.host, volume.pool, volume.name})->capacity_bytes == volume.capacity_bytes);
    }
  }
}

}  // namespace vscale::test
