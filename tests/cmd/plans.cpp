#include "tests/cmd/plans.h"

#include <fmt/format.h>

#include <array>

#include "tests/support/revisions.h"

namespace vscale::test {
namespace {

InstanceAddress web_member(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

Change create(int ordinal, const std::string& host) {
  return {.address = to_string(web_member(ordinal)),
          .action = ChangeAction::create,
          .disruption = Disruption::none,
          .reasons = {{Rule::wanted, "size 3, there are 0", {{"want", std::int64_t{3}}, {"have", std::int64_t{0}}}},
                      {Rule::placement, "most balanced of 2", {{"host", host}}}},
          .fields = {},
          .from_host = {},
          .host = host,
          .addresses = {fmt::format("10.0.0.{}", 50 + ordinal)}};
}

InstanceRecord instance(int ordinal, const std::string& host) {
  InstanceRecord record;
  record.address = web_member(ordinal);
  record.name = fmt::format("prod-web-{}", ordinal);
  record.uuid = fmt::format("00000000-0000-8000-8000-{:012}", ordinal);
  record.host = host;
  record.nics = {{"lan", fmt::format("52:54:00:00:00:{:02x}", ordinal), fmt::format("10.0.0.{}", 50 + ordinal)}};
  return record;
}

VolumeRecord root_disk(int ordinal, const std::string& host) {
  VolumeRecord volume;
  volume.host = host;
  volume.pool = "default";
  volume.name = fmt::format("prod-web-{}-root.qcow2", ordinal);
  volume.storage = "local";
  volume.owner = web_member(ordinal);
  volume.disk = "root";
  volume.capacity_bytes = 20 * kGiB;
  return volume;
}

ImageLock debian() {
  return {.image = "debian-12",
          .source = "/srv/debian-12.qcow2",
          .digest = "sha256:9f86d081884c7d659a2feaa0c55ad015",
          .format = "qcow2",
          .size_bytes = 412 * kMiB,
          .virtual_size_bytes = 2 * kGiB,
          .modified_ns = 1,
          .at = Instant{},
          .checksum = "sha512:2fd4e1c67a2d28fced849ee1bb76e739"};
}

}  // namespace

Action& add_action(Plan& plan, const std::string& address, const std::string& host, ActionDetail detail) {
  Action action;
  action.id = static_cast<int>(plan.actions.size()) + 1;
  action.address = address;
  action.host = host;
  if (action.id > 1) action.needs = {action.id - 1};
  action.detail = std::move(detail);
  plan.actions.push_back(std::move(action));
  return plan.actions.back();
}

Plan empty_plan() {
  Plan plan;
  plan.name = "prod";
  plan.created_at = Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{14}};
  plan.lineage = "8d1f2a00-0000-4000-8000-000000000001";
  plan.serial = 118;
  return plan;
}

Plan plan_that_creates() {
  Plan plan = empty_plan();
  plan.changes = {create(0, "kvm1"), create(1, "kvm2"), create(2, "kvm1")};
  plan.summary.create = 3;
  add_action(plan, "image.debian-12", "kvm1", UploadImage{debian(), "default", "debian-12.qcow2"});
  for (int i = 0; i < 3; ++i) {
    const std::string host = i == 1 ? "kvm2" : "kvm1";
    const std::string address = to_string(web_member(i));
    const std::string uuid = instance(i, host).uuid;
    add_action(plan, address, host, ClaimInstance{instance(i, host), {root_disk(i, host)}, {"group.web", 1, "h", ""}});
    add_action(plan, address, host, CreateVolume{root_disk(i, host), "qcow2", "debian-12.qcow2", "qcow2", false});
    add_action(plan, address, host, StartDomain{uuid});
    Gate http;
    http.kind = Gate::Kind::http;
    http.port = 80;
    http.path = "/health";
    add_action(plan, address, host, WaitForGates{uuid, {http}, std::chrono::minutes{5}, {}});
  }
  add_action(plan, "group.web", "", Barrier{});
  return plan;
}

namespace {

/// Three instances, of which the first gets a successor beside it.
RolloutOutline rollout_of_web() {
  RolloutOutline rollout;
  rollout.group = "group.web";
  rollout.from = 3;
  rollout.to = 4;
  rollout.what = "image debian-12 9f86d081 -> 41c7a2e0";
  rollout.size = 3;
  rollout.surge = 1;
  rollout.min_ready = std::chrono::seconds{30};
  UpdateStep first;
  first.to = {Amount::Unit::count, 1};
  first.manual_pause = true;
  UpdateStep half;
  half.to = {Amount::Unit::percent, 50};
  half.pause = std::chrono::minutes{5};
  UpdateStep all;
  all.to = {Amount::Unit::percent, 100};
  all.bake = std::chrono::minutes{10};
  rollout.steps = {first, half, all};
  rollout.on_failure = Update::OnFailure::rollback;
  rollout.max_failures = 1;
  rollout.peak = 4;
  rollout.lowest = 3;
  rollout.turns = {{.number = 1,
                    .comes = {{"group.web[3]", "kvm1"}},
                    .goes = {{"group.web[0]", "kvm1"}},
                    .fresh = 0,
                    .available = 3,
                    .total = 4,
                    .rests = "pause until promoted"}};
  rollout.held = "waits at step 1 of 3, for `rollout promote`";
  return rollout;
}

/// One of each kind of step that only a rolling update has.
void add_rollout_of_web(Plan& plan) {
  const std::string uuid = instance(3, "kvm1").uuid;
  Hook drain;
  drain.command = {{"/etc/lb/drain"}, {"${name}"}};
  drain.undo = {{"/etc/lb/enable"}, {"${name}"}};
  drain.timeout = std::chrono::seconds{30};
  drain.on_failure = Hook::OnFailure::proceed;
  RevisionRecord revision = full_revision("group.web", 4);
  revision.completed_at.reset();
  revision.verdict = RevisionRecord::Verdict::wanted;
  revision.made_of = {};  // no part of a plan
  revision.why = "";
  add_action(plan, "group.web", "", BeginRollout{full_rollout("group.web"), revision, 2, "1 failed, 0 allowed"});
  add_action(plan, "group.web", "", RolloutTurn{1});
  WaitForGates wait{uuid, {Gate{}}, std::chrono::minutes{5}, {}};
  wait.min_ready = std::chrono::seconds{30};
  wait.progress_deadline = std::chrono::minutes{10};
  add_action(plan, "group.web[3]", "kvm1", wait);
  add_action(plan, "group.web[0]", "kvm1", CheckStop{instance(0, "kvm1").uuid, true});
  add_action(plan, "group.web[0]", "kvm1",
             RunHook{RunHook::When::before_stop, drain, instance(0, "kvm1").uuid, "prod-web-0", {}, "rollout", {}});
  StopDomain stop{instance(0, "kvm1").uuid, std::chrono::minutes{1}, true, true, false, {drain}};
  add_action(plan, "group.web[0]", "kvm1", stop);
  add_action(plan, "group.web", "",
             WatchRollout{.step = 1,
                          .lasts = std::chrono::minutes{5},
                          .watched = {{"group.web[3]", "kvm1", uuid, "prod-web-3", {}}},
                          .gates = {Gate{}}});
  add_action(plan, "group.web", "", HoldRollout{0});
  add_action(plan, "group.web", "", EndRollout{4, {}});
  add_action(
      plan, "group.web", "",
      ChangeRecord{{PutRolloutIntent{full_intent("group.web")}, RemoveRolloutIntent{"group.db"},
                    RemoveRevision{"group.web", 1}, PutRollout{full_rollout("group.web")}, RemoveRollout{"group.db"}}});
}

}  // namespace

Plan plan_with_everything() {
  Plan plan = empty_plan();
  plan.complete = false;
  plan.drift = {{"machine.db1", "kvm3", "state", "running", "shut off", "start"},
                {"group.web[1]", "kvm1", "memory", "2 GiB", "3 GiB", "put back, live"}};
  const FieldChange image{"image", "debian-12 9f86d081", "debian-12 41c7a2e0"};
  for (int i = 0; i < 3; ++i) {
    const std::string host = fmt::format("kvm{}", i + 1);
    plan.changes.push_back(
        {.address = to_string(web_member(i)),
         .action = ChangeAction::replace,
         .disruption = Disruption::replace,
         .reasons = {{Rule::spec_changed, "image debian-12 9f86d081 -> debian-12 41c7a2e0", {{"field", "image"}}}},
         .fields = {image},
         .from_host = host,
         .host = i == 1 ? "kvm3" : host,
         .addresses = {fmt::format("10.0.0.{}", 50 + i)}});
  }
  plan.changes.push_back({.address = "group.cp[0]",
                          .action = ChangeAction::update,
                          .disruption = Disruption::live,
                          .reasons = {{Rule::size_of_machine_changed, "memory 2 GiB -> 4 GiB", {}}},
                          .fields = {{"memory", "2 GiB", "4 GiB"}},
                          .from_host = "kvm1",
                          .host = "kvm1",
                          .addresses = {}});
  plan.changes.push_back({.address = "machine.db1",
                          .action = ChangeAction::start,
                          .disruption = Disruption::none,
                          .reasons = {{Rule::stopped_outside, "shut off outside vscale", {}}},
                          .fields = {},
                          .from_host = "kvm3",
                          .host = "kvm3",
                          .addresses = {"10.0.0.11"}});
  plan.changes.push_back({.address = "group.old[4]",
                          .action = ChangeAction::destroy,
                          .disruption = Disruption::none,
                          .reasons = {{Rule::group_removed, "removed: group.old", {}},
                                      {Rule::keep_disk, "disk data (50 GiB) stays on kvm2", {{"disk", "data"}}}},
                          .fields = {},
                          .from_host = "kvm2",
                          .host = {},
                          .addresses = {}});
  plan.changes.push_back({.address = "group.cp[1]",
                          .action = ChangeAction::hold,
                          .disruption = Disruption::none,
                          .reasons = {{Rule::limit, "vcpus 2 -> 4 needs a reboot; --allow live holds it", {}}},
                          .fields = {},
                          .from_host = "kvm2",
                          .host = "kvm2",
                          .addresses = {}});
  plan.unknown = {{"host.kvm4", "kvm4",
                   "ssh: connect to host kvm4 port 22: Connection timed out; its 6 instances are "
                   "not planned",
                   plan.created_at - std::chrono::minutes{2}}};
  plan.diagnostics = {{.severity = Severity::warning,
                       .code = "pool_nearly_full",
                       .summary = "storage \"local\": 12 GiB are left on kvm1",
                       .label = {},
                       .hint = "image copies that nobody uses go with the next apply",
                       .where = {},
                       .snippet = {},
                       .also = {}}};
  plan.summary = {.create = 0, .update = 1, .replace = 3, .destroy = 1, .start = 1, .unknown = 6};
  plan.changes[0].successor = "group.web[3]";
  plan.rollouts = {rollout_of_web()};
  add_action(plan, "machine.db1", "kvm3", StartDomain{"00000000-0000-8000-8000-0000000000db"});
  add_rollout_of_web(plan);
  return plan;
}

Plan plan_of_fifty() {
  Plan plan = empty_plan();
  for (int i = 0; i < 50; ++i) {
    plan.changes.push_back(create(i, i % 2 == 0 ? "kvm1" : "kvm2"));
    add_action(plan, to_string(web_member(i)), i % 2 == 0 ? "kvm1" : "kvm2", StartDomain{instance(i, "").uuid});
  }
  plan.summary.create = 50;
  return plan;
}

namespace {

RolloutOutline web_outline() {
  RolloutOutline rollout;
  rollout.group = "group.web";
  rollout.from = 8;
  rollout.to = 9;
  rollout.what = "image debian-12 9f86d081 -> 41c7a2e0";
  rollout.size = 3;
  rollout.surge = 1;
  rollout.steps = {
      {.to = {Amount::Unit::count, 1}, .manual_pause = false, .pause = std::chrono::minutes{5}, .bake = {}},
      {.to = {Amount::Unit::percent, 100}, .manual_pause = false, .pause = {}, .bake = std::chrono::minutes{10}}};
  rollout.on_failure = Update::OnFailure::rollback;
  rollout.peak = 4;
  rollout.lowest = 3;
  for (int i = 0; i < 3; ++i) {
    const std::string comes_on = fmt::format("kvm{}", std::array{2, 3, 1}[static_cast<std::size_t>(i)]);
    const std::string goes_from = fmt::format("kvm{}", std::array{2, 1, 3}[static_cast<std::size_t>(i)]);
    rollout.turns.push_back({.number = 2 * i + 1,
                             .comes = {{to_string(web_member(i + 3)), comes_on}},
                             .goes = {},
                             .fresh = i,
                             .available = 3,
                             .total = 4,
                             .rests = {}});
    rollout.turns.push_back({.number = 2 * i + 2,
                             .comes = {},
                             .goes = {{to_string(web_member(i)), goes_from}},
                             .fresh = i + 1,
                             .available = 4,
                             .total = 4,
                             .rests = i == 0   ? "pause 5m"
                                      : i == 2 ? "bake 10m"
                                               : ""});
  }
  return rollout;
}

Change rolled(int ordinal, const RolloutOutline& rollout) {
  const auto turn = 2 * static_cast<std::size_t>(ordinal);
  const RolloutMove& comes = rollout.turns[turn].comes.front();
  const RolloutMove& goes = rollout.turns[turn + 1].goes.front();
  return {.address = goes.address,
          .action = ChangeAction::replace,
          .disruption = Disruption::replace,
          .reasons = {{Rule::spec_changed, "image debian-12 9f86d081 -> debian-12 41c7a2e0", {{"field", "image"}}},
                      {Rule::rollout, "surge 1 allows one more", {{"surge", std::int64_t{1}}}}},
          .fields = {{"image", "debian-12 9f86d081", "debian-12 41c7a2e0"}},
          .successor = comes.address,
          .from_host = goes.host,
          .host = comes.host,
          .addresses = {fmt::format("10.0.0.{}", 53 + ordinal)}};
}

}  // namespace

Plan plan_that_rolls() {
  Plan plan = empty_plan();
  plan.rollouts = {web_outline()};
  for (int i = 0; i < 3; ++i) plan.changes.push_back(rolled(i, plan.rollouts.front()));
  plan.summary.replace = 3;
  RolloutRecord rollout;
  rollout.group = "group.web";
  rollout.from = 8;
  rollout.to = 9;
  add_action(plan, "group.web", "", BeginRollout{rollout, {}, {}});
  add_action(plan, "group.web", "", RolloutTurn{1});
  add_action(plan, "group.web[3]", "kvm2", ClaimInstance{instance(3, "kvm2"), {root_disk(3, "kvm2")}, {}});
  add_action(plan, "group.web[3]", "kvm2", StartDomain{instance(3, "kvm2").uuid});
  add_action(plan, "group.web[3]", "kvm2", WaitForGates{instance(3, "kvm2").uuid, {}, std::chrono::minutes{5}, {}});
  add_action(plan, "group.web", "", RolloutTurn{2});
  add_action(plan, "group.web[0]", "kvm2", StopDomain{instance(0, "kvm2").uuid, std::chrono::minutes{1}, true, true});
  add_action(plan, "group.web", "",
             WatchRollout{0, std::chrono::minutes{5}, {{"group.web[3]", "kvm2", "", "", {}}}, {}, 3});
  add_action(plan, "group.web", "", HoldRollout{1});
  add_action(plan, "group.web", "", EndRollout{9, {}});
  return plan;
}

}  // namespace vscale::test
