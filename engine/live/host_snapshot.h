#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/domain/ownership.h"
#include "engine/live/domain_counters.h"
#include "engine/values/result.h"
#include "engine/values/sharing/shared_optional.h"
#include "engine/values/sharing/shared_vector.h"
#include "engine/values/units.h"

/// What a host said about itself at one moment: plain values, no handles. "Live", beside desired and recorded.

namespace vscale {

/// Every state that libvirt knows is kept apart: "not running" is not one thing.
enum class DomainState { running, blocked, paused, shutting_down, shut_off, crashed, suspended, unknown };

/// "running", "shut off", …: libvirt's words, as virsh says them.
const char* to_string(DomainState state);
/// Is the guest's processor at work, or about to be (running, blocked)?
bool is_up(DomainState state);

struct LiveNic {
  std::string mac;     ///< Lower case.
  std::string source;  ///< The bridge's or the libvirt network's name.

  bool operator==(const LiveNic&) const = default;
};

struct LiveDomain {
  std::string uuid;  ///< Lower case, with dashes.
  std::string name;
  DomainState state = DomainState::unknown;
  bool transient = false;  ///< It has no definition, since somebody undefined it: once off, it is gone.
  int vcpus = 0;           ///< Now.
  int max_vcpus = 0;
  std::uint64_t memory_bytes = 0;  ///< Now (balloon).
  std::uint64_t max_memory_bytes = 0;
  SharedOptional<Ownership> ownership;  ///< Nothing: not made by vscale; never touched, counted as used.
  /// By its definition: what is attached or detached for now only is not seen. Empty for a foreign domain that was not
  /// read again (`known_foreign`).
  SharedVector<LiveNic> nics;
  SharedVector<std::string> disk_paths;  ///< Likewise.

  bool operator==(const LiveDomain&) const = default;
};

struct LivePool {
  std::string name;
  std::string type;  ///< dir | fs | netfs | logical | …
  std::string path;
  bool active = false;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t available_bytes = 0;
  std::set<std::string> volumes;  ///< Names. As the pool knows them without being refreshed.

  bool operator==(const LivePool&) const = default;
};

/// Which machine answered. Empty: not told, as by libvirt's test driver, one process of which plays many hosts.
struct HostIdentity {
  std::string hostname;  ///< What it calls itself.
  std::string uuid;      ///< Of its hardware, or as its libvirtd.conf says. Lower case, with dashes.

  bool operator==(const HostIdentity&) const = default;
};

struct HostSnapshot {
  std::string host;
  HostIdentity identity{};
  Instant seen_at{};
  int vcpus = 0;  ///< Processors that are online.
  std::uint64_t memory_bytes = 0;
  bool kvm = false;                   ///< Hardware virtualisation works for guests; else they are emulated.
  std::string hypervisor;             ///< "QEMU", "TEST".
  std::uint64_t libvirt_version = 0;  ///< As libvirt counts: 9000000 is 9.0.0.
  std::set<std::string> traits;       ///< Found by the provider: arch:x86_64, kvm, uefi, machine:q35, …
  SharedVector<LivePool> pools;       ///< Those asked for that exist.
  std::set<std::string> networks;     ///< Active libvirt networks.
  SharedVector<LiveDomain> domains;   ///< In order of name. All of them, foreign ones too.
  /// Of those that are up and ours, by uuid, where they were asked for; what is too busy to be asked is not in it. They
  /// are for whoever looked, and nobody keeps them with the rest.
  std::map<std::string, DomainCounters> counters{};
  Duration counted_after{};  ///< From `seen_at` to when the host told of them: it may have been busy.

  bool operator==(const HostSnapshot&) const = default;
};

/// Did the host say the same, but for when, and for what its domains have used?
bool says_the_same(const HostSnapshot& a, const HostSnapshot& b);

/// "9.0.0" for 9000000.
std::string show_version(std::uint64_t version);

/// A host that could not be read. Nothing is concluded about what runs there.
struct HostFailure {
  Error error;
  Instant at{};

  bool operator==(const HostFailure&) const = default;
};

/// What is known of one host now: a snapshot, or why there is none.
struct HostView {
  std::optional<HostSnapshot> snapshot;
  std::optional<HostFailure> failure;  ///< Set exactly when there is no snapshot.

  bool operator==(const HostView&) const = default;
};

/// Live state by the host's name in the configuration; every host of the configuration has an entry.
using Live = std::map<std::string, HostView>;

}  // namespace vscale
