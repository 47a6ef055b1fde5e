// Revisions, rollouts and what operators said of them, in the statefile.

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

void by_hand(const std::string& path, const std::string& sql) {
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec(sql);
}

/// What a look is told once somebody wrote this as what a revision is made of.
std::string told_of(const std::string& made_of, const TemporaryDirectory& directory) {
  by_hand(directory / "vscale.db",
          "PRAGMA ignore_check_constraints = ON; UPDATE revisions SET made_of = '" + made_of + "' WHERE number = 4");
  const auto state = open_store(directory / "vscale.db")->read();
  REQUIRE_FALSE(state);
  CHECK(state.error().kind == ErrorKind::invalid);
  return told(state.error(), directory);
}

std::map<std::string, RolloutIntent> intents_of(SqliteStateStore& store) {
  auto intents = store.rollout_intents();
  INFO((intents ? "" : to_string(intents.error())));
  REQUIRE(intents);
  return std::move(intents).value();
}

}  // namespace

TEST_CASE("a group that goes takes its revisions, its rollout and what was said of it, and no other group's") {
  auto store = open_store(":memory:");
  std::vector<RecordChange> all;
  for (const char* group : {"group.web", "group.db"}) {
    all.insert(all.end(), {PutGroup{{.address = group, .spec_hash = "", .cursor_host = ""}},
                           PutRevision{full_revision(group, 1)}, PutRevision{full_revision(group, 2)},
                           PutRollout{full_rollout(group)}, PutRolloutIntent{full_intent(group)}});
  }
  must_commit(*store, changes(all));

  must_commit(*store, changes({RemoveGroup{"group.web"}}));

  const RecordedState state = read_state(*store);
  CHECK(state.groups.size() == 1);
  CHECK(state.revisions.size() == 1);
  CHECK(state.revisions.at("group.db").size() == 2);
  CHECK(state.rollouts == std::map<std::string, RolloutRecord>{{"group.db", full_rollout("group.db")}});
  CHECK(state.rollout_intents == std::map<std::string, RolloutIntent>{{"group.db", full_intent("group.db")}});
}

TEST_CASE("a change of the group's record leaves its revisions alone") {
  auto store = open_store(":memory:");
  GroupRecord group{.address = "group.web", .revision = 1, .spec_hash = "5fec", .cursor_host = ""};
  must_commit(*store, changes({PutGroup{group}, PutRevision{full_revision("group.web", 1)}}));

  group.stable = 1;
  must_commit(*store, changes({PutGroup{group}}));

  CHECK(read_state(*store).revisions.at("group.web").at(1) == full_revision("group.web", 1));
}

TEST_CASE("what an operator says while another process applies is heard by it at once") {
  const TemporaryDirectory directory;
  auto apply_runs = open_store(directory / "vscale.db");
  const auto lock = apply_runs->lock(holder("apply"));
  REQUIRE(lock);
  CHECK(intents_of(*apply_runs).empty());

  Child operator_says([&] {
    auto store = SqliteStateStore::open(directory / "vscale.db", OpenMode::read_write);
    if (!store) return to_string(store.error());
    const auto said = (*store)->commit(changes({PutRolloutIntent{full_intent("group.web")}}));
    return said ? std::string("said") : to_string(said.error());
  });

  CHECK(operator_says.result() == "said");
  CHECK(intents_of(*apply_runs) == std::map<std::string, RolloutIntent>{{"group.web", full_intent("group.web")}});
}

TEST_CASE("what operators said is read while somebody else writes, and whatever else is damaged") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  must_commit(*store,
              changes({PutRolloutIntent{full_intent("group.web")}, PutRevision{full_revision("group.web", 4)}}));
  by_hand(directory / "vscale.db", R"(UPDATE revisions SET made_of = '{"vcpus": "many"}')");
  SQLite::Database writer(directory / "vscale.db", SQLite::OPEN_READWRITE);
  const SQLite::Transaction open_one(writer, SQLite::TransactionBehavior::IMMEDIATE);
  writer.exec("DELETE FROM rollout_intents");

  CHECK(intents_of(*store).size() == 1);
  CHECK_FALSE(store->read());
}

TEST_CASE("the last that was said of a group counts, and can be taken back") {
  auto store = open_store(":memory:");
  RolloutIntent pause{.group = "group.web", .kind = RolloutIntent::Kind::pause, .by = "bob@ctl1", .reason = ""};
  must_commit(*store, changes({PutRolloutIntent{full_intent("group.web")}}));
  must_commit(*store, changes({PutRolloutIntent{pause}}));
  CHECK(intents_of(*store) == std::map<std::string, RolloutIntent>{{"group.web", pause}});

  must_commit(*store, changes({RemoveRolloutIntent{"group.web"}}));
  CHECK(intents_of(*store).empty());
}

TEST_CASE("a damaged revision is told with its table, its group and what is wrong") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutRevision{full_revision("group.web", 4)}}));
  std::string texts;
  texts += told_of(R"({"vcpus": "many"})", directory);
  texts += told_of(R"({"image": "debian-12", "vcp)", directory);

  check_golden("state_store/damaged_revision.txt", texts);
  const auto lock = open_store(directory / "vscale.db")->lock(holder("whoever would roll it out"));
  REQUIRE_FALSE(lock);
  CHECK(lock.error().kind == ErrorKind::invalid);
}

TEST_CASE("a revision that another version wrote is read, with what is missing as a new template has it") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes({PutRevision{full_revision("group.web", 4)}}));
  by_hand(directory / "vscale.db",
          R"(UPDATE revisions SET made_of = '{"image": "debian-13", "gpu": {"model": "a100"}}')");

  const Template made_of = read_state(*open_store(directory / "vscale.db")).revisions.at("group.web").at(4).made_of;

  Template expected;
  expected.image = "debian-13";
  CHECK(made_of == expected);
}

}  // namespace vscale::test
