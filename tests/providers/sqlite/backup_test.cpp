// Copies of the statefile: which of them stay, and what is in them.

#include <SQLiteCpp/SQLiteCpp.h>

#include "providers/sqlite/statefile.h"
#include "tests/providers/sqlite/state_store_fixture.h"

namespace vscale::test {
namespace {

/// How many instances are in each copy, newest first: every copy of this test has one more than the one before.
std::vector<std::size_t> instances_in(SqliteStateStore& store) {
  std::vector<std::size_t> counts;
  const std::vector<BackupFile> backups = store.backups().value();
  for (const auto& backup : backups) {
    counts.push_back(read_state(*open_store(backup.path)).instances.size());
  }
  return counts;
}

void put_and_back_up(SqliteStateStore& store, int ordinal, Instant at, int keep) {
  must_commit(store, changes({PutInstance{web(ordinal)}}));
  const auto backup = store.backup(at, keep);
  REQUIRE(backup);
  CHECK(std::filesystem::exists(backup->path));
}

}  // namespace

TEST_CASE("the newest copies stay, also those that were made after a clock that ran ahead was set right") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  const Instant ahead = at_second(0) + std::chrono::hours{24 * 365};
  put_and_back_up(*store, 0, ahead, 2);
  put_and_back_up(*store, 1, ahead + Duration{1000}, 2);

  put_and_back_up(*store, 2, at_second(1), 2);
  CHECK(instances_in(*store) == std::vector<std::size_t>{3, 2});
  CHECK(newest_backup_of(directory / "vscale.db") == store->backups().value()[0].path);
  put_and_back_up(*store, 3, at_second(2), 2);
  CHECK(instances_in(*store) == std::vector<std::size_t>{4, 3});
}

TEST_CASE("a copy knows nothing of the lock under which it was made, and can be used on another machine") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  must_commit(*store, changes({PutInstance{web(0)}}));
  const auto lock = store->lock(holder("of the one who copies"));
  REQUIRE(lock);
  REQUIRE(store->backup(at_second(0), 3));
  REQUIRE(store->backup_to(directory / "copy.db"));

  StateStoreOptions elsewhere;
  elsewhere.machine = "ctl2";
  for (const std::string& path : {store->backups().value().at(0).path, directory / "copy.db"}) {
    auto restored = open_store(path, elsewhere);
    CHECK(restored->lock_holder().value() == std::nullopt);
    CHECK(restored->lock(holder("of the one who restores")));
    CHECK(read_state(*restored) == read_state(*store));
  }
  CHECK(store->lock_holder().value().value().id == "of the one who copies");
}

}  // namespace vscale::test
