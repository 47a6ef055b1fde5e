#include "engine/execution/record_changes.h"

#include <catch2/catch.hpp>

#include "engine/recorded/apply_change.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

Action action(ActionDetail detail, const std::string& address = "group.web[0]") {
  return {1, address, "kvm1", {}, std::move(detail)};
}

RecordedState state_with(const InstanceRecord& record) {
  RecordedState state;
  state.lineage = kLineage;
  state.instances = {{record.address, record}};
  return state;
}

InstanceRecord ready_instance() {
  InstanceRecord record = instance("group.web[0]", "kvm1", Phase::ready);
  record.created_at = kNow - std::chrono::hours{2};
  record.started_at = kNow - std::chrono::hours{1};
  record.ready_at = kNow - std::chrono::minutes{59};
  return record;
}

/// The instance after the changes that the action brings with its intent.
InstanceRecord begun(const Action& act, RecordedState state) {
  for (const auto& change : changes_at_begin(act, state, kNow)) apply(state, change);
  return state.instances.at(*parse_instance_address("group.web[0]"));
}
/// The same with its outcome.
InstanceRecord ended(const Action& act, RecordedState state, const ActionOutcome& outcome = {}) {
  for (const auto& change : changes_at_end(act, outcome, state, kNow)) apply(state, change);
  return state.instances.at(*parse_instance_address("group.web[0]"));
}

TEST_CASE("a new volume is ours from the moment that its making begins") {
  const VolumeRecord root = volume_record("prod-web-0-root");
  const VolumeRecord seed = volume_record("prod-web-0-seed");
  RecordedState state = state_with(instance("group.web[0]", "kvm1"));

  const auto make_root = action(CreateVolume{root, "qcow2", "", ""});
  const auto write_seed = action(WriteSeed{seed, "prod-web-0", "id", {}});
  for (const auto& change : changes_at_begin(make_root, state, kNow)) apply(state, change);
  for (const auto& change : changes_at_begin(write_seed, state, kNow)) apply(state, change);

  CHECK(state.volumes == std::vector<VolumeRecord>{root, seed});
  CHECK(changes_at_begin(make_root, state, kNow).empty());
}

TEST_CASE("a volume that was there before we made one is not ours, and is forgotten again") {
  const VolumeRecord root = volume_record("prod-web-0-root");
  const auto make_root = action(CreateVolume{root, "qcow2", "", ""});
  const RecordedState before = state_with(instance("group.web[0]", "kvm1"));
  const Error exists{ErrorKind::exists, "it is there already", {}, {}};
  RecordedState state = before;
  for (const auto& change : changes_at_begin(make_root, state, kNow)) apply(state, change);

  SECTION("it is not ours") {
    for (const auto& change : changes_at_failure(make_root, exists, before, state)) apply(state, change);
    CHECK(state.volumes.empty());
  }
  SECTION("after any other failure there may be half of ours") {
    CHECK(changes_at_failure(make_root, Error{ErrorKind::timed_out, "slow", {}, {}}, before, state).empty());
  }
  SECTION("one that was ours before this run stays ours") {
    CHECK(changes_at_failure(make_root, exists, state, state).empty());
  }
}

TEST_CASE("one that was not as the plan saw it was not stopped, and is not leaving") {
  InstanceRecord was = ready_instance();
  was.nics[0].address = "192.168.122.7";
  was.nics[0].learned = true;
  const auto stop = action(StopDomain{.uuid = was.uuid, .grace = {}, .removal = true, .was_up = true});
  const RecordedState before = state_with(was);
  RecordedState state = before;
  state.instances.begin()->second.host = "kvm2";  // this run has followed it
  for (const auto& change : changes_at_begin(stop, state, kNow)) apply(state, change);
  REQUIRE(state.instances.begin()->second.phase == Phase::leaving);

  SECTION("where it departed, all but where it is comes back") {
    const Error departed{ErrorKind::conflict, "it is off or gone", {}, {}};
    for (const auto& change : changes_at_failure(stop, departed, before, state)) apply(state, change);
    was.host = "kvm2";
    CHECK(state.instances.begin()->second == was);
  }
  SECTION("after any other failure it may be stopped") {
    CHECK(changes_at_failure(stop, Error{ErrorKind::timed_out, "slow", {}, {}}, before, state).empty());
  }
}

TEST_CASE("a claim records the instance, the volumes that it continues and its group") {
  const VolumeRecord root = volume_record("prod-web-0-root");
  const GroupRecord group = group_record("group.web");
  RecordedState state;

  for (const auto& change :
       changes_at_end(action(ClaimInstance{instance("group.web[0]", "kvm1"), {root}, group}), {}, state, kNow)) {
    apply(state, change);
  }

  const auto& recorded = state.instances.at(*parse_instance_address("group.web[0]"));
  CHECK(recorded.phase == Phase::claimed);
  CHECK(recorded.created_at == kNow);
  CHECK(state.volumes == std::vector<VolumeRecord>{root});
  CHECK(state.groups.at("group.web") == group);
}

TEST_CASE("an instance goes from claimed to defined, started and ready as its actions end") {
  const auto claimed = state_with(instance("group.web[0]", "kvm1"));
  DefineDomain define;
  define.spec.uuid = uuid_of("group.web[0]");
  CHECK(ended(action(define), claimed).phase == Phase::defined);

  const auto started = ended(action(StartDomain{uuid_of("group.web[0]")}), claimed);
  CHECK(started.phase == Phase::started);
  CHECK(started.started_at == kNow);

  const auto ready = ended(action(wait_for(uuid_of("group.web[0]"))), state_with(started));
  CHECK(ready.phase == Phase::ready);
  CHECK(ready.ready_at == kNow);
}

TEST_CASE("whoever looks before a new domain is defined has looked before the record's last word") {
  const Instant long_ago = kNow - std::chrono::hours{2};
  InstanceRecord record = instance("group.web[0]", "kvm1");
  record.created_at = long_ago;
  DefineDomain define;
  define.spec.uuid = record.uuid;
  CHECK(begun(action(define), state_with(record)).created_at == kNow);
  CHECK(ended(action(define), state_with(record)).created_at == kNow);
  // One that is only defined anew was there before, and is as far as it was.
  record.phase = Phase::ready;
  CHECK(begun(action(define), state_with(record)) == record);
  CHECK(ended(action(define), state_with(record)) == record);
  record.phase = Phase::defined;
  CHECK(begun(action(define), state_with(record)).created_at == long_ago);
  CHECK(ended(action(define), state_with(record)).created_at == long_ago);
}

TEST_CASE("what was ready is so no longer before it is started again: nobody has waited for that guest yet") {
  const auto starting = begun(action(StartDomain{uuid_of("group.web[0]")}), state_with(ready_instance()));
  CHECK(starting.phase == Phase::defined);
  CHECK_FALSE(starting.ready_at.has_value());
}

TEST_CASE("no progress is recorded with the intent: nothing has happened yet") {
  const auto state = state_with(instance("group.web[0]", "kvm1", Phase::defined));
  CHECK(changes_at_begin(action(StartDomain{uuid_of("group.web[0]")}), state, kNow).empty());
  CHECK(changes_at_begin(action(DefineDomain{}), state, kNow).empty());
  CHECK(changes_at_begin(action(wait_for(uuid_of("group.web[0]"))), state, kNow).empty());
}

GuestNic learned_nic(const std::string& address) {
  return {.network = "lan", .mac = "mac-of-group.web[0]", .address = address, .learned = true};
}

TEST_CASE("an address that a lease or the agent told is recorded with its card, as one that was learned") {
  const auto state = state_with(instance("group.web[0]", "kvm1", Phase::started));
  const ActionOutcome outcome{.addresses = {{"mac-of-group.web[0]", "10.0.0.9"}, {"another", "10.0.0.10"}}, .note = {}};
  const auto ready = ended(action(wait_for(uuid_of("group.web[0]"))), state, outcome);
  CHECK(ready.nics == std::vector<GuestNic>{learned_nic("10.0.0.9")});
}

TEST_CASE("an address that was learned is forgotten when the guest starts, and one that was given is not") {
  InstanceRecord record = ready_instance();
  record.nics = {learned_nic("192.168.122.9"), {"dmz", "52:54:00:00:00:02", "10.0.0.51"}};
  const StopDomain stop{.uuid = record.uuid, .grace = {}, .removal = false};
  for (const auto& phase : {Phase::ready, Phase::defined}) {
    record.phase = phase;
    for (const Action& act : {action(StartDomain{record.uuid}), action(stop)}) {
      const InstanceRecord after = begun(act, state_with(record));
      CHECK(after.nics[0].address == std::nullopt);
      CHECK_FALSE(after.nics[0].learned);
      CHECK(after.nics[1].address == "10.0.0.51");
    }
  }
}

TEST_CASE("what is no address is not recorded as one, whoever told it") {
  const auto state = state_with(instance("group.web[0]", "kvm1", Phase::started));
  const auto before = state.instances.begin()->second.nics;
  const ActionOutcome outcome{.addresses = {{"mac-of-group.web[0]", "10.0.0.9\nProxyCommand x"}}, .note = {}};
  CHECK(ended(action(wait_for(uuid_of("group.web[0]"))), state, outcome).nics == before);
}

TEST_CASE("what is going to be removed is leaving before it is stopped") {
  const StopDomain stop{.uuid = uuid_of("group.web[0]"), .grace = {}, .removal = true};
  CHECK(begun(action(stop), state_with(ready_instance())).phase == Phase::leaving);
}

TEST_CASE("what is stopped for a change is known to be off by our doing, before it is stopped") {
  const StopDomain stop{.uuid = uuid_of("group.web[0]"), .grace = {}, .removal = false};
  const auto stopped = begun(action(stop), state_with(ready_instance()));
  CHECK(stopped.phase == Phase::defined);
  CHECK_FALSE(stopped.ready_at.has_value());
}

TEST_CASE("the removal of a twin does not change the record of the right one") {
  const auto state = state_with(ready_instance());
  CHECK(changes_at_begin(action(StopDomain{.uuid = "uuid of the twin", .grace = {}, .removal = true}), state, kNow)
            .empty());
  CHECK(changes_at_end(action(StartDomain{"uuid of the twin"}), {}, state, kNow).empty());
}

TEST_CASE("an update records the new sizes and leaves the progress as it is") {
  auto recorded = ready_instance();
  recorded.phase = Phase::defined;  // It was stopped for this, after the plan was made.
  recorded.drained = recorded.failed = true;
  UpdateDomain update{
      .uuid = recorded.uuid, .vcpus = {}, .memory_bytes = 4 * kGiB, .ownership = {}, .after = ready_instance()};
  update.after.memory_bytes = 4 * kGiB;

  const auto changed = ended(action(update), state_with(recorded));

  CHECK(changed.memory_bytes == 4 * kGiB);
  CHECK(changed.phase == Phase::defined);
  CHECK(changed.drained);
  CHECK(changed.failed);
}

TEST_CASE("what a host takes too long for says nothing of a revision; what does not become ready in time does") {
  const Error late{ErrorKind::timed_out, "no answer in time", {}, {}};
  CHECK_FALSE(is_failure_of_rollout(action(StartDomain{"uuid"}), late));
  CHECK_FALSE(is_failure_of_rollout(action(DefineDomain{}), late));
  CHECK(is_failure_of_rollout(action(WaitForGates{}), late));
  CHECK(is_failure_of_rollout(action(StartDomain{"uuid"}), {ErrorKind::failed, "no such machine type", {}, {}}));
}

TEST_CASE("how many a group is to have is recorded with whoever goes") {
  RecordedState state = state_with(ready_instance());
  GroupRecord group;
  group.address = "group.web";
  group.size = 4;
  state.groups["group.web"] = group;
  for (const auto& change : changes_at_end(action(ReleaseInstance{3}), {}, state, kNow)) apply(state, change);
  CHECK(state.groups.at("group.web").size == 3);
}

TEST_CASE("who is forgotten is not made again: the group is to have one less") {
  RecordedState state = state_with(ready_instance());
  GroupRecord group;
  group.address = "group.web";
  group.size = 4;
  state.groups["group.web"] = group;
  const auto forget = action(ChangeRecord{{ForgetInstance{*parse_instance_address("group.web[0]")}}});
  for (const auto& change : changes_at_end(forget, {}, state, kNow)) apply(state, change);
  CHECK(state.groups.at("group.web").size == 3);
  CHECK(state.instances.empty());
}

TEST_CASE("volumes and images leave the record when they have gone, and images enter it when they have come") {
  RecordedState state;
  const VolumeRecord root = volume_record("prod-web-0-root");
  state.volumes = {root};
  for (const auto& change : changes_at_end(action(DeleteVolume{root}), {}, state, kNow)) apply(state, change);
  CHECK(state.volumes.empty());

  UploadImage upload{.image = {}, .pool = "default", .volume = "image-41c7"};
  upload.image.image = "debian";
  upload.image.digest = "sha256:41c7";
  for (const auto& change : changes_at_end(action(upload, "image.debian"), {}, state, kNow)) apply(state, change);
  REQUIRE(state.image_copies.size() == 1);
  CHECK(state.image_copies[0].host == "kvm1");
  CHECK(state.image_copies[0].digest == "sha256:41c7");

  const DeleteImage gone{.image = "debian", .digest = "sha256:41c7", .pool = "default", .volume = "image-41c7"};
  for (const auto& change : changes_at_end(action(gone, "image.debian"), {}, state, kNow)) apply(state, change);
  CHECK(state.image_copies.empty());
}

TEST_CASE("a volume that has grown is recorded so") {
  RecordedState state;
  VolumeRecord root = volume_record("prod-web-0-root");
  state.volumes = {root};
  root.capacity_bytes = 20 * kGiB;
  for (const auto& change : changes_at_end(action(ResizeVolume{root, "uuid"}), {}, state, kNow)) apply(state, change);
  CHECK(state.volumes == std::vector<VolumeRecord>{root});
}

TEST_CASE("the last step of a removal forgets the instance") {
  auto state = state_with(ready_instance());
  for (const auto& change : changes_at_end(action(ReleaseInstance{}), {}, state, kNow)) apply(state, change);
  CHECK(state.instances.empty());
}

TEST_CASE("the history tells what became of instances, and nothing of the small steps") {
  CHECK(events_at_end(action(ReleaseInstance{}), {}, {}, kNow).at(0).kind == "destroyed");
  CHECK(events_at_end(action(StopDomain{}), {.addresses = {}, .note = "shut down"}, {}, kNow).at(0).text ==
        "shut down");
  CHECK(events_at_end(action(CreateVolume{}), {}, {}, kNow).empty());
  CHECK(events_at_end(action(ClaimInstance{}), {}, {}, kNow).empty());
}

TEST_CASE("a domain that was undefined is no longer among what was last seen of its host") {
  RecordedState state = state_with(ready_instance());
  LiveDomain seen;
  seen.uuid = uuid_of("group.web[0]");
  state.hosts["kvm1"].observed.emplace().domains = {seen};
  state.hosts["kvm2"].observed.emplace().domains = {seen};

  for (const auto& change : changes_at_end(action(UndefineDomain{seen.uuid}), {}, state, kNow)) apply(state, change);

  CHECK(state.hosts.at("kvm1").observed->domains.empty());
  CHECK(state.hosts.at("kvm2").observed->domains.size() == 1);
}

}  // namespace
}  // namespace vscale::test
