#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/recorded/recorded_state.h"

/// Where a recorded instance is now, and how sure that is.

namespace vscale {

/// A domain and the host that told of it.
struct LivePlace {
  const std::string* host = nullptr;
  const LiveDomain* domain = nullptr;
};

/// All domains of all hosts that answered, by uuid and by name; built once. Refers to `live`, which must outlive it.
class LiveIndex {
 public:
  explicit LiveIndex(const Live& live);

  /// In order of hosts' names; empty if there is none.
  [[nodiscard]] const std::vector<LivePlace>& with_uuid(std::string_view uuid) const;
  [[nodiscard]] const std::vector<LivePlace>& with_name(std::string_view name) const;
  /// Hosts that did not answer, in order of their names.
  [[nodiscard]] const std::vector<std::string>& silent_hosts() const { return silent_hosts_; }
  /// Hosts that did, likewise.
  [[nodiscard]] const std::vector<std::string>& answering_hosts() const { return answering_hosts_; }
  [[nodiscard]] bool answers(const std::string& host) const { return pools_.count(host) != 0; }
  /// Was the host looked at later than then? A host that does not answer was not.
  [[nodiscard]] bool is_newer(const std::string& host, Instant then) const;
  /// The pool as the host sees it; nullptr if the host does not answer or has no such pool.
  [[nodiscard]] const LivePool* pool(const std::string& host, const std::string& pool) const;
  /// All pools of a host, in order of their names; empty if it does not answer.
  [[nodiscard]] std::vector<const LivePool*> pools(const std::string& host) const;

 private:
  std::unordered_map<std::string_view, std::vector<LivePlace>> by_uuid_, by_name_;
  std::map<std::string, std::map<std::string, const LivePool*>> pools_;
  std::vector<std::string> silent_hosts_, answering_hosts_;
  std::map<std::string, Instant> seen_at_;  ///< By answering host.
};

enum class Presence {
  up,
  off,         ///< Shut off, paused, crashed or suspended: it does not work.
  in_between,  ///< Being shut down just now, or in a state that libvirt has no name for: look again later.
  absent,      ///< Its host says so, asked after vscale's last work on it, and it can be nowhere else.
  undefined,   ///< Claimed and never known to be defined: that it is not there is as expected.
  unknown,     ///< A host that would know does not answer, or was not asked since vscale worked on it; or the domain
            ///< lost its mark, or another one of ours has its name and maybe its disks, or any has its disks. Never a
            ///< reason to do anything.
};

struct Whereabouts {
  Presence presence = Presence::unknown;
  std::string host;                    ///< Where it is; the recorded one where that is not known.
  const LiveDomain* domain = nullptr;  ///< Set for up, off and in_between.
  std::string why;                     ///< For unknown and in_between. For absent and undefined: what has its name and
                                       ///< maybe its disks, so that they are not to be removed; empty: nothing.
  std::vector<std::string> also_up;    ///< Other hosts on which the same domain is up: a twin.
  std::vector<std::string> also_off;   ///< Other hosts that have a definition of it.
};

/// Is the domain off on another host, and older than the record? A migration by hand leaves such a definition.
bool is_left_over(const LivePlace& place, const Ownership& mark, const InstanceRecord& instance);

/// Domains that were up when a host was last looked at that does not answer now, or has left the file: they may still
/// be. Refers to `recorded`, which must outlive it.
class LastSeenUp {
 public:
  LastSeenUp(const RecordedState& recorded, const LiveIndex& live);

  /// The host where it was up; empty if there is none, or if vscale has started it since where it is recorded.
  [[nodiscard]] std::string host_of(const InstanceRecord& instance) const;

 private:
  struct Place {
    const std::string* host;
    const HostSnapshot* snapshot;
  };
  std::unordered_map<std::string_view, std::vector<Place>> by_uuid_;
};

/// "Not found" is believed only if every host that could have it answers: a host that is silent may have been given the
/// domain by hand; and only if its own was looked at after the last that vscale did to it (`--refresh=false`, and a
/// plan beside a run, know less than the record). Nor is "off" believed of one that vscale has started since, or that
/// was last seen up on a host that is silent. Where it is up counts for more than where it was recorded.
Whereabouts locate(const InstanceRecord& instance, const std::string& lineage, const Config& config,
                   const LiveIndex& live, const LastSeenUp& last_seen_up);

}  // namespace vscale
