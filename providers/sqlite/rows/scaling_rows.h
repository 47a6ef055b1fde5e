#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

#include "engine/ports/state_store.h"
#include "providers/sqlite/sqlite_state_store.h"

/// Sizes that are wanted, what operators said, what scaling and health remember, and decisions, as rows. Throws what
/// SQLite throws and DamagedRow.

namespace vscale {

/// Fills in RecordedState::wanted_sizes, words, scaling and health. Call it inside a transaction.
void read_scaling(SQLite::Database& database, RecordedState& state, const ScalingFormat& formats);

void apply(SQLite::Database& database, const PutWantedSize& put);
void apply(SQLite::Database& database, const RemoveWantedSize& remove);
void apply(SQLite::Database& database, const PutWord& put);
void apply(SQLite::Database& database, const RemoveWord& remove);

/// All of it that a group has, which is no more, or has another address now.
void remove_scaling_of(SQLite::Database& database, const std::string& group);
void move_scaling(SQLite::Database& database, const std::string& from, const std::string& to);
/// Likewise of one instance.
void remove_words_of(SQLite::Database& database, const InstanceAddress& instance);
void move_words(SQLite::Database& database, const InstanceAddress& from, const InstanceAddress& to);

void write_remembered(SQLite::Database& database, const Remembered& remembered, const ScalingFormat& formats);
void add_decisions(SQLite::Database& database, const std::vector<ScalingDecision>& decisions,
                   const StateStoreOptions& options);
/// The newest, oldest first.
std::vector<ScalingDecision> read_decisions(SQLite::Database& database, const std::string& group, int limit,
                                            const ScalingFormat& formats);

}  // namespace vscale
