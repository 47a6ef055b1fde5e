#pragma once

#include <functional>
#include <string>

#include "engine/execution/action_runner.h"
#include "engine/execution/perform.h"
#include "engine/plan/plan.h"

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

/// Waits until all gates have passed, in order. The bound, startup_timeout, counts from ActionInput::started_at (from
/// now where that is not known); every gate is tried at least once, even when a run that died has used the bound up.
///  - `timed_out` names the gate, what was found and what was wanted.
///  - `failed` or `not_found` at once when the domain is off, crashed or gone, or cloud-init says "error".
///  - `timed_out` soon after `stopped` begins to answer true.
/// The outcome has the addresses of the cards that have none in `wait`, as far as they became known.
/// checkIn and k8sNode gates are not asked; the outcome's note says so.
Result<ActionOutcome> wait_for_gates(const Action& action, const WaitForGates& wait, const ActionInput& input,
                                     WorldPorts ports, const ActionProgressSink& progress,
                                     const std::function<bool()>& stopped);

}  // namespace vscale
