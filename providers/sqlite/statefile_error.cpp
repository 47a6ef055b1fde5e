#include <fmt/format.h>

#include <filesystem>

#include "providers/sqlite/database_file.h"
#include "providers/sqlite/statefile.h"

// SQLiteCpp gives SQLite's codes as numbers and keeps their names to itself.
#include <sqlite3.h>

namespace vscale {
namespace {

std::string how_to_go_back(const std::string& path) {
  const std::string backup = newest_backup_of(path);
  if (backup.empty()) {
    return fmt::format(
        "there is no backup beside it; keep {0} and {0}-wal, and see what can be read: sqlite3 {0} .recover", path);
  }
  // What was committed last may be in the -wal alone: whoever recovers something later needs both.
  return fmt::format("go back to the newest backup: move {0} and {0}-wal away together, and copy {1} to {0}", path,
                     backup);
}

Error damaged(const std::string& path, const std::string& detail) {
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("statefile {} is damaged", path),
          .detail = detail,
          .hint = how_to_go_back(path)};
}

/// Another file was named, or this was the statefile and somebody wrote over it.
Error not_a_database(const std::string& path, const std::string& detail) {
  std::string hint = "let --state, or state.sqlite.path, name the right file";
  if (!newest_backup_of(path).empty()) hint += "; if this was it, " + how_to_go_back(path);
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("{} is not a statefile: it is not a SQLite database", path),
          .detail = detail,
          .hint = std::move(hint)};
}

Error no_room(const std::string& path, const std::string& detail) {
  return {
      .kind = ErrorKind::no_capacity,
      .message = fmt::format("statefile {} cannot grow: the disk is full, or the bound of its size is reached", path),
      .detail = detail,
      .hint = "make room on that file system; nothing of this change was written"};
}

Error not_allowed(const std::string& path, const std::string& detail) {
  return {.kind = ErrorKind::denied,
          .message = fmt::format("statefile {} cannot be written: it is read-only for this user", path),
          .detail = detail,
          .hint = "run as the user it belongs to, or let --state name another file"};
}

Error in_use(const std::string& path, const std::string& detail) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("statefile {} stayed locked by another process", path),
          .detail = detail,
          .hint = fmt::format("try again, or see who has it open: fuser {}", path)};
}

Error cannot_be_opened(const std::string& path, const std::string& detail) {
  return {.kind = ErrorKind::denied,
          .message = fmt::format("statefile {0}, or {0}-wal or {0}-shm beside it, cannot be opened", path),
          .detail = detail,
          .hint = "run as the user they belong to, in a directory where that user may write"};
}

Error contradicted(const std::string& path, const std::string& detail) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("a change contradicts what statefile {} holds", path),
          .detail = detail,
          .hint = "plan again"};
}

Error from_sqlite(const SQLite::Exception& exception, const std::string& path) {
  const std::string detail = exception.what();
  const int code = exception.getErrorCode();
  switch (kind_of(exception)) {
    case ErrorKind::invalid:
      return code == SQLITE_NOTADB ? not_a_database(path, detail) : damaged(path, detail);
    case ErrorKind::no_capacity:
      return no_room(path, detail);
    case ErrorKind::denied:
      return code == SQLITE_CANTOPEN ? cannot_be_opened(path, detail) : not_allowed(path, detail);
    case ErrorKind::conflict:
      return code == SQLITE_CONSTRAINT ? contradicted(path, detail) : in_use(path, detail);
    default:
      return {.kind = ErrorKind::failed,
              .message = fmt::format("statefile {} could not be read or written", path),
              .detail = detail,
              .hint = "check the disk it is on"};
  }
}

}  // namespace

Error statefile_error(const std::string& path) {
  try {
    throw;
  } catch (const Refused& refused) {
    return refused.error();
  } catch (const SQLite::Exception& exception) {
    return from_sqlite(exception, path);
  } catch (const DamagedRow& row) {
    return damaged(path, row.what());
  } catch (const std::filesystem::filesystem_error& exception) {
    return {.kind = ErrorKind::failed,
            .message = fmt::format("the directory of statefile {} could not be read", path),
            .detail = exception.code().message(),
            .hint = "check the disk it is on"};
  }
}

}  // namespace vscale
