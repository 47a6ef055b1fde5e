// Sizes that are wanted, what operators said, and what scaling and healing remember, in the statefile.

#include "tests/support/scaling_records.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include "engine/recorded/apply_change.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

constexpr const char* kWeb = "group.web";
const InstanceAddress kWeb2{InstanceAddress::Kind::group, "web", 2};

std::vector<RecordChange> all_that_is_said(const std::string& group, const InstanceAddress& instance) {
  std::vector<RecordChange> all{PutWantedSize{full_wanted_size(group)}};
  for (const auto& word : one_word_of_each(group, instance)) all.emplace_back(PutWord{word});
  return all;
}

Commit remembered(const std::string& group, const InstanceAddress& instance) {
  Commit commit;
  commit.at = at_second(1);
  commit.remembered.scaling = {full_memory(group, instance)};
  commit.remembered.health = {full_health(instance)};
  commit.decisions = {full_decision(group, 4, 5, 7)};
  return commit;
}

std::vector<ScalingDecision> decisions_of(SqliteStateStore& store, const std::string& group, int limit = 1000) {
  auto decisions = store.decisions(group, limit);
  INFO((decisions ? "" : to_string(decisions.error())));
  REQUIRE(decisions);
  return std::move(decisions).value();
}

bool is_empty(const OperatorWords& words) {
  return words == OperatorWords{};
}

}  // namespace

TEST_CASE("what is said and remembered is read back, to the last field") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes(all_that_is_said(kWeb, kWeb2)));
  must_commit(*open_store(directory / "vscale.db"), remembered(kWeb, kWeb2));

  auto store = open_store(directory / "vscale.db");
  const RecordedState state = read_state(*store);

  RecordedState expected;
  for (const auto& change : all_that_is_said(kWeb, kWeb2)) apply(expected, change);
  apply(expected, remembered(kWeb, kWeb2).remembered);
  CHECK(state.wanted_sizes == expected.wanted_sizes);
  CHECK(state.words == expected.words);
  CHECK(state.scaling == expected.scaling);
  CHECK(state.health == expected.health);
  CHECK(decisions_of(*store, kWeb) == std::vector{full_decision(kWeb, 4, 5, 7)});
}

TEST_CASE("what is remembered moves no serial, so that a saved plan stays good while watch looks on") {
  auto store = open_store(":memory:");
  must_commit(*store, changes({PutWantedSize{full_wanted_size(kWeb)}}));
  CHECK(must_commit(*store, remembered(kWeb, kWeb2)).serial == 1);
  must_commit(*store, changes({RemoveWantedSize{kWeb}}));
  CHECK(read_state(*store).serial == 2);
  CHECK(read_state(*store).wanted_sizes.empty());
}

TEST_CASE("what is said of the same comes in its place, and can be taken back") {
  auto store = open_store(":memory:");
  must_commit(*store, changes(all_that_is_said(kWeb, kWeb2)));
  const Protection weaker{kWeb2, Protection::From::scale_in, std::nullopt, full_said()};
  must_commit(*store, changes({PutWord{weaker}}));
  CHECK(read_state(*store).words.protections.at(kWeb2) == weaker);

  std::vector<RecordChange> back;
  for (const auto& word : one_word_of_each(kWeb, kWeb2)) back.emplace_back(RemoveWord{word});
  must_commit(*store, changes(back));
  CHECK(is_empty(read_state(*store).words));
}

TEST_CASE("a group that goes takes its size, its memory, its decisions and what was said of it, and no other group's") {
  auto store = open_store(":memory:");
  const InstanceAddress web20{InstanceAddress::Kind::group, "web20", 2};
  for (const auto& [group, instance] : {std::pair<std::string, InstanceAddress>{kWeb, kWeb2}, {"group.web20", web20}}) {
    must_commit(*store, changes(all_that_is_said(group, instance)));
    must_commit(*store, remembered(group, instance));
  }

  must_commit(*store, changes({RemoveInstance{kWeb2}, RemoveGroup{kWeb}}));

  const RecordedState state = read_state(*store);
  CHECK(state.wanted_sizes.size() == 1);
  CHECK(state.scaling.size() == 1);
  CHECK(state.health.size() == 1);
  CHECK(state.words.suspensions.size() == 2);
  CHECK(state.words.stops.contains(web20));
  CHECK(decisions_of(*store, kWeb).empty());
  CHECK(decisions_of(*store, "group.web20").size() == 1);
}

TEST_CASE("a group that is moved keeps its size, its memory, its decisions and what was said of it") {
  auto store = open_store(":memory:");
  must_commit(*store, changes({PutInstance{web(2)}}));
  must_commit(*store, changes(all_that_is_said(kWeb, kWeb2)));
  must_commit(*store, remembered(kWeb, kWeb2));
  RecordedState expected = read_state(*store);
  const InstanceAddress www2{InstanceAddress::Kind::group, "www", 2};
  const std::vector<RecordChange> moves{MoveInstance{kWeb2, www2}, MoveRollout{kWeb, "group.www"}};

  must_commit(*store, changes(moves));

  for (const auto& change : moves) apply(expected, change);
  const RecordedState state = read_state(*store);
  CHECK(state.wanted_sizes == expected.wanted_sizes);
  CHECK(state.wanted_sizes.at("group.www").group == "group.www");
  CHECK(state.words == expected.words);
  CHECK(state.words.stops.contains(www2));
  CHECK(state.scaling == expected.scaling);
  CHECK(state.health == expected.health);
  CHECK(decisions_of(*store, "group.www").size() == 1);
}

TEST_CASE("an instance that was well for long enough is remembered no more") {
  auto store = open_store(":memory:");
  must_commit(*store, remembered(kWeb, kWeb2));
  Commit well;
  well.at = at_second(2);
  well.remembered.well = {kWeb2};
  must_commit(*store, well);
  CHECK(read_state(*store).health.empty());
}

TEST_CASE("of decisions the newest are kept, and those that moved a size for longer") {
  StateStoreOptions options = store_options();
  options.moving_decisions_kept = 3;
  options.idle_decisions_kept = 2;
  auto store = open_store(":memory:", options);
  for (int second = 0; second < 10; ++second) {
    Commit commit;
    commit.at = at_second(second);
    commit.decisions = {full_decision(kWeb, 4, second % 2 == 0 ? 5 : 4, second)};
    must_commit(*store, commit);
  }
  std::vector<Instant> kept;
  for (const auto& decision : decisions_of(*store, kWeb)) kept.push_back(decision.at);
  CHECK(kept ==
        std::vector{scaling_moment(4), scaling_moment(6), scaling_moment(7), scaling_moment(8), scaling_moment(9)});
  CHECK(decisions_of(*store, kWeb, 2).front().at == scaling_moment(8));
}

TEST_CASE("damage in what is remembered is told with its table and its group") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), remembered(kWeb, kWeb2));
  SQLite::Database(directory / "vscale.db", SQLite::OPEN_READWRITE)
      .exec("UPDATE scaling_memory SET memory = '{\"group\": 7}'");
  const auto state = open_store(directory / "vscale.db")->read();
  REQUIRE_FALSE(state);
  check_golden("state_store/damaged_memory.txt", told(state.error(), directory));
}

TEST_CASE("who keeps a record in memory sees that another has written, and not what it wrote itself") {
  const TemporaryDirectory directory;
  auto watch = open_store(directory / "vscale.db");
  auto other = open_store(directory / "vscale.db");
  const auto writes = [&] {
    const auto number = watch->writes_of_others();
    REQUIRE(number);
    return *number;
  };
  const auto before = writes();
  must_commit(*watch, remembered(kWeb, kWeb2));
  CHECK(writes() == before);
  must_commit(*other, changes({PutWantedSize{full_wanted_size(kWeb)}}));
  CHECK(writes() != before);
}

TEST_CASE("who asks for the lock is seen by its holder, until it asks no more or has died") {
  const TemporaryDirectory directory;
  auto watch = open_store(directory / "vscale.db");
  const auto held = watch->lock(holder("the watch", "watch"));
  REQUIRE(held);
  const auto asks = [&] {
    const auto request = watch->lock_request();
    REQUIRE(request);
    return *request ? (*request)->operation : std::string("nobody");
  };
  CHECK(asks() == "nobody");

  auto apply_waits = open_store(directory / "vscale.db");
  LockHolder us = holder("an apply");
  us.since = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  {
    const auto request = apply_waits->ask_for_lock(us);
    REQUIRE(request);
    CHECK(asks() == "apply");
  }
  CHECK(asks() == "nobody");

  Child dies([&] {
    auto store = SqliteStateStore::open(directory / "vscale.db", OpenMode::read_write, store_options());
    LockHolder mine = us;
    mine.pid = getpid();
    auto request = (*store)->ask_for_lock(mine);
    _exit(request ? 0 : 1);
    return std::string();
  });
  CHECK(dies.result().empty());
  CHECK(asks() == "nobody");
}

}  // namespace vscale::test
