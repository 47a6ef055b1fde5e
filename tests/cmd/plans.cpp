#include "tests/cmd/plans.h"

#include <fmt/format.h>

#include <random>

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
  add_action(plan, "machine.db1", "kvm3", StartDomain{"00000000-0000-8000-8000-0000000000db"});
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
  GroupRecord group() { return {word(), 1 + up_to(9), word(), word()}; }
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
  RecordChange record_change() {
    switch (up_to(12)) {
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
    switch (up_to(16)) {
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
        return StopDomain{word(), Duration{up_to(99999)}, yes(), yes()};
      case 12:
        return UndefineDomain{word(), yes()};
      case 13:
        return WaitForGates{word(), list<Gate>(3, [&] { return gate(); }), Duration{up_to(99999)},
                            list<GuestNic>(2, [&] { return guest_nic(); })};
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
