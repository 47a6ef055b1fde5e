#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "engine/ports/state_store.h"
#include "providers/sqlite/sqlite_state_store.h"

/// What vscale made, as rows. Call these inside a transaction; they throw what SQLite throws, DamagedRow and Refused.

namespace vscale {

/// Everything of RecordedState but rolling updates, what was observed and the journal's open actions.
void read_records(SQLite::Database& database, RecordedState& state);

/// Applies one change. Refused with `conflict` if a name, a uuid, a MAC or an address belongs to another instance.
void apply_change(SQLite::Database& database, const RecordChange& change, const TemplateFormat& templates);

/// Refused with `conflict` if a host's generation is not the expected one.
void expect_generations(SQLite::Database& database, const std::map<std::string, std::int64_t>& expected);

/// Sees to it that there is a row for the host.
void know_host(SQLite::Database& database, const std::string& host);

}  // namespace vscale
