#include "providers/sqlite/rows/scaling_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/values/result.h"
#include "engine/values/variants/overloaded.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

constexpr const char* kSuspend = "suspend";
constexpr const char* kProtect = "protect";
constexpr const char* kStop = "stop";
constexpr const char* kRestart = "restart";
constexpr const char* kRolling = "rolling";
constexpr const char* kTogether = "together";

// Reading -----------------------------------------------------------------------------------------------

void read_wanted_sizes(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT of_group, size, owner, by_whom, reason, at, until FROM wanted_sizes");
  while (select.executeStep()) {
    Columns columns(select);
    WantedSize size;
    size.group = columns.text();
    size.size = columns.small();
    const std::string owner = columns.text();
    size.owner = known_word(size_owner_from(owner), owner);
    size.by = columns.text();
    size.reason = columns.text();
    size.at = columns.instant();
    size.until = columns.instant_if_any();
    state.wanted_sizes.emplace(size.group, std::move(size));
  }
}

/// One row of operator_words, before it is known what it is about.
struct WordRow {
  std::string kind, about, process, detail;
  std::optional<Instant> until;
  Said said;
};

InstanceAddress instance_of(const WordRow& row) {
  const auto address = parse_instance_address(row.about);
  if (!address) damaged_column(row.about, "the address of an instance");
  return *address;
}

OperatorWord word_of(const WordRow& row) {
  if (row.kind == kSuspend) {
    return Suspension{row.about, known_word(process_from(row.process), row.process), row.until, row.said};
  }
  if (row.kind == kProtect) {
    return Protection{instance_of(row), known_word(protection_from(row.detail), row.detail), row.until, row.said};
  }
  if (row.kind == kStop) return StopWord{instance_of(row), row.said};
  if (row.kind == kRestart) return RestartWord{row.about, row.detail == kRolling, row.said};
  damaged_column(row.kind, "a word of this version");
}

void read_words(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database,
                           "SELECT kind, about, process, detail, until, at, said_by, reason FROM operator_words");
  while (select.executeStep()) {
    Columns columns(select);
    WordRow row;
    row.kind = columns.text();
    row.about = columns.text();
    row.process = columns.text();
    row.detail = columns.text();
    row.until = columns.instant_if_any();
    row.said.at = columns.instant();
    row.said.by = columns.text();
    row.said.reason = columns.text();
    put(state.words, word_of(row));
  }
}

template <class Value>
Value read_as(const std::function<Result<Value>(const std::string&)>& read, const std::string& text,
              const std::string& where) {
  VSCALE_ASSERT(read != nullptr, "a statefile with decisions is opened without a format for them");
  auto value = read(text);
  if (value) return std::move(value).value();
  throw DamagedRow(fmt::format("{}: {}", where, value.error().message));
}

void read_memories(SQLite::Database& database, RecordedState& state, const ScalingFormat& formats) {
  SQLite::Statement select(database, "SELECT of_group, memory FROM scaling_memory");
  while (select.executeStep()) {
    Columns columns(select);
    const std::string group = columns.text();
    ScalingMemory memory =
        read_as(formats.read_memory, columns.text(), fmt::format("table scaling_memory, {}, column memory", group));
    memory.group = group;
    state.scaling.emplace(group, std::move(memory));
  }
}

std::vector<Instant> instants_in(const std::string& lines) {
  std::vector<Instant> instants;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', begin), lines.size());
    const auto at = instant_from(std::string_view(lines).substr(begin, end - begin));
    if (!at) damaged_column(lines, "instants, one a line");
    instants.push_back(*at);
    begin = end + 1;
  }
  return instants;
}

std::string one_a_line(const std::vector<Instant>& instants) {
  std::string lines;
  for (const Instant at : instants) lines += (lines.empty() ? "" : "\n") + rfc3339(at);
  return lines;
}

void read_health(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(
      database,
      "SELECT instance, uuid, failures, failure, failing_since, healthy_since, looked_at, healed_at, "
      "backoff_step, retry_at FROM health");
  while (select.executeStep()) {
    Columns columns(select);
    HealthRecord health;
    health.address = columns.address();
    health.uuid = columns.text();
    health.failures = columns.small();
    health.failure = columns.text();
    health.failing_since = columns.instant_if_any();
    health.healthy_since = columns.instant_if_any();
    health.looked_at = columns.instant_if_any();
    health.healed_at = instants_in(columns.text());
    health.backoff_step = columns.small();
    health.retry_at = columns.instant_if_any();
    state.health.emplace(health.address, std::move(health));
  }
}

// Writing -----------------------------------------------------------------------------------------------

WordRow row_of(const OperatorWord& word) {
  return std::visit(
      Overloaded{[](const Suspension& said) -> WordRow {
                   return {kSuspend, said.group, to_string(said.process), "", said.until, said.said};
                 },
                 [](const Protection& said) -> WordRow {
                   return {kProtect, to_string(said.instance), "", to_string(said.from), said.until, said.said};
                 },
                 [](const StopWord& said) -> WordRow {
                   return {kStop, to_string(said.instance), "", "", std::nullopt, said.said};
                 },
                 [](const RestartWord& said) -> WordRow {
                   return {kRestart, said.group, "", said.rolling ? kRolling : kTogether, std::nullopt, said.said};
                 }},
      word);
}

}  // namespace

void read_scaling(SQLite::Database& database, RecordedState& state, const ScalingFormat& formats) {
  read_wanted_sizes(database, state);
  read_words(database, state);
  read_memories(database, state, formats);
  read_health(database, state);
}

void apply(SQLite::Database& database, const PutWantedSize& put) {
  const WantedSize& size = put.size;
  execute(database, "INSERT OR REPLACE INTO wanted_sizes VALUES (?, ?, ?, ?, ?, ?, ?)", size.group, size.size,
          to_string(size.owner), size.by, size.reason, size.at, size.until);
}

void apply(SQLite::Database& database, const RemoveWantedSize& remove) {
  execute(database, "DELETE FROM wanted_sizes WHERE of_group = ?", remove.group);
}

void apply(SQLite::Database& database, const PutWord& put) {
  const WordRow row = row_of(put.word);
  execute(database, "INSERT OR REPLACE INTO operator_words VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row.kind, row.about,
          row.process, row.detail, row.until, row.said.at, row.said.by, row.said.reason);
}

void apply(SQLite::Database& database, const RemoveWord& remove) {
  const WordRow row = row_of(remove.word);
  execute(database, "DELETE FROM operator_words WHERE kind = ? AND about = ? AND process = ?", row.kind, row.about,
          row.process);
}

void remove_scaling_of(SQLite::Database& database, const std::string& group) {
  execute(database, "DELETE FROM wanted_sizes WHERE of_group = ?", group);
  execute(database, "DELETE FROM scaling_memory WHERE of_group = ?", group);
  execute(database, "DELETE FROM scaling_decisions WHERE of_group = ?", group);
  execute(database, "DELETE FROM operator_words WHERE about = ?1 OR about GLOB ?1 || '[[]*'", group);
}

void move_scaling(SQLite::Database& database, const std::string& from, const std::string& to) {
  execute(database, "DELETE FROM wanted_sizes WHERE of_group = ?", to);
  execute(database, "UPDATE wanted_sizes SET of_group = ? WHERE of_group = ?", to, from);
  execute(database, "DELETE FROM scaling_memory WHERE of_group = ?", to);
  execute(database, "UPDATE scaling_memory SET of_group = ? WHERE of_group = ?", to, from);
  execute(database, "UPDATE scaling_decisions SET of_group = ? WHERE of_group = ?", to, from);
  execute(database, "DELETE FROM operator_words WHERE about = ? AND kind IN ('suspend', 'restart')", to);
  execute(database, "UPDATE operator_words SET about = ? WHERE about = ? AND kind IN ('suspend', 'restart')", to, from);
}

void remove_words_of(SQLite::Database& database, const InstanceAddress& instance) {
  execute(database, "DELETE FROM operator_words WHERE about = ? AND kind IN ('protect', 'stop')", instance);
  execute(database, "DELETE FROM health WHERE instance = ?", instance);
}

void move_words(SQLite::Database& database, const InstanceAddress& from, const InstanceAddress& to) {
  remove_words_of(database, to);
  execute(database, "UPDATE operator_words SET about = ? WHERE about = ? AND kind IN ('protect', 'stop')", to, from);
  execute(database, "UPDATE health SET instance = ? WHERE instance = ?", to, from);
}

void write_remembered(SQLite::Database& database, const Remembered& remembered, const ScalingFormat& formats) {
  if (!remembered.scaling.empty()) {
    VSCALE_ASSERT(formats.write_memory != nullptr, "memory is to be written without a format for it");
    SQLite::Statement put(database, "INSERT OR REPLACE INTO scaling_memory VALUES (?, ?)");
    for (const auto& memory : remembered.scaling) execute(put, memory.group, formats.write_memory(memory));
  }
  if (!remembered.health.empty()) {
    SQLite::Statement put(database, "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& health : remembered.health) {
      execute(put, health.address, health.uuid, health.failures, health.failure, health.failing_since,
              health.healthy_since, health.looked_at, one_a_line(health.healed_at), health.backoff_step,
              health.retry_at);
    }
  }
  if (remembered.well.empty()) return;
  SQLite::Statement drop(database, "DELETE FROM health WHERE instance = ?");
  for (const auto& address : remembered.well) execute(drop, address);
}

void add_decisions(SQLite::Database& database, const std::vector<ScalingDecision>& decisions,
                   const StateStoreOptions& options) {
  if (decisions.empty()) return;
  VSCALE_ASSERT(options.scaling.write_decision != nullptr, "a decision is to be written without a format for it");
  SQLite::Statement insert(database,
                           "INSERT INTO scaling_decisions (of_group, at, moved, decision) VALUES (?, ?, ?, ?)");
  SQLite::Statement forget(database,
                           "DELETE FROM scaling_decisions WHERE of_group = ?1 AND moved = ?2 AND id <= (SELECT id FROM "
                           "scaling_decisions WHERE of_group = ?1 AND moved = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)");
  for (const auto& decision : decisions) {
    const bool moved = decision.size != decision.current;
    execute(insert, decision.group, decision.at, moved, options.scaling.write_decision(decision));
    execute(forget, decision.group, moved, moved ? options.moving_decisions_kept : options.idle_decisions_kept);
  }
}

std::vector<ScalingDecision> read_decisions(SQLite::Database& database, const std::string& group, int limit,
                                            const ScalingFormat& formats) {
  SQLite::Statement select(database,
                           "SELECT id, decision FROM scaling_decisions WHERE of_group = ? ORDER BY id DESC LIMIT ?");
  Row(select) << group << limit;
  std::vector<ScalingDecision> decisions;
  while (select.executeStep()) {
    Columns columns(select);
    const std::int64_t id = columns.number();
    decisions.push_back(read_as(formats.read_decision, columns.text(),
                                fmt::format("table scaling_decisions, id {}, column decision", id)));
  }
  std::reverse(decisions.begin(), decisions.end());
  return decisions;
}

}  // namespace vscale
