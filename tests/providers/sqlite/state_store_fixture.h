#pragma once

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "providers/sqlite/sqlite_state_store.h"
#include "tests/support/revisions.h"
#include "tests/support/state_store_options.h"

/// What the tests of the statefile stand on: directories that go away, values with something in every field, children.

namespace vscale::test {

/// A directory of its own for each test, that everybody may enter.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "vscale-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
    std::filesystem::permissions(path_, std::filesystem::perms(0777));
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_file(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

/// The text with every `from` written as `to`: golden files know nothing of this machine.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// For golden files: the kind, and the whole line that a person reads.
inline std::string told(const Error& error, const TemporaryDirectory& directory) {
  const std::string text = std::string(to_string(error.kind)) + ": " + to_string(error) + "\n";
  return replaced(replaced(text, directory.path(), "/state"), "pid " + std::to_string(getpid()) + ",", "pid PID,");
}

/// A process of its own. What `work` returns comes back as text; a child that dies otherwise gives what it said so far.
class Child {
 public:
  explicit Child(const std::function<std::string()>& work) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      close(ends[0]);
      const std::string said = work();
      [[maybe_unused]] const auto written = write(ends[1], said.data(), said.size());
      _exit(0);
    }
    close(ends[1]);
    said_ = ends[0];
  }
  ~Child() {
    end();
    close(said_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  /// Waits for its end.
  std::string result() {
    std::string text;
    char part[4096];
    for (ssize_t got = 0; (got = read(said_, part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(got));
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = 0;
    return text;
  }

 private:
  pid_t pid_ = 0;
  int said_ = -1;
};

/// What `work` says when the user that carries it out is not root: root may write read-only files.
inline std::string as_nobody(const std::function<std::string()>& work) {
  Child child([&] {
    constexpr unsigned kNobody = 65534;
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) {
      return std::string("cannot become nobody");
    }
    return work();
  });
  return child.result();
}

inline int permissions_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return static_cast<int>(status.st_mode & 0777);
}

/// What `work` says of a disk of 1 MiB that is mounted at `path` for it alone; nothing where only root may mount.
inline std::optional<std::string> on_a_small_disk(const std::string& path, const std::function<std::string()>& work) {
  const std::string no_mounts = "no mounts";
  Child child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") != 0) {
      return no_mounts;
    }
    return work();
  });
  std::string said = child.result();
  if (said != no_mounts) return said;
  WARN("a file system of its own needs root: not tested");
  return std::nullopt;
}

inline Instant at_second(int second) {
  using namespace std::chrono;
  return sys_days{year{2026} / 5 / 4} + hours{13} + minutes{20} + seconds{second};
}

inline std::unique_ptr<SqliteStateStore> open_store(const std::string& path,
                                                    const StateStoreOptions& options = store_options()) {
  auto store = SqliteStateStore::open(path, OpenMode::read_write_create, options);
  INFO((store ? "" : to_string(store.error())));
  REQUIRE(store);
  return std::move(store).value();
}

inline RecordedState read_state(SqliteStateStore& store) {
  auto state = store.read();
  INFO((state ? "" : to_string(state.error())));
  REQUIRE(state);
  return std::move(state).value();
}

/// `group.web[ORDINAL]` on a host, with names, uuid, MAC and address of its own.
inline InstanceRecord web(int ordinal, const std::string& host = "kvm1") {
  const std::string number = std::to_string(ordinal);
  InstanceRecord instance;
  instance.address = {InstanceAddress::Kind::group, "web", ordinal};
  instance.name = "prod-web-" + number;
  instance.uuid = "00000000-0000-4000-8000-00000000000" + number;
  instance.host = host;
  instance.spec_hash = "5fec";
  instance.image_digest = "sha256:41c7";
  instance.nics = {{.network = "lan", .mac = "52:54:00:00:00:0" + number, .address = "10.0.0.5" + number}};
  instance.vcpus = 2;
  instance.memory_bytes = 2 * kGiB;
  instance.claim = {.vcpus = 2, .memory_mib = 2200, .disk_gib = {{"local", 20}}};
  return instance;
}

inline Commit changes(std::vector<RecordChange> all, int second = 0) {
  Commit commit;
  commit.at = at_second(second);
  commit.changes = std::move(all);
  return commit;
}

inline Committed must_commit(SqliteStateStore& store, const Commit& commit) {
  auto committed = store.commit(commit);
  INFO((committed ? "" : to_string(committed.error())));
  REQUIRE(committed);
  return *committed;
}

inline LockHolder holder(const std::string& id, const std::string& operation = "apply") {
  return {.id = id, .operation = operation, .user = "anna", .host = "ctl1", .pid = getpid(), .since = at_second(0)};
}

/// With something in every field.
inline InstanceRecord full_instance() {
  InstanceRecord db = web(0);
  db.address = {InstanceAddress::Kind::machine, "db1", 0};
  db.name = "prod-db1";
  db.uuid = "00000000-0000-4000-8000-0000000000db";
  db.incarnation = 3;
  db.revision = 7;
  db.phase = Phase::ready;
  db.nics = {
      {.network = "lan", .mac = "52:54:00:00:00:a0", .address = "10.0.0.90", .settings = "prefix 24, gateway 10.0.0.1"},
      {.network = "dmz", .mac = "52:54:00:00:00:a1", .address = "192.168.122.7", .learned = true}};
  db.claim.disk_gib = {{"local", 20}, {"nfs", 0}};
  db.created_at = at_second(1);
  db.started_at = at_second(2);
  db.ready_at = at_second(3) + std::chrono::milliseconds{7};
  db.after = {"group.web", "group.cp"};
  db.prevent_destroy = true;
  db.shutdown_grace_ms = 90000;
  db.drained = true;
  db.failed = true;
  return db;
}

inline HostSnapshot seen(const std::string& host, std::vector<LiveDomain> domains, int second = 0) {
  HostSnapshot snapshot;
  snapshot.host = host;
  snapshot.identity = {host + ".example.lan", "4c4c4544-0000-4000-8000-000000000001"};
  snapshot.seen_at = at_second(second);
  snapshot.vcpus = 16;
  snapshot.memory_bytes = 64 * kGiB;
  snapshot.kvm = true;
  snapshot.hypervisor = "QEMU";
  snapshot.libvirt_version = 9000000;
  snapshot.traits = {"arch:x86_64", "kvm"};
  snapshot.pools = {{.name = "default",
                     .type = "dir",
                     .path = "/var/lib/libvirt/images",
                     .active = true,
                     .capacity_bytes = 900 * kGiB,
                     .available_bytes = 700 * kGiB,
                     .volumes = {"a.qcow2", "b.qcow2"}}};
  snapshot.networks = {"default"};
  snapshot.domains = std::move(domains);
  return snapshot;
}

inline Observation saw(HostSnapshot snapshot) {
  const std::string host = snapshot.host;
  return {.host = host, .view = {.snapshot = std::move(snapshot), .failure = std::nullopt}};
}

}  // namespace vscale::test
