#include "providers/sqlite/lock/operation_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "providers/last_system_error.h"
#include "providers/sqlite/lock/this_machine.h"
#include "providers/sqlite/rows/columns.h"

namespace vscale {
namespace {

/// A holder has the kernel's lock a moment before its row is written: how often, and how long, to look for the row.
constexpr int kRowAttempts = 25;
constexpr std::chrono::milliseconds kRowPause{20};
constexpr const char* kWait = "wait until it is done, or let --lock-timeout do so";

struct HolderRow {
  LockHolder holder;
  std::string machine;
};

HolderRow row_of(Columns columns) {
  HolderRow row;
  row.holder.id = columns.text();
  row.holder.operation = columns.text();
  row.holder.user = columns.text();
  row.holder.host = columns.text();
  row.holder.pid = columns.number();
  row.holder.since = columns.instant();
  row.machine = columns.text();
  return row;
}

std::optional<HolderRow> read_row(SQLite::Database& database) {
  SQLite::Statement select(database, "SELECT id, operation, user, host, pid, since, machine FROM operation_lock");
  if (!select.executeStep()) return std::nullopt;
  return row_of(Columns(select));
}

/// An open description of PATH.lock. Closed with its last descriptor; never inherited by a program that we start.
class LockFile {
 public:
  LockFile(const std::string& path, int flags) : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~LockFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  LockFile& operator=(LockFile&&) = delete;

  bool is_open() const { return descriptor_ >= 0; }

  // Open file description locks and not flock(): they can be asked for without being taken, so that asking who holds it
  // never gets in the way of somebody who takes it.
  bool try_lock() {
    struct flock whole_file = whole();
    return fcntl(descriptor_, F_OFD_SETLK, &whole_file) == 0;
  }
  bool is_locked_by_another() {
    struct flock whole_file = whole();
    return fcntl(descriptor_, F_OFD_GETLK, &whole_file) == 0 && whole_file.l_type != F_UNLCK;
  }

 private:
  static struct flock whole() {
    struct flock region {};
    region.l_type = F_WRLCK;
    region.l_whence = SEEK_SET;
    return region;
  }

  int descriptor_;
};

/// Also true where we may not signal it.
bool is_alive(std::int64_t pid) {
  return kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM;
}

/// began_at() tells to so much.
constexpr std::chrono::seconds kBeginRounding{2};

/// Whether the process that wrote the row lives on this machine: its lock counts, though the kernel may know nothing of
/// it, since somebody removed the lock file under it. One that began later only has its number.
bool is_of_living(const Statefile& file, const HolderRow& row) {
  if (row.machine != file.options().machine) return false;
  const auto began = began_at(row.holder.pid);
  return began && *began <= row.holder.since + kBeginRounding;
}

std::string lock_path(const Statefile& file) {
  return file.path() + ".lock";
}

class KernelLock final : public OperationLock {
 public:
  KernelLock(std::shared_ptr<Statefile> file, std::optional<LockFile> lock, std::string id)
      : file_(std::move(file)), lock_(std::move(lock)), id_(std::move(id)) {}
  KernelLock(const KernelLock&) = delete;
  KernelLock& operator=(const KernelLock&) = delete;
  ~KernelLock() override {
    // If the row cannot be removed, it is heeded until this process ends, which is soon.
    (void)guarded(file_->path(), [&] { execute(file_->database(), "DELETE FROM operation_lock WHERE id = ?", id_); });
  }

 private:
  std::shared_ptr<Statefile> file_;
  std::optional<LockFile> lock_;  ///< Nothing for a statefile in memory.
  std::string id_;
};

class Request final : public LockRequest {
 public:
  Request(std::shared_ptr<Statefile> file, std::string id) : file_(std::move(file)), id_(std::move(id)) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() override {
    // If the row cannot be removed, it asks until this process ends, which is soon.
    (void)guarded(file_->path(), [&] { execute(file_->database(), "DELETE FROM lock_requests WHERE id = ?", id_); });
  }

 private:
  std::shared_ptr<Statefile> file_;
  std::string id_;
};

[[noreturn]] void refuse_held(const Statefile& file, const LockHolder& holder, const std::string& hint) {
  throw Refused(
      {.kind = ErrorKind::conflict,
       .message = fmt::format("statefile {} is in use: {} by {}@{}, pid {}, since {}, lock {}", file.path(),
                              holder.operation, holder.user, holder.host, holder.pid, rfc3339(holder.since), holder.id),
       .detail = "",
       .hint = hint});
}

/// What helps `asks`: a run ends, but a watch does not, and makes way only for those that can ask it to.
std::string hint_beside(const LockHolder& holder, const LockHolder& asks) {
  if (holder.operation != "watch") return kWait;
  if (asks.operation == "watch") return "a watch is already at it";
  if (asks.operation != "apply" && asks.operation != "destroy") return "end the watch, and begin it again after this";
  return fmt::format("`vscale {} --lock-timeout 1m` asks it to make way", asks.operation);
}

[[noreturn]] void refuse_held_by_living(Statefile& file, const LockHolder& asks) {
  std::optional<HolderRow> row;
  for (int attempt = 0; attempt < kRowAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kRowPause);
    row = read_row(file.database());
    // A row of a process that is gone is the one before: the holder's own is about to be written.
    if (row && (row->machine != file.options().machine || is_alive(row->holder.pid))) {
      refuse_held(file, row->holder, hint_beside(row->holder, asks));
    }
  }
  throw Refused({.kind = ErrorKind::conflict,
                 .message = fmt::format("statefile {} is in use by a process that has not said who it is", file.path()),
                 .detail = "",
                 .hint = fmt::format("see who it is: fuser {}", lock_path(file))});
}

void refuse_held_elsewhere(const Statefile& file, const HolderRow& row) {
  if (row.machine == file.options().machine) return;
  refuse_held(file, row.holder,
              fmt::format("whether it still runs only {} can tell; if it certainly does not: vscale force-unlock {}",
                          row.holder.host, row.holder.id));
}

std::optional<LockFile> take_kernel_lock(Statefile& file, const LockHolder& asks) {
  if (file.in_memory()) return std::nullopt;
  LockFile lock(lock_path(file), O_RDWR | O_CREAT);
  if (!lock.is_open()) {
    throw Refused(last_system_error(fmt::format("the lock file {} cannot be opened", lock_path(file)),
                                    "run as the user it belongs to, in a directory where that user may write"));
  }
  if (!lock.try_lock()) {
    if (errno == EAGAIN || errno == EACCES) refuse_held_by_living(file, asks);
    throw Refused(last_system_error(fmt::format("the file {} cannot be locked", lock_path(file)),
                                    "keep the statefile on a file system that has locks"));
  }
  return lock;
}

bool is_held_here(const Statefile& file) {
  LockFile lock(lock_path(file), O_RDONLY);
  return lock.is_open() && lock.is_locked_by_another();
}

}  // namespace

std::unique_ptr<OperationLock> take_lock(const std::shared_ptr<Statefile>& file, const LockHolder& holder) {
  std::optional<LockFile> lock = take_kernel_lock(*file, holder);
  SQLite::Database& database = file->database();
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (const auto row = read_row(database)) {
    if (file->in_memory()) refuse_held(*file, row->holder, "wait until it is done");
    refuse_held_elsewhere(*file, *row);
    if (is_of_living(*file, *row)) refuse_held(*file, row->holder, hint_beside(row->holder, holder));
  }
  execute(database, "INSERT OR REPLACE INTO operation_lock VALUES (1, ?, ?, ?, ?, ?, ?, ?)", holder.id,
          holder.operation, holder.user, holder.host, holder.pid, holder.since, file->options().machine);
  transaction.commit();
  return std::make_unique<KernelLock>(file, std::move(lock), holder.id);
}

std::optional<LockHolder> find_holder(Statefile& file) {
  const auto row = read_row(file.database());
  if (!row) return std::nullopt;
  const bool held_elsewhere = file.in_memory() || row->machine != file.options().machine;
  if (held_elsewhere || is_held_here(file) || is_of_living(file, *row)) return row->holder;
  return std::nullopt;
}

std::unique_ptr<LockRequest> ask_for_lock(const std::shared_ptr<Statefile>& file, const LockHolder& asks) {
  execute(file->database(), "INSERT OR REPLACE INTO lock_requests VALUES (?, ?, ?, ?, ?, ?, ?)", asks.id,
          asks.operation, asks.user, asks.host, asks.pid, asks.since, file->options().machine);
  return std::make_unique<Request>(file, asks.id);
}

std::optional<LockHolder> find_request(Statefile& file) {
  SQLite::Statement select(
      file.database(), "SELECT id, operation, user, host, pid, since, machine FROM lock_requests ORDER BY since, id");
  while (select.executeStep()) {
    const HolderRow row = row_of(Columns(select));
    if (is_of_living(file, row)) return row.holder;
  }
  return std::nullopt;
}

void forget_holder(Statefile& file, const std::string& id) {
  SQLite::Transaction transaction(file.database(), SQLite::TransactionBehavior::IMMEDIATE);
  const auto row = read_row(file.database());
  if (!row || row->holder.id != id) {
    throw Refused({.kind = ErrorKind::not_found,
                   .message = fmt::format("nobody holds the lock {} of statefile {}", id, file.path()),
                   .detail = row ? fmt::format("the lock is {}", row->holder.id) : "",
                   .hint = "see who holds it: vscale status"});
  }
  if (is_of_living(file, *row) || (row->machine == file.options().machine && is_held_here(file))) {
    refuse_held(file, row->holder, "it is alive on this machine: end it, and its lock goes with it");
  }
  execute(file.database(), "DELETE FROM operation_lock WHERE id = ?", id);
  transaction.commit();
}

}  // namespace vscale
