#include "tests/cmd/plans.h"

#include <fmt/format.h>

#include <array>
#include <random>

#include "tests/support/revisions.h"

namespace vscale::test {
namespace {

InstanceAddress web(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

Change create(int ordinal, const std::string& host) {
  return {.address = to_string(web(ordinal)),
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
  record.address = web(ordinal);
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
  volume.owner = web(ordinal);
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
    const std::string address = to_string(web(i));
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
        {.address = to_string(web(i)),
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
    add_action(plan, to_string(web(i)), i % 2 == 0 ? "kvm1" : "kvm2", StartDomain{instance(i, "").uuid});
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
                             .comes = {{to_string(web(i + 3)), comes_on}},
                             .goes = {},
                             .fresh = i,
                             .available = 3,
                             .total = 4,
                             .rests = {}});
    rollout.turns.push_back({.number = 2 * i + 2,
                             .comes = {},
                             .goes = {{to_string(web(i)), goes_from}},
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

namespace {

/// Draws the parts of a plan.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  bool yes() { return up_to(1) == 1; }

  template <class T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + up_to(static_cast<int>(list.size()) - 1));
  }

  std::string word() {
    return one_of<std::string>({"", "kvm1", "a host with spaces", "<&'\"; rm -rf", "ünïcödé", "主机", "tab\there",
                                "two\nlines", "\x1b[31mred", std::string(120, 'x'), "group.web", "-", "10.0.0.50",
                                "a rather long sentence that has to be wrapped somewhere, since no line may be wider"});
  }
  std::string name() {
    return one_of<std::string>({"web", "a", "very-long-group-name-of-forty-characters", "db1", "n0"});
  }
  InstanceAddress address() {
    if (yes()) return {InstanceAddress::Kind::machine, name(), 0};
    return {InstanceAddress::Kind::group, name(), up_to(99999)};
  }
  Instant instant() { return Instant{Duration{1'700'000'000'000LL + up_to(1'000'000'000)}}; }
  std::uint64_t bytes() { return static_cast<std::uint64_t>(up_to(1 << 30)) * 4096U; }

  template <class T, class Make>
  std::vector<T> list(int most, Make make) {
    std::vector<T> out;
    for (int i = up_to(most); i > 0; --i) out.push_back(make());
    return out;
  }

  GuestNic guest_nic() {
    return {word(), "52:54:00:00:00:01", yes() ? std::optional<std::string>("10.0.0.7") : std::nullopt, word(), yes()};
  }
  InstanceRecord instance() {
    InstanceRecord record;
    record.address = address();
    record.name = word();
    record.uuid = word();
    record.incarnation = 1 + up_to(9);
    record.host = word();
    record.revision = 1 + up_to(9);
    record.spec_hash = word();
    record.image_digest = word();
    record.phase = one_of({Phase::claimed, Phase::defined, Phase::started, Phase::ready, Phase::leaving});
    record.nics = list<GuestNic>(2, [&] { return guest_nic(); });
    record.vcpus = up_to(64);
    record.memory_bytes = bytes();
    record.claim = {.vcpus = up_to(9), .memory_mib = bytes(), .disk_gib = {{"local", bytes()}}};
    if (yes()) record.created_at = instant();
    if (yes()) record.started_at = instant();
    if (yes()) record.ready_at = instant();
    record.after = list<std::string>(2, [&] { return word(); });
    record.prevent_destroy = yes();
    record.shutdown_grace_ms = up_to(100000);
    record.drained = yes();
    return record;
  }
  VolumeRecord volume() {
    return {.host = word(),
            .pool = word(),
            .name = word(),
            .storage = word(),
            .owner = address(),
            .role = one_of({VolumeRecord::Role::root, VolumeRecord::Role::data, VolumeRecord::Role::seed}),
            .disk = word(),
            .capacity_bytes = bytes(),
            .keep = yes()};
  }
  ImageLock image() {
    return {.image = word(),
            .source = word(),
            .digest = word(),
            .format = "qcow2",
            .size_bytes = bytes(),
            .virtual_size_bytes = bytes(),
            .modified_ns = up_to(1000),
            .at = instant(),
            .checksum = word()};
  }
  ImageCopyRecord image_copy() {
    return {.host = word(),
            .pool = word(),
            .volume = word(),
            .image = word(),
            .digest = word(),
            .size_bytes = bytes(),
            .at = instant()};
  }
  GroupRecord group() { return {word(), 1 + up_to(9), word(), word(), up_to(9)}; }
  RevisionRecord revision() {
    RevisionRecord made = full_revision(word(), 1 + up_to(9));
    made.image = image();
    made.made_of = {};  // no part of a plan
    if (yes()) made.completed_at.reset();
    made.verdict = one_of(
        {RevisionRecord::Verdict::wanted, RevisionRecord::Verdict::rolled_back, RevisionRecord::Verdict::aborted});
    made.why = word();
    return made;
  }
  RolloutRecord rollout_record() {
    RolloutRecord made = full_rollout(word());
    made.from = up_to(9);
    made.steps_passed = up_to(9);
    if (yes()) made.step_reached_at.reset();
    made.failure = word();
    return made;
  }
  RolloutIntent intent() {
    RolloutIntent made = full_intent(word());
    made.kind = one_of({RolloutIntent::Kind::pause, RolloutIntent::Kind::resume, RolloutIntent::Kind::promote,
                        RolloutIntent::Kind::abort, RolloutIntent::Kind::undo});
    made.at = instant();
    made.reason = word();
    return made;
  }
  Ownership ownership() {
    return {word(), address(), up_to(9), up_to(9),
            word(), word(),    word(),   list<StaticAddress>(2, [&] {
              return StaticAddress{word(), word()}; })};
  }
  DomainDisk disk() { return {word(), word(), "raw", word()}; }

  DomainSpec spec() {
    DomainSpec made;
    made.name = word();
    made.uuid = word();
    made.ownership = ownership();
    made.vcpus = up_to(9);
    made.max_vcpus = up_to(9);
    made.memory_bytes = bytes();
    made.max_memory_bytes = bytes();
    made.machine = word();
    made.cpu = word();
    made.firmware = one_of({Firmware::bios, Firmware::uefi});
    made.disks = list<DomainDisk>(3, [&] { return disk(); });
    if (yes()) made.seed = disk();
    made.nics = list<DomainNic>(2, [&] {
      return DomainNic{word(), word(), word(), yes() ? std::optional<int>(up_to(4094)) : std::nullopt};
    });
    return made;
  }
  Gate gate() {
    Gate made;
    made.kind =
        one_of({Gate::Kind::domain, Gate::Kind::agent, Gate::Kind::cloud_init, Gate::Kind::systemd, Gate::Kind::tcp,
                Gate::Kind::http, Gate::Kind::exec, Gate::Kind::check_in, Gate::Kind::k8s_node});
    made.allow_degraded = yes();
    made.port = up_to(65535);
    made.path = word();
    made.status = up_to(599);
    if (yes()) made.timeout = Duration{up_to(9999)};
    if (yes()) made.every = Duration{up_to(9999)};
    made.guest = {{word()}, {word()}};
    made.kubeconfig = word();
    return made;
  }
  std::vector<TemplateText> argv() {
    return list<TemplateText>(3, [&] { return TemplateText{word()}; });
  }
  Hook hook() {
    Hook made;
    made.command = argv();
    made.guest = argv();
    made.undo = argv();
    made.stdin_from = argv();
    if (yes()) made.stdin_text = TemplateText{word()};
    if (yes()) made.timeout = Duration{up_to(9999)};
    made.on_failure = one_of({Hook::OnFailure::abort, Hook::OnFailure::proceed});
    return made;
  }
  std::vector<Hook> hooks() {
    return list<Hook>(2, [&] { return hook(); });
  }
  RunHook run_hook() {
    return {.when = one_of({RunHook::When::after_ready, RunHook::When::before_stop, RunHook::When::after_stop,
                            RunHook::When::undo}),
            .hook = hook(),
            .uuid = word(),
            .name = word(),
            .nics = list<GuestNic>(2, [&] { return guest_nic(); }),
            .reason = word(),
            .undo = hooks()};
  }
  WatchRollout watch_rollout() {
    return {
        .step = up_to(9),
        .lasts = Duration{up_to(99999)},
        .watched = list<WatchedInstance>(
            2,
            [&] {
              return WatchedInstance{word(), word(), word(), word(), list<GuestNic>(2, [&] { return guest_nic(); })};
            }),
        .gates = list<Gate>(3, [&] { return gate(); }),
        .failures = up_to(9)};
  }
  UpdateStep update_step() {
    UpdateStep made;
    made.to = {yes() ? Amount::Unit::percent : Amount::Unit::count, up_to(100)};
    made.manual_pause = yes();
    if (!made.manual_pause && yes()) made.pause = Duration{up_to(99999)};
    if (yes()) made.bake = Duration{up_to(99999)};
    return made;
  }
  std::vector<RolloutMove> moves() {
    return list<RolloutMove>(3, [&] { return RolloutMove{to_string(address()), word()}; });
  }
  RolloutOutline rollout() {
    RolloutOutline made;
    made.group = word();
    made.from = up_to(9);
    made.to = up_to(9);
    made.back = yes();
    made.what = word();
    made.size = up_to(99);
    made.surge = up_to(9);
    made.unavailable = up_to(9);
    made.per_host = up_to(9);
    made.in_place = yes();
    made.in_place_why = word();
    made.min_ready = Duration{up_to(99999)};
    made.steps = list<UpdateStep>(3, [&] { return update_step(); });
    made.on_failure = one_of({Update::OnFailure::pause, Update::OnFailure::rollback, Update::OnFailure::proceed});
    made.failures = up_to(9);
    made.max_failures = up_to(9);
    made.peak = up_to(99);
    made.lowest = up_to(99);
    made.turns = list<RolloutTurnOutline>(
        3, [&] { return RolloutTurnOutline{up_to(99), moves(), moves(), up_to(9), up_to(9), up_to(9), word()}; });
    made.held = word();
    return made;
  }
  RecordChange record_change() {
    switch (up_to(19)) {
      case 19:
        return MoveRollout{word(), word()};
      case 13:
        return PutRevision{revision()};
      case 14:
        return RemoveRevision{word(), up_to(9)};
      case 15:
        return PutRollout{rollout_record()};
      case 16:
        return RemoveRollout{word()};
      case 17:
        return PutRolloutIntent{intent()};
      case 18:
        return RemoveRolloutIntent{word()};
      case 11:
        return RenameHost{word(), word()};
      case 0:
        return PutInstance{instance()};
      case 1:
        return RemoveInstance{address()};
      case 2:
        return MoveInstance{address(), address()};
      case 3:
        return PutVolume{volume()};
      case 4:
        return RemoveVolume{word(), word(), word()};
      case 5:
        return PutImageCopy{image_copy()};
      case 6:
        return RemoveImageCopy{word(), word(), word()};
      case 7:
        return PutImageLock{image()};
      case 8:
        return PutGroup{group()};
      case 9:
        return RemoveObservedDomain{word(), word()};
      case 10:
        return ForgetInstance{address()};
      default:
        return RemoveGroup{word()};
    }
  }
  UpdateDomain update() {
    UpdateDomain made;
    made.uuid = word();
    if (yes()) made.vcpus = up_to(64);
    if (yes()) made.memory_bytes = bytes();
    if (yes()) made.ownership = ownership();
    made.after = instance();
    return made;
  }
  ActionDetail detail() {
    switch (up_to(23)) {
      case 17:
        return CheckStop{word(), yes()};
      case 18:
        return run_hook();
      case 19:
        return BeginRollout{rollout_record(), revision(), yes() ? std::optional<std::int64_t>(up_to(9)) : std::nullopt,
                            word()};
      case 20:
        return RolloutTurn{up_to(99)};
      case 21:
        return watch_rollout();
      case 22:
        return HoldRollout{up_to(9)};
      case 23:
        return EndRollout{up_to(9), yes() ? std::optional(revision()) : std::nullopt};
      case 0:
        return ClaimInstance{instance(), list<VolumeRecord>(2, [&] { return volume(); }), group()};
      case 1:
        return EnsurePool{word(), word()};
      case 2:
        return UploadImage{image(), word(), word(), yes()};
      case 3:
        return DeleteImage{word(), word(), word(), word()};
      case 4:
        return CreateVolume{volume(), word(), word(), word(), yes()};
      case 5:
        return ResizeVolume{volume(), word(), yes()};
      case 6:
        return DeleteVolume{volume()};
      case 7:
        return WriteSeed{volume(), word(), word(), list<GuestNic>(2, [&] { return guest_nic(); }), yes()};
      case 8:
        return DefineDomain{spec()};
      case 9:
        return update();
      case 10:
        return StartDomain{word()};
      case 11:
        return StopDomain{word(), Duration{up_to(99999)}, yes(), yes(), yes(), hooks()};
      case 12:
        return UndefineDomain{word(), yes()};
      case 13:
        return WaitForGates{word(),
                            list<Gate>(3, [&] { return gate(); }),
                            Duration{up_to(99999)},
                            list<GuestNic>(2, [&] { return guest_nic(); }),
                            Duration{up_to(99999)},
                            Duration{up_to(99999)}};
      case 14:
        return ReleaseInstance{};
      case 15:
        return ChangeRecord{list<RecordChange>(3, [&] { return record_change(); })};
      default:
        return Barrier{};
    }
  }
  Reason reason() {
    Reason made{one_of({Rule::wanted, Rule::limit, Rule::placement, Rule::missing_on_host}), word(), {}};
    if (yes()) made.values.emplace_back("have", std::int64_t{up_to(99)});
    if (yes()) made.values.emplace_back("host", word());
    return made;
  }
  Change change() {
    Change made;
    made.address = to_string(address());
    made.action = one_of({ChangeAction::create, ChangeAction::update, ChangeAction::replace, ChangeAction::destroy,
                          ChangeAction::start, ChangeAction::stop, ChangeAction::migrate, ChangeAction::adopt,
                          ChangeAction::forget, ChangeAction::hold});
    made.disruption = one_of({Disruption::none, Disruption::live, Disruption::reboot, Disruption::replace});
    made.reasons = list<Reason>(2, [&] { return reason(); });
    made.reasons.push_back(reason());
    if (yes()) made.fields.push_back({"memory", word(), word()});
    if (yes()) made.fields.push_back({"user-data", "", ""});
    if (yes()) made.successor = to_string(address());
    made.from_host = word();
    made.host = word();
    made.addresses = list<std::string>(2, [&] { return word(); });
    return made;
  }
  Diagnostic diagnostic() {
    Diagnostic made;
    made.severity = one_of({Severity::error, Severity::warning});
    made.code = "some_code";
    made.summary = name();
    made.label = name();
    made.hint = name();
    made.snippet = name();
    if (yes()) made.where = {"web.yaml", 1 + up_to(99), 1 + up_to(9), 1 + up_to(9)};
    if (yes()) made.also.push_back({"web.yaml", 1, 2, 3});
    return made;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

Plan random_plan(std::uint64_t seed) {
  Dice dice(seed);
  Plan plan = empty_plan();
  plan.name = dice.name();
  plan.serial = dice.up_to(1000);
  plan.complete = dice.yes();
  plan.errored = dice.up_to(9) == 0;
  plan.drift = dice.list<Drift>(30, [&] {
    return Drift{to_string(dice.address()),
                 dice.word(),
                 dice.one_of<std::string>({"state", "memory"}),
                 dice.word(),
                 dice.word(),
                 dice.word()};
  });
  plan.changes = dice.list<Change>(40, [&] { return dice.change(); });
  plan.rollouts = dice.list<RolloutOutline>(3, [&] { return dice.rollout(); });
  for (int i = dice.up_to(40); i > 0; --i) {
    Action& action = add_action(plan, to_string(dice.address()), dice.word(), dice.detail());
    if (dice.yes()) action.needs.clear();
  }
  plan.unknown = dice.list<Unknown>(25, [&] {
    return Unknown{dice.word(), dice.word(), dice.word(),
                   dice.yes() ? std::optional<Instant>(dice.instant()) : std::nullopt};
  });
  plan.diagnostics = dice.list<Diagnostic>(3, [&] { return dice.diagnostic(); });
  plan.summary = {.create = dice.up_to(9),
                  .update = dice.up_to(9),
                  .replace = dice.up_to(9),
                  .destroy = dice.up_to(9),
                  .start = dice.up_to(9),
                  .stop = dice.up_to(9),
                  .migrate = dice.up_to(9),
                  .forget = dice.up_to(9),
                  .unknown = dice.up_to(9)};
  return plan;
}

}  // namespace vscale::test
