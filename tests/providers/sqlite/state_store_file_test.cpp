// The statefile as a file: who may read it, what else may lie at its path, older and newer versions, full disks,
// copies.

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "providers/sqlite/statefile.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

namespace fs = std::filesystem;

Error refusal_of(const std::string& path, OpenMode mode = OpenMode::read_write_create) {
  auto store = SqliteStateStore::open(path, mode);
  REQUIRE_FALSE(store);
  return store.error();
}

/// What keeps whoever would change it from doing so.
Error refusal_to_change(const std::string& path) {
  auto store = SqliteStateStore::open(path);
  if (!store) return store.error();
  const auto lock = (*store)->lock(holder("whoever would change it"));
  REQUIRE_FALSE(lock);
  return lock.error();
}

std::string outcome(const Result<void>& result) {
  return result ? "done" : to_string(result.error());
}

/// How many instances a reader finds there, or what keeps it from reading.
std::string read_by_a_reader(const std::string& path) {
  auto store = SqliteStateStore::open(path, OpenMode::read_only);
  if (!store) return to_string(store.error());
  const auto state = (*store)->read();
  return state ? std::to_string(state->instances.size()) + " read" : to_string(state.error());
}

/// Flips the bytes in the middle of every page but the first.
void damage(const std::string& path) {
  std::string bytes = read_file(path);
  constexpr std::size_t kPage = 4096;
  for (std::size_t page = 1; page < bytes.size() / kPage; ++page) {
    for (std::size_t at = 0; at < 64; ++at) bytes[page * kPage + at] = static_cast<char>(~bytes[page * kPage + at]);
  }
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("the statefile and everything beside it is closed to others from its first byte") {
  const TemporaryDirectory directory;
  const mode_t before = umask(0);
  auto store = open_store(directory / "vscale.db");
  must_commit(*store, changes({PutInstance{web(0)}}));
  const auto lock = store->lock(holder("one"));
  REQUIRE(store->backup(at_second(0), 3));
  umask(before);

  int files = 0;
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    INFO(entry.path());
    CHECK(permissions_of(entry.path()) == 0600);
    ++files;
  }
  CHECK(files == 5);  // itself, -wal, -shm, .lock and the backup: nothing else was left lying about
}

TEST_CASE("a statefile that others may read is closed to them") {
  const TemporaryDirectory directory;
  open_store(directory / "vscale.db");
  REQUIRE(chmod((directory / "vscale.db").c_str(), 0644) == 0);

  const auto store = open_store(directory / "vscale.db");

  CHECK(permissions_of(directory / "vscale.db") == 0600);
  CHECK(permissions_of(directory / "vscale.db-wal") == 0600);
  CHECK(permissions_of(directory / "vscale.db-shm") == 0600);
}

TEST_CASE("what is no statefile is refused, and left as it is") {
  const TemporaryDirectory directory;
  write_file(directory / "notes.txt", std::string(9000, 'x'));
  fs::create_directory(directory / "folder");
  SQLite::Database(directory / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE mine (a)");
  const std::string other = read_file(directory / "other.db");
  for (const char* name : {"notes.txt", "other.db"}) REQUIRE(chmod((directory / name).c_str(), 0644) == 0);
  std::string texts;
  texts += told(refusal_of(directory / "notes.txt"), directory);
  texts += told(refusal_of(directory / "folder"), directory);
  texts += told(refusal_of(directory / "other.db"), directory);

  write_file(directory / "notes.txt.backup-20260504T132000.000Z", "");
  texts += told(refusal_of(directory / "notes.txt"), directory);

  check_golden("state_store/no_statefile.txt", texts);
  CHECK(read_file(directory / "notes.txt") == std::string(9000, 'x'));
  CHECK(read_file(directory / "other.db") == other);
  CHECK(permissions_of(directory / "notes.txt") == 0644);
  CHECK(permissions_of(directory / "other.db") == 0644);
}

TEST_CASE("a statefile that is not there is made only by those who may") {
  const TemporaryDirectory directory;
  write_file(directory / "empty.db", "");
  std::string texts;
  texts += told(refusal_of(directory / "vscale.db", OpenMode::read_only), directory);
  texts += told(refusal_of(directory / "vscale.db", OpenMode::read_write), directory);
  texts += told(refusal_of(directory / "empty.db", OpenMode::read_only), directory);
  texts += told(refusal_of(directory / "no/such/vscale.db"), directory);

  check_golden("state_store/not_there.txt", texts);
  CHECK_FALSE(fs::exists(directory / "vscale.db"));
  open_store(directory / "empty.db");  // a crash before the first table leaves this: it is filled
}

TEST_CASE("a damaged statefile is refused, and the way back is named") {
  const TemporaryDirectory directory;
  {
    auto store = open_store(directory / "vscale.db");
    must_commit(*store, changes({PutInstance{web(0)}}));
    REQUIRE(store->backup(at_second(0), 3));
  }
  fs::copy_file(directory / "vscale.db", directory / "cut.db");
  damage(directory / "vscale.db");
  fs::resize_file(directory / "cut.db", 3 * 4096);

  const Error damaged = refusal_to_change(directory / "vscale.db");
  const Error cut = refusal_to_change(directory / "cut.db");

  CHECK(damaged.kind == ErrorKind::invalid);
  CHECK(cut.kind == ErrorKind::invalid);
  const auto without_detail = [&](Error error) {
    error.detail.clear();
    return told(error, directory);
  };
  check_golden("state_store/damaged.txt", without_detail(damaged) + without_detail(cut));

  fs::remove(directory / "vscale.db");
  fs::copy_file(directory / "vscale.db.backup-20260504T132000.000Z", directory / "vscale.db");
  CHECK(read_state(*open_store(directory / "vscale.db")).instances.size() == 1);
}

TEST_CASE("a look tells of the damage that it meets, and whoever would change something is told of any") {
  const TemporaryDirectory directory;
  {
    auto store = open_store(directory / "vscale.db");
    must_commit(*store, changes({PutInstance{web(0)}}));
    AcceptedConfig config;
    config.files = {{"large.yaml", std::string(3 * kMiB, '#')}};
    REQUIRE(store->accept_config(config));
  }
  std::string bytes = read_file(directory / "vscale.db");
  const std::size_t text_at = bytes.rfind(std::string(1000, '#'));
  REQUIRE(text_at != std::string::npos);
  bytes.replace(text_at / 4096 * 4096, 4096, std::string(4096, '\xFF'));  // the list of pages breaks off here
  write_file(directory / "vscale.db", bytes);

  CHECK(read_by_a_reader(directory / "vscale.db") == "1 read");
  CHECK(open_store(directory / "vscale.db")->read()->instances.size() == 1);
  CHECK(refusal_to_change(directory / "vscale.db").kind == ErrorKind::invalid);
  CHECK(*open_store(directory / "vscale.db")->lock_holder() == std::nullopt);

  damage(directory / "vscale.db");
  CHECK(read_by_a_reader(directory / "vscale.db").find("is damaged") != std::string::npos);
}

TEST_CASE("a value that no vscale writes is told with what was expected") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutInstance{web(0)}}));
  const auto meddle = [&](const char* sql) {
    SQLite::Database database(directory / "vscale.db", SQLite::OPEN_READWRITE);
    database.exec(sql);
  };
  std::string texts;
  meddle("UPDATE instances SET created_at = 'yesterday'");
  texts += told(open_store(directory / "vscale.db")->read().error(), directory);
  meddle(
      "UPDATE instances SET created_at = NULL; UPDATE volumes SET owner = 'x';"
      "INSERT INTO volumes VALUES ('kvm1', 'p', 'v', 's', 'web-0', 'root', 'root', 1, 0)");
  texts += told(open_store(directory / "vscale.db")->read().error(), directory);

  check_golden("state_store/meddled.txt", texts);
}

TEST_CASE("check finds references to nothing") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  must_commit(*store, changes({PutInstance{web(0)}}));
  CHECK(store->check());
  SQLite::Database(directory / "vscale.db", SQLite::OPEN_READWRITE)
      .exec("PRAGMA foreign_keys = OFF; DELETE FROM hosts");

  const auto found = store->check();

  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::invalid);
  CHECK(found.error().detail == "a row of instances refers to one that is not there");
  CHECK(store->lock(holder("one")).error() == found.error());
}

TEST_CASE("who may not write is told so, and what to do") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "closed");
  fs::create_directory(directory / "readable");
  open_store(directory / "closed/vscale.db");
  open_store(directory / "readable/vscale.db");
  REQUIRE(chmod((directory / "readable/vscale.db").c_str(), 0444) == 0);
  const auto told_to_nobody = [&](const std::string& path, OpenMode mode) {
    return replaced(as_nobody([&] {
                      auto store = SqliteStateStore::open(path, mode);
                      return store ? std::string("opened")
                                   : to_string(store.error().kind) + (": " + to_string(store.error()));
                    }),
                    directory.path(), "/state") +
           "\n";
  };
  REQUIRE(chmod((directory / "readable").c_str(), 0555) == 0);
  std::string texts;
  texts += told_to_nobody(directory / "closed/vscale.db", OpenMode::read_write_create);
  texts += told_to_nobody(directory / "readable/vscale.db", OpenMode::read_write_create);
  texts += told_to_nobody(directory / "readable/vscale.db", OpenMode::read_only);
  texts += told_to_nobody(directory / "readable/new.db", OpenMode::read_write_create);
  REQUIRE(chmod((directory / "readable/vscale.db").c_str(), 0666) == 0);
  texts += told_to_nobody(directory / "readable/vscale.db", OpenMode::read_write);
  if (geteuid() != 0) {
    WARN("not root: the texts for another user are not compared");
    return;
  }
  check_golden("state_store/read_only.txt", texts);
}

TEST_CASE("a store that was opened for reading reads, and refuses to write") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutInstance{web(0)}}));

  auto store = SqliteStateStore::open(directory / "vscale.db", OpenMode::read_only);

  REQUIRE(store);
  CHECK(read_state(**store).instances.size() == 1);
  CHECK((*store)->commit(changes({PutInstance{web(1)}})).error().kind == ErrorKind::denied);
  CHECK((*store)->record_observations({}).ok());
}

TEST_CASE("a statefile in a directory that is read-only can be read") {
  const TemporaryDirectory directory;
  const std::string odd_name = directory / "read only?100%";
  fs::create_directory(odd_name);
  must_commit(*open_store(odd_name + "/vscale.db"), changes({PutInstance{web(0)}}));
  REQUIRE(chmod((odd_name + "/vscale.db").c_str(), 0444) == 0);
  REQUIRE(chmod(odd_name.c_str(), 0555) == 0);

  const std::string said = as_nobody([&] { return read_by_a_reader(odd_name + "/vscale.db"); });

  CHECK(said == "1 read");
}

TEST_CASE("a statefile that reached its bound says so, and keeps what it had") {
  const TemporaryDirectory directory;
  StateStoreOptions small;
  small.max_size_bytes = 300 * kKiB;
  auto store = open_store(directory / "vscale.db", small);
  must_commit(*store, changes({PutInstance{web(0)}}));
  AcceptedConfig config;
  config.files = {{"large.yaml", std::string(400 * kKiB, '#')}};

  const auto accepted = store->accept_config(config);

  REQUIRE_FALSE(accepted);
  check_golden("state_store/full.txt", told(accepted.error(), directory));
  CHECK(store->accepted_config().value() == std::nullopt);
  must_commit(*store, changes({PutInstance{web(1)}}));
  CHECK(read_state(*store).instances.size() == 2);
}

TEST_CASE("on a full disk a commit is refused, and nothing is lost") {
  const TemporaryDirectory directory;
  const auto said = on_a_small_disk(directory.path(), [&] {
    auto store = SqliteStateStore::open(directory / "vscale.db");
    if (!store) return to_string(store.error());
    const auto first = (*store)->commit(changes({PutInstance{web(0)}}));
    if (!first) return to_string(first.error());
    AcceptedConfig config;
    config.files = {{"large.yaml", std::string(2 * kMiB, '#')}};
    const auto full = (*store)->accept_config(config);
    const auto state = (*store)->read();
    return (full ? std::string("accepted") : to_string(full.error().kind) + (": " + to_string(full.error()))) + "\n" +
           std::to_string(state ? state->instances.size() : 0) + " instance kept\n";
  });
  if (!said) return;
  check_golden("state_store/full_disk.txt", replaced(*said, directory.path(), "/state"));
}

TEST_CASE("on a full disk a statefile can be read, and so can one whose last writer died") {
  const TemporaryDirectory directory;
  const auto said = on_a_small_disk(directory.path(), [&] {
    {
      auto store = SqliteStateStore::open(directory / "vscale.db");
      if (!store || !(*store)->commit(changes({PutInstance{web(0)}}))) return std::string("not written");
      for (const char* part : {"", "-wal"}) {
        fs::copy_file(directory / "vscale.db" + part, directory / "died.db" + part);  // as a crash leaves it
      }
    }
    write_file(directory / "filler", std::string(2 * kMiB, '#'));
    return read_by_a_reader(directory / "vscale.db") + ", " + read_by_a_reader(directory / "died.db");
  });
  if (!said) return;
  CHECK(*said == "1 read, 1 read");
}

TEST_CASE("a writer waits for another one only so long") {
  const TemporaryDirectory directory;
  StateStoreOptions impatient;
  impatient.busy_timeout = Duration{30};
  auto store = open_store(directory / "vscale.db", impatient);
  SQLite::Database other(directory / "vscale.db", SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");

  const auto busy = store->commit(changes({PutInstance{web(0)}}));

  REQUIRE_FALSE(busy);
  check_golden("state_store/busy.txt", told(busy.error(), directory));
  CHECK(read_state(*store).serial == 0);  // readers never wait
  other.exec("ROLLBACK");
  CHECK(store->commit(changes({PutInstance{web(0)}})));
}

TEST_CASE("a statefile of version 1, as it was released, is read") {
  const TemporaryDirectory directory;
  {
    SQLite::Database old(directory / "vscale.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(read_source_file("tests/providers/data/state_v1.sql"));
  }

  auto store = open_store(directory / "vscale.db");

  const RecordedState state = read_state(*store);
  CHECK(state.lineage == "11111111-2222-4333-8444-555555555555");
  CHECK(state.serial == 118);
  InstanceRecord expected = web(0);
  expected.phase = Phase::ready;
  expected.created_at = at_second(0);
  CHECK(state.instances.at(expected.address) == expected);
  CHECK(state.groups.at("group.web") == GroupRecord{"group.web", 1, "5fec", "kvm1", 0});
  CHECK(state.revisions.empty());
  CHECK(state.rollouts.empty());
  CHECK(state.rollout_intents.empty());
  CHECK(store->rollout_intents()->empty());
  const auto& domains = state.hosts.at("kvm1").observed->domains;
  CHECK(domains.at(0).ownership->address == expected.address);
  CHECK(domains.at(0).ownership->image_digest.empty());  // an older mark does not say
  CHECK(domains.at(1).ownership->image_digest == "sha256:aa");
  CHECK(domains.at(1).ownership->addresses == std::vector<StaticAddress>{{"lan", "10.0.0.51"}});
  CHECK(store->check());
  must_commit(*store, changes({PutRevision{full_revision("group.web", 1)}}));
  CHECK(read_state(*store).revisions.at("group.web").at(1) == full_revision("group.web", 1));
}

namespace {

// A version that never was: it makes a table anew that others refer to, which is the hard case.
const int kCurrent = all_migrations().back().to;
const int kNext = kCurrent + 1;
const Migration kNextVersion{.to = kNext, .sql = R"(
  CREATE TABLE hosts_2 (host TEXT PRIMARY KEY, uri TEXT NOT NULL, generation INTEGER NOT NULL, note TEXT) STRICT;
  INSERT INTO hosts_2 SELECT host, uri, generation, 'from before' FROM hosts;
  DROP VIEW capacity;
  DROP TABLE hosts;
  ALTER TABLE hosts_2 RENAME TO hosts;
)"};

std::vector<Migration> and_then(const Migration& next) {
  std::vector<Migration> steps(all_migrations().begin(), all_migrations().end());
  steps.push_back(next);
  return steps;
}

Result<std::shared_ptr<Statefile>> open_as_next(const std::string& path, std::span<const Migration> migrations,
                                                OpenMode mode = OpenMode::read_write_create) {
  return Statefile::open(path, mode, {}, migrations);
}

}  // namespace

TEST_CASE("an older statefile is brought to this version, and stays beside it as it was") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutInstance{web(0)}}));
  const auto versions = and_then(kNextVersion);

  auto file = open_as_next(directory / "vscale.db", versions);

  REQUIRE(file);
  SQLite::Database& database = (*file)->database();
  CHECK(schema_version(database) == kNext);
  CHECK(database.execAndGet("SELECT note FROM hosts WHERE host = 'kvm1'").getString() == "from before");
  CHECK(database.execAndGet("SELECT count(*) FROM instances").getInt() == 1);
  CHECK(database.execAndGet("SELECT count(*) FROM schema_version").getInt() == kNext);
  CHECK(read_state(*open_store(directory / fmt::format("vscale.db.v{}", kCurrent))).instances.size() == 1);
}

TEST_CASE("a step that would break the statefile is not taken") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutInstance{web(0)}}));
  const auto broken = and_then({.to = kNext, .sql = "DELETE FROM hosts"});
  const auto nonsense = and_then({.to = kNext, .sql = "DROP TABLE events; DROP TABLE no"});

  CHECK(open_as_next(directory / "vscale.db", broken).error().kind == ErrorKind::invalid);
  CHECK(open_as_next(directory / "vscale.db", nonsense).error().kind == ErrorKind::failed);

  auto store = open_store(directory / "vscale.db");
  CHECK(read_state(*store).instances.size() == 1);
  CHECK(store->events(Instant{}, 1));
}

TEST_CASE("a newer statefile is refused with both versions, and an older one is not changed by a reader") {
  const TemporaryDirectory directory;
  const auto versions = and_then(kNextVersion);
  open_store(directory / "old.db");
  REQUIRE(open_as_next(directory / "new.db", versions));
  std::string texts;
  texts += told(refusal_of(directory / "new.db"), directory);
  texts += told(open_as_next(directory / "old.db", versions, OpenMode::read_only).error(), directory);

  check_golden("state_store/versions.txt", texts);
}

TEST_CASE("a backup is whole, and only so many are kept") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  must_commit(*store, changes({PutInstance{web(0)}}));
  write_file(directory / "vscale.db.backup-of-mine", "not ours to remove");
  for (int i = 0; i < 4; ++i) REQUIRE(store->backup(at_second(i), 2));

  const auto backups = store->backups().value();

  REQUIRE(backups.size() == 2);
  CHECK(backups[0] == BackupFile{directory / "vscale.db.backup-20260504T132003.000Z", at_second(3)});
  CHECK(backups[1].at == at_second(2));
  CHECK(read_state(*open_store(backups[0].path)) == read_state(*store));
  CHECK(fs::exists(directory / "vscale.db.backup-of-mine"));
}

TEST_CASE("a backup never takes the place of something else") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  write_file(directory / "precious", "precious");
  std::string texts;
  texts += told(store->backup_to(directory / "precious").error(), directory);
  texts += told(store->backup_to(directory / "no/such/copy").error(), directory);

  check_golden("state_store/backup.txt", texts);
  CHECK(read_file(directory / "precious") == "precious");
  CHECK(outcome(store->backup_to(directory / "copy.db")) == "done");
}

TEST_CASE("a person can read the statefile") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  InstanceRecord ready = web(0);
  ready.phase = Phase::ready;
  ready.revision = 4;
  must_commit(*store, changes({PutInstance{ready}, PutInstance{web(1, "kvm2")}}));
  Commit begin;
  begin.at = at_second(1);
  begin.begun = ActionBegun{"run-1", 3, "domain.define", "group.web[1]", "kvm2"};
  must_commit(*store, begin);
  HostSnapshot snapshot;
  snapshot.host = "kvm1";
  snapshot.seen_at = at_second(2);
  snapshot.vcpus = 16;
  snapshot.memory_bytes = 64 * kGiB;
  LiveDomain domain;
  domain.name = "prod-web-0";
  domain.state = DomainState::shut_off;
  snapshot.domains = {domain};
  REQUIRE(store->record_observations({{.host = "kvm1", .view = {.snapshot = snapshot, .failure = std::nullopt}}}));

  must_commit(*store, changes({PutRollout{full_rollout("group.web")}, PutRolloutIntent{full_intent("group.web")},
                               PutRollout{first_rollout("machine.db1")}}));

  std::string text;
  SQLite::Database database(directory / "vscale.db");
  for (const char* view : {"overview", "capacity", "unfinished", "rolling_updates"}) {
    SQLite::Statement select(database, std::string("SELECT * FROM ") + view);
    text += std::string(view) + "\n";
    for (int column = 0; column < select.getColumnCount(); ++column)
      text += std::string("|") + select.getColumnName(column);
    text += "\n";
    while (select.executeStep()) {
      for (int column = 0; column < select.getColumnCount(); ++column)
        text += "|" + select.getColumn(column).getString();
      text += "\n";
    }
  }

  check_golden("state_store/views.txt", text);
}

}  // namespace vscale::test
