#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/execution/action_runner.h"
#include "engine/ports/commands.h"
#include "engine/ports/domains.h"
#include "engine/ports/guests.h"
#include "engine/ports/hook_texts.h"

/// Hooks of an instance: what their authors want done at points in its life, where vscale runs or in the guest.
///
/// A run that died in the middle of a hook leaves it to the next one, which runs it again from its beginning; so does
/// one that fails and is tried again. Hooks must be safe to run twice.
///
/// `command` gets PATH, HOME, LANG and TZ of vscale, and VSCALE_NAME, VSCALE_ADDRESS (empty while it is not known),
/// VSCALE_HOST, VSCALE_GROUP and VSCALE_REASON (empty for what takes hooks back because a stop was refused).

namespace vscale {

/// How long a hook may take where it does not say `timeout`; and as long again its stdinFrom before, and its undo
/// after.
constexpr Duration kHookTimeout{std::chrono::minutes{2}};

/// So much of what a failed hook has said is shown.
constexpr std::size_t kHookWordsMax = 200;

/// The instance that a hook is about.
struct HookSubject {
  std::string address;  ///< `group.web[2]`
  DomainRef domain;
  std::string name;            ///< The domain's.
  std::vector<GuestNic> nics;  ///< As far as they are known; the first with an address gives `${address}`.
  std::string reason;          ///< For VSCALE_REASON.
  KnownAddresses known_addresses;
};

struct HookPorts {
  Domains& domains;
  Guests& guests;
  Commands& commands;
  HookTexts& texts;
};

/// Runs a hook, or takes one back (RunHook::When::undo).
///  - beforeStop of a domain that is off or gone is skipped, and the note says so: nobody is left to say farewell to.
///  - One that fails and may go on is success, with a note such as "exit 3: no such node, went on".
///  - Otherwise its failure is an error that names instance, hook and program, and what that said first; never a
///    secret. `unreachable`, `timed_out` and `conflict` stay what they are; all else is `failed`. Its own undo is run,
///    and those of RunHook::undo, last first, and the detail tells which of them failed.
///  - `timed_out` soon after `stopped` begins to answer true, also of one that may go on, as it was not over: what it
///    did is taken back likewise. A command in a guest cannot be stopped, and is waited for.
Result<ActionOutcome> run_hook(const RunHook& hook, const HookSubject& subject, HookPorts ports,
                               const std::function<bool()>& stopped);

/// Runs the undo of each that has one, last first, each within its own bound and whatever became of the others. The
/// answer is `error`, with the undos that failed in its detail.
Error take_back(const std::vector<Hook>& hooks, Error error, const HookSubject& subject, HookPorts ports);

}  // namespace vscale
