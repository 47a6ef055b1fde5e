// Several processes on one statefile: the lock, a writer that is killed, writers at once.

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <csignal>
#include <thread>

#include "providers/sqlite/lock/this_machine.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

/// As a program on that machine opens it.
std::unique_ptr<SqliteStateStore> open_on(const std::string& machine, const std::string& path) {
  StateStoreOptions options;
  options.machine = machine;
  return open_store(path, options);
}

/// Waits, for at most ten seconds, until a file is there: a child's way to say how far it is.
void wait_for(const std::string& path) {
  for (int i = 0; i < 1000; ++i) {
    if (std::filesystem::exists(path)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  FAIL("the child never made " << path);
}

GroupRecord group(const std::string& address) {
  GroupRecord record;
  record.address = address;
  return record;
}

}  // namespace

TEST_CASE("the lock has one holder, who is named to the next, and goes with its owner") {
  const TemporaryDirectory directory;
  auto one = open_store(directory / "vscale.db");
  auto other = open_store(directory / "vscale.db");
  auto lock = one->lock(holder("lock-1"));
  REQUIRE(lock);

  const auto refused = other->lock(holder("lock-2", "watch"));

  REQUIRE_FALSE(refused);
  check_golden("state_store/locked.txt", told(refused.error(), directory));
  CHECK(other->lock_holder().value() == holder("lock-1"));
  lock = std::unique_ptr<OperationLock>();
  CHECK(one->lock_holder().value() == std::nullopt);
  CHECK(other->lock(holder("lock-2", "watch")));
}

TEST_CASE("a lock may outlive the store that gave it") {
  const TemporaryDirectory directory;
  auto lock = open_store(directory / "vscale.db")->lock(holder("lock-1"));
  REQUIRE(lock);

  CHECK(open_store(directory / "vscale.db")->lock(holder("lock-2")).error().kind == ErrorKind::conflict);
}

TEST_CASE("the lock is one, whatever link leads to the statefile") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  std::filesystem::create_symlink(directory / "vscale.db", directory / "link.db");
  const auto lock = store->lock(holder("lock-1"));

  CHECK(open_store(directory / "link.db")->lock(holder("lock-2")).error().kind == ErrorKind::conflict);
}

TEST_CASE("a statefile in memory has a lock too") {
  auto store = open_store(":memory:");
  {
    const auto lock = store->lock(holder("lock-1"));
    REQUIRE(lock);
    CHECK(store->lock(holder("lock-2")).error().kind == ErrorKind::conflict);
  }
  CHECK(store->lock(holder("lock-2")));
}

TEST_CASE("looking and observing need no lock") {
  const TemporaryDirectory directory;
  auto one = open_store(directory / "vscale.db");
  const auto lock = one->lock(holder("lock-1"));
  REQUIRE(lock);
  HostSnapshot snapshot;
  snapshot.host = "kvm1";

  auto other = open_store(directory / "vscale.db");

  CHECK(other->record_observations({{.host = "kvm1", .view = {.snapshot = snapshot, .failure = std::nullopt}}}));
  CHECK(read_state(*one).hosts.at("kvm1").observed);
}

TEST_CASE("a holder that is killed frees the lock, and its row means nothing") {
  const TemporaryDirectory directory;
  open_store(directory / "vscale.db");
  Child child([&] {
    auto store = SqliteStateStore::open(directory / "vscale.db");
    const auto lock = (*store)->lock(holder("of the dead"));
    write_file(directory / "locked", "");
    pause();
    return std::string();
  });
  wait_for(directory / "locked");
  auto store = open_store(directory / "vscale.db");
  CHECK(store->lock_holder().value().value().id == "of the dead");
  CHECK(store->lock(holder("too early")).error().kind == ErrorKind::conflict);

  child.end();

  CHECK(store->lock_holder().value() == std::nullopt);
  const auto lock = store->lock(holder("of the living"));
  REQUIRE(lock);
  CHECK(store->lock_holder().value() == holder("of the living"));
}

TEST_CASE("a holder on another machine counts until it is forgotten by hand") {
  const TemporaryDirectory directory;
  Child child([&] {
    StateStoreOptions options;
    options.machine = "ctl2";
    auto store = SqliteStateStore::open(directory / "vscale.db", OpenMode::read_write_create, options);
    const auto lock = (*store)->lock(holder("far away"));
    write_file(directory / "locked", "");
    pause();
    return std::string();
  });
  wait_for(directory / "locked");
  child.end();
  auto store = open_on("ctl1", directory / "vscale.db");

  const auto refused = store->lock(holder("here"));
  REQUIRE_FALSE(refused);
  const Error unknown = store->force_unlock("of nobody").error();
  const std::string pid = std::to_string(store->lock_holder().value().value().pid);
  check_golden("state_store/locked_elsewhere.txt",
               replaced(told(refused.error(), directory), "pid " + pid + ",", "pid PID,") + told(unknown, directory));

  CHECK(store->force_unlock("far away"));
  CHECK(store->lock(holder("here")));
}

TEST_CASE("a machine is the same after it got another name or was restarted") {
  const TemporaryDirectory directory;
  const MachineFiles files{.machine_id = directory / "machine-id", .boot_id = directory / "boot_id"};
  const MachineFiles restarted{.machine_id = files.machine_id, .boot_id = directory / "next_boot_id"};
  write_file(files.machine_id, "0123456789abcdef0123456789abcdef\n");
  write_file(files.boot_id, "6c4a1f8e-0000-4000-8000-000000000001\n");
  write_file(restarted.boot_id, "6c4a1f8e-0000-4000-8000-000000000002\n");

  const std::string machine = this_machine(files);

  CHECK(machine == "machine 0123456789abcdef0123456789abcdef");
  CHECK(this_machine(restarted) == machine);
}

TEST_CASE("a machine without an id of its own is known by its running kernel, else by its name") {
  const TemporaryDirectory directory;
  const MachineFiles files{.machine_id = directory / "machine-id", .boot_id = directory / "boot_id"};
  std::array<char, 256> name{};
  REQUIRE(gethostname(name.data(), name.size() - 1) == 0);

  CHECK(this_machine(files) == name.data());
  write_file(files.machine_id, "uninitialized\n");
  write_file(files.boot_id, "6c4a1f8e-0000-4000-8000-000000000001\n");
  CHECK(this_machine(files) == "boot 6c4a1f8e000040008000000000000001");
}

TEST_CASE("a dead holder of this machine frees the lock, whatever the machine was called then") {
  const TemporaryDirectory directory;
  open_store(directory / "vscale.db");
  Child child([&] {
    auto store = SqliteStateStore::open(directory / "vscale.db");
    LockHolder renamed = holder("of the dead");
    renamed.host = "the-name-before";
    const auto lock = (*store)->lock(renamed);
    write_file(directory / "locked", "");
    pause();
    return std::string();
  });
  wait_for(directory / "locked");
  child.end();

  auto store = open_store(directory / "vscale.db");

  SQLite::Database file(directory / "vscale.db");
  CHECK(file.execAndGet("SELECT machine FROM operation_lock").getString() == this_machine());
  CHECK(store->lock_holder().value() == std::nullopt);
  CHECK(store->lock(holder("of the living")));
}

TEST_CASE("the lock of a living process here is not forgotten by force") {
  const TemporaryDirectory directory;
  auto one = open_store(directory / "vscale.db");
  const auto lock = one->lock(holder("alive"));

  const auto forced = open_store(directory / "vscale.db")->force_unlock("alive");

  REQUIRE_FALSE(forced);
  CHECK(forced.error().kind == ErrorKind::conflict);
  CHECK(one->lock_holder().value() == holder("alive"));
}

namespace {

LockHolder holder_by_now(const std::string& id) {
  LockHolder us = holder(id);
  us.since = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return us;
}

}  // namespace

TEST_CASE("somebody who removes the lock file under its holder lets nobody else in") {
  const TemporaryDirectory directory;
  auto one = open_store(directory / "vscale.db");
  auto other = open_store(directory / "vscale.db");
  auto lock = one->lock(holder_by_now("of the living"));
  REQUIRE(lock);
  std::filesystem::remove(directory / "vscale.db.lock");

  const auto refused = other->lock(holder_by_now("too early"));

  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(refused.error().message.find("lock of the living") != std::string::npos);
  CHECK(other->lock_holder().value().value().id == "of the living");
  CHECK(other->force_unlock("of the living").error().kind == ErrorKind::conflict);
  lock = std::unique_ptr<OperationLock>();
  CHECK(other->lock(holder_by_now("in time")));
}

TEST_CASE("a process that began after the lock was taken is not its holder, though it has that number") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  SQLite::Database(directory / "vscale.db", SQLite::OPEN_READWRITE)
      .exec("INSERT INTO operation_lock VALUES (1, 'of the dead', 'apply', 'anna', 'ctl1', " +
            std::to_string(getpid()) + ", '2001-05-04T13:20:00.000Z', '" + this_machine() + "')");

  CHECK(store->lock_holder().value() == std::nullopt);
  CHECK(store->lock(holder_by_now("of the living")));
}

TEST_CASE("a process is known to have begun, until it has ended") {
  const auto now = [] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); };
  const Instant before = now();
  Child child([] {
    pause();
    return std::string();
  });

  const auto began = began_at(child.pid());

  REQUIRE(began);
  CHECK(*began >= before - std::chrono::seconds{2});
  CHECK(*began <= now() + std::chrono::seconds{2});
  const pid_t pid = child.pid();
  kill(pid, SIGKILL);
  siginfo_t ended{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) == 0);
  CHECK(began_at(pid) == std::nullopt);  // its parent has not asked yet
  child.end();
  CHECK(began_at(pid) == std::nullopt);
}

TEST_CASE("a writer that is killed at any moment leaves whole commits, an open action and a free lock") {
  const TemporaryDirectory directory;
  constexpr int kKills = 12;
  for (int kill_after_ms = 0; kill_after_ms < kKills; ++kill_after_ms) {
    const std::string path = directory / ("vscale-" + std::to_string(kill_after_ms) + ".db");
    open_store(path);
    const std::string began = path + ".began";
    Child child([&] {
      auto store = SqliteStateStore::open(path);
      const auto lock = (*store)->lock(holder("of the dead"));
      write_file(began, "");
      for (int i = 0;; i = (i + 1) % 8) {
        Commit commit = changes({PutInstance{web(i)}, PutGroup{group("group.web")}});
        commit.begun = ActionBegun{"run", i, "domain.define", to_string(web(i).address), "kvm1"};
        commit.events = {{.at = commit.at, .kind = "created", .address = "", .host = "", .text = std::to_string(i)}};
        if (!(*store)->commit(commit)) return std::string("a commit failed");
      }
    });
    wait_for(began);
    std::this_thread::sleep_for(std::chrono::milliseconds{kill_after_ms});
    child.end();

    auto store = open_store(path);
    const RecordedState state = read_state(*store);
    INFO("killed after " << kill_after_ms << " ms, at serial " << state.serial);
    CHECK(state.open_actions.size() == static_cast<std::size_t>(state.serial));
    CHECK(store->events(Instant{}, 100000)->size() == static_cast<std::size_t>(state.serial));
    CHECK(state.instances.size() == static_cast<std::size_t>(std::min<std::int64_t>(state.serial, 8)));
    CHECK(store->check());
    CHECK(store->lock(holder("of the living")));
  }
}

TEST_CASE("two processes that make the same statefile agree on its lineage") {
  const TemporaryDirectory directory;
  for (int round = 0; round < 10; ++round) {
    const std::string path = directory / ("vscale-" + std::to_string(round) + ".db");
    const auto lineage = [&] {
      auto store = SqliteStateStore::open(path);
      if (!store) return to_string(store.error());
      const auto state = (*store)->read();
      return state ? state->lineage : to_string(state.error());
    };
    Child one(lineage);
    Child other(lineage);
    const std::string first = one.result();
    CHECK(first == other.result());
    CHECK(first.size() == 36);
  }
}

TEST_CASE("two processes that write at once lose nothing") {
  const TemporaryDirectory directory;
  open_store(directory / "vscale.db");
  constexpr int kCommits = 100;
  const auto write_many = [&](const std::string& name) {
    return [&directory, name] {
      auto store = SqliteStateStore::open(directory / "vscale.db");
      if (!store) return to_string(store.error());
      for (int i = 0; i < kCommits; ++i) {
        const auto committed = (*store)->commit(changes({PutGroup{group(name + std::to_string(i))}}));
        if (!committed) return to_string(committed.error());
      }
      return std::string("done");
    };
  };
  Child one(write_many("one-"));
  Child other(write_many("other-"));

  CHECK(one.result() == "done");
  CHECK(other.result() == "done");

  const RecordedState state = read_state(*open_store(directory / "vscale.db"));
  CHECK(state.serial == 2 * kCommits);
  CHECK(state.groups.size() == 2 * kCommits);
}

}  // namespace vscale::test
