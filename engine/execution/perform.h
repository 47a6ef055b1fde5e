#pragma once

#include <functional>

#include "engine/desired/config.h"
#include "engine/execution/action_runner.h"
#include "engine/ports/clock.h"
#include "engine/ports/commands.h"
#include "engine/ports/domains.h"
#include "engine/ports/guests.h"
#include "engine/ports/hook_texts.h"
#include "engine/ports/image_library.h"
#include "engine/ports/network_probe.h"
#include "engine/ports/seed_source.h"
#include "engine/ports/volumes.h"

/// One action against the ports, from beginning to end.

namespace vscale {

struct WorldPorts {
  Domains& domains;
  Volumes& volumes;
  Guests& guests;
  NetworkProbe& probe;
  ImageLibrary& images;
  SeedSource& seeds;
  Commands& commands;
  HookTexts& hook_texts;
  Clock& clock;
};

/// Called with transfer and gate progress.
using ActionProgressSink = std::function<void(const RunEvent&)>;

/// Blocks until the action has ended. Every kind is idempotent: performed again after a crash it does no harm and
/// finishes what was begun. Where a domain has come or gone, or gone off, since the plan was made, what would be done
/// to its disks is not known any more: `conflict`, and the next plan sees what is so. A hook is as idempotent as its
/// author made it (engine/execution/hooks/run_hook.h). `config` gives the image sources. `stopped` is asked while
/// waiting for gates, while a rollout rests, and for the command of a hook: true ends the wait with `timed_out`.
Result<ActionOutcome> perform(const Action& action, const ActionInput& input, const Config& config, WorldPorts ports,
                              const ActionProgressSink& progress, const std::function<bool()>& stopped);

}  // namespace vscale
