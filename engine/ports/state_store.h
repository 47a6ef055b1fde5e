#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/recorded/recorded_state.h"
#include "engine/scaling/scaling_decision.h"
#include "engine/values/result.h"

/// The statefile, as the engine sees it: a snapshot to decide on, and small transactions.

namespace vscale {

/// One file of the configuration that was accepted, with `${…}` as it was written.
struct AcceptedFile {
  std::string path, text;
  bool is_configuration = true;  ///< false: one that the configuration names, such as userDataFile.

  bool operator==(const AcceptedFile&) const = default;
};

struct AcceptedConfig {
  std::vector<AcceptedFile> files;
  Instant at{};
  std::string by;      ///< user@host
  std::string reason;  ///< --reason; may be empty.

  bool operator==(const AcceptedConfig&) const = default;
};

/// Intent: written before an action begins.
struct ActionBegun {
  std::string run_id;
  int action_id = 0;
  std::string kind, address, host;
};

/// Outcome: written when it has ended.
struct ActionEnded {
  std::int64_t journal_id = 0;  ///< 0: of the action that the same commit begins.
  bool ok = false;
  std::optional<Error> error;  ///< Set exactly when it is not ok.
};

/// Something worth remembering for a person, for `vscale events`.
struct EventRecord {
  Instant at{};
  std::string kind;     ///< applied, created, destroyed, failed, …
  std::string address;  ///< May be empty.
  std::string host;     ///< May be empty.
  std::string text;

  bool operator==(const EventRecord&) const = default;
};

/// Everything that one transaction writes: all of it or nothing.
struct Commit {
  Instant at{};
  std::optional<ActionBegun> begun;
  std::optional<ActionEnded> ended;
  std::vector<RecordChange> changes;
  std::vector<EventRecord> events;
  Remembered remembered{};
  std::vector<ScalingDecision> decisions{};
  /// The generations that placement saw, by host: `conflict` if one has moved since. Hosts that are not named here are
  /// not compared; a host that the statefile does not know has generation 0.
  std::map<std::string, std::int64_t> expected_generations{};
  /// What writes_of_others() said when that was read which the changes follow from: `conflict` if somebody else has
  /// written since, and nothing is written.
  std::optional<std::int64_t> expected_writes_of_others{};
};

struct Committed {
  std::int64_t serial = 0;      ///< After it. Moves by one if there were changes, else stays.
  std::int64_t journal_id = 0;  ///< Of `begun`; 0 without one.
};

/// Who holds, or asks for, the operation lock.
struct LockHolder {
  std::string id;         ///< For force-unlock.
  std::string operation;  ///< apply, destroy, watch
  std::string user, host;
  std::int64_t pid = 0;
  Instant since{};

  bool operator==(const LockHolder&) const = default;
};

/// Held as long as it lives. The kernel frees it with the process, however that ends.
class OperationLock {
 public:
  virtual ~OperationLock() = default;
};

/// Asks as long as it lives.
class LockRequest {
 public:
  virtual ~LockRequest() = default;
};

/// What one run saw of one host.
struct Observation {
  std::string host;
  HostView view;
  std::string uri{};  ///< How it was reached, kept as HostRecord::uri; empty: what is kept stays.
};

/// A port: the statefile. One object belongs to one thread; several processes may each have one on the same file.
/// Errors: `invalid` for a file that is corrupt or not a statefile, `unsupported` for one from a newer version,
/// `denied` if it is read-only, `no_capacity` on a full disk, `conflict` as said below. After an error nothing of that
/// transaction is written.
class StateStore {
 public:
  virtual ~StateStore() = default;

  /// One consistent snapshot of everything; never waits for a writer.
  virtual Result<RecordedState> read() = 0;
  /// What operators have said of rollouts, by group: asked for again and again while a run goes on, so it is cheap.
  virtual Result<std::map<std::string, RolloutIntent>> rollout_intents() = 0;
  /// Moves whenever somebody else has written to the statefile: whoever keeps what read() has given knows by it that it
  /// is to be read again. Says nothing about what was written, and costs next to nothing.
  virtual Result<std::int64_t> writes_of_others() = 0;
  /// The newest decisions about a group's size, oldest first, at most `limit`. Those that moved nothing are soon
  /// forgotten, but for the last ones.
  virtual Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) = 0;
  /// Writes `commit` as one transaction. Every change of an instance's host, uuid or claim moves the generation of the
  /// hosts that it is about, and so does every removal. `conflict` if an address, a name, a uuid or a MAC belongs to
  /// another instance already.
  virtual Result<Committed> commit(const Commit& commit) = 0;
  /// Writes what was seen, in a short transaction of its own that needs no lock; only rows that differ are written and
  /// the serial does not move. HostSnapshot::counters are not kept.
  virtual Result<void> record_observations(const std::vector<Observation>& observations) = 0;

  /// The lock for apply, destroy and watch. `conflict` names the holder; `invalid` if the statefile is damaged.
  virtual Result<std::unique_ptr<OperationLock>> lock(const LockHolder& holder) = 0;
  /// Who holds it now, if anybody living does.
  virtual Result<std::optional<LockHolder>> lock_holder() = 0;

  /// What apply last accepted, if anything.
  virtual Result<std::optional<AcceptedConfig>> accepted_config() = 0;
  virtual Result<void> accept_config(const AcceptedConfig& config) = 0;

  /// Asks whoever holds the lock to make way, until the answer goes: watch does, between two ticks. Whoever runs a
  /// plan goes on with it.
  virtual Result<std::unique_ptr<LockRequest>> ask_for_lock(const LockHolder& asks) = 0;
  /// Who asks for it now, if anybody living does.
  virtual Result<std::optional<LockHolder>> lock_request() = 0;

  /// The newest events, oldest first, at most `limit`.
  virtual Result<std::vector<EventRecord>> events(Instant since, int limit) = 0;
};

}  // namespace vscale
