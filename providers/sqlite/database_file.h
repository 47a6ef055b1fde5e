#pragma once

#include <string>

#include "engine/values/result.h"
#include "engine/values/units.h"

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

/// What all our SQLite files have in common: nobody else may read them, they are in WAL mode, and SQLite's codes mean
/// the same for each.

namespace vscale {

/// An empty file, 0600 from its first moment; one that is there already stays as it is. False: errno says why not.
bool make_private_file(const std::string& path);

/// Whoever copied a file here may not have thought of who can read it. Only for what is known to be ours, with what
/// SQLite keeps beside it, which it makes readable by whoever may read the file. Where that is not ours to change, it
/// stays as it is.
void close_to_others(const std::string& path);

/// Throws SQLite::Exception if others do not let go of the file for two seconds.
void turn_wal_on(SQLite::Database& database);

/// The one place where SQLite's codes become kinds.
ErrorKind kind_of(const SQLite::Exception& exception);

/// 2026-05-04T13:20:00.000Z as 20260504T132000.000Z, for colons are trouble in names of files.
std::string name_stamp(Instant at);

}  // namespace vscale
