#include "engine/execution/threaded_runner.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <thread>

#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

/// Volumes whose deletions and uploads wait at their end until the test lets them go on: actions that take as long as a
/// test wants.
class HeldVolumes final : public Volumes {
 public:
  HeldVolumes(Volumes& world, std::shared_future<void> go) : world_(world), go_(std::move(go)) {}

  Result<void> delete_volume(const VolumeRef& volume) override {
    const int now = ++inside;
    int seen = most_inside.load();
    while (now > seen && !most_inside.compare_exchange_weak(seen, now)) {
    }
    go_.wait();
    --inside;
    ++*returned;
    return world_.delete_volume(volume);
  }
  Result<void> upload_file(const FileUpload& upload, const ProgressSink& progress) override {
    auto uploaded = world_.upload_file(upload, progress);
    go_.wait();
    return uploaded;
  }
  Result<void> ensure_pool(const std::string& host, const std::string& pool, const std::string& path) override {
    return world_.ensure_pool(host, pool, path);
  }
  Result<void> create_volume(const NewVolume& volume) override { return world_.create_volume(volume); }
  Result<void> resize_volume(const VolumeRef& volume, std::uint64_t bytes,
                             const std::optional<DomainRef>& up) override {
    return world_.resize_volume(volume, bytes, up);
  }
  Result<void> write_seed(const VolumeRef& volume, const SeedFiles& files) override {
    return world_.write_seed(volume, files);
  }

  std::atomic<int> inside{0}, most_inside{0};
  std::shared_ptr<std::atomic<int>> returned = std::make_shared<std::atomic<int>>(0);  ///< Outlives all of this.

 private:
  Volumes& world_;
  std::shared_future<void> go_;
};

/// What a program has, owned together so that a thread left behind still has it.
struct World {
  explicit World(std::shared_future<void> go) : held(cluster, std::move(go)) {
    cluster.add_host({.name = "kvm1"});
    Image image;
    image.name = "debian";
    config.images = {image};
  }
  WorldPorts ports() { return {cluster, held, cluster, cluster, images, seeds, commands, hook_texts, clock}; }

  VirtualClock clock;
  FakeCluster cluster{1, clock};
  FakeImageLibrary images{clock};
  FakeSeedSource seeds;
  FakeCommands commands;
  FakeHookTexts hook_texts;
  Config config;
  HeldVolumes held;
};

Action delete_volume(int id) {
  return {id, "group.web[0]", "kvm1", {}, DeleteVolume{volume_record("v")}};
}

Action upload_image(World& world, int id) {
  const UploadImage upload{.image = world.images.resolve(world.config.images[0], {}, false, {}).value(),
                           .pool = "default",
                           .volume = "image-debian"};
  return {id, "image.debian", "kvm1", {}, upload};
}

/// Waits for other threads to bring something about; fails the test if they do not.
void eventually(const std::function<bool()>& come) {
  constexpr int kTriesMax = 10'000;
  for (int i = 0; i < kTriesMax && !come(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  REQUIRE(come());
}

/// Waits, many times if need be, until the runner has finished something.
ActionFinished next_finished(ThreadedRunner& runner, Clock& clock, EventSink& sink) {
  constexpr int kTriesMax = 100;
  for (int i = 0; i < kTriesMax; ++i) {
    auto answer = runner.wait(clock.now() + std::chrono::seconds{1}, sink);
    if (auto* finished = std::get_if<ActionFinished>(&answer)) return std::move(*finished);
  }
  FAIL("nothing finished");
  return {0, Error{}};
}

struct Fixture {
  std::promise<void> go;
  std::shared_ptr<World> world = std::make_shared<World>(go.get_future().share());
  EventWords events;
};

TEST_CASE("actions are performed at once on several threads, and no more of them than allowed") {
  Fixture f;
  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 3);
  for (int id = 1; id <= 8; ++id) runner.start(delete_volume(id), {});
  eventually([&] { return f.world->held.inside == 3; });
  f.go.set_value();

  std::vector<int> finished;
  for (int i = 0; i < 8; ++i) {
    const auto action = next_finished(runner, f.world->clock, f.events);
    CHECK(action.result.ok());
    finished.push_back(action.id);
  }

  std::sort(finished.begin(), finished.end());
  CHECK(finished == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(f.world->held.most_inside == 3);
}

TEST_CASE("waiting for an action that does not end returns at its bound") {
  Fixture f;
  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 1);
  runner.start(delete_volume(1), {});
  CHECK(std::holds_alternative<NothingYet>(runner.wait(f.world->clock.now() + Duration{20}, f.events)));
  f.go.set_value();
  CHECK(next_finished(runner, f.world->clock, f.events).id == 1);
}

TEST_CASE("progress is told from within wait, before the end of its action, and only the newest") {
  Fixture f;
  f.go.set_value();
  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 1);
  runner.start(upload_image(*f.world, 1), {});
  CHECK(next_finished(runner, f.world->clock, f.events).id == 1);
  REQUIRE_FALSE(f.events.words.empty());
  CHECK(f.events.words.back() == "transfer 1");
}

TEST_CASE("a wall clock that is set back while progress is told makes no wait longer") {
  /// Somebody sets it back by a year as soon as they see something.
  struct SetBack final : EventSink {
    explicit SetBack(VirtualClock& wall) : clock(wall) {}
    void on_event(const RunEvent&) override {
      told = true;
      clock.set_wall_clock(-std::chrono::hours{24 * 365});
    }
    VirtualClock& clock;
    std::atomic<bool> told{false};
  };
  Fixture f;
  SetBack sink(f.world->clock);
  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 1);
  runner.start(upload_image(*f.world, 1), {});

  auto waited = std::async(std::launch::async, [&] {
    while (!sink.told) static_cast<void>(runner.wait(f.world->clock.now() + Duration{20}, sink));
  });

  const bool in_time = waited.wait_for(std::chrono::seconds{10}) == std::future_status::ready;
  f.go.set_value();
  CHECK(in_time);
}

TEST_CASE("gates are cut short when the run is going to stop") {
  Fixture f;
  f.world->cluster.behave({.never_boots = true});
  const VolumeRef root{"kvm1", "default", "root"};
  REQUIRE(f.world->cluster.create_volume({.volume = root, .backing_volume = {}, .backing_format = {}}));
  DomainSpec spec;
  spec.name = "prod-web-0";
  spec.uuid = "uuid-0";
  spec.ownership.lineage = kLineage;
  spec.disks = {{.pool = "default", .volume = "root", .serial = "root"}};
  REQUIRE(f.world->cluster.define_domain("kvm1", spec));
  REQUIRE(f.world->cluster.start_domain({"kvm1", "uuid-0", kLineage}));
  Gate agent;
  agent.kind = Gate::Kind::agent;

  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 1);
  runner.cut_waits_short();
  runner.start({1, "group.web[0]", "kvm1", {}, wait_for("uuid-0", {agent}, std::chrono::hours{24 * 365})}, {});

  const auto finished = next_finished(runner, f.world->clock, f.events);
  REQUIRE_FALSE(finished.result.ok());
  CHECK(finished.result.error().kind == ErrorKind::timed_out);
  f.go.set_value();
}

TEST_CASE("one rest is cut short while others go on") {
  Fixture f;
  const WatchRollout rest{.step = 0, .lasts = std::chrono::hours{24 * 365}, .watched = {}, .gates = {}};
  ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 2);
  for (const int id : {1, 2}) runner.start({id, "group.web", "", {}, rest}, {});
  eventually([&] { return f.world->clock.now() > VirtualClock::kStart + std::chrono::minutes{1}; });

  for (const int id : {2, 1}) {
    runner.cut_wait_short(id);
    const auto finished = next_finished(runner, f.world->clock, f.events);
    CHECK(finished.id == id);
    REQUIRE_FALSE(finished.result.ok());
    CHECK(finished.result.error().kind == ErrorKind::timed_out);
  }
  f.go.set_value();
}

TEST_CASE("a runner that goes leaves behind what hangs, which keeps what it uses and ends in peace") {
  Fixture f;
  const std::weak_ptr<World> watched = f.world;
  const auto returned = f.world->held.returned;
  {
    ThreadedRunner runner(f.world->config, f.world->ports(), f.world, 2);
    for (int id = 1; id <= 5; ++id) runner.start(delete_volume(id), {});
    eventually([&] { return f.world->held.inside == 2; });
  }
  f.world.reset();
  CHECK_FALSE(watched.expired());

  f.go.set_value();
  eventually([&] { return watched.expired(); });
  CHECK(*returned == 2);  // What nobody had begun went with the runner.
}

}  // namespace
}  // namespace vscale::test
