// What the statefile keeps, and what it refuses.

#include <algorithm>
#include <random>

#include "engine/recorded/apply_change.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

VolumeRecord volume_of(const InstanceRecord& owner, VolumeRecord::Role role = VolumeRecord::Role::root) {
  VolumeRecord volume;
  volume.host = owner.host;
  volume.pool = "default";
  volume.name = owner.name + "-" + to_string(role) + ".qcow2";
  volume.storage = "local";
  volume.owner = owner.address;
  volume.role = role;
  volume.disk = to_string(role);
  volume.capacity_bytes = 20 * kGiB;
  volume.keep = role == VolumeRecord::Role::data;
  return volume;
}

ImageCopyRecord image_copy() {
  return {.host = "kvm1",
          .pool = "default",
          .volume = "vscale-41c7.qcow2",
          .image = "debian-12",
          .digest = "sha256:41c7",
          .size_bytes = 412 * kMiB,
          .at = at_second(4)};
}

ImageLock image_lock() {
  ImageLock lock;
  lock.image = "debian-12";
  lock.source = "https://images.example.lan/debian-12.qcow2";
  lock.digest = "sha256:41c7";
  lock.format = "qcow2";
  lock.size_bytes = 412 * kMiB;
  lock.virtual_size_bytes = 2 * kGiB;
  lock.modified_ns = 1777900800123456789;
  lock.at = at_second(5);
  lock.checksum = "sha512:9f86";
  return lock;
}

RevisionRecord revision_without_end() {
  RevisionRecord revision = full_revision("group.web", 4);
  revision.completed_at = std::nullopt;
  revision.verdict = RevisionRecord::Verdict::wanted;
  revision.why = "";
  revision.made_of = Template{};
  return revision;
}

std::vector<RecordChange> one_of_each() {
  const InstanceRecord db = full_instance();
  return {PutInstance{db},
          PutInstance{web(0)},
          PutVolume{volume_of(db)},
          PutVolume{volume_of(db, VolumeRecord::Role::data)},
          PutVolume{volume_of(db, VolumeRecord::Role::seed)},
          PutImageCopy{image_copy()},
          PutImageLock{image_lock()},
          PutGroup{{.address = "group.web", .revision = 4, .spec_hash = "5fec", .cursor_host = "kvm2", .stable = 3}},
          PutRevision{full_revision("group.web", 3)},
          PutRevision{revision_without_end()},
          PutRollout{full_rollout("group.web")},
          PutRollout{first_rollout("machine.db1")},
          PutRolloutIntent{full_intent("group.web")}};
}

/// Without what only a store knows.
RecordedState records_of(RecordedState state) {
  state.lineage.clear();
  state.serial = 0;
  return state;
}

Error refused(SqliteStateStore& store, const Commit& commit) {
  auto result = store.commit(commit);
  REQUIRE_FALSE(result);
  return result.error();
}

}  // namespace

TEST_CASE("what is committed is read back, to the last field") {
  const TemporaryDirectory directory;
  must_commit(*open_store(directory / "vscale.db"), changes(one_of_each()));

  const RecordedState state = read_state(*open_store(directory / "vscale.db"));

  RecordedState expected;
  for (const RecordChange& change : one_of_each()) apply(expected, change);
  CHECK(records_of(state) == expected);
  CHECK(state.serial == 1);
}

TEST_CASE("everything that was put can be removed again") {
  auto store = open_store(":memory:");
  must_commit(*store, changes(one_of_each()));
  const InstanceRecord db = full_instance();

  must_commit(*store, changes({RemoveInstance{db.address}, RemoveInstance{web(0).address},
                               RemoveVolume{db.host, "default", volume_of(db).name},
                               RemoveImageCopy{"kvm1", "default", image_copy().volume}, RemoveRevision{"group.web", 3},
                               RemoveRevision{"group.web", 4}, RemoveRollout{"group.web"}, RemoveRollout{"machine.db1"},
                               RemoveRolloutIntent{"group.web"}, RemoveGroup{"group.web"}}));

  const RecordedState state = read_state(*store);
  CHECK(state.instances.empty());
  CHECK(state.volumes.size() == 2);
  CHECK(state.image_copies.empty());
  CHECK(state.revisions.empty());
  CHECK(state.rollouts.empty());
  CHECK(state.rollout_intents.empty());
  CHECK(state.groups.empty());
}

TEST_CASE("a renamed instance keeps everything but its address, and its volumes follow") {
  auto store = open_store(":memory:");
  must_commit(*store, changes({PutInstance{web(1)}, PutVolume{volume_of(web(1))}}));
  const InstanceAddress to{InstanceAddress::Kind::group, "www", 1};

  must_commit(*store, changes({MoveInstance{web(1).address, to}}));

  const RecordedState state = read_state(*store);
  InstanceRecord expected = web(1);
  expected.address = to;
  CHECK(state.instances == std::map<InstanceAddress, InstanceRecord>{{to, expected}});
  CHECK(state.volumes.at(0).owner == to);
}

TEST_CASE("a new statefile has a lineage of its own and keeps it") {
  const TemporaryDirectory directory;
  const std::string first = read_state(*open_store(directory / "a.db")).lineage;

  CHECK(read_state(*open_store(directory / "a.db")).lineage == first);
  CHECK(read_state(*open_store(directory / "b.db")).lineage != first);
  CHECK(first.size() == 36);
}

TEST_CASE("the serial moves with changes and not with looking, journalling or telling") {
  auto store = open_store(":memory:");
  Commit begun;
  begun.at = at_second(0);
  begun.begun = ActionBegun{"run", 1, "domain.define", "group.web[0]", "kvm1"};
  begun.events = {{.at = at_second(0), .kind = "created", .address = "group.web[0]", .host = "kvm1", .text = "made"}};

  CHECK(must_commit(*store, begun).serial == 0);
  CHECK(store->record_observations({saw(seen("kvm1", {}))}));
  CHECK(read_state(*store).serial == 0);
  CHECK(must_commit(*store, changes({PutInstance{web(0)}, PutInstance{web(1)}})).serial == 1);
}

TEST_CASE("nobody gets what another instance has, and the refusal names both") {
  auto store = open_store(":memory:");
  must_commit(*store, changes({PutInstance{web(0)}}));
  std::string texts;
  const auto take = [&](const std::function<void(InstanceRecord&)>& steal) {
    InstanceRecord thief = web(1);
    steal(thief);
    const Error error = refused(*store, changes({PutInstance{web(2)}, PutInstance{thief}}));
    CHECK(error.kind == ErrorKind::conflict);
    texts += to_string(error) + "\n";
  };

  take([](InstanceRecord& thief) { thief.name = web(0).name; });
  take([](InstanceRecord& thief) { thief.uuid = web(0).uuid; });
  take([](InstanceRecord& thief) { thief.nics[0].mac = web(0).nics[0].mac; });
  take([](InstanceRecord& thief) { thief.nics[0].address = web(0).nics[0].address; });
  texts +=
      to_string(refused(*store, changes({PutInstance{web(1)}, MoveInstance{web(1).address, web(0).address}}))) + "\n";

  check_golden("state_store/taken.txt", texts);
  CHECK(read_state(*store).instances.size() == 1);
}

TEST_CASE("one address may be used once in each network") {
  auto store = open_store(":memory:");
  InstanceRecord other = web(1);
  other.nics[0].network = "dmz";
  other.nics[0].address = web(0).nics[0].address;

  must_commit(*store, changes({PutInstance{web(0)}, PutInstance{other}}));

  CHECK(read_state(*store).instances.size() == 2);
}

TEST_CASE("an address that guests learned may be several's, and also of one that was given it") {
  auto store = open_store(":memory:");
  std::vector<RecordChange> all;
  for (int ordinal = 0; ordinal < 4; ++ordinal) {
    InstanceRecord instance = web(ordinal);
    instance.nics[0].address = "192.168.122.2";
    instance.nics[0].learned = ordinal != 2;
    all.emplace_back(PutInstance{instance});
  }

  must_commit(*store, changes(all));

  const RecordedState state = read_state(*store);
  CHECK(state.instances.size() == 4);
  CHECK(state.instances.at(web(0).address).nics[0].learned);
  CHECK_FALSE(state.instances.at(web(2).address).nics[0].learned);
}

TEST_CASE("the generation of a host moves with what is claimed of it, and only with that") {
  auto store = open_store(":memory:");
  const auto generation = [&](const char* host) { return read_state(*store).hosts.at(host).generation; };
  must_commit(*store, changes({PutInstance{web(0)}}));
  CHECK(generation("kvm1") == 1);

  InstanceRecord further = web(0);
  further.phase = Phase::defined;
  must_commit(*store, changes({PutInstance{further}}));
  CHECK(generation("kvm1") == 1);

  further.claim.memory_mib += 1;
  must_commit(*store, changes({PutInstance{further}}));
  CHECK(generation("kvm1") == 2);

  further.host = "kvm2";
  must_commit(*store, changes({PutInstance{further}}));
  CHECK(generation("kvm1") == 3);
  CHECK(generation("kvm2") == 1);

  must_commit(*store, changes({RemoveInstance{further.address}}));
  CHECK(generation("kvm2") == 2);
}

TEST_CASE("who placed something by an older picture of a host is refused") {
  auto store = open_store(":memory:");
  Commit first = changes({PutInstance{web(0)}});
  first.expected_generations = {{"kvm1", 0}, {"kvm2", 0}};
  must_commit(*store, first);
  Commit second = changes({PutInstance{web(1)}});
  second.expected_generations = {{"kvm1", 0}};

  const Error error = refused(*store, second);

  CHECK(to_string(error) == "what is claimed of host kvm1 changed in between: generation 1, expected 0; plan again");
  CHECK(error.kind == ErrorKind::conflict);
  CHECK(read_state(*store).instances.size() == 1);
}

TEST_CASE("an action without an outcome is open, until it gets one") {
  auto store = open_store(":memory:");
  Commit begin;
  begin.at = at_second(1);
  begin.begun = ActionBegun{"run-1", 4, "domain.define", "group.web[0]", "kvm1"};
  const std::int64_t id = must_commit(*store, begin).journal_id;
  CHECK(read_state(*store).open_actions ==
        std::vector<OpenAction>{{id, "run-1", "domain.define", "group.web[0]", "kvm1", at_second(1)}});

  Commit end;
  end.at = at_second(2);
  end.ended = ActionEnded{id, false, Error{ErrorKind::failed, "no", "", ""}};
  must_commit(*store, end);
  CHECK(read_state(*store).open_actions.empty());
  CHECK(refused(*store, end).kind == ErrorKind::conflict);
}

TEST_CASE("an action may begin and end in one commit") {
  auto store = open_store(":memory:");
  Commit both;
  both.at = at_second(1);
  both.begun = ActionBegun{"run-1", 4, "address.release", "group.web[0]", "kvm1"};
  both.ended = ActionEnded{0, true, std::nullopt};

  CHECK(must_commit(*store, both).journal_id > 0);

  CHECK(read_state(*store).open_actions.empty());
}

TEST_CASE("a commit that is refused writes nothing of itself") {
  auto store = open_store(":memory:");
  must_commit(*store, changes({PutInstance{web(0)}}));
  const RecordedState before = read_state(*store);
  Commit commit = changes({PutInstance{web(1)}, MoveInstance{web(1).address, web(0).address}});
  commit.begun = ActionBegun{"run", 1, "domain.define", "group.web[1]", "kvm1"};
  commit.events = {{.at = at_second(0), .kind = "created", .address = "", .host = "", .text = "made"}};

  CHECK(refused(*store, commit).kind == ErrorKind::conflict);

  CHECK(read_state(*store) == before);
  CHECK(store->events(Instant{}, 10)->empty());
}

TEST_CASE("events come oldest first, the newest of them, and the oldest are forgotten") {
  StateStoreOptions options;
  options.events_kept = 3;
  auto store = open_store(":memory:", options);
  for (int i = 0; i < 5; ++i) {
    Commit commit;
    commit.at = at_second(i);
    commit.events = {{.at = at_second(i), .kind = "failed", .address = "a", .host = "h", .text = std::to_string(i)}};
    must_commit(*store, commit);
  }
  const auto texts = [&](Instant since, int limit) {
    std::string all;
    const auto events = store->events(since, limit);
    for (const EventRecord& event : *events) all += event.text;
    return all;
  };

  CHECK(texts(Instant{}, 100) == "234");
  CHECK(texts(Instant{}, 2) == "34");
  CHECK(texts(at_second(4), 100) == "4");
}

TEST_CASE("the journal forgets old outcomes but never an open action") {
  StateStoreOptions options;
  options.finished_actions_kept = 2;
  auto store = open_store(":memory:", options);
  Commit begin;
  begin.at = at_second(0);
  begin.begun = ActionBegun{"run", 0, "domain.start", "group.web[0]", "kvm1"};
  const std::int64_t left_open = must_commit(*store, begin).journal_id;
  std::int64_t first = 0;
  for (int i = 0; i < 5; ++i) {
    Commit end;
    end.at = at_second(1);
    end.ended = ActionEnded{must_commit(*store, begin).journal_id, true, std::nullopt};
    if (first == 0) first = end.ended->journal_id;
    must_commit(*store, end);
  }

  const RecordedState state = read_state(*store);

  REQUIRE(state.open_actions.size() == 1);
  CHECK(state.open_actions[0].journal_id == left_open);
  Commit again;
  again.ended = ActionEnded{first, true, std::nullopt};
  CHECK(refused(*store, again).kind == ErrorKind::conflict);
}

TEST_CASE("the configuration that was accepted last is the one in force") {
  auto store = open_store(":memory:");
  CHECK(store->accepted_config().value() == std::nullopt);
  AcceptedConfig config;
  config.files = {{"vscale.yaml", "name: prod\nvars: { x: ${env.X} }\n"}, {"more.yaml", ""}};
  config.at = at_second(1);
  config.by = "anna@ctl1";
  config.reason = "memory";
  CHECK(store->accept_config({.files = {{"old.yaml", "name: old\n"}}, .at = at_second(0), .by = "x", .reason = ""}));

  CHECK(store->accept_config(config));

  CHECK(store->accepted_config().value() == config);
}

namespace {

/// Changes that mostly make sense, over so few names that they meet often.
class RandomChanges {
 public:
  explicit RandomChanges(unsigned seed) : random_(seed) {}

  RecordChange next() {
    InstanceRecord instance = web(pick(6), "kvm" + std::to_string(1 + pick(3)));
    instance.uuid = "uuid-" + std::to_string(pick(9));
    instance.name = "prod-" + std::to_string(pick(9));
    instance.nics[0].address = "10.0.0." + std::to_string(pick(9));
    instance.nics[0].mac = "mac-" + std::to_string(pick(9));
    instance.nics[0].learned = pick(4) == 0;
    instance.phase = static_cast<Phase>(pick(5));
    instance.drained = pick(2) == 0;
    instance.failed = pick(2) == 0;
    if (pick(3) == 0) return of_a_rollout(pick(2) == 0 ? "group.web" : "group.db");
    switch (pick(8)) {
      case 0:
        return RemoveInstance{instance.address};
      case 1:
        return MoveInstance{instance.address, web(pick(6)).address};
      case 2:
        return PutVolume{volume_of(instance)};
      case 3:
        return RemoveVolume{instance.host, "default", volume_of(instance).name};
      default:
        return PutInstance{instance};
    }
  }

  int pick(int choices) { return std::uniform_int_distribution<int>(0, choices - 1)(random_); }

 private:
  RecordChange of_a_rollout(const std::string& group) {
    RevisionRecord revision = full_revision(group, 1 + pick(3));
    revision.made_of.vcpus = pick(9);
    revision.verdict = static_cast<RevisionRecord::Verdict>(pick(3));
    RolloutRecord rollout = full_rollout(group);
    rollout.steps_passed = pick(4);
    RolloutIntent intent = full_intent(group);
    intent.kind = static_cast<RolloutIntent::Kind>(pick(5));
    switch (pick(10)) {
      case 9:
        return MoveRollout{group, group + "x"};
      case 0:
        return RemoveRevision{group, revision.number};
      case 1:
        return PutRollout{rollout};
      case 2:
        return RemoveRollout{group};
      case 3:
        return PutRolloutIntent{intent};
      case 4:
        return RemoveRolloutIntent{group};
      case 5:
        return PutGroup{{.address = group, .spec_hash = "", .cursor_host = "", .stable = pick(4)}};
      case 6:
        return RemoveGroup{group};
      default:
        return PutRevision{revision};
    }
  }

  std::mt19937 random_;
};

/// Every value that only one may have, with its owner.
void check_nothing_is_had_twice(const RecordedState& state) {
  std::map<std::string, InstanceAddress> owner;
  for (const auto& [address, instance] : state.instances) {
    for (const std::string& thing : {"name " + instance.name, "uuid " + instance.uuid, "mac " + instance.nics[0].mac,
                                     instance.nics[0].learned ? "learned by " + to_string(address)
                                                              : "address " + instance.nics[0].address.value_or("?")}) {
      INFO(thing << " of " << to_string(address));
      CHECK(owner.emplace(thing, address).second);
    }
  }
}

}  // namespace

TEST_CASE("whatever two writers do, the file says what its twin in memory says, and nothing is had twice") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  const TemporaryDirectory directory;
  const auto one = open_store(directory / "vscale.db");
  const auto other = open_store(directory / "vscale.db");
  RandomChanges random(seed);
  RecordedState twin;
  int written = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<RecordChange> all;
    for (int i = 0; i <= random.pick(3); ++i) all.push_back(random.next());
    SqliteStateStore& writer = random.pick(2) == 0 ? *one : *other;
    if (const auto committed = writer.commit(changes(all))) {
      for (const RecordChange& change : all) apply(twin, change);
      CHECK(committed->serial == ++written);
    } else {
      CHECK(committed.error().kind == ErrorKind::conflict);
    }
    const RecordedState now = read_state(round % 2 == 0 ? *one : *other);
    REQUIRE(records_of(now) == twin);
    check_nothing_is_had_twice(now);
  }
  CHECK(written > 30);
  CHECK(one->check());
}

TEST_CASE("two who place by the same picture never claim more of a host than it has") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  const TemporaryDirectory directory;
  const std::unique_ptr<SqliteStateStore> stores[] = {open_store(directory / "vscale.db"),
                                                      open_store(directory / "vscale.db")};
  RandomChanges random(seed);
  constexpr int kVcpus = 8;
  RecordedState pictures[] = {read_state(*stores[0]), read_state(*stores[1])};
  int refusals = 0;
  for (int round = 0; round < 200; ++round) {
    const auto who = static_cast<std::size_t>(random.pick(2));
    if (random.pick(3) > 0) pictures[who] = read_state(*stores[who]);
    const RecordedState& picture = pictures[who];
    const InstanceRecord wanted = web(random.pick(8), "kvm" + std::to_string(1 + random.pick(2)));
    int free = kVcpus;
    for (const auto& [address, instance] : picture.instances)
      free -= instance.host == wanted.host ? instance.claim.vcpus : 0;
    Commit commit = changes({PutInstance{wanted}});
    if (free < wanted.claim.vcpus || picture.instances.contains(wanted.address)) {
      commit.changes = {RemoveInstance{wanted.address}};
    } else {
      const auto host = picture.hosts.find(wanted.host);
      commit.expected_generations = {{wanted.host, host == picture.hosts.end() ? 0 : host->second.generation}};
    }
    refusals += stores[who]->commit(commit) ? 0 : 1;

    std::map<std::string, int> claimed;
    for (const auto& [address, instance] : read_state(*stores[who]).instances)
      claimed[instance.host] += instance.claim.vcpus;
    for (const auto& [host, vcpus] : claimed) {
      INFO(host);
      CHECK(vcpus <= kVcpus);
    }
  }
  CHECK(refusals > 0);
}

}  // namespace vscale::test
