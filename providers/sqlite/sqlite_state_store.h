#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/state_store.h"

/// The statefile as a SQLite database: tables that a person can read with `sqlite3`, one transaction for each change.

namespace vscale {

class Statefile;

enum class OpenMode {
  read_write_create,  ///< For commands that may be the first to run here: plan, apply, watch.
  read_write,         ///< The statefile must be there: destroy.
  read_only,          ///< The statefile must be there and nothing is written: status, state list. A full disk will do.
};

/// A lineage for a new statefile, or an id of a lock: a random (version 4) UUID from the operating system.
std::string random_id();

/// How the statefile writes what a revision is made of. The JSON of what a user writes is made by schemas, which
/// providers do not know: whoever knows both hands it over (template_text and template_from_text of
/// schemas/json/template_json.h). What `write` gives is a JSON object; `read` fails for what it never gave.
struct TemplateFormat {
  std::function<std::string(const Template&)> write;
  std::function<Result<Template>(const std::string&)> read;
};

/// Likewise how it writes decisions about sizes and what they remember (schemas/json/scaling_json.h).
struct ScalingFormat {
  std::function<std::string(const ScalingMemory&)> write_memory;
  std::function<Result<ScalingMemory>(const std::string&)> read_memory;
  std::function<std::string(const ScalingDecision&)> write_decision;
  std::function<Result<ScalingDecision>(const std::string&)> read_decision;
};

/// What a program may set, and what tests do set. The bounds are generous: a run that meets one is told so by name.
struct StateStoreOptions {
  std::function<std::string()> new_lineage = random_id;
  TemplateFormat templates{};               ///< Without it no revision can be written or read.
  ScalingFormat scaling{};                  ///< Likewise of decisions and memory.
  std::string machine;                      ///< Whose processes can be asked for; empty: this one (this_machine.h).
  Duration busy_timeout{10'000};            ///< How long a transaction waits for one of another process.
  std::uint64_t max_size_bytes = 4 * kGiB;  ///< A statefile never grows beyond it.
  int events_kept = 10'000;                 ///< The oldest go first, in the transaction that adds one.
  int finished_actions_kept = 10'000;       ///< In the journal; those without an outcome are always kept.
  int accepted_configs_kept = 20;
  int moving_decisions_kept = 200;  ///< Of each group, those that moved its size,
  int idle_decisions_kept = 20;     ///< and those that did not.
};

/// A copy of the statefile beside it.
struct BackupFile {
  std::string path;
  Instant at{};

  bool operator==(const BackupFile&) const = default;
};

/// Implements StateStore; the rules that are said there are not repeated here.
///
/// The file, its -wal, -shm and .lock and its backups are 0600 from their first byte; an existing statefile that others
/// may read is closed to them when it is opened for writing. WAL needs shared memory, so all processes that use a
/// statefile run on one machine; a file on a network file system is safe as long as only one machine uses it at a time.
/// `:memory:` is a statefile that lives as long as the object: its lock keeps nobody else out, for there is nobody.
///
/// An object belongs to one thread and must not cross a fork. Locks may outlive it.
class SqliteStateStore final : public StateStore {
 public:
  /// Opens, and creates or migrates as `mode` allows. A file of an older version is migrated at once; the file as it
  /// was stays beside it as PATH.v1 (the old number). Errors, beyond those of StateStore: `not_found` if there is no
  /// file (or no directory) and `mode` makes none; `denied` for an old one with read_only.
  static Result<std::unique_ptr<SqliteStateStore>> open(const std::string& path,
                                                        OpenMode mode = OpenMode::read_write_create,
                                                        const StateStoreOptions& options = {});
  ~SqliteStateStore() override;

  Result<RecordedState> read() override;
  Result<std::map<std::string, RolloutIntent>> rollout_intents() override;
  Result<std::int64_t> writes_of_others() override;
  Result<std::vector<ScalingDecision>> decisions(const std::string& group, int limit) override;
  Result<Committed> commit(const Commit& commit) override;
  Result<void> record_observations(const std::vector<Observation>& observations) override;
  /// Given only on a statefile in which check() finds everything whole, however large it is: what a run is to change
  /// is known to be sound. What is written without the lock (what was seen, image locks, a migration) and what is read
  /// does not wait for that, and tells of the damage that it meets.
  Result<std::unique_ptr<OperationLock>> lock(const LockHolder& holder) override;
  Result<std::optional<LockHolder>> lock_holder() override;
  Result<std::unique_ptr<LockRequest>> ask_for_lock(const LockHolder& asks) override;
  Result<std::optional<LockHolder>> lock_request() override;
  Result<std::optional<AcceptedConfig>> accepted_config() override;
  Result<void> accept_config(const AcceptedConfig& config) override;
  Result<std::vector<EventRecord>> events(Instant since, int limit) override;

  /// Forgets the holder of that id. Needed only where a holder died on another machine, whose processes the kernel here
  /// does not know. `not_found` if nobody of that id is written down; `conflict` if its process is alive on this
  /// machine.
  Result<void> force_unlock(const std::string& id);

  /// A consistent copy without a lock on it, taken while others go on. `exists` if there is something at `path`
  /// already.
  Result<void> backup_to(const std::string& path);
  /// A copy beside the statefile, PATH.backup-20260504T132000.000Z, of which the newest `keep` (at least 1) stay. Where
  /// a wrong clock has named one later than `at`, the new one is named right after it.
  Result<BackupFile> backup(Instant at, int keep);
  /// The copies that backup() left, newest first.
  Result<std::vector<BackupFile>> backups();

  /// Reads every page and every reference; `invalid` names what is wrong.
  Result<void> check();

 private:
  explicit SqliteStateStore(std::shared_ptr<Statefile> file);

  std::shared_ptr<Statefile> file_;
};

}  // namespace vscale
