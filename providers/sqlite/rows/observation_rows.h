#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include "engine/ports/state_store.h"

/// What was seen on the hosts, as rows. Call these inside a transaction; they throw what SQLite throws and DamagedRow.

namespace vscale {

/// Fills in `observed` and `failure` of the hosts that are in `state` already.
void read_observations(SQLite::Database& database, RecordedState& state);

/// Writes what differs from what is there. The same again writes one instant and reads nothing of the domains.
void write_observation(SQLite::Database& database, const Observation& observation);

/// One domain more or less in what was last seen of the host; nothing if the host was never seen. A domain of the same
/// name that was seen stays as it is.
void add_observed_domain(SQLite::Database& database, const std::string& host, const LiveDomain& domain);
void remove_observed_domain(SQLite::Database& database, const std::string& host, const std::string& uuid);

}  // namespace vscale
