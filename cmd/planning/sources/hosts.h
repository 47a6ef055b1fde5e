#pragma once

#include <optional>

#include "cmd/invocation/invocation.h"
#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/ports/domains.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"

/// The hosts, as they are now or as they were last seen.

namespace vscale {

/// The ports to the hosts of the configuration.
HostPorts reach_hosts(const Invocation& invocation, const Config& config);

/// What else is asked of a host, and how long it is waited for: see ObserveRequest.
struct LookOptions {
  bool counters = false;
  std::optional<Duration> patience{};
  /// With `counters`: guests that do not tell of their memory are not told to.
  bool changes_nothing = false;
};
/// Asks all hosts side by side. One that does not answer is a failure in the answer; since when, the record may know.
Live observe_hosts(Domains& domains, const Config& config, const RecordedState& recorded, Instant now,
                   const LookOptions& options = {});
/// Asks those again that answered, and lets them look into their pools first: what they say of them otherwise is what
/// they saw when they last looked, and is wrong after work by hand. Costs a reading of every volume's header, and of
/// every domain's definition: also a stranger's may stand on a disk of ours by now.
void look_into_pools(Domains& domains, const Config& config, const RecordedState& recorded, Instant now, Live& live,
                     std::optional<Duration> patience = std::nullopt);
/// What was last seen of every host, as the record has it.
Live recorded_live(const Config& config, const RecordedState& recorded, Instant now);
/// Writes what was seen into the record, and how each host is reached. Afterwards `live` is as it was.
Result<void> record_live(StateStore& store, const Config& config, Live& live);
/// The same in memory: what read() has after record_live() and had not before. True: something is otherwise than it was
/// when a host was last seen (says_the_same), or a host has fallen silent.
bool take_note_of(const Config& config, const Live& live, RecordedState& recorded);

}  // namespace vscale
