#include "engine/recorded/apply_change.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace vscale {
namespace {

auto key_of(const VolumeRecord& volume) {
  return std::tie(volume.host, volume.pool, volume.name);
}
auto key_of(const RemoveVolume& volume) {
  return std::tie(volume.host, volume.pool, volume.name);
}
auto key_of(const ImageCopyRecord& copy) {
  return std::tie(copy.host, copy.pool, copy.volume);
}
auto key_of(const RemoveImageCopy& copy) {
  return std::tie(copy.host, copy.pool, copy.volume);
}

/// Where `item` stands in the sorted list, or where it would have to be inserted.
template <class Record, class Item>
auto position_of(std::vector<Record>& sorted, const Item& item) {
  return std::lower_bound(sorted.begin(), sorted.end(), item,
                          [](const Record& left, const Item& right) { return key_of(left) < key_of(right); });
}

template <class Record>
void put(std::vector<Record>& sorted, const Record& record) {
  const auto at = position_of(sorted, record);
  if (at != sorted.end() && key_of(*at) == key_of(record)) {
    *at = record;
  } else {
    sorted.insert(at, record);
  }
}

template <class Record, class Item>
void remove(std::vector<Record>& sorted, const Item& item) {
  const auto at = position_of(sorted, item);
  if (at != sorted.end() && key_of(*at) == key_of(item)) sorted.erase(at);
}

/// Puts what is on `from` on `to`, but for what has its place taken there.
template <class Record>
void rehome(std::vector<Record>& sorted, const std::string& from, const std::string& to) {
  std::vector<Record> moved, others;
  for (auto& record : sorted) (record.host == from ? moved : others).push_back(std::move(record));
  sorted = std::move(others);
  for (auto& record : moved) {
    record.host = to;
    const auto at = position_of(sorted, record);
    if (at != sorted.end() && key_of(*at) == key_of(record)) record.host = from;
  }
  sorted.insert(sorted.end(), std::make_move_iterator(moved.begin()), std::make_move_iterator(moved.end()));
  std::sort(sorted.begin(), sorted.end(),
            [](const Record& left, const Record& right) { return key_of(left) < key_of(right); });
}

/// In order of name, unless one of that name was seen.
void remember(std::vector<LiveDomain>& seen, LiveDomain domain) {
  const auto at = std::lower_bound(seen.begin(), seen.end(), domain.name,
                                   [](const LiveDomain& left, const std::string& name) { return left.name < name; });
  if (at == seen.end() || at->name != domain.name) seen.insert(at, std::move(domain));
}

/// What was there under the new key gives way.
template <class Map>
void move_key(Map& map, const MoveRollout& change) {
  auto node = map.extract(change.from);
  map.erase(change.to);
  if (node.empty()) return;
  node.key() = change.to;
  map.insert(std::move(node));
}

struct Apply {
  RecordedState& state;

  void operator()(const PutInstance& change) {
    const InstanceRecord& instance = change.instance;
    host_named(instance.host);
    const auto before = state.instances.find(instance.address);
    const bool same = before != state.instances.end() && holds_the_same(before->second, instance);
    if (!same) move_generation(instance.host);
    if (before != state.instances.end() && before->second.host != instance.host) move_generation(before->second.host);
    state.instances[instance.address] = instance;
  }
  void operator()(const RemoveInstance& change) {
    state.health.erase(change.address);
    remove_all_of(state.words, change.address);
    const auto before = state.instances.find(change.address);
    if (before == state.instances.end()) return;
    move_generation(before->second.host);
    state.instances.erase(before);
  }
  void operator()(const MoveInstance& change) {
    auto node = state.instances.extract(change.from);
    if (!node.empty()) {
      node.key() = change.to;
      node.mapped().address = change.to;
      state.instances.insert(std::move(node));
    }
    for (auto& volume : state.volumes) {
      if (volume.owner == change.from) volume.owner = change.to;
    }
    move_all_of(state.words, change.from, change.to);
    auto health = state.health.extract(change.from);
    state.health.erase(change.to);
    if (health.empty()) return;
    health.key() = health.mapped().address = change.to;
    state.health.insert(std::move(health));
  }
  void operator()(const PutVolume& change) {
    host_named(change.volume.host);
    put(state.volumes, change.volume);
  }
  void operator()(const RemoveVolume& change) { remove(state.volumes, change); }
  void operator()(const PutImageCopy& change) {
    host_named(change.copy.host);
    put(state.image_copies, change.copy);
  }
  void operator()(const RemoveImageCopy& change) { remove(state.image_copies, change); }
  void operator()(const PutImageLock& change) { state.image_locks[change.lock.image] = change.lock; }
  void operator()(const PutGroup& change) { state.groups[change.group.address] = change.group; }
  void operator()(const RemoveGroup& change) {
    state.groups.erase(change.address);
    state.revisions.erase(change.address);
    state.rollouts.erase(change.address);
    state.rollout_intents.erase(change.address);
    state.wanted_sizes.erase(change.address);
    state.scaling.erase(change.address);
    remove_all_of(state.words, change.address);
  }
  void operator()(const MoveRollout& change) {
    move_key(state.revisions, change);
    move_key(state.rollouts, change);
    move_key(state.rollout_intents, change);
    if (const auto revisions = state.revisions.find(change.to); revisions != state.revisions.end()) {
      for (auto& [number, revision] : revisions->second) revision.group = change.to;
    }
    if (const auto rollout = state.rollouts.find(change.to); rollout != state.rollouts.end()) {
      rollout->second.group = change.to;
    }
    if (const auto said = state.rollout_intents.find(change.to); said != state.rollout_intents.end()) {
      said->second.group = change.to;
    }
    move_key(state.wanted_sizes, change);
    if (const auto size = state.wanted_sizes.find(change.to); size != state.wanted_sizes.end()) {
      size->second.group = change.to;
    }
    move_key(state.scaling, change);
    if (const auto memory = state.scaling.find(change.to); memory != state.scaling.end()) {
      memory->second.group = change.to;
    }
    move_all_of(state.words, change.from, change.to);
  }
  void operator()(const PutRevision& change) {
    state.revisions[change.revision.group][change.revision.number] = change.revision;
  }
  void operator()(const RemoveRevision& change) {
    const auto group = state.revisions.find(change.group);
    if (group == state.revisions.end()) return;
    group->second.erase(change.number);
    if (group->second.empty()) state.revisions.erase(group);
  }
  void operator()(const PutRollout& change) { state.rollouts[change.rollout.group] = change.rollout; }
  void operator()(const RemoveRollout& change) { state.rollouts.erase(change.group); }
  void operator()(const PutRolloutIntent& change) { state.rollout_intents[change.intent.group] = change.intent; }
  void operator()(const RemoveRolloutIntent& change) { state.rollout_intents.erase(change.group); }
  void operator()(const PutWantedSize& change) { state.wanted_sizes[change.size.group] = change.size; }
  void operator()(const RemoveWantedSize& change) { state.wanted_sizes.erase(change.group); }
  void operator()(const PutWord& change) { vscale::put(state.words, change.word); }
  void operator()(const RemoveWord& change) { vscale::remove(state.words, change.word); }
  void operator()(const ForgetInstance& change) {
    const auto found = state.instances.find(change.address);
    if (found == state.instances.end()) return;
    const auto host = state.hosts.find(found->second.host);
    if (host != state.hosts.end() && host->second.observed) {
      remember(host->second.observed->domains.edit(), domain_as_recorded(found->second, state.lineage));
    }
    (*this)(RemoveInstance{change.address});
  }
  void operator()(const RenameHost& change) {
    const auto old = state.hosts.find(change.from);
    if (old == state.hosts.end()) return;
    for (auto& [address, instance] : state.instances) {
      if (instance.host == change.from) instance.host = change.to;
    }
    rehome(state.volumes, change.from, change.to);
    rehome(state.image_copies, change.from, change.to);
    move_generation(change.to);
    old->second.observed.reset();
    old->second.failure.reset();
    const auto is_there = [&](const auto& record) { return record.host == change.from; };
    const bool is_empty = std::none_of(state.volumes.begin(), state.volumes.end(), is_there) &&
                          std::none_of(state.image_copies.begin(), state.image_copies.end(), is_there);
    if (is_empty) state.hosts.erase(old);
  }
  void operator()(const RemoveObservedDomain& change) {
    const auto host = state.hosts.find(change.host);
    if (host == state.hosts.end() || !host->second.observed) return;
    std::erase_if(host->second.observed->domains.edit(),
                  [&](const LiveDomain& seen) { return seen.uuid == change.uuid; });
  }

 private:
  static bool holds_the_same(const InstanceRecord& left, const InstanceRecord& right) {
    return left.host == right.host && left.uuid == right.uuid && left.claim == right.claim;
  }

  HostRecord& host_named(const std::string& name) {
    HostRecord& host = state.hosts[name];
    host.host = name;
    return host;
  }

  void move_generation(const std::string& host) { ++host_named(host).generation; }
};

}  // namespace

LiveDomain domain_as_recorded(const InstanceRecord& instance, const std::string& lineage) {
  LiveDomain domain;
  domain.uuid = instance.uuid;
  domain.name = instance.name;
  domain.vcpus = domain.max_vcpus = instance.vcpus;
  domain.memory_bytes = domain.max_memory_bytes = instance.memory_bytes;
  Ownership mark;
  mark.address = instance.address;
  mark.revision = instance.revision;
  mark.incarnation = instance.incarnation;
  mark.lineage = lineage;
  mark.spec_hash = instance.spec_hash;
  mark.image_digest = instance.image_digest;
  for (const auto& nic : instance.nics) {
    domain.nics.push_back({nic.mac, ""});
    if (nic.address && !nic.learned) mark.addresses.push_back({nic.network, *nic.address});
  }
  domain.ownership = std::move(mark);
  return domain;
}

void apply(RecordedState& state, const RecordChange& change) {
  std::visit(Apply{state}, change);
}

void apply(RecordedState& state, const Remembered& remembered) {
  for (const auto& memory : remembered.scaling) state.scaling[memory.group] = memory;
  for (const auto& health : remembered.health) state.health[health.address] = health;
  for (const auto& address : remembered.well) state.health.erase(address);
}

}  // namespace vscale
