#include "providers/sqlite/sqlite_state_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "providers/sqlite/lock/operation_lock.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/rows/observation_rows.h"
#include "providers/sqlite/rows/record_rows.h"
#include "providers/sqlite/rows/rollout_rows.h"
#include "providers/sqlite/rows/scaling_rows.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

/// As many complaints as a person can use.
constexpr int kComplaintsShown = 5;

/// What is seen may be lost by a power cut: the next look sees it again. So nobody waits for the disk meanwhile.
class WithoutWaitingForTheDisk {
 public:
  explicit WithoutWaitingForTheDisk(SQLite::Database& database) : database_(database) {
    database_.exec("PRAGMA synchronous = NORMAL");
  }
  ~WithoutWaitingForTheDisk() { database_.tryExec("PRAGMA synchronous = FULL"); }
  WithoutWaitingForTheDisk(const WithoutWaitingForTheDisk&) = delete;
  WithoutWaitingForTheDisk& operator=(const WithoutWaitingForTheDisk&) = delete;

 private:
  SQLite::Database& database_;
};

void read_head(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT lineage, serial FROM statefile");
  if (!select.executeStep()) throw DamagedRow("it has no lineage");
  Columns columns(select);
  state.lineage = columns.text();
  state.serial = columns.number();
}

void read_open_actions(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(
      database, "SELECT id, run, kind, address, host, started_at FROM journal WHERE outcome IS NULL ORDER BY id");
  while (select.executeStep()) {
    Columns columns(select);
    OpenAction action;
    action.journal_id = columns.number();
    action.run_id = columns.text();
    action.kind = columns.text();
    action.address = columns.text();
    action.host = columns.text();
    action.started_at = columns.instant();
    state.open_actions.push_back(std::move(action));
  }
}

std::int64_t begin_action(SQLite::Database& database, const ActionBegun& begun, Instant at) {
  execute(database, "INSERT INTO journal (run, action, kind, address, host, started_at) VALUES (?, ?, ?, ?, ?, ?)",
          begun.run_id, begun.action_id, begun.kind, begun.address, begun.host, at);
  return database.getLastInsertRowid();
}

/// An outcome without an id is of the action that the same commit began.
void end_action(SQLite::Database& database, const ActionEnded& ended, std::int64_t begun_id, Instant at) {
  const std::int64_t id = ended.journal_id != 0 ? ended.journal_id : begun_id;
  VSCALE_ASSERT(ended.ok != ended.error.has_value(), "an action fails with an error and ends well without one");
  const Error error = ended.error.value_or(Error{});
  const auto if_failed = [&](const std::string& text) { return ended.ok ? std::nullopt : std::optional(text); };
  const int found =
      execute(database,
              "UPDATE journal SET ended_at = ?, outcome = ?, error_kind = ?, error_message = ?, error_detail = ?, "
              "error_hint = ? WHERE id = ? AND outcome IS NULL",
              at, ended.ok ? "done" : "failed", if_failed(to_string(error.kind)), if_failed(error.message),
              if_failed(error.detail), if_failed(error.hint), id);
  if (found == 1) return;
  throw Refused({.kind = ErrorKind::conflict,
                 .message = fmt::format("action {} of the journal is not open any more", id),
                 .detail = "",
                 .hint = "another process ended it in between: plan again"});
}

void add_events(SQLite::Database& database, const std::vector<EventRecord>& events) {
  SQLite::Statement insert(database, "INSERT INTO events (at, kind, address, host, text) VALUES (?, ?, ?, ?, ?)");
  for (const EventRecord& event : events) execute(insert, event.at, event.kind, event.address, event.host, event.text);
}

// Ids only grow, so that how many are kept is a matter of the largest.
void forget_the_oldest(SQLite::Database& database, const StateStoreOptions& options) {
  execute(database, "DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", options.events_kept);
  execute(database, "DELETE FROM journal WHERE id <= (SELECT max(id) FROM journal) - ? AND outcome IS NOT NULL",
          options.finished_actions_kept);
}

std::int64_t move_serial(SQLite::Database& database, const Commit& commit) {
  if (!commit.changes.empty()) execute(database, "UPDATE statefile SET serial = serial + 1");
  return database.execAndGet("SELECT serial FROM statefile").getInt64();
}

std::int64_t writes_of_other_connections(SQLite::Database& database) {
  return database.execAndGet("PRAGMA data_version").getInt64();
}

/// Nobody else can write once the transaction has begun.
void expect_no_other_writes(SQLite::Database& database, const std::optional<std::int64_t>& expected) {
  if (!expected || writes_of_other_connections(database) == *expected) return;
  throw Refused({.kind = ErrorKind::conflict,
                 .message = "somebody else has written to the statefile since it was read",
                 .detail = "",
                 .hint = "read it again, and decide by what it says now"});
}

Committed write(SQLite::Database& database, const Commit& commit, const StateStoreOptions& options) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  expect_no_other_writes(database, commit.expected_writes_of_others);
  expect_generations(database, commit.expected_generations);
  for (const RecordChange& change : commit.changes) apply_change(database, change, options.templates);
  Committed committed;
  if (commit.begun) committed.journal_id = begin_action(database, *commit.begun, commit.at);
  if (commit.ended) end_action(database, *commit.ended, committed.journal_id, commit.at);
  write_remembered(database, commit.remembered, options.scaling);
  add_decisions(database, commit.decisions, options);
  add_events(database, commit.events);
  forget_the_oldest(database, options);
  committed.serial = move_serial(database, commit);
  transaction.commit();
  return committed;
}

std::vector<AcceptedFile> accepted_files(SQLite::Database& database, std::int64_t config) {
  SQLite::Statement select(
      database, "SELECT path, text, is_configuration FROM accepted_files WHERE config = ? ORDER BY position");
  Row(select) << config;
  std::vector<AcceptedFile> files;
  while (select.executeStep()) {
    Columns columns(select);
    AcceptedFile file;
    file.path = columns.text();
    file.text = columns.text();
    file.is_configuration = columns.yes();
    files.push_back(std::move(file));
  }
  return files;
}

void check_whole(SQLite::Database& database) {
  std::string complaints;
  SQLite::Statement pages(database, fmt::format("PRAGMA integrity_check({})", kComplaintsShown));
  while (pages.executeStep()) {
    const std::string found = pages.getColumn(0).getString();
    if (found != "ok") complaints += (complaints.empty() ? "" : "; ") + found;
  }
  SQLite::Statement references(database, "PRAGMA foreign_key_check");
  if (references.executeStep()) {
    complaints += (complaints.empty() ? "" : "; ") +
                  fmt::format("a row of {} refers to one that is not there", references.getColumn(0).getString());
  }
  if (!complaints.empty()) throw DamagedRow(complaints);
}

}  // namespace

SqliteStateStore::SqliteStateStore(std::shared_ptr<Statefile> file) : file_(std::move(file)) {}

SqliteStateStore::~SqliteStateStore() = default;

Result<std::unique_ptr<SqliteStateStore>> SqliteStateStore::open(const std::string& path, OpenMode mode,
                                                                 const StateStoreOptions& options) {
  auto file = Statefile::open(path, mode, options);
  if (!file) return file.error();
  return std::unique_ptr<SqliteStateStore>(new SqliteStateStore(*file));
}

Result<RecordedState> SqliteStateStore::read() {
  return guarded(file_->path(), [&] {
    SQLite::Database& database = file_->database();
    SQLite::Transaction one_snapshot(database);
    RecordedState state;
    read_head(database, state);
    read_records(database, state);
    read_rollouts(database, state, file_->options().templates);
    read_scaling(database, state, file_->options().scaling);
    read_observations(database, state);
    read_open_actions(database, state);
    return state;
  });
}

Result<std::map<std::string, RolloutIntent>> SqliteStateStore::rollout_intents() {
  return guarded(file_->path(), [&] { return read_rollout_intents(file_->database()); });
}

Result<std::int64_t> SqliteStateStore::writes_of_others() {
  return guarded(file_->path(), [&] { return writes_of_other_connections(file_->database()); });
}

Result<std::vector<ScalingDecision>> SqliteStateStore::decisions(const std::string& group, int limit) {
  return guarded(file_->path(),
                 [&] { return read_decisions(file_->database(), group, limit, file_->options().scaling); });
}

Result<Committed> SqliteStateStore::commit(const Commit& commit) {
  return guarded(file_->path(), [&] { return write(file_->database(), commit, file_->options()); });
}

Result<void> SqliteStateStore::record_observations(const std::vector<Observation>& observations) {
  return guarded(file_->path(), [&] {
    SQLite::Database& database = file_->database();
    const WithoutWaitingForTheDisk quickly(database);
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    for (const Observation& observation : observations) write_observation(database, observation);
    transaction.commit();
  });
}

Result<std::unique_ptr<OperationLock>> SqliteStateStore::lock(const LockHolder& holder) {
  return guarded(file_->path(), [&] {
    auto lock = take_lock(file_, holder);  // first, so that what is found whole is what the holder will change
    check_whole(file_->database());
    return lock;
  });
}

Result<std::optional<LockHolder>> SqliteStateStore::lock_holder() {
  return guarded(file_->path(), [&] { return find_holder(*file_); });
}

Result<std::unique_ptr<LockRequest>> SqliteStateStore::ask_for_lock(const LockHolder& asks) {
  return guarded(file_->path(), [&] { return vscale::ask_for_lock(file_, asks); });
}

Result<std::optional<LockHolder>> SqliteStateStore::lock_request() {
  return guarded(file_->path(), [&] { return find_request(*file_); });
}

Result<void> SqliteStateStore::force_unlock(const std::string& id) {
  return guarded(file_->path(), [&] { forget_holder(*file_, id); });
}

Result<std::optional<AcceptedConfig>> SqliteStateStore::accepted_config() {
  return guarded(file_->path(), [&]() -> std::optional<AcceptedConfig> {
    SQLite::Database& database = file_->database();
    SQLite::Transaction one_snapshot(database);
    SQLite::Statement select(database,
                             "SELECT id, at, accepted_by, reason FROM accepted_configs ORDER BY id DESC LIMIT 1");
    if (!select.executeStep()) return std::nullopt;
    Columns columns(select);
    const std::int64_t id = columns.number();
    AcceptedConfig config;
    config.at = columns.instant();
    config.by = columns.text();
    config.reason = columns.text();
    config.files = accepted_files(database, id);
    return config;
  });
}

Result<void> SqliteStateStore::accept_config(const AcceptedConfig& config) {
  return guarded(file_->path(), [&] {
    SQLite::Database& database = file_->database();
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    execute(database, "INSERT INTO accepted_configs (at, accepted_by, reason) VALUES (?, ?, ?)", config.at, config.by,
            config.reason);
    const std::int64_t id = database.getLastInsertRowid();
    SQLite::Statement insert(database, "INSERT INTO accepted_files VALUES (?, ?, ?, ?, ?)");
    int position = 0;
    for (const AcceptedFile& file : config.files)
      execute(insert, id, position++, file.path, file.text, file.is_configuration);
    execute(database, "DELETE FROM accepted_configs WHERE id <= ? - ?", id, file_->options().accepted_configs_kept);
    transaction.commit();
  });
}

Result<std::vector<EventRecord>> SqliteStateStore::events(Instant since, int limit) {
  return guarded(file_->path(), [&] {
    SQLite::Statement select(file_->database(),
                             "SELECT at, kind, address, host, text FROM events WHERE at >= ? ORDER BY id DESC LIMIT ?");
    Row(select) << since << limit;
    std::vector<EventRecord> events;
    while (select.executeStep()) {
      Columns columns(select);
      EventRecord event;
      event.at = columns.instant();
      event.kind = columns.text();
      event.address = columns.text();
      event.host = columns.text();
      event.text = columns.text();
      events.push_back(std::move(event));
    }
    std::reverse(events.begin(), events.end());
    return events;
  });
}

Result<void> SqliteStateStore::check() {
  return guarded(file_->path(), [&] { check_whole(file_->database()); });
}

}  // namespace vscale
