#include "providers/sqlite/database_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

// SQLiteCpp gives SQLite's codes as numbers and keeps their names to itself.
#include <sqlite3.h>

namespace vscale {
namespace {

/// Turning WAL on needs the file for itself for a moment, and SQLite does not always wait for that.
constexpr int kWalAttempts = 100;
constexpr std::chrono::milliseconds kWalPause{20};

}  // namespace

// It is made under another name and linked: to open and close the file itself would drop the locks that another
// connection of this process has on it (that is how POSIX locks are).
bool make_private_file(const std::string& path) {
  std::string fresh = path + ".new-XXXXXX";
  const int file = mkostemp(fresh.data(), O_CLOEXEC);
  if (file < 0) return false;
  close(file);
  const int linked = link(fresh.c_str(), path.c_str());
  const int why = errno;
  unlink(fresh.c_str());
  errno = why;
  return linked == 0 || errno == EEXIST;
}

void close_to_others(const std::string& path) {
  for (const char* part : {"", "-wal", "-shm"}) {
    const std::string name = path + part;
    struct stat status {};
    const bool is_open_to_others =
        lstat(name.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0;
    if (is_open_to_others) (void)!chmod(name.c_str(), 0600);
  }
}

void turn_wal_on(SQLite::Database& database) {
  for (int attempt = 1;; ++attempt) {
    try {
      const std::string now = database.execAndGet("PRAGMA journal_mode = WAL").getString();
      if (now == "wal" || now == "memory") return;
    } catch (const SQLite::Exception& exception) {
      if (attempt == kWalAttempts || kind_of(exception) == ErrorKind::denied) throw;
    }
    if (attempt == kWalAttempts) throw SQLite::Exception("journal_mode stays as it was", SQLITE_BUSY);
    std::this_thread::sleep_for(kWalPause);
  }
}

ErrorKind kind_of(const SQLite::Exception& exception) {
  if (exception.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE) return ErrorKind::no_capacity;
  switch (exception.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ErrorKind::invalid;
    case SQLITE_FULL:
      return ErrorKind::no_capacity;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return ErrorKind::denied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
      return ErrorKind::conflict;
    default:
      return ErrorKind::failed;
  }
}

std::string name_stamp(Instant at) {
  std::string text = rfc3339(at);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace vscale
