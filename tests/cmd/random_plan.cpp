#include <fmt/format.h>

#include <array>
#include <random>

#include "tests/cmd/plans.h"
#include "tests/support/revisions.h"

namespace vscale::test {
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
        .step = yes() ? std::optional(up_to(9)) : std::nullopt,
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
