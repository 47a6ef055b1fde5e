#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "engine/values/result.h"
#include "providers/sqlite/migrations.h"
#include "providers/sqlite/sqlite_state_store.h"

/// An open statefile: the connection, where it is, and how its failures are told.

namespace vscale {

/// Open and of this version. Shared by the store and the locks that it gave.
class Statefile {
 public:
  /// As SqliteStateStore::open, which says the contract. Tests bring migrations of their own.
  static Result<std::shared_ptr<Statefile>> open(const std::string& path, OpenMode mode,
                                                 const StateStoreOptions& options,
                                                 std::span<const Migration> migrations = all_migrations());

  SQLite::Database& database() { return database_; }
  const StateStoreOptions& options() const { return options_; }
  bool in_memory() const { return path_ == kInMemory; }
  OpenMode mode() const { return mode_; }
  /// Absolute, and of the file itself whatever links led to it: the names beside it must be the same for everybody.
  const std::string& path() const { return path_; }

  static constexpr const char* kInMemory = ":memory:";

  /// What SQLite is told to open, and how.
  struct Target {
    std::string name;
    int flags = 0;
  };

 private:
  Statefile(std::string path, OpenMode mode, StateStoreOptions options, const Target& target);

  std::string path_;
  OpenMode mode_;
  StateStoreOptions options_;
  SQLite::Database database_;
};

/// A row that no version of vscale writes; becomes an Error of kind `invalid`.
class DamagedRow : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown inside a transaction to end it with this error, which statefile_error() gives back.
class Refused : public std::runtime_error {
 public:
  explicit Refused(Error error) : std::runtime_error(error.message), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

/// The one place where what went wrong becomes words. Call it in a catch block; `path` is the statefile's.
Error statefile_error(const std::string& path);

/// Carries out `work` and turns what SQLite throws into an Error. Nothing else of SQLite leaves this folder.
template <class Work>
auto guarded(const std::string& path, const Work& work) -> Result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return {};
    } else {
      return work();
    }
  } catch (const std::exception&) {
    return statefile_error(path);
  }
}

/// The newest copy beside the statefile, for a hint; empty if there is none.
std::string newest_backup_of(const std::string& path);

/// Writes a copy, 0600 and complete as soon as it has its name. Throws Refused with `exists` if the name is taken.
void copy_statefile(SQLite::Database& database, const std::string& target);

}  // namespace vscale
