#include "providers/sqlite/statefile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "providers/last_system_error.h"
#include "providers/sqlite/database_file.h"
#include "providers/sqlite/lock/this_machine.h"
#include "providers/sqlite/schema.h"

namespace vscale {
namespace {

namespace fs = std::filesystem;

/// What is left of the -wal after a checkpoint.
constexpr std::uint64_t kWalKept_bytes = 4 * kMiB;

std::string hint_for(ErrorKind kind, const std::string& directory) {
  switch (kind) {
    case ErrorKind::not_found:
      return fmt::format("make it: mkdir -p {}", directory);
    case ErrorKind::denied:
      return fmt::format(
          "make {} writable for this user (SQLite keeps files beside the statefile), or let --state name a "
          "file elsewhere",
          directory);
    case ErrorKind::no_capacity:
      return "make room on that file system";
    default:
      return "check the disk it is on";
  }
}

Error cannot_be_made(const std::string& path) {
  Error error = last_system_error(fmt::format("statefile {} cannot be made", path));
  error.hint = hint_for(error.kind, fs::path(path).parent_path().string());
  return error;
}

Result<void> check_kind_of_file(const std::string& path, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return {};
  return Error{.kind = ErrorKind::invalid,
               .message = fmt::format("{} is not a statefile: it is {}", path,
                                      S_ISDIR(status.st_mode) ? "a directory" : "not a regular file"),
               .detail = "",
               .hint = "let --state, or state.sqlite.path, name a file"};
}

Result<void> check_access(const std::string& path, OpenMode mode) {
  const std::string directory = fs::path(path).parent_path().string();
  if (faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
    return last_system_error(fmt::format("statefile {} cannot be read", path), "run as the user it belongs to");
  }
  if (mode == OpenMode::read_only) return {};
  if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
    return last_system_error(fmt::format("statefile {} cannot be written: it is read-only", path),
                             "run as the user it belongs to, or let --state name another file");
  }
  if (faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return last_system_error(fmt::format("statefile {} cannot be written: its directory is read-only", path),
                             hint_for(ErrorKind::denied, directory));
  }
  return {};
}

/// Sees to it that there is a file that can be used as `mode` says, before SQLite has a say.
Result<void> prepare_file(const std::string& path, OpenMode mode) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT)
      return last_system_error(fmt::format("statefile {} cannot be reached", path), "check the path");
    if (mode != OpenMode::read_write_create) {
      return Error{
          .kind = ErrorKind::not_found,
          .message = fmt::format("there is no statefile {}", path),
          .detail = "",
          .hint = "nothing was applied from here yet: vscale apply makes it; or let --state name the right file"};
    }
    if (!make_private_file(path)) return cannot_be_made(path);
    if (stat(path.c_str(), &status) != 0) return last_system_error(path + " vanished", "try again");
  }
  if (auto kind = check_kind_of_file(path, status); !kind) return kind;
  return check_access(path, mode);
}

/// What a file turns out to be, before anything in it is changed.
enum class Content { fresh, statefile };

Content identify(SQLite::Database& database, const std::string& path, OpenMode mode, int newest_version) {
  const SQLite::Transaction one_snapshot(database);  // another process may be about to fill it
  const int application = database.execAndGet("PRAGMA application_id").getInt();
  const int version = schema_version(database);
  const int objects = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (application == 0 && version == 0 && objects == 0) {
    if (mode == OpenMode::read_write_create) return Content::fresh;
    throw Refused({.kind = ErrorKind::not_found,
                   .message = fmt::format("statefile {} is empty", path),
                   .detail = "",
                   .hint = "nothing was applied from here yet: vscale apply fills it"});
  }
  if (application != kStatefileApplicationId) {
    throw Refused({.kind = ErrorKind::invalid,
                   .message = fmt::format("{} is a SQLite database, but not a statefile of vscale", path),
                   .detail = fmt::format("application_id {}, expected {}", application, kStatefileApplicationId),
                   .hint = "let --state, or state.sqlite.path, name the right file"});
  }
  if (version > newest_version) {
    throw Refused({.kind = ErrorKind::unsupported,
                   .message = fmt::format("statefile {} is of version {}, and this vscale knows versions up to {}",
                                          path, version, newest_version),
                   .detail = "",
                   .hint = "use the vscale that wrote it, or a newer one"});
  }
  if (version < newest_version && mode == OpenMode::read_only) {
    throw Refused({.kind = ErrorKind::denied,
                   .message = fmt::format("statefile {} is of version {} and has to be brought to version {} first",
                                          path, version, newest_version),
                   .detail = "opened for reading only",
                   .hint = "vscale plan does it; the file as it is now stays beside it"});
  }
  return Content::statefile;
}

void set_up_connection(SQLite::Database& database, const StateStoreOptions& options) {
  const auto page_bytes = static_cast<std::uint64_t>(database.execAndGet("PRAGMA page_size").getInt64());
  // FULL: an intent must outlive a power cut, or what was begun after it is an orphan.
  database.exec(
      fmt::format("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
                  "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = {}; PRAGMA max_page_count = {}",
                  kWalKept_bytes, options.max_size_bytes / page_bytes));
}

/// The file as it is, for whoever must go back to the older vscale.
void keep_old_version(Statefile& file, int version) {
  const std::string copy = fmt::format("{}.v{}", file.path(), version);
  if (!fs::exists(copy)) copy_statefile(file.database(), copy);
}

void give_lineage(Statefile& file) {
  SQLite::Database& database = file.database();
  if (SQLite::Statement have(database, "SELECT 1 FROM statefile"); have.executeStep()) return;
  SQLite::Statement insert(database, "INSERT INTO statefile VALUES (1, ?, 0) ON CONFLICT DO NOTHING");
  insert.bind(1, file.options().new_lineage());
  insert.exec();
}

void bring_up_to_date(Statefile& file, Content content, std::span<const Migration> migrations) {
  turn_wal_on(file.database());
  const int version = schema_version(file.database());
  if (version < migrations.back().to) {
    if (content == Content::statefile && !file.in_memory()) keep_old_version(file, version);
    migrate(file.database(), migrations);
  }
  give_lineage(file);
}

std::string percent_encoded(const std::string& path) {
  std::string text;
  for (const char c : path) text += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02x}", c) : std::string(1, c);
  return text;
}

/// A reader shares memory with writers by a file beside the statefile. Where it cannot make one, on a read-only file
/// system for one, nobody else may be able to write either: without a -wal there is no writer, and the file is read as
/// one that stands still.
bool stands_still(const std::string& path) {
  const std::string directory = fs::path(path).parent_path().string();
  return faccessat(AT_FDCWD, directory.c_str(), W_OK, AT_EACCESS) != 0 && !fs::exists(path + "-wal");
}

std::string uri_of(const std::string& path, const char* parameter) {
  return "file:" + percent_encoded(path) + "?" + parameter;
}

Statefile::Target target_of(const std::string& path, OpenMode mode) {
  if (path == Statefile::kInMemory) return {path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  if (mode != OpenMode::read_only) return {path, SQLite::OPEN_READWRITE};
  if (!stands_still(path)) return {path, SQLite::OPEN_READONLY};
  return {uri_of(path, "immutable=1"), SQLite::OPEN_READONLY | SQLite::OPEN_URI};
}

/// For a reader on a full disk, where the file that is shared with writers cannot grow to its first size. Then nobody
/// else uses the statefile, for it would be there, and SQLite reads a -wal that was left behind by itself.
Statefile::Target target_without_room(const std::string& path) {
  return {uri_of(path, "readonly_shm=1"), SQLite::OPEN_READONLY | SQLite::OPEN_URI};
}

std::string path_of_the_file(const std::string& path) {
  std::error_code ignored;
  const auto absolute = fs::absolute(path, ignored);
  const auto canonical = fs::weakly_canonical(absolute, ignored);
  return canonical.empty() ? absolute.string() : canonical.string();
}

}  // namespace

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  const auto got = getrandom(bytes.data(), bytes.size(), 0);
  VSCALE_ASSERT(got == static_cast<ssize_t>(bytes.size()), "the operating system has no random numbers");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

Statefile::Statefile(std::string path, OpenMode mode, StateStoreOptions options, const Target& target)
    : path_(std::move(path)),
      mode_(mode),
      options_(std::move(options)),
      // No mutex: a store belongs to one thread, and to lock one for each column is a tenth of the time of reading it.
      database_(target.name, target.flags | SQLite::OPEN_NOMUTEX, static_cast<int>(options_.busy_timeout.count())) {
  if (options_.machine.empty()) options_.machine = this_machine();
}

Result<std::shared_ptr<Statefile>> Statefile::open(const std::string& path, OpenMode mode,
                                                   const StateStoreOptions& options,
                                                   std::span<const Migration> migrations) {
  const bool in_memory = path == kInMemory;
  const std::string file_path = in_memory ? path : path_of_the_file(path);
  if (!in_memory) {
    if (auto prepared = prepare_file(file_path, mode); !prepared) return prepared.error();
  }
  const auto open_at = [&](const Target& target) {
    return guarded(file_path, [&] {
      const std::shared_ptr<Statefile> file(new Statefile(file_path, mode, options, target));
      const Content content = identify(file->database(), file_path, mode, migrations.back().to);
      if (mode != OpenMode::read_only && !in_memory) close_to_others(file_path);
      if (mode != OpenMode::read_only) bring_up_to_date(*file, content, migrations);
      set_up_connection(file->database(), file->options());
      return file;
    });
  };
  auto opened = open_at(target_of(file_path, mode));
  const bool lacks_room = !opened && opened.error().kind == ErrorKind::no_capacity;
  return lacks_room && mode == OpenMode::read_only ? open_at(target_without_room(file_path)) : opened;
}

}  // namespace vscale
