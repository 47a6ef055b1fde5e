#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/domain/domain_ref.h"
#include "engine/domain/domain_spec.h"
#include "engine/live/host_snapshot.h"
#include "engine/values/result.h"

/// The ports to the hosts are Domains, Volumes and Guests. What every one of them promises:
///  - A host is named as in the configuration; how it is reached is the implementation's business.
///  - `unreachable` means that nothing is known; `not_found` that the host said there is no such thing.
///  - Calls block, each within its bound, and are safe from several threads at once.
///  - A call that was interrupted by a crash can be made again: all of them are idempotent in the way said at each.
///  - What does not carry our mark is never changed: such a call answers `denied` and does nothing.

namespace vscale {

/// What to read besides the list of domains.
struct ObserveRequest {
  std::set<std::string> pools;  ///< Pools whose volumes are wanted; others are not read.
  /// Foreign domains that were read before and are not read again, by uuid: what they have has no interest for who
  /// touches no volume.
  std::set<std::string> known_foreign;
  /// Lets the host look into those pools anew first. Otherwise it tells what it knows from its last look: files that
  /// were put there or taken away by hand, through another host or by a guest that grew, are not in it.
  bool refresh_pools = false;
  /// Asks for HostSnapshot::counters, of the domains of this lineage; of all that carry a mark if there is none.
  bool counters = false;
  /// With `counters`: whose domains are ours. Those of them that are up, and by their definition do not tell of their
  /// memory, are told to, each once while it runs: that is the one thing that a look changes, and nobody waits for it.
  std::string lineage{};
  /// How long the host is waited for; to be longer than a look takes at a large host that is busy, or nobody will ever
  /// see it. Nothing: as long as it takes by the bounds of each step.
  std::optional<Duration> patience{};
};

/// In-place changes of a defined domain. What is not set stays as it is.
struct DomainChange {
  std::optional<int> vcpus;  ///< In the persistent definition, and live where the domain is up and can.
  std::optional<std::uint64_t> memory_bytes;  ///< Likewise.
  std::optional<Ownership> ownership;         ///< Replaces the mark, live and persistent.
};

/// How a domain came to be off.
enum class StopOutcome { was_off, shut_down, powered_off };

/// A port: the domains of the hosts.
class Domains {
 public:
  virtual ~Domains() = default;
  /// Reads all `hosts` side by side. Every one of them is in the answer; one that does not answer by its deadline is
  /// an error there and keeps nobody else waiting. Changes nothing, on the hosts or in the pools, but for `lineage` as
  /// said there; but a pool that is refreshed and cannot be read is turned off by its host, as it is of no use to
  /// anybody.
  ///
  /// Whose patience ran out leaves a look behind that goes on. From then on the host is silent: every further call
  /// answers at once for it, `unreachable`, since when; and sees to it that one look is under way, never two. When one
  /// of them has got its answer, the host is not silent any more: that answer, which is of an earlier moment, is thrown
  /// away, and the next call looks again with all its patience. A host that is too slow every time is silent until a
  /// look that nobody waited for has taken no longer than that.
  ///
  /// Of a host that is listened to (DomainEvents) and whose pools are not refreshed, definitions may be those of an
  /// earlier look, as long as there was no word of a change. The few changes that come without word, such as a network
  /// card taken out of the definition only, are seen within ten minutes; at once where there are 16 domains or fewer.
  virtual std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) = 0;
  /// Defines the domain, without starting it. One of ours with this uuid is redefined; a foreign domain with this name
  /// or uuid is `exists` and left alone. The volumes must be there (`not_found` names the one that is not).
  virtual Result<void> define_domain(const std::string& host, const DomainSpec& spec) = 0;
  /// Starts it. Up already is success; paused or suspended is resumed.
  virtual Result<void> start_domain(const DomainRef& domain) = 0;
  /// Asks the guest to shut down (agent, then ACPI) and waits up to `grace`; then powers it off. Off already, or not
  /// there, is success.
  virtual Result<StopOutcome> stop_domain(const DomainRef& domain, Duration grace) = 0;
  /// Removes the definition of a domain that is off, with what libvirt keeps for it. Not there is success;
  /// a domain that is up is `conflict`.
  virtual Result<void> undefine_domain(const DomainRef& domain) = 0;
  /// The state of one domain, as cheaply as the host can tell it. `not_found` if it is not there. Changes nothing, and
  /// therefore does not ask for the mark.
  virtual Result<DomainState> domain_state(const DomainRef& domain) = 0;
  /// Changes a domain in place. `unsupported` if it can only be done with the guest off.
  virtual Result<void> change_domain(const DomainRef& domain, const DomainChange& change) = 0;
};

}  // namespace vscale
