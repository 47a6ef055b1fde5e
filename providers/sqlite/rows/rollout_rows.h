#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <string>

#include "engine/recorded/recorded_state.h"
#include "providers/sqlite/sqlite_state_store.h"

/// Revisions, rollouts and what operators said of them, as rows. Throws what SQLite throws and DamagedRow.

namespace vscale {

/// Fills in the three maps of `state`. Call it inside a transaction.
void read_rollouts(SQLite::Database& database, RecordedState& state, const TemplateFormat& templates);
/// One statement over one small table: needs no transaction, and waits for nobody.
std::map<std::string, RolloutIntent> read_rollout_intents(SQLite::Database& database);

void put_revision(SQLite::Database& database, const RevisionRecord& revision, const TemplateFormat& templates);
void apply(SQLite::Database& database, const MoveRollout& move);
void apply(SQLite::Database& database, const RemoveRevision& remove);
void apply(SQLite::Database& database, const PutRollout& put);
void apply(SQLite::Database& database, const RemoveRollout& remove);
void apply(SQLite::Database& database, const PutRolloutIntent& put);
void apply(SQLite::Database& database, const RemoveRolloutIntent& remove);

/// All of them that a group has, which is no more.
void remove_rollouts_of(SQLite::Database& database, const std::string& group);

}  // namespace vscale
