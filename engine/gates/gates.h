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

/// Waiting until a guest is ready: the gates of its group, one after another, within one bound.

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

/// A try that has not passed.
struct GateTry {
  std::string gate;   ///< As show() names it.
  std::string found;  ///< "503, want 200"
  int tries = 0;      ///< Of this gate, with this one.
  Duration waited{};  ///< Since the start, and
  Duration limit{};   ///< for how long at most.
};

/// Called after every try that has not passed, however often that is.
using GateTrySink = std::function<void(const GateTry&)>;

struct GatesPassed {
  std::vector<GuestAddress> addresses;  ///< Of the cards that have none in the plan, as far as they became known.
  std::string note;                     ///< For the view: "10.0.0.51; checkIn not asked".
};

/// Waits until all gates of `wait` have passed, in order. The bound, startup_timeout, counts from
/// GateSubject::started_at (from now where that is not known, or where it is yet to come); every gate is tried at least
/// once, even when a run that died has used the bound up. Whoever sets the wall clock meanwhile changes nothing.
///  - `timed_out` names the gate, what was found and what was wanted.
///  - `failed` or `not_found` at once when the domain is off, crashed or gone, or cloud-init says "error".
///  - `timed_out` soon after `stopped` begins to answer true.
/// checkIn and k8sNode gates are not asked; the note says so.
Result<GatesPassed> wait_for_gates(const GateSubject& subject, const WaitForGates& wait, GatePorts ports,
                                   const GateTrySink& tell, const std::function<bool()>& stopped);

/// Rests for WatchRollout::lasts, and tries the gates of every watched instance again and again meanwhile.
///  - `failed` names the first instance of which `failures` tries in a row have not passed, with the last of them; at
///    once where its domain is off, crashed or gone.
///  - `timed_out` soon after `stopped` begins to answer true.
/// A host that does not answer is no failure: nothing is known of the instance. None to watch: it only rests.
Result<void> watch_rollout(const WatchRollout& watch, const std::string& lineage, GatePorts ports,
                           const GateTrySink& tell, const std::function<bool()>& stopped);

}  // namespace vscale
