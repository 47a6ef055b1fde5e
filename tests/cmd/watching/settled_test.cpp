#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "cmd/watching/doing/plan_need.h"
#include "cmd/watching/tick.h"
#include "tests/cmd/watching/watched_world.h"

/// Where nothing happens, watch makes no plans; and the very next tick after something has happened does.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kTicksInFiveMinutes = 30;  // of 10 s, as watched_config() has it

/// A watch whose ticks are made one by one.
class TickedWatch {
 public:
  explicit TickedWatch(WatchedWorld& world)
      : world_(world),
        streams_{.in = in_, .out = out_, .err = err_},
        invocation_(make_invocation(global_, streams_, world.outside())),
        followed_(invocation_),
        view_(invocation_) {
    world.cluster().use_by_group("web", 0.5 * world.guests_up());  // so that there are as many as are needed
    global_.files = {"vscale.yaml"};
    followed_.read_files();
    auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
    REQUIRE(state.ok());
    state_ = std::move(*state);
    auto lock = state_.store->lock(
        {.id = "ticked", .operation = "watch", .user = "anna", .host = "ctl1", .pid = 1, .since = world.clock().now()});
    REQUIRE(lock.ok());
    lock_ = std::move(*lock);
    ticks_.emplace(invocation_, arguments_, followed_, state_, view_);
  }

  /// The next one, once its time has come, and all that follows from it.
  void tick() {
    world_.clock().sleep_until(world_.clock().now() + next_ - std::min(next_, world_.clock().uptime()));
    next_ = world_.clock().uptime() + ticks_->interval();
    INFO(told());
    REQUIRE(ticks_->tick());
    for (int i = 0; i < 600 && !ticks_->is_idle(); ++i) ticks_->advance(world_.clock().now() + seconds{1});
    REQUIRE(ticks_->is_idle());
  }

  /// A quiet time, at whose end a plan was just made: by the time alone, the next one is far off.
  void settle() {
    for (int i = 0; i < kTicksInFiveMinutes; ++i) tick();
    const auto before = plans();
    for (int i = 0; i < kTicksInFiveMinutes && plans() == before; ++i) tick();
    tick();
  }

  [[nodiscard]] std::uint64_t plans() const { return ticks_->figures().plans; }
  [[nodiscard]] std::string told() const { return out_.str() + err_.str(); }

 private:
  WatchedWorld& world_;
  GlobalOptions global_;
  std::istringstream in_;
  std::ostringstream out_, err_;
  Streams streams_;
  Invocation invocation_;
  WatchArguments arguments_;
  Followed followed_;
  OpenedState state_;
  std::unique_ptr<OperationLock> lock_;
  WatchView view_;
  std::optional<Ticks> ticks_;
  Duration next_{};
};

/// The name of a guest on that host.
std::string guest_on(FakeWorld& world, const std::string& host) {
  for (const auto& domain : world.cluster().domains()) {
    if (domain.host == host) return domain.name;
  }
  FAIL("nobody is on " << host);
  return "";
}

std::uint64_t memory_of(FakeWorld& world, const std::string& name) {
  for (const auto& domain : world.cluster().domains()) {
    if (domain.name == name) return domain.memory_bytes;
  }
  FAIL("there is no " << name);
  return 0;
}

/// Has another file in place of each image, once somebody says so.
class SwappedImages final : public ImageLibrary {
 public:
  explicit SwappedImages(ImageLibrary& before) : before_(before) {}
  bool are_swapped = false;

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    auto lock = before_.resolve(image, known, take_newer, progress);
    if (lock && are_swapped) lock->digest = "sha256:" + std::string(64, 'b');
    return lock;
  }
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    return before_.local_file(image, lock, progress);
  }

 private:
  ImageLibrary& before_;
};

// ---- When a plan is needed ------------------------------------------------------------------------------------------

constexpr Duration kBegin{minutes{5}};

TEST_CASE("a plan is needed before the first one, and after one that had something in it") {
  PlanNeed need;
  CHECK(need.is_there(kBegin, 0));
  need.note_plan(kBegin, 0, false);
  CHECK(need.is_there(kBegin, 0));
}

TEST_CASE("after a plan with nothing in it none is needed for a while, as long as nothing changes") {
  PlanNeed need;
  need.note_plan(kBegin, 7, true);
  CHECK(!need.is_there(kBegin, 7));
  CHECK(!need.is_there(kBegin + kPlannedAgain - Duration{1}, 7));
  CHECK(need.is_there(kBegin + kPlannedAgain, 7));
}

TEST_CASE("a change makes a plan needed, until one was made") {
  PlanNeed need;
  need.note_plan(kBegin, 7, true);
  need.note_change();
  CHECK(need.is_there(kBegin, 7));
  need.note_plan(kBegin, 7, true);
  CHECK(!need.is_there(kBegin, 7));
}

TEST_CASE("a write since the last plan makes another one needed") {
  PlanNeed need;
  need.note_plan(kBegin, 7, true);
  CHECK(need.is_there(kBegin, 8));
}

// ---- In a watch -----------------------------------------------------------------------------------------------------

TEST_CASE("where nothing happens, a watch looks at every tick and plans once a minute") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  TickedWatch watch(world);
  watch.settle();
  const auto before = watch.plans();

  for (int i = 0; i < kTicksInFiveMinutes; ++i) watch.tick();

  INFO(watch.told());
  CHECK(watch.plans() - before >= 4);
  CHECK(watch.plans() - before <= 5);
}

TEST_CASE("memory that somebody changed on a host after a quiet time is put back by the next tick") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  TickedWatch watch(world);
  watch.settle();
  world.cluster().set_memory_by_hand("prod-web-1", 1 * kGiB);

  watch.tick();

  INFO(watch.told());
  CHECK(memory_of(world, "prod-web-1") == 2 * kGiB);
}

TEST_CASE("a guest that somebody turned off after a quiet time is started by the next tick") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  TickedWatch watch(world);
  watch.settle();
  world.cluster().power_off_by_hand("prod-web-1");

  watch.tick();

  INFO(watch.told());
  CHECK(world.guests_up() == 2);
}

TEST_CASE(
    "an image file with other contents after a quiet time is rolled out by the next tick, where files are followed") {
  WatchedWorld world(2);
  world.write("vscale.yaml", following_config("file", 2));
  const auto images = std::make_shared<SwappedImages>(world.images());
  world.outside().image_library = [images] { return images; };
  TickedWatch watch(world);
  watch.settle();
  const auto before = world.recorded().groups.at("group.web").revision;
  images->are_swapped = true;

  watch.tick();

  INFO(watch.told());
  CHECK(world.recorded().groups.at("group.web").revision == before + 1);
}

TEST_CASE("what was changed on a host while it was silent is put back by the first tick in which it answers") {
  WatchedWorld world(2);
  TickedWatch watch(world);
  watch.settle();
  const std::string guest = guest_on(world, "kvm2");
  world.cluster().cut("kvm2");
  watch.settle();
  world.cluster().set_memory_by_hand(guest, 1 * kGiB);
  watch.tick();
  REQUIRE(memory_of(world, guest) == 1 * kGiB);
  world.cluster().heal("kvm2");

  watch.tick();

  INFO(watch.told());
  CHECK(memory_of(world, guest) == 2 * kGiB);
}

TEST_CASE("drift that is only reported is told by the next tick after a quiet time, once, and left") {
  WatchedWorld world(2);
  std::string text = following_config("file", 2);
  text.replace(text.find("watch: { "), 9, "watch: { drift: report, ");
  world.write("vscale.yaml", text);
  TickedWatch watch(world);
  watch.settle();
  world.cluster().set_memory_by_hand("prod-web-1", 1 * kGiB);

  watch.tick();

  INFO(watch.told());
  CHECK(times_in(watch.told(), "drift: memory") == 1);
  watch.settle();
  CHECK(times_in(watch.told(), "drift: memory") == 1);
  CHECK(memory_of(world, "prod-web-1") == 1 * kGiB);
}

TEST_CASE("what an operator says after a quiet time is done by the next tick") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  TickedWatch watch(world);
  watch.settle();
  REQUIRE(world.vscale({"scale", "web", "3", "--for", "2h"}).code == 0);

  watch.tick();

  INFO(watch.told());
  CHECK(world.guests_up() == 3);
}

}  // namespace
}  // namespace vscale::test
