#include "engine/execution/perform.h"

#include <catch2/catch.hpp>
#include <functional>

#include "engine/domain/instance_facts.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

/// One host, and actions performed on it one by one.
struct OneHost {
  VirtualClock clock;
  FakeCluster cluster{1, clock};
  FakeImageLibrary images{clock};
  FakeSeedSource seeds;
  FakeCommands commands;
  FakeHookTexts hook_texts;
  Config config;
  std::vector<RunEvent> progress;
  std::function<void()> on_progress;

  OneHost() {
    cluster.add_host({.name = "kvm1"});
    Image image;
    image.name = "debian";
    config.images = {image};
  }

  Result<ActionOutcome> perform(ActionDetail detail, const std::string& address = "group.web[0]") {
    const Action action{1, address, "kvm1", {}, std::move(detail)};
    const ActionInput input{.lineage = kLineage, .name = "prod-web-0", .known_addresses = {}, .started_at = {}};
    return vscale::perform(
        action, input, config, {cluster, cluster, cluster, cluster, images, seeds, commands, hook_texts, clock},
        [this](const RunEvent& event) {
          progress.push_back(event);
          if (on_progress) on_progress();
        },
        [] { return false; });
  }

  static VolumeRef volume(const std::string& name) { return {"kvm1", "default", name}; }
  static CreateVolume create_root() {
    CreateVolume create;
    create.volume = volume_record("root");
    create.volume.capacity_bytes = 2 * kGiB;
    create.format = "qcow2";
    return create;
  }
  static DefineDomain define() {
    DefineDomain define;
    define.spec.name = "prod-web-0";
    define.spec.uuid = "uuid-0";
    define.spec.ownership.lineage = kLineage;
    define.spec.max_vcpus = 2;
    define.spec.memory_bytes = kGiB;
    define.spec.max_memory_bytes = 2 * kGiB;
    define.spec.disks = {{.pool = "default", .volume = "root", .serial = "root"}};
    return define;
  }
  void bring_up() {
    REQUIRE(perform(create_root()));
    REQUIRE(perform(define()));
    REQUIRE(perform(StartDomain{"uuid-0"}));
  }
};

TEST_CASE("an image is sent to the host with progress, and its end is always told") {
  OneHost host;
  UploadImage upload{.image = host.images.resolve(host.config.images[0], {}, false, {}).value(),
                     .pool = "default",
                     .volume = "image-debian"};

  REQUIRE(host.perform(upload, "image.debian"));

  CHECK(host.cluster.volume(OneHost::volume("image-debian"))->complete);
  REQUIRE_FALSE(host.progress.empty());
  const auto last = std::get<TransferProgress>(host.progress.back().what);
  CHECK(last.done_bytes == last.total_bytes);
}

TEST_CASE("an image that has left the configuration is an error that says what to do") {
  OneHost host;
  UploadImage upload;
  upload.image.image = "gone";
  const auto outcome = host.perform(upload, "image.gone");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::not_found);
  CHECK(outcome.error().hint == "plan again");
}

TEST_CASE("a volume that is there already is an error, unless it is the rest of an earlier try") {
  OneHost host;
  REQUIRE(host.perform(OneHost::create_root()));
  CHECK(host.perform(OneHost::create_root()).error().kind == ErrorKind::exists);

  auto again = OneHost::create_root();
  again.replace_existing = true;
  CHECK(host.perform(again));
}

TEST_CASE("a disk grows whether its guest is up or not, and is never shrunk") {
  OneHost host;
  host.bring_up();
  ResizeVolume resize{OneHost::create_root().volume, "uuid-0"};
  resize.volume.capacity_bytes = 4 * kGiB;
  CHECK(host.perform(resize));
  CHECK(host.perform(resize));
  CHECK(host.cluster.volume(OneHost::volume("root"))->capacity_bytes == 4 * kGiB);

  host.cluster.power_off_by_hand("prod-web-0");
  resize.volume.capacity_bytes = 8 * kGiB;
  CHECK(host.perform(resize));
  resize.volume.capacity_bytes = kGiB;
  CHECK(host.perform(resize).error().kind == ErrorKind::invalid);
}

TEST_CASE("a disk does not grow under a guest that may run elsewhere by now") {
  OneHost host;
  host.bring_up();
  ResizeVolume resize{.volume = OneHost::create_root().volume, .uuid = "uuid-0", .was_up = true};
  resize.volume.capacity_bytes = 4 * kGiB;
  host.cluster.power_off_by_hand("prod-web-0");
  CHECK(host.perform(resize).error().kind == ErrorKind::conflict);
  host.cluster.undefine_by_hand("prod-web-0");
  CHECK(host.perform(resize).error().kind == ErrorKind::conflict);
  resize.was_up = false;
  CHECK(host.perform(resize).error().kind == ErrorKind::conflict);
  CHECK(host.cluster.volume(OneHost::volume("root"))->capacity_bytes == 2 * kGiB);
  // One that no domain has yet is nobody's but its own.
  resize.uuid.clear();
  CHECK(host.perform(resize));
}

TEST_CASE("a seed knows its guest's name and addresses") {
  OneHost host;
  WriteSeed write{volume_record("seed"), "prod-web-0", "prod-web-0-1", {{"lan", "52:54:00:00:00:01", "10.0.0.51"}}};
  REQUIRE(host.perform(write));
  const auto seed = host.cluster.volume(OneHost::volume("seed"))->seed;
  CHECK(seed->meta_data == "instance-id: prod-web-0-1\nlocal-hostname: prod-web-0\n");
  CHECK(seed->network_config == "52:54:00:00:00:01 10.0.0.51/24\n");
}

TEST_CASE("a seed is not written over what is there already, unless it is the rest of an earlier try") {
  OneHost host;
  WriteSeed write{volume_record("seed"), "prod-web-0", "prod-web-0-1", {{"lan", "52:54:00:00:00:01", "10.0.0.51"}}};
  REQUIRE(host.perform(write));
  CHECK(host.perform(write).error().kind == ErrorKind::exists);

  write.replace_existing = true;
  CHECK(host.perform(write));
}

TEST_CASE("stopping says how the guest came to be off") {
  OneHost host;
  host.bring_up();
  const StopDomain stop{.uuid = "uuid-0", .grace = std::chrono::seconds{20}};
  SECTION("it listened") {
    host.clock.advance(std::chrono::minutes{1});
    CHECK(host.perform(stop)->note == "shut down");
  }
  SECTION("it did not listen") {
    CHECK(host.perform(stop)->note == "powered off after 20s");
  }
  CHECK(host.perform(stop)->note == "was off");
}

TEST_CASE("a guest that left its host since the plan was made is not taken for one that was off") {
  OneHost host;
  host.bring_up();
  StopDomain stop{.uuid = "uuid-0", .grace = std::chrono::seconds{20}, .removal = true, .was_up = true};
  SECTION("and its definition with it") {
    host.cluster.remove_by_hand("prod-web-0");
    const Error error = host.perform(stop).error();
    CHECK(error.kind == ErrorKind::conflict);
    CHECK(error.message ==
          "host \"kvm1\": prod-web-0 is off or gone, and was up when the plan was made: somebody may have moved it");
    stop.was_up = false;
    CHECK(host.perform(stop).error().kind == ErrorKind::conflict);
  }
  SECTION("and left its definition") {
    host.cluster.power_off_by_hand("prod-web-0");
    CHECK(host.perform(stop).error().kind == ErrorKind::conflict);
    stop.was_up = false;
    CHECK(host.perform(stop)->note == "was off");
  }
}

TEST_CASE("a guest without a definition is gone once it is off, which is no sign that somebody moved it") {
  OneHost host;
  host.bring_up();
  host.cluster.undefine_by_hand("prod-web-0");
  StopDomain stop{.uuid = "uuid-0", .grace = std::chrono::seconds{20}, .removal = true, .was_up = true};
  SECTION("where the plan saw that") {
    stop.transient = true;
    CHECK(host.perform(stop)->note == "powered off after 20s");
    CHECK(host.perform(UndefineDomain{.uuid = "uuid-0"}));
    CHECK(host.cluster.domains().empty());
  }
  SECTION("and is one where it had a definition") {
    CHECK(host.perform(stop).error().kind == ErrorKind::conflict);
  }
}

TEST_CASE("a domain that the plan did not see is made sure of before its disks go") {
  OneHost host;
  host.bring_up();
  const UndefineDomain undefine{.uuid = "uuid-0", .was_gone = true};
  host.cluster.power_off_by_hand("prod-web-0");
  CHECK(host.perform(undefine).error().kind == ErrorKind::conflict);
  CHECK(host.cluster.domains().size() == 1);
  host.cluster.undefine_by_hand("prod-web-0");
  CHECK(host.perform(undefine));
  host.cluster.cut("kvm1");
  CHECK(host.perform(undefine).error().kind == ErrorKind::unreachable);
}

/// For twenty seconds, ten times in each.
WaitForGates eager_wait() {
  Gate eager;
  eager.kind = Gate::Kind::http;
  eager.port = 80;
  eager.path = "/health";
  eager.every = eager.timeout = Duration{100};
  WaitForGates wait = wait_for("uuid-0", {eager}, std::chrono::seconds{20});
  wait.nics = {{"lan", "52:54:00:00:00:01", "10.0.0.50"}};
  return wait;
}

TEST_CASE("waiting for a gate is told of, and not more often than anybody can read") {
  OneHost host;
  host.cluster.behave({.http_status = 503});
  host.bring_up();

  CHECK_FALSE(host.perform(eager_wait()));

  REQUIRE(host.progress.size() > 10);
  CHECK(std::get<GateProgress>(host.progress.back().what).gate == "http :80/health");
  for (std::size_t i = 1; i < host.progress.size(); ++i) {
    CHECK(host.progress[i].at - host.progress[i - 1].at >= kProgressInterval);
  }
}

TEST_CASE("while a rollout rests it is told how its new instances fare, and what they fail of is the action's answer") {
  OneHost host;
  host.bring_up();
  Gate agent;
  agent.kind = Gate::Kind::agent;
  WatchRollout watch{.step = 0, .lasts = std::chrono::minutes{5}, .watched = {}, .gates = {agent}, .failures = 3};
  watch.watched = {{"group.web[0]", "kvm1", "uuid-0", "prod-web-0", {}}};
  host.clock.advance(std::chrono::minutes{1});
  host.on_progress = [&host] {
    if (host.progress.size() == 5) host.cluster.power_off_by_hand("prod-web-0");
  };

  const auto outcome = host.perform(watch, "group.web");

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "web-0 on kvm1 is shut off, while its rollout rested");
  REQUIRE(host.progress.size() == 5);
  CHECK(std::get<GateProgress>(host.progress.front().what).found == "rests for 4m 59s more");
}

TEST_CASE("a wall clock that is set back while a gate is waited for holds no progress up") {
  OneHost host;
  host.cluster.behave({.http_status = 503});
  host.bring_up();
  host.on_progress = [&host] {
    if (host.progress.size() == 1) host.clock.set_wall_clock(-std::chrono::hours{1});
  };

  CHECK_FALSE(host.perform(eager_wait()));

  CHECK(host.progress.size() > 10);
}

TEST_CASE("every step of a life can be done again after it was done: none does harm, and each says that all is well") {
  OneHost host;
  host.bring_up();
  CHECK(host.perform(EnsurePool{"default", ""}));
  CHECK(host.perform(OneHost::define()));
  CHECK(host.perform(StartDomain{"uuid-0"}));
  const UpdateDomain update{.uuid = "uuid-0", .vcpus = 2, .memory_bytes = 2 * kGiB, .ownership = {}, .after = {}};
  CHECK(host.perform(update));
  CHECK(host.perform(update));
  CHECK(host.cluster.domains().at(0).memory_bytes == 2 * kGiB);
  const StopDomain stop{.uuid = "uuid-0", .grace = std::chrono::seconds{20}, .removal = true};
  for (int time = 0; time < 2; ++time) CHECK(host.perform(stop));
  for (int time = 0; time < 2; ++time) {
    CHECK(host.perform(UndefineDomain{"uuid-0"}));
    CHECK(host.perform(DeleteVolume{volume_record("root")}));
    CHECK(host.perform(DeleteImage{"debian", "sha256:1", "default", "image-debian"}));
  }
  CHECK(host.cluster.domains().empty());
  CHECK(host.cluster.volumes().empty());
}

TEST_CASE("what a port answers is the action's answer") {
  OneHost host;
  host.cluster.cut("kvm1");
  CHECK(host.perform(EnsurePool{"default", ""}).error().kind == ErrorKind::unreachable);
  host.cluster.heal("kvm1");
  CHECK(host.perform(EnsurePool{"elsewhere", ""}).error().kind == ErrorKind::not_found);
  CHECK(host.perform(OneHost::define()).error().kind == ErrorKind::not_found);
}

TEST_CASE("facts of an instance are filled into text, and what is no fact is refused") {
  const InstanceFacts facts{.name = "prod-web-2", .group = "web", .ordinal = 2, .address = "10.0.0.5", .host = "kvm1"};
  CHECK(*expand_instance_facts("${name} ${group}/${ordinal} at ${address} on ${host}", facts) ==
        "prod-web-2 web/2 at 10.0.0.5 on kvm1");
  CHECK(*expand_instance_facts("$${name} costs 5$ }", facts) == "${name} costs 5$ }");
  CHECK(expand_instance_facts("${nobody}", facts).error().kind == ErrorKind::invalid);
  CHECK(expand_instance_facts("${name", facts).error().kind == ErrorKind::invalid);
  InstanceFacts unborn = facts;
  unborn.address.clear();
  CHECK(expand_instance_facts("${address}", unborn).error().message == "the address of prod-web-2 is not known yet");
}

}  // namespace
}  // namespace vscale::test
