#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/recorded/recorded_state.h"

/// Which host an instance goes to, by OpenStack Placement's arithmetic: a claim fits where, for every class,
/// used + claim <= floor((total - reserved) * overcommit). No guest has more vCPUs than its host, whatever the
/// overcommit.

namespace vscale {

/// One class of one host's inventory.
struct Inventory {
  std::uint64_t total = 0;
  std::uint64_t reserved = 0;
  double overcommit = 1.0;
  std::uint64_t used = 0;  ///< By ours, by foreign domains, and by what this plan has placed already.
  /// false: how much there is shows only later (a pool that vscale is still to create); it takes anything.
  bool measured = true;

  /// floor((total - reserved) * overcommit); 0 if more is reserved than there is.
  [[nodiscard]] std::uint64_t capacity() const;
  bool operator==(const Inventory&) const = default;
};

/// A host as the scheduler sees it.
struct PlacementHost {
  std::string name;
  std::map<std::string, std::string> labels;
  std::set<std::string> traits;  ///< Found ones; labels count too, as `key` and `key=value`.
  Inventory vcpus, memory_mib;
  int processors = 0;  ///< That it has. The file may give out fewer, and one guest still have as many.
  std::map<std::string, Inventory> disk_gib;  ///< By storage name. A shared one stands in `shared_disk_gib` instead.
  std::map<std::string, std::string> unusable_storage;   ///< By storage name: why this host cannot use it.
  std::map<std::string, int> instances;                  ///< How many of each group (`group.web`) are there.
  std::map<std::string, std::string> unusable_networks;  ///< By the network's name in the file: why it lacks it.
};

/// All hosts that may be used at all, in file order, and storage that is one pool for all of them.
struct PlacementWorld {
  std::vector<PlacementHost> hosts;
  std::map<std::string, Inventory> shared_disk_gib;
  /// Storage that the file calls by several names, one pool being behind them: what it counts as.
  std::map<std::string, std::string> same_storage;
};

/// GiB by storage name.
using DiskUse = std::map<std::string, std::uint64_t>;

/// What the claim takes of each pool, under the name that it counts as.
DiskUse disk_by_pool(const PlacementWorld& world, const Claim& claim);

struct PlacementRequest {
  InstanceAddress address;
  Claim claim;
  std::vector<std::string> candidates;  ///< Hosts that the group's `hosts` selects.
  Placement rules;
  std::vector<std::string> networks;     ///< That it needs on its host.
  std::string cursor_host;               ///< roundRobin: the last one chosen.
  std::optional<std::string> only_host;  ///< Pinned, by a disk that stays there.
  /// Of an instance that is replaced: where it is and what it gives back there. It stays if it can.
  std::optional<std::pair<std::string, Claim>> replaces;
  /// Taken if it can take it and the soft rules have nothing against it that they have not against the others.
  std::string prefers{};
  /// One that is there already: an amount of 0 in `claim` is of what it wants no more of, and is not looked at.
  bool grows_in_place = false;
};

/// Why one host was not taken.
struct Refusal {
  enum class Cause {
    too_small,      ///< It would not take one even if nothing else were there.
    no_room,        ///< Too much is there already.
    anti_affinity,  ///< A hard rule keeps it from others that are there.
    unsuitable,     ///< A trait, a network or a storage is missing, or its disks are elsewhere.
    silent,         ///< It does not answer.
  };

  std::string host;
  std::string why;  ///< "memory: 2048 MiB wanted, 1200 of 22000 free"
  Cause cause = Cause::unsuitable;

  bool operator==(const Refusal&) const = default;
};

struct PlacementAnswer {
  std::optional<std::string> host;  ///< Nothing: no host takes it, and `refusals` says for every one why.
  std::vector<Refusal> refusals;    ///< Of all hosts that were not possible, in file order.
  std::string why;                  ///< Why this one: "most balanced of 3: worst share 41 %".
};

/// Chooses by rule and strategy; ties go to the first in file order. Pure and deterministic.
///
/// First what cannot be otherwise: the host answers and is not beyond its capacity, has the traits, networks and
/// storage, takes the claim, and no hard anti-affinity forbids it. Of the hosts that are left, those that break the
/// fewest soft anti-affinities; of these the strategy's:
///   firstCome   the first in file order
///   roundRobin  the next one after the group's last
///   pack        the fullest afterwards: the largest 2-norm of its shares
///   bestFit     the least sum of squared free shares left
///   spread      the largest sum of free shares left
///   balanced    the smallest worst share of any candidate afterwards, then the smallest spread of shares over them
/// A share is used / capacity, of vCPUs, memory and the claim's own storage. The rule that holds where none is written
/// (soft, host, own group) steps back behind firstCome, roundRobin, pack and bestFit, which say themselves how hosts
/// are to be filled; one that says more than that never does.
PlacementAnswer place(const PlacementWorld& world, const PlacementRequest& request);

/// Places one after the other, each seeing those before it, and books them in `world`. Instances keep the order given,
/// which is predictable; only if some find no place all are tried again: by decreasing size, then those first that the
/// fewest hosts could take, or that hard rules keep apart. The first order that places all is taken, or else the first
/// that places the most. A `replaces` is given back just before its own turn. roundRobin's cursor goes along within a
/// group.
std::vector<PlacementAnswer> place_all(PlacementWorld& world, const std::vector<PlacementRequest>& requests);

/// Why a host with these traits is not one that `requires` allows; empty if it is.
std::string why_traits_forbid(const std::set<std::string>& traits, const std::vector<std::string>& required);
/// What its provider found, and its labels, as `key` and `key=value`.
std::set<std::string> traits_of(const Host& host, const HostSnapshot& seen);

/// Books the claim on its host, so that the next place() sees it. `host` must be one of the world's.
void book(PlacementWorld& world, const std::string& host, const InstanceAddress& address, const Claim& claim);
/// The opposite of book().
void give_back(PlacementWorld& world, const std::string& host, const InstanceAddress& address, const Claim& claim);

/// What an instance of this template takes: memory is the maximum plus an overhead of
/// 64 MiB + 8 MiB per vCPU + 1/512 of the guest's memory (design rule, from QEMU's own needs); vCPUs are the maximum,
/// too, so that there is room for what may be grown live; disks in whole GiB, the root disk at the image's size if none
/// is given.
Claim claim_of(const Template& instance, std::uint64_t image_virtual_size_bytes);

/// Every host of the configuration that could be read, with what is used there: by recorded instances (also those that
/// are off: they are wanted running), and by everything else on the host at the maximum that libvirt reports for it and
/// the same overhead, running or not: whoever owns it may start it. A pool counts as used what it holds physically, or
/// what ours claim, whichever is more.
PlacementWorld world_of(const Config& config, const RecordedState& recorded, const Live& live);

}  // namespace vscale
