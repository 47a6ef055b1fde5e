#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "engine/ports/system_error.h"
#include "providers/sqlite/database_file.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".backup-";
constexpr const char* kUnfinished = ".part-";
/// A copy takes seconds; what is older was left behind by a crash.
constexpr std::chrono::hours kUnfinishedKept{24};

[[noreturn]] void refuse(const std::string& target, int error) {
  throw Refused(
      system_error(error, std::strerror(error), fmt::format("backup {} cannot be made", target),
                   error == EEXIST ? "name another file" : "see to it that its directory is there and writable"));
}

/// A file that has a name only as long as this lives.
class Unfinished {
 public:
  explicit Unfinished(const std::string& target) : path_(target + kUnfinished + "XXXXXX") {
    const int file = mkostemp(path_.data(), O_CLOEXEC);  // 0600
    if (file < 0) refuse(target, errno);
    close(file);
  }
  ~Unfinished() { unlink(path_.c_str()); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void flush(const std::string& path, const std::string& target) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse(target, errno);
  const int flushed = fsync(file);
  const int why = errno;
  close(file);
  if (flushed != 0) refuse(target, why);
}

/// The instant that name_stamp() wrote.
std::optional<Instant> instant_of_stamp(const std::string& text) {
  constexpr std::size_t kLength = 20;
  if (text.size() != kLength) return std::nullopt;
  return instant_from(text.substr(0, 4) + '-' + text.substr(4, 2) + '-' + text.substr(6, 5) + ':' + text.substr(11, 2) +
                      ':' + text.substr(13));
}

/// The files beside the statefile whose names go on from its own as those of backups do; as many as can be read. Throws
/// nothing of the disk's: it is asked, too, for the hint of an error that a failing disk has brought about.
std::vector<fs::path> files_beside(const std::string& path) {
  const std::string prefix = fs::path(path).filename().string() + kSuffix;
  std::vector<fs::path> found;
  std::error_code unreadable;
  // By hand: the loop over a range throws where the disk fails in the middle of it.
  for (fs::directory_iterator at(fs::path(path).parent_path(), unreadable); at != fs::directory_iterator();
       at.increment(unreadable)) {
    if (at->path().filename().string().starts_with(prefix)) found.push_back(at->path());
  }
  return found;
}

std::vector<BackupFile> backups_of(const std::string& path) {
  const std::size_t stamp_at = fs::path(path).filename().string().size() + std::string_view(kSuffix).size();
  std::vector<BackupFile> found;
  for (const fs::path& file : files_beside(path)) {
    if (const auto at = instant_of_stamp(file.filename().string().substr(stamp_at))) {
      found.push_back({file.string(), *at});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
  return found;
}

/// The copy is made under the lock of whoever copies, and nobody holds the copy.
void free_from_lock(const std::string& path) {
  SQLite::Database copy(path, SQLite::OPEN_READWRITE);
  copy.exec("PRAGMA journal_mode = MEMORY; DELETE FROM operation_lock");
}

void remove_unfinished(const std::string& path) {
  const auto too_old = fs::file_time_type::clock::now() - kUnfinishedKept;
  for (const fs::path& file : files_beside(path)) {
    if (file.filename().string().find(kUnfinished) == std::string::npos) continue;
    std::error_code gone;
    if (fs::last_write_time(file, gone) < too_old && !gone) fs::remove(file, gone);
  }
}

}  // namespace

std::string newest_backup_of(const std::string& path) {
  const auto all = backups_of(path);
  return all.empty() ? "" : all.front().path;
}

void copy_statefile(SQLite::Database& database, const std::string& target) {
  const Unfinished copy(target);
  execute(database, "VACUUM INTO ?", copy.path());
  free_from_lock(copy.path());
  flush(copy.path(), target);
  if (link(copy.path().c_str(), target.c_str()) != 0) refuse(target, errno);
}

Result<void> SqliteStateStore::backup_to(const std::string& path) {
  return guarded(file_->path(), [&] { copy_statefile(file_->database(), path); });
}

Result<BackupFile> SqliteStateStore::backup(Instant at, int keep) {
  VSCALE_ASSERT(keep >= 1, "a backup that is not kept");
  VSCALE_ASSERT(!file_->in_memory(), "a statefile in memory has nothing beside it");
  return guarded(file_->path(), [&] {
    const auto before = backups_of(file_->path());
    // The names tell the order. A clock that ran ahead and was set right must not make the newest the oldest.
    const Instant named = before.empty() ? at : std::max(at, before.front().at + Duration{1});
    const BackupFile backup{file_->path() + kSuffix + name_stamp(named), named};
    copy_statefile(file_->database(), backup.path);
    const auto all = backups_of(file_->path());
    for (std::size_t i = static_cast<std::size_t>(keep); i < all.size(); ++i) fs::remove(all[i].path);
    remove_unfinished(file_->path());
    return backup;
  });
}

Result<std::vector<BackupFile>> SqliteStateStore::backups() {
  return guarded(file_->path(), [&] { return backups_of(file_->path()); });
}

}  // namespace vscale
