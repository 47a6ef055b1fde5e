#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/ports/clock.h"
#include "engine/ports/domains.h"
#include "engine/ports/guests.h"
#include "engine/ports/network_probe.h"

/// Waiting until a guest is ready: the gates of its group, one after another, within one bound; and looking whether it
/// stays so.

namespace vscale {

/// How long a gate waits between two tries, where it does not say `every`. A host answers for a domain or an agent
/// cheaply; the others put work on the guest.
constexpr Duration kHostGateEvery{1000};
constexpr Duration kGuestGateEvery{2000};

/// How long one try may take, where the gate does not say `timeout`. Long, since a busy host makes agents slow, and
/// slow is not dead; a try never outlasts the bound by more than kLastTryTimeout.
constexpr Duration kAgentTryTimeout{10'000};
constexpr Duration kGuestCommandTryTimeout{15'000};
constexpr Duration kTcpTryTimeout{3000};
constexpr Duration kHttpTryTimeout{5000};
constexpr Duration kLastTryTimeout{2000};

/// How often a rollout that rests looks at its new instances; less often where a gate says a longer `every`, more often
/// where it rests for less.
constexpr Duration kWatchEvery{5000};
/// How long a rest may go on beyond its end, for want of a host that answers.
constexpr Duration kWatchOverrun{60'000};

/// How long an address that no gate needs is waited for, after the gates have passed: a person wants to log in, but a
/// lease that does not come is no reason to call an instance unready.
constexpr Duration kAddressGrace{10'000};

/// "agent", "http :80/health", "exec /usr/bin/test": how progress and errors name a gate.
std::string show(const Gate& gate);

/// Who is waited for.
struct GateSubject {
  std::string address;  ///< "group.web[3]".
  std::string name;     ///< The domain's.
  DomainRef domain;
  std::optional<Instant> started_at;  ///< When the domain was started; nothing: not known.
};

struct GatePorts {
  Domains& domains;
  Guests& guests;
  NetworkProbe& probe;
  Clock& clock;
};

/// A try that has not passed, or how it stands while all have.
struct GateTry {
  std::string gate;   ///< As show() names it; empty: it is not about one.
  std::string found;  ///< "503, want 200", "ready for 12s of 30s"
  int tries = 0;      ///< Of this gate, with this one, since it last passed.
  Duration waited{};  ///< Since the start (while it is ready: since then; while a rollout rests: since that began), and
  Duration limit{};   ///< for how long at most.
};

/// Called after every try that has not passed, however often that is, and after every look at what is ready.
using GateTrySink = std::function<void(const GateTry&)>;

struct GatesPassed {
  std::vector<GuestAddress> addresses;  ///< Of the cards that have none in the plan, as far as they became known.
  std::string note;                     ///< For the view: "10.0.0.51; checkIn not asked".
};

/// Waits until all gates of `wait` have passed, in order, and have then been green for `min_ready` without a break.
///
/// Until all have passed, one gate is tried at a time, at its own `every`; one that has passed is not tried again.
/// Then all of them are, in order and each at its own `every`, and all of them once more at the end of min_ready: what
/// is called ready was seen to be so just then. One try that does not pass (a slow agent, a host that does not answer)
/// is no dead guest: that gate and those after it have to pass again, and min_ready begins anew. min_ready 0: it is
/// ready when the last gate has passed. An address that was learned stays learned.
///
/// The bound, startup_timeout, counts from GateSubject::started_at (from now where that is not known, or where it is
/// yet to come); the time that it is green does not count. Every gate is tried at least once, even when a run that died
/// has used the bound up, and once more after it was lost for the first time. progress_deadline (0: none) bounds all of
/// it, from now, green or not. No try outlasts the bounds by more than kLastTryTimeout. Whoever sets the wall clock
/// meanwhile changes nothing.
///  - `timed_out` names the bound, the gate, what was found and what was wanted.
///  - `failed` or `not_found` at once when the domain is off, crashed or gone, or cloud-init says "error".
///  - `timed_out` soon after `stopped` begins to answer true: a try that has begun is finished.
/// checkIn and k8sNode gates are not asked; the note says so, as it does where cloud-init is disabled, or done with
/// errors that it could recover from.
Result<GatesPassed> wait_for_gates(const GateSubject& subject, const WaitForGates& wait, GatePorts ports,
                                   const GateTrySink& tell, const std::function<bool()>& stopped);

/// Rests for WatchRollout::lasts, and tries the gates of every watched instance again and again meanwhile: one instance
/// after another, its domain first and then gate by gate up to the first that does not pass; all of them every
/// kWatchEvery, and all of them once more at the end.
///  - `failed` names the first instance of which `failures` tries in a row have not passed, with the last of them; at
///    once where its domain is off, crashed or gone, or a gate can never pass.
///  - `timed_out` soon after `stopped` begins to answer true: a try that has begun is finished.
/// A host that does not answer is no failure: nothing is known of the instance, and its count stays as it is. But that
/// is not green either: the rest ends well only when the last look at every instance, at its end or later, was green.
/// One that was not is looked at on until it is, or has failed; where its host does not answer for kWatchOverrun beyond
/// the end, the rest ends with `unreachable`, which says nothing of the new instances. None to watch: it only rests.
///
/// A round of many instances takes as long as all their tries together, and then the next one begins at once. One that
/// hangs costs a round one try's timeout, as its later gates are not tried then, and a host that does not answer is
/// asked once a round; every other instance is looked at in every round. So the rest outlasts its end by one such
/// round, and where something is not green by `failures` of them.
Result<void> watch_rollout(const WatchRollout& watch, const std::string& lineage, GatePorts ports,
                           const GateTrySink& tell, const std::function<bool()>& stopped);

}  // namespace vscale
