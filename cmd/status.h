#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/rollouts/rollout_status.h"
#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/plan/reconcile.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"
#include "engine/watch/roster.h"

/// How an installation stands: what `vscale status` shows, as values.

namespace vscale {

struct InstanceStatus {
  InstanceAddress address;
  std::string name;  ///< The domain's.
  std::string host;
  /// ready | unready (it is up, and has not answered watch as it should) | booting | unfinished | leaving | missing |
  /// unknown (its host does not answer) | twin (up twice) | stopped (an operator wants it off, and it is), or libvirt's
  /// word for a domain that is not up: "shut off", "crashed", …
  std::string state;
  std::optional<Instant> since;        ///< Ready, booting: since when.
  std::vector<std::string> addresses;  ///< IPv4, as far as they are known.
  std::int64_t revision = 0;
};

struct GroupStatus {
  std::string address;  ///< `group.web`
  std::string name;     ///< `web`
  int ready = 0;
  int have = 0;
  int want = 0;       ///< 0 for a group that the files no longer have.
  std::string range;  ///< "fixed", "3-10", or "not in the files".
  /// Who last wanted a size of it, be it `want` or what the file's bounds made `want` of; nothing: the file says it.
  std::optional<WantedSize> owner;
  std::int64_t revision = 0;
  /// What is not as wanted, and what an operator has suspended: "1 booting, 1 shut off, heal suspended"; empty if all
  /// is well.
  std::string now;
  RolloutStatus rollout;
};

struct Usage {
  std::uint64_t used = 0;
  std::uint64_t total = 0;
};

struct HostStatus {
  std::string name;
  bool reachable = true;
  std::optional<Instant> since;  ///< Not reachable: since when.
  std::string why;               ///< Not reachable: why.
  std::string emulated_because;  ///< Guests there do not run by KVM: why. Else empty.
  Usage vcpus, memory_mib, disk_gib;
  int ours = 0;     ///< Domains of recorded instances; where it does not answer, what is recorded there.
  int foreign = 0;  ///< Domains that are no recorded instance: others', and what is ours and not recorded.
};

/// InstanceStatus::state: by where a plan would find it, so that what nobody could know is not missing.
std::string state_of(const InstanceRecord& instance, const Whereabouts& where);

/// Was it asked the last time that watch looked, and did not answer as it should? What is noted of another one that was
/// in its place does not count.
bool is_failing(const RecordedState& recorded, const InstanceAddress& address);

/// Why those of the group that are up and ill are left so: more of it are ill than may be, counted as watch counts
/// them, by where they are and by what watch has noted. Empty: no more are, or nobody is up and ill; who is off is
/// started however many are. `members`: of a Roster.
std::string why_left_ill(const Group& group, const std::vector<Member>& members, const RecordedState& recorded,
                         Instant now);

/// Something that waits for a person, and the command for it.
struct Need {
  std::string text;
  std::vector<std::string> commands;
};

struct Status {
  std::string name;
  std::string lineage;
  std::int64_t serial = 0;
  std::optional<LockHolder> running;  ///< Who works on it right now.
  std::vector<GroupStatus> groups;
  std::vector<InstanceStatus> instances;
  std::vector<HostStatus> hosts;
  std::vector<Need> needs;
  std::vector<VolumeRecord> kept_disks;       ///< Of instances that are gone.
  std::vector<VolumeRecord> detached_disks;   ///< Kept beside an instance that does without them.
  int awaited_disks = 0;                      ///< Of kept_disks, those that an instance of the file will take up again.
  std::vector<std::string> about_kept_disks;  ///< Commands: to see them, and to delete those that nobody awaits.
};

/// Pure. `live` has an entry for every host of the configuration; `command` completes the commands that are advised.
Status status_of(const Config& config, const RecordedState& recorded, const Live& live,
                 const std::optional<LockHolder>& running, Instant now, const WholeCommand& command);

}  // namespace vscale
