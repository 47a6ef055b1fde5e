#include "tests/engine/simulation/played_world.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

#include "engine/execution/record_changes.h"
#include "engine/plan/rollouts/config_of_plan.h"
#include "engine/recorded/apply_change.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

constexpr int kMaxRounds = 4;
/// Whoever looks does so later than what was done.
constexpr Duration kUntilNextLook{1};

/// What an action does to its host.
class OnHost {
 public:
  OnHost(PlanInput& input, const Action& action)
      : live_(input.live), action_(action), allow_data_loss_(input.options.allow_data_loss) {
    for (const auto& storage : input.config.storage) {
      if (storage.shared) shared_pools_.insert(storage.pool);
    }
  }

  void operator()(const EnsurePool& ensure) {
    for (auto& pool : host().pools) {
      if (pool.name != ensure.pool) continue;
      pool.active = true;
      return;
    }
    REQUIRE_FALSE(ensure.path.empty());
    host().pools.push_back(a_pool(ensure.pool));
  }
  void operator()(const UploadImage& upload) { insert(upload.pool, upload.volume); }
  void operator()(const DeleteImage& image) { erase(image.pool, image.volume); }
  void operator()(const CreateVolume& create) {
    REQUIRE(create.volume.host == action_.host);
    const auto& volumes = pool(create.volume.pool).volumes;
    INFO("volume " << create.volume.name);
    // A disk that is kept may hold data by now, whoever made it.
    if (create.volume.keep) REQUIRE_FALSE(create.replace_existing);
    if (create.replace_existing) erase(create.volume.pool, create.volume.name);
    REQUIRE(volumes.count(create.volume.name) == 0);
    REQUIRE((create.backing_volume.empty() || volumes.count(create.backing_volume) == 1));
    insert(create.volume.pool, create.volume.name);
  }
  void operator()(const ResizeVolume& resize) {
    REQUIRE(resize.volume.host == action_.host);
    REQUIRE(pool(resize.volume.pool).volumes.count(resize.volume.name) == 1);
    // A guest that is up grows its own disks: nobody else may.
    if (!resize.uuid.empty()) REQUIRE(is_up(ours(resize.uuid).state) == resize.was_up);
  }
  void operator()(const DeleteVolume& gone) {
    REQUIRE(gone.volume.host == action_.host);
    if (gone.volume.keep) REQUIRE(allow_data_loss_);
    erase(gone.volume.pool, gone.volume.name);
  }
  void operator()(const WriteSeed& seed) {
    REQUIRE(seed.volume.host == action_.host);
    insert(seed.volume.pool, seed.volume.name);
  }
  void operator()(const DefineDomain& define) {
    for (const auto& disk : define.spec.disks) REQUIRE(pool(disk.pool).volumes.count(disk.volume) == 1);
    LiveDomain* domain = find(define.spec.uuid);
    if (domain == nullptr) {
      for (const auto& other : host().domains) REQUIRE(other.name != define.spec.name);
      domain = &host().domains.edit().emplace_back();
      domain->state = DomainState::shut_off;
    }
    domain->uuid = define.spec.uuid;
    domain->name = define.spec.name;
    domain->transient = false;
    domain->vcpus = define.spec.vcpus;
    domain->max_vcpus = define.spec.max_vcpus;
    domain->memory_bytes = define.spec.memory_bytes;
    domain->max_memory_bytes = define.spec.max_memory_bytes;
    domain->ownership = define.spec.ownership;
    domain->disk_paths.clear();
    for (const auto& disk : define.spec.disks) {
      domain->disk_paths.push_back(pool(disk.pool).path + "/" + disk.volume);
    }
    domain->nics.clear();
    for (const auto& nic : define.spec.nics) domain->nics.push_back({nic.mac, nic.bridge});
    std::sort(host().domains.begin(), host().domains.end(),
              [](const LiveDomain& left, const LiveDomain& right) { return left.name < right.name; });
  }
  void operator()(const UpdateDomain& update) {
    LiveDomain& domain = ours(update.uuid);
    if (update.vcpus) domain.vcpus = *update.vcpus;
    if (update.memory_bytes) domain.memory_bytes = *update.memory_bytes;
    if (update.ownership) domain.ownership = update.ownership;
    REQUIRE(domain.vcpus <= domain.max_vcpus);
    REQUIRE(domain.memory_bytes <= domain.max_memory_bytes);
  }
  void operator()(const StartDomain& start) { ours(start.uuid).state = DomainState::running; }
  void operator()(const StopDomain& stop) {
    LiveDomain& domain = ours(stop.uuid);
    if (stop.was_up) REQUIRE(is_up(domain.state));
    domain.state = DomainState::shut_off;
    if (domain.transient) remove(domain);
  }
  void operator()(const UndefineDomain& undefine) {
    const LiveDomain* domain = find(undefine.uuid);
    REQUIRE((domain == nullptr || !undefine.was_gone));
    if (domain == nullptr) return;
    REQUIRE(ours(undefine.uuid).state == DomainState::shut_off);
    remove(*domain);
  }
  void operator()(const WaitForGates& gates) { REQUIRE(is_up(ours(gates.uuid).state)); }
  void operator()(const ClaimInstance&) {}
  void operator()(const ReleaseInstance&) {}
  void operator()(const ChangeRecord&) {}
  void operator()(const Barrier&) {}
  void operator()(const CheckStop&) {}
  void operator()(const RunHook&) {}
  void operator()(const BeginRollout&) {}
  void operator()(const RolloutTurn&) {}
  void operator()(const WatchRollout&) {}
  void operator()(const HoldRollout&) {}
  void operator()(const EndRollout&) {}

 private:
  void remove(const LiveDomain& domain) {
    auto& domains = host().domains.edit();
    domains.erase(domains.begin() + (&domain - domains.data()));
  }
  HostSnapshot& host() { return *live_.at(action_.host).snapshot; }
  LivePool& pool(const std::string& name) {
    auto& pools = host().pools;
    const auto found =
        std::find_if(pools.begin(), pools.end(), [&](const LivePool& pool) { return pool.name == name; });
    REQUIRE(found != pools.end());
    return *found;
  }
  /// The host's own pool, or every host's view of a shared one.
  std::vector<LivePool*> views_of(const std::string& name) {
    std::vector<LivePool*> views{&pool(name)};
    if (shared_pools_.count(name) == 0) return views;
    for (auto& [other, view] : live_) {
      if (!view.snapshot || other == action_.host) continue;
      for (auto& shared : view.snapshot->pools) {
        if (shared.name == name) views.push_back(&shared);
      }
    }
    return views;
  }
  void insert(const std::string& name, const std::string& volume) {
    for (LivePool* view : views_of(name)) view->volumes.insert(volume);
  }
  void erase(const std::string& name, const std::string& volume) {
    for (LivePool* view : views_of(name)) view->volumes.erase(volume);
  }
  LiveDomain* find(const std::string& uuid) {
    for (auto& domain : host().domains) {
      if (domain.uuid == uuid) return &domain;
    }
    return nullptr;
  }
  LiveDomain& ours(const std::string& uuid) {
    LiveDomain* domain = find(uuid);
    REQUIRE(domain != nullptr);
    REQUIRE(domain->ownership.has_value());
    return *domain;
  }

  Live& live_;
  const Action& action_;
  bool allow_data_loss_;
  std::set<std::string> shared_pools_;
};

}  // namespace

std::vector<std::size_t> order_of_ids(const Plan& plan) {
  std::vector<std::size_t> order(plan.actions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

PlayedWorld::PlayedWorld(Config config) : input(input_for(std::move(config))) {}

Plan PlayedWorld::plan() const {
  PlanInput looked_at = input;
  for (auto& [host, view] : looked_at.live) {
    if (view.snapshot) view.snapshot->seen_at = input.now + kUntilNextLook;
  }
  return with_templates(reconcile(looked_at), input.config);
}

void PlayedWorld::record_begin(const Action& action) {
  for (const auto& change : changes_at_begin(action, input.recorded, input.now)) apply(input.recorded, change);
}

void PlayedWorld::record_end(const Action& action) {
  for (const auto& change : changes_at_end(action, {}, input.recorded, input.now)) apply(input.recorded, change);
}

void PlayedWorld::play(const Action& action) {
  INFO("action " << action.id << " " << kind_of(action.detail) << " " << action.address);
  record_begin(action);
  std::visit(OnHost(input, action), action.detail);
  record_end(action);
  if (after_each) after_each(action);
}

void PlayedWorld::carry_out(const Plan& plan) {
  carry_out(plan, order_of_ids(plan));
}

void PlayedWorld::carry_out(const Plan& plan, const std::vector<std::size_t>& order) {
  REQUIRE_FALSE(plan.errored);
  for (const std::size_t index : order) play(plan.actions[index]);
  if (!plan.actions.empty()) ++input.recorded.serial;
}

void PlayedWorld::carry_out_and_die(const Plan& plan, const std::vector<std::size_t>& order, std::size_t count,
                                    bool did_it) {
  REQUIRE_FALSE(plan.errored);
  REQUIRE(count < order.size());
  for (std::size_t i = 0; i < count; ++i) play(plan.actions[order[i]]);
  const Action& last = plan.actions[order[count]];
  if (only_changes_record(last)) return;
  record_begin(last);
  if (did_it) std::visit(OnHost(input, last), last.detail);
}

void PlayedWorld::look() {
  for (const auto& [host, view] : input.live) {
    HostRecord& record = input.recorded.hosts[host];
    record.host = host;
    if (view.snapshot) record.observed = view.snapshot;
    record.failure = view.failure;
  }
}

int PlayedWorld::converge() {
  for (int round = 0; round < kMaxRounds; ++round) {
    const Plan next = plan();
    REQUIRE_FALSE(next.errored);
    if (!has_changes(next)) return round;
    carry_out(next);
  }
  FAIL("a plan still changes something after " << kMaxRounds << " rounds");
  return kMaxRounds;
}

LiveDomain* PlayedWorld::domain(const std::string& host_name, const std::string& name) {
  for (auto& domain : host(host_name).domains) {
    if (domain.name == name) return &domain;
  }
  return nullptr;
}

const InstanceRecord& PlayedWorld::instance(const std::string& address) const {
  const auto parsed = parse_instance_address(address);
  REQUIRE(parsed.has_value());
  const auto found = input.recorded.instances.find(*parsed);
  REQUIRE(found != input.recorded.instances.end());
  return found->second;
}

}  // namespace vscale::test
