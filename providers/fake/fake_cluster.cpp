#include "providers/fake/fake_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/live/emulation.h"

namespace vscale {
namespace {

constexpr Duration kLookTakes{5};
constexpr Duration kCrashesSoon{2500};
constexpr Duration kPatience{20'000};  ///< With a silent host, of who has not said how much.

std::string day_time(Instant at) {
  return rfc3339(at).substr(11, 12);
}

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

}  // namespace

FakeCluster::FakeCluster(std::uint64_t seed, Clock& clock)
    : random_(seed), clock_(clock), usage_counted_until_(clock.now()), heard_until_(clock.now()) {}

// ---- Calls and what chance makes of them ---------------------------------------------------------------------------

Result<void> FakeCluster::change(const std::string& host, const std::string& what, Duration takes, const Effect& effect,
                                 const Effect& half) {
  let_happen();
  const std::lock_guard lock(mutex_);
  cross();
  if (const auto error = unreachable(host)) return *error;
  Host& entry = host_named(host);
  const Fate fate = draw_fate();
  clock_.sleep_until(clock_.now() + takes);
  count_usage();  // as it was until now
  const Error failure{ErrorKind::failed, fmt::format("{}: {} failed", host, what), "simulated", {}};
  const Error lost{ErrorKind::unreachable, fmt::format("{}: connection lost during {}", host, what), "simulated", {}};
  if (fate == Fate::lost_before || fate == Fate::lost_after) entry.dropped_until = clock_.now() + faults_.drop_lasts;
  if (fate == Fate::fails) return failure;
  if (fate == Fate::lost_before) return lost;
  const bool breaks_off = fate == Fate::half_way && half;
  const auto result = breaks_off ? half(entry) : effect(entry);
  if (result) note(host, what + (breaks_off ? ", half of it" : ""));
  cross();
  if (!result || fate == Fate::well) return result;
  return fate == Fate::half_way ? failure : lost;
}

Result<void> FakeCluster::look(const std::string& host, const Effect& at) {
  let_happen();
  const std::lock_guard lock(mutex_);
  cross();
  clock_.sleep_until(clock_.now() + kLookTakes);
  if (const auto error = unreachable(host)) return *error;
  Host& entry = host_named(host);
  if (chance(faults_.connection_drops)) entry.dropped_until = clock_.now() + faults_.drop_lasts;
  if (const auto error = unreachable(host)) return *error;
  return at(entry);
}

FakeCluster::Fate FakeCluster::draw_fate() {
  if (chance(faults_.call_fails)) return Fate::fails;
  if (chance(faults_.half_way)) return Fate::half_way;
  if (chance(faults_.connection_drops)) return chance(500) ? Fate::lost_before : Fate::lost_after;
  return Fate::well;
}

bool FakeCluster::chance(int permille) {
  return permille > 0 && random_() % 1000 < static_cast<unsigned>(permille);
}

std::optional<Error> FakeCluster::unreachable(const std::string& host) {
  const auto found = hosts_.find(host);
  const bool answers = found != hosts_.end() && !found->second.cut && !found->second.silent &&
                       clock_.now() >= found->second.dropped_until;
  if (answers) return std::nullopt;
  return Error{ErrorKind::unreachable, fmt::format("{} does not answer", host), "simulated", {}};
}

FakeCluster::Host& FakeCluster::host_named(const std::string& name) {
  const auto found = hosts_.find(name);
  VSCALE_ASSERT(found != hosts_.end(), "a host that the fake cluster does not have");
  return found->second;
}

void FakeCluster::cross() {
  if (crash_ != nullptr) crash_->cross();
}

void FakeCluster::note(const std::string& host, const std::string& what) {
  log_.push_back(fmt::format("{} {} {}", day_time(clock_.now()), host, what));
}

// ---- Domains -------------------------------------------------------------------------------------------------------

std::map<std::string, Result<HostSnapshot>> FakeCluster::observe(const std::map<std::string, ObserveRequest>& hosts) {
  std::map<std::string, Result<HostSnapshot>> seen;
  const Instant begun = clock_.now();
  Instant patient_until = begun;  // side by side: the most patient one is waited for
  for (const auto& [name, wanted] : hosts) {
    const ObserveRequest& request = wanted;  // Lambdas of older compilers cannot capture a structured binding.
    if (const auto error = silent_error(name)) {
      seen.emplace(name, *error);
      continue;
    }
    HostSnapshot found;
    const auto answer = look(name, [&found, &request, this](Host& host) {
      host.listened_to = listening_to_.contains(host.spec.name);
      found = snapshot(host, request);
      return Result<void>{};
    });
    seen.emplace(name, answer ? Result<HostSnapshot>(found) : Result<HostSnapshot>(answer.error()));
    const auto host = hosts_.find(name);
    if (answer || host == hosts_.end() || !host->second.silent) continue;
    host->second.silent_since = begun;
    patient_until = std::max(patient_until, begun + request.patience.value_or(kPatience));
  }
  clock_.sleep_until(patient_until);
  return seen;
}

std::optional<Error> FakeCluster::silent_error(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end() || !found->second.silent_since) return std::nullopt;
  return Error{ErrorKind::unreachable,
               fmt::format("{}: still no answer since {}", host, rfc3339(*found->second.silent_since)),
               "simulated",
               {}};
}

HostSnapshot FakeCluster::snapshot(Host& host, const ObserveRequest& request) {
  HostSnapshot seen{.host = host.spec.name,
                    .identity = host.spec.identity,
                    .seen_at = clock_.now(),
                    .vcpus = host.spec.vcpus,
                    .memory_bytes = host.spec.memory_bytes,
                    .kvm = host.spec.kvm,
                    .hypervisor = "QEMU",
                    .libvirt_version = 9'000'000,
                    .traits = host.spec.traits,
                    .pools = {},
                    .networks = host.spec.networks,
                    .domains = {}};
  if (request.counters) seen.counters = counters(host, request);
  for (auto& [name, pool] : host.pools) {
    if (request.pools.count(name) == 0) continue;
    LivePool live{.name = name,
                  .type = pool.type,
                  .path = pool.path,
                  .active = pool.active,
                  .capacity_bytes = pool.capacity_bytes,
                  .available_bytes = pool.capacity_bytes,
                  .volumes = {}};
    for (auto& [volume, content] : pool.volumes) {
      content.seen = content.seen || request.refresh_pools;
      if (!pool.active || !content.seen) continue;
      live.volumes.insert(volume);
      live.available_bytes -= std::min(live.available_bytes, content.capacity_bytes);
    }
    seen.pools.push_back(std::move(live));
  }
  for (const auto& [uuid, domain] : domains_now(host)) {
    LiveDomain live{.uuid = uuid,
                    .name = domain.name,
                    .state = domain.state,
                    .transient = domain.transient,
                    .vcpus = domain.vcpus,
                    .max_vcpus = domain.max_vcpus,
                    .memory_bytes = domain.memory_bytes,
                    .max_memory_bytes = domain.max_memory_bytes,
                    .ownership = domain.ownership,
                    .nics = domain.nics,
                    .disk_paths = {}};
    for (const auto& disk : domain.disks) {
      if (const FakePool* pool = find_pool(host, disk.pool)) live.disk_paths.push_back(pool->path + "/" + disk.name);
    }
    seen.domains.push_back(std::move(live));
  }
  std::sort(seen.domains.begin(), seen.domains.end(),
            [](const LiveDomain& left, const LiveDomain& right) { return left.name < right.name; });
  return seen;
}

Result<void> FakeCluster::define_domain(const std::string& host, const DomainSpec& spec) {
  return change(host, "defined " + spec.name, Duration{50}, [&, this](Host& entry) -> Result<void> {
    if (has_control_character(spec.name + spec.ownership.installation + spec.ownership.spec_hash)) {
      return Error{ErrorKind::invalid, fmt::format("{}: a control character in a definition", host), {}, {}};
    }
    for (const auto& [uuid, domain] : entry.domains) {
      const bool same = uuid == spec.uuid && domain.ownership && domain.ownership->lineage == spec.ownership.lineage;
      if (same || (uuid != spec.uuid && domain.name != spec.name)) continue;
      return Error{
          ErrorKind::exists, fmt::format("{}: there is another domain {} ({})", host, domain.name, uuid), {}, {}};
    }
    if (entry.spec.kvm_dies) {
      entry.spec.kvm = false;
      entry.spec.traits.erase("kvm");
      entry.spec.traits.insert(kKvmFailsTrait);
    }
    FakeDomain domain;
    if (const FakeDomain* before = find_domain(entry, spec.uuid)) domain = *before;
    domain.host = host;
    domain.name = spec.name;
    domain.uuid = spec.uuid;
    domain.transient = false;
    domain.ownership = spec.ownership;
    domain.vcpus = spec.vcpus;
    domain.max_vcpus = spec.max_vcpus;
    domain.memory_bytes = spec.memory_bytes;
    domain.max_memory_bytes = spec.max_memory_bytes;
    domain.nics.clear();
    domain.disks.clear();
    for (const auto& nic : spec.nics) domain.nics.push_back({nic.mac, nic.bridge.empty() ? nic.network : nic.bridge});
    for (const auto& disk : spec.disks) domain.disks.push_back({host, disk.pool, disk.volume});
    domain.seed = spec.seed ? std::optional<VolumeRef>({host, spec.seed->pool, spec.seed->volume}) : std::nullopt;
    std::vector<VolumeRef> needed = domain.disks;
    if (domain.seed) needed.push_back(*domain.seed);
    for (const auto& volume : needed) {
      const FakePool* pool = find_pool(entry, volume.pool);
      if (pool != nullptr && pool->volumes.count(volume.name) != 0) continue;
      return Error{
          ErrorKind::not_found, fmt::format("{}: no volume {} in pool {}", host, volume.name, volume.pool), {}, {}};
    }
    entry.domains[spec.uuid] = domain;
    give_word(entry, domain);
    return {};
  });
}

Result<void> FakeCluster::start_domain(const DomainRef& domain) {
  return change(domain.host, "started " + name_of(domain), Duration{300}, [&, this](Host& host) -> Result<void> {
    const auto found = ours(host, domain);
    if (!found) return found.error();
    FakeDomain& guest = **found;
    if (guest.state == DomainState::paused || guest.state == DomainState::suspended) guest.state = DomainState::running;
    if (!is_up(guest.state)) start_guest(host, guest);
    return {};
  });
}

Result<StopOutcome> FakeCluster::stop_domain(const DomainRef& domain, Duration grace) {
  StopOutcome outcome = StopOutcome::was_off;
  const auto stopped =
      change(domain.host, "stopped " + name_of(domain), Duration{50}, [&, this](Host& host) -> Result<void> {
        if (find_domain(host, domain.uuid) == nullptr) return {};
        const auto found = ours(host, domain);
        if (!found) return found.error();
        FakeDomain& guest = **found;
        if (guest.state == DomainState::shut_off || guest.state == DomainState::crashed) return {};
        const bool listens = is_inside_up(guest, guest.behaviour.boot) && !guest.behaviour.ignores_shutdown;
        outcome = listens && guest.behaviour.shutdown <= grace ? StopOutcome::shut_down : StopOutcome::powered_off;
        clock_.sleep_until(clock_.now() + (outcome == StopOutcome::shut_down ? guest.behaviour.shutdown : grace));
        count_usage();
        guest.state = DomainState::shut_off;
        guest.started_at.reset();
        give_word(host, guest);
        return {};
      });
  if (!stopped) return stopped.error();
  return outcome;
}

Result<void> FakeCluster::undefine_domain(const DomainRef& domain) {
  return change(domain.host, "undefined " + name_of(domain), Duration{50}, [&, this](Host& host) -> Result<void> {
    if (find_domain(host, domain.uuid) == nullptr) return {};
    const auto found = ours(host, domain);
    if (!found) return found.error();
    if ((*found)->state != DomainState::shut_off && (*found)->state != DomainState::crashed) {
      return Error{ErrorKind::conflict,
                   fmt::format("{}: {} is {}", domain.host, (*found)->name, to_string((*found)->state)),
                   {},
                   {}};
    }
    give_word(host, **found);
    host.domains.erase(domain.uuid);
    return {};
  });
}

Result<DomainState> FakeCluster::domain_state(const DomainRef& domain) {
  DomainState state = DomainState::unknown;
  const auto seen = look(domain.host, [&, this](Host& host) -> Result<void> {
    FakeDomain* found = find_domain(host, domain.uuid);
    if (found == nullptr)
      return Error{ErrorKind::not_found, fmt::format("{}: no domain {}", domain.host, domain.uuid), {}, {}};
    state = found->state;
    return {};
  });
  if (!seen) return seen.error();
  return state;
}

Result<void> FakeCluster::change_domain(const DomainRef& domain, const DomainChange& wanted) {
  return change(domain.host, "changed " + name_of(domain), Duration{50}, [&, this](Host& host) -> Result<void> {
    const auto found = ours(host, domain);
    if (!found) return found.error();
    FakeDomain& guest = **found;
    const bool beyond = (wanted.vcpus && *wanted.vcpus > guest.max_vcpus) ||
                        (wanted.memory_bytes && *wanted.memory_bytes > guest.max_memory_bytes);
    if (beyond && is_up(guest.state)) {
      return Error{ErrorKind::unsupported,
                   fmt::format("{}: {} can only grow so far while it is off", domain.host, guest.name),
                   {},
                   {}};
    }
    if (wanted.vcpus) guest.vcpus = *wanted.vcpus;
    if (wanted.memory_bytes) guest.memory_bytes = *wanted.memory_bytes;
    guest.max_vcpus = std::max(guest.max_vcpus, guest.vcpus);
    guest.max_memory_bytes = std::max(guest.max_memory_bytes, guest.memory_bytes);
    if (wanted.ownership) guest.ownership = wanted.ownership;
    return {};
  });
}

std::string FakeCluster::name_of(const DomainRef& domain) {
  const std::lock_guard lock(mutex_);
  const auto host = hosts_.find(domain.host);
  if (host == hosts_.end()) return domain.uuid;
  const auto found = host->second.domains.find(domain.uuid);
  return found == host->second.domains.end() ? domain.uuid : found->second.name;
}

FakeDomain* FakeCluster::find_domain(Host& host, const std::string& uuid) {
  auto& domains = domains_now(host);
  const auto found = domains.find(uuid);
  return found == domains.end() ? nullptr : &found->second;
}

Result<FakeDomain*> FakeCluster::ours(Host& host, const DomainRef& domain) {
  FakeDomain* found = find_domain(host, domain.uuid);
  if (found == nullptr)
    return Error{ErrorKind::not_found, fmt::format("{}: no domain {}", domain.host, domain.uuid), {}, {}};
  if (found->ownership && found->ownership->lineage == domain.lineage) return found;
  return Error{
      ErrorKind::denied, fmt::format("{}: {} was not made by this installation", domain.host, found->name), {}, {}};
}

void FakeCluster::start_guest(Host& host, FakeDomain& domain) {
  const auto own = behaviours_.find(domain.name);
  domain.behaviour = own == behaviours_.end() ? default_behaviour_ : own->second;
  if (chance(faults_.guest_stalls) || !disks_complete(host, domain)) domain.behaviour.never_boots = true;
  if (chance(faults_.guest_crashes)) domain.behaviour.crashes_after = kCrashesSoon;
  if (chance(faults_.shutdown_ignored)) domain.behaviour.ignores_shutdown = true;
  domain.state = DomainState::running;
  domain.started_at = clock_.now();
  domain.used = {};
  give_word(host, domain);
}

void FakeCluster::let_time_work(Host& host, FakeDomain& domain) {
  if (!domain.started_at || !domain.behaviour.crashes_after) return;
  if (clock_.now() < *domain.started_at + *domain.behaviour.crashes_after) return;
  domain.state = DomainState::crashed;
  domain.started_at.reset();
  give_word(host, domain);
}

std::map<std::string, FakeDomain>& FakeCluster::domains_now(Host& host) {
  count_usage();
  for (auto& [uuid, domain] : host.domains) let_time_work(host, domain);
  std::erase_if(host.domains, [](const auto& entry) {
    const DomainState state = entry.second.state;
    return entry.second.transient && (state == DomainState::shut_off || state == DomainState::crashed);
  });
  return host.domains;
}

bool FakeCluster::disks_complete(Host& host, const FakeDomain& domain) {
  std::vector<VolumeRef> needed = domain.disks;
  if (domain.seed) needed.push_back(*domain.seed);
  return std::all_of(needed.begin(), needed.end(), [&, this](const VolumeRef& disk) {
    const FakePool* pool = find_pool(host, disk.pool);
    if (pool == nullptr) return false;
    const auto volume = pool->volumes.find(disk.name);
    if (volume == pool->volumes.end() || !volume->second.complete) return false;
    if (volume->second.backing_volume.empty()) return true;
    const auto backing = pool->volumes.find(volume->second.backing_volume);
    return backing != pool->volumes.end() && backing->second.complete;
  });
}

// ---- What the world is like ----------------------------------------------------------------------------------------

void FakeCluster::add_host(const FakeHost& host) {
  Host entry{.spec = host, .pools = {}, .domains = {}, .cut = false, .dropped_until = {}};
  for (const auto& pool : host.pools) entry.pools[pool.name] = pool;
  hosts_[host.name] = std::move(entry);
}

void FakeCluster::behave(const GuestBehaviour& behaviour) {
  default_behaviour_ = behaviour;
}
void FakeCluster::behave(const std::string& domain_name, const GuestBehaviour& behaviour) {
  behaviours_[domain_name] = behaviour;
}
void FakeCluster::behave_from_now(const std::string& domain_name, const GuestBehaviour& behaviour) {
  const std::lock_guard lock(mutex_);
  behaviours_[domain_name] = behaviour;
  count_usage();
  domain_named(domain_name).behaviour = behaviour;
}

void FakeCluster::set_faults(const FaultRates& rates) {
  faults_ = rates;
  for (auto& [name, host] : hosts_) host.dropped_until = {};
}

void FakeCluster::cut(const std::string& host) {
  host_named(host).cut = true;
  note(host, "cut off");
}
void FakeCluster::heal(const std::string& host) {
  Host& entry = host_named(host);
  entry.cut = false;
  entry.silent = false;
  if (entry.silent_since && listening_to_.contains(host)) word_ = true;  // the look that was left behind has its answer
  entry.silent_since.reset();
  note(host, "back on the network");
}
void FakeCluster::fall_silent(const std::string& host) {
  host_named(host).silent = true;
  note(host, "fell silent");
}
void FakeCluster::crash_at(CrashPoint* crash) {
  crash_ = crash;
}

// ---- What others do to it ------------------------------------------------------------------------------------------

void FakeCluster::add_foreign_domain(const std::string& host, const std::string& name, int vcpus,
                                     std::uint64_t memory_bytes) {
  Host& entry = host_named(host);
  FakeDomain domain;
  domain.host = host;
  domain.name = name;
  domain.uuid = fmt::format("f0e16000-0000-4000-8000-{:012x}", log_.size() + 1);
  domain.state = DomainState::running;
  domain.vcpus = domain.max_vcpus = vcpus;
  domain.memory_bytes = domain.max_memory_bytes = memory_bytes;
  domain.started_at = clock_.now();
  entry.domains[domain.uuid] = domain;
  note(host, "somebody made " + name);
}

void FakeCluster::add_foreign_volume(const VolumeRef& volume, std::uint64_t capacity_bytes) {
  FakePool* pool = find_pool(host_named(volume.host), volume.pool);
  VSCALE_ASSERT(pool != nullptr, "a pool that the fake host does not have");
  pool->volumes[volume.name] = FakeVolume{
      .capacity_bytes = capacity_bytes, .format = "qcow2", .backing_volume = {}, .complete = true, .seed = {}};
  note(volume.host, "somebody made volume " + volume.name);
}

void FakeCluster::put_file_by_hand(const VolumeRef& volume, std::uint64_t size_bytes) {
  add_foreign_volume(volume, size_bytes);
  find_pool(host_named(volume.host), volume.pool)->volumes[volume.name].seen = false;
}

void FakeCluster::stop_pool_by_hand(const std::string& host, const std::string& pool) {
  FakePool* found = find_pool(host_named(host), pool);
  VSCALE_ASSERT(found != nullptr, "a pool that the fake host does not have");
  found->active = false;
  note(host, "somebody stopped pool " + pool);
}

void FakeCluster::cut_short_by_hand(const VolumeRef& volume) {
  FakePool* pool = find_pool(host_named(volume.host), volume.pool);
  VSCALE_ASSERT(pool != nullptr && pool->volumes.count(volume.name) != 0, "a volume that the fake host does not have");
  pool->volumes[volume.name].complete = false;
  note(volume.host, "somebody cut short " + volume.name);
}

FakeDomain& FakeCluster::domain_named(const std::string& name, Host** host) {
  for (auto& [host_name, entry] : hosts_) {
    for (auto& [uuid, domain] : entry.domains) {
      if (domain.name != name) continue;
      if (host != nullptr) *host = &entry;
      return domain;
    }
  }
  VSCALE_ASSERT(false, "a domain that the fake cluster does not have");
}

void FakeCluster::start_by_hand(const std::string& domain_name) {
  Host* host = nullptr;
  FakeDomain& domain = domain_named(domain_name, &host);
  if (!is_up(domain.state)) start_guest(*host, domain);
  note(domain.host, "somebody started " + domain_name);
}

void FakeCluster::power_off_by_hand(const std::string& domain_name) {
  Host* host = nullptr;
  FakeDomain& domain = domain_named(domain_name, &host);
  count_usage();
  domain.state = DomainState::shut_off;
  domain.started_at.reset();
  give_word(*host, domain);
  note(domain.host, "somebody powered off " + domain_name);
}

void FakeCluster::hang_by_hand(const std::string& domain_name) {
  FakeDomain& domain = domain_named(domain_name);
  VSCALE_ASSERT(domain.started_at.has_value(), "only what is up can hang");
  count_usage();
  domain.behaviour.hangs_after = clock_.now() - *domain.started_at;
  note(domain.host, domain_name + " hung");
}

void FakeCluster::undefine_by_hand(const std::string& domain_name) {
  Host* host = nullptr;
  FakeDomain& domain = domain_named(domain_name, &host);
  note(domain.host, "somebody undefined " + domain_name);
  domain.transient = true;
  give_word(*host, domain);
  domains_now(*host);
}

void FakeCluster::remove_by_hand(const std::string& domain_name) {
  power_off_by_hand(domain_name);
  undefine_by_hand(domain_name);
}

void FakeCluster::move_by_hand(const std::string& domain_name, const std::string& to_host) {
  Host* from = nullptr;
  FakeDomain domain = domain_named(domain_name, &from);
  Host& to = host_named(to_host);
  from->domains.erase(domain.uuid);
  const auto carry = [&](VolumeRef& volume) {
    auto& source = from->pools.at(volume.pool).volumes;
    auto content = source.extract(volume.name);
    auto& target = to.pools.at(volume.pool).volumes;
    volume.host = to_host;
    if (content.empty()) return;
    // What it stands on comes along, or it would not run there.
    const auto backing = source.find(content.mapped().backing_volume);
    if (backing != source.end()) target.insert_or_assign(backing->first, backing->second);
    target.insert_or_assign(volume.name, std::move(content.mapped()));
  };
  for (auto& disk : domain.disks) carry(disk);
  if (domain.seed) carry(*domain.seed);
  domain.host = to_host;
  to.domains[domain.uuid] = domain;
  give_word(*from, domain);
  give_word(to, domain);
  note(to_host, "somebody moved here " + domain_name);
}

void FakeCluster::set_memory_by_hand(const std::string& domain_name, std::uint64_t memory_bytes) {
  FakeDomain& domain = domain_named(domain_name);
  domain.memory_bytes = memory_bytes;
  domain.max_memory_bytes = std::max(domain.max_memory_bytes, memory_bytes);
  note(domain.host, fmt::format("somebody gave {} {}", domain_name, show_bytes(memory_bytes)));
}

void FakeCluster::power_loss(const std::string& host) {
  count_usage();
  Host& entry = host_named(host);
  entry.listened_to = false;
  for (auto& [uuid, domain] : entry.domains) {
    if (!domain.ownership) continue;
    domain.state = DomainState::shut_off;
    domain.started_at.reset();
  }
  note(host, "lost power, and is back");
}

// ---- What is there -------------------------------------------------------------------------------------------------

std::vector<FakeDomain> FakeCluster::domains() {
  std::vector<FakeDomain> all;
  for (auto& [name, host] : hosts_) {
    for (const auto& [uuid, domain] : domains_now(host)) all.push_back(domain);
  }
  std::sort(all.begin(), all.end(), [](const FakeDomain& left, const FakeDomain& right) {
    return std::tie(left.host, left.name, left.uuid) < std::tie(right.host, right.name, right.uuid);
  });
  return all;
}

std::vector<VolumeRef> FakeCluster::volumes() {
  std::vector<VolumeRef> all;
  for (const auto& [name, host] : hosts_) {
    for (const auto& [pool_name, pool] : host.pools) {
      for (const auto& [volume, content] : pool.volumes) all.push_back({name, pool_name, volume});
    }
  }
  return all;
}

std::optional<FakeVolume> FakeCluster::volume(const VolumeRef& volume) {
  const FakePool* pool = find_pool(host_named(volume.host), volume.pool);
  if (pool == nullptr) return std::nullopt;
  const auto found = pool->volumes.find(volume.name);
  if (found == pool->volumes.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> FakeCluster::addresses_in_use() {
  std::vector<std::string> all;
  for (auto& [name, host] : hosts_) {
    for (const auto& [uuid, domain] : domains_now(host)) {
      if (!is_up(domain.state) || !domain.ownership) continue;
      for (const auto& [mac, address] : addresses_of(host, domain)) {
        const auto lease = host.leases.find(mac);
        if (lease == host.leases.end() || lease->second != address) all.push_back(address);
      }
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace vscale
