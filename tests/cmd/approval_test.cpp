// What happens when reality departs from the plan that was approved.

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/fresh_plan.h"
#include "engine/values/digest.h"
#include "schemas/json/plan_json.h"
#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;

std::size_t count_of(const std::vector<std::string>& log, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(log.begin(), log.end(), [&](const std::string& line) { return holds(line, part); }));
}

constexpr Duration kForGood{std::chrono::hours{24}};

/// Something happens to kvm2 in the middle of a run: it is cut off when `effects` things have been done to the hosts
/// since now, for `lasts`. `meanwhile` happens at the same moment.
void cut_in_mid_run(FakeWorld& world, std::size_t effects, Duration lasts,
                    const std::function<void()>& meanwhile = {}) {
  struct Cut {
    std::size_t at;
    std::optional<Instant> since;
  };
  const auto cut = std::make_shared<Cut>(Cut{world.cluster().log().size() + effects, std::nullopt});
  world.stop_when([&world, cut, lasts, meanwhile] {
    if (!cut->since && world.cluster().log().size() >= cut->at) {
      cut->since = world.clock().now();
      world.cluster().cut("kvm2");
      if (meanwhile) meanwhile();
    }
    if (cut->since && world.clock().now() >= *cut->since + lasts) world.cluster().heal("kvm2");
    return StopRequest::none;
  });
}

/// Another writer's claim on a host, given back at once: what is left of it is the generation.
void claim_elsewhere(FakeWorld& world, const std::string& host) {
  auto other = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
  REQUIRE(other.ok());
  InstanceRecord instance;
  instance.address = {InstanceAddress::Kind::group, "other", 0};
  instance.name = "prod-other-0";
  instance.uuid = "00000000-0000-4000-8000-00000000000f";
  instance.host = host;
  Commit claim{.at = world.clock().now(), .begun = {}, .ended = {}, .changes = {PutInstance{instance}}, .events = {}};
  REQUIRE(other->store->commit(claim).ok());
  claim.changes = {RemoveInstance{instance.address}};
  REQUIRE(other->store->commit(claim).ok());
}

/// The images, until somebody moves their files away.
class VanishingImages final : public ImageLibrary {
 public:
  explicit VanishingImages(ImageLibrary& library) : library_(library) {}
  bool gone = false;

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    if (gone) return not_there(image);
    auto lock = library_.resolve(image, known, take_newer, progress);
    if (lock) lock->source = image.source.path;
    return lock;
  }
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    if (gone) return not_there(image);
    return library_.local_file(image, lock, progress);
  }

 private:
  static Error not_there(const Image& image) {
    return {ErrorKind::not_found, "image " + image.name + ": file " + image.source.path + " cannot be read",
            "No such file or directory", "correct images." + image.name + ".source, or put the file there"};
  }

  ImageLibrary& library_;
};

}  // namespace

TEST_CASE("a host that goes away in the middle of apply and comes back: apply finishes by itself") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  cut_in_mid_run(world, 8, std::chrono::seconds{10});

  const auto applied = world.vscale({"apply", "--auto-approve"});

  check_golden("cmd/run_apply_again.txt", applied.out);
  CHECK(applied.code == 0);
  CHECK(world.cluster().domains().size() == 4);
  world.stop_when({});
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("a host that stays away: what can be done is done, and the exit code says partial") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  cut_in_mid_run(world, 8, kForGood);

  const auto applied = world.vscale({"apply", "--auto-approve"});

  check_golden("cmd/run_apply_host_gone.txt", applied.out);
  CHECK(applied.code == 3);
  world.stop_when({});
  world.cluster().heal("kvm2");
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().size() == 4);
}

TEST_CASE("what a later plan would do beyond the approved one is shown and not done") {
  AppliedWorld world(1);
  world.write("vscale.yaml", web_config(4));
  cut_in_mid_run(world, 5, std::chrono::seconds{10}, [&] { world.cluster().power_off_by_hand("prod-web-0"); });

  const auto applied = world.vscale({"apply", "--auto-approve"});

  check_golden("cmd/run_apply_beyond.txt", applied.out);
  CHECK(applied.code == 1);
  CHECK(count_of(world.cluster().log(), "started prod-web-0") == 1);
  world.stop_when({});
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().size() == 4);
}

TEST_CASE("a gate that has used up its bound is not waited for once more") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  GuestBehaviour never;
  never.never_boots = true;
  world.cluster().behave("prod-web-1", never);

  const auto failed = world.vscale({"apply", "--auto-approve"});

  CHECK(failed.code == 1);
  CHECK_FALSE(holds(failed.out, "Planned again"));
}

TEST_CASE("a claim that collides with another writer's is planned again") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  bool claimed = false;
  world.stop_when([&] {
    if (!std::exchange(claimed, true)) claim_elsewhere(world, "kvm1");
    return StopRequest::none;
  });

  const auto applied = world.vscale({"apply", "--auto-approve"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "what is claimed of host kvm1 changed in between"));
  CHECK(holds(applied.out, "Planned again: somebody else was first"));
  CHECK(world.cluster().domains().size() == 2);
}

TEST_CASE("what was asked to be replaced is replaced once, however often it is planned again") {
  AppliedWorld world(2);
  world.write("vscale.yaml", web_in_place(2));
  cut_in_mid_run(world, 8, std::chrono::seconds{10});
  std::vector<std::string> words{"apply", "--auto-approve"};
  const bool by_group = GENERATE(false, true);
  for (const char* name : by_group ? std::vector{"web"} : std::vector{"web-0", "web-1"}) {
    words.insert(words.end(), {"--replace", name});
  }

  const auto applied = world.vscale(words);

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "Planned again: kvm2 did not answer"));
  const auto state = Json::parse(world.vscale({"state", "show", "--json"}).out);
  for (const auto& instance : state["instances"]) CHECK(instance["incarnation"] == 2);
}

TEST_CASE("what was asked to be replaced under its new name is replaced by a later plan, too") {
  AppliedWorld world(2);
  std::string config = web_in_place(2);
  config.replace(config.find("  web:"), 6, "  shop:");
  world.write("vscale.yaml", config + "moved:\n  - { from: group.web, to: group.shop }\n");
  const std::string asked = GENERATE("shop", "shop-1");
  cut_in_mid_run(world, 2, std::chrono::seconds{10});

  const auto applied = world.vscale({"apply", "--auto-approve", "--replace", asked});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "Planned again: kvm2 did not answer"));
  const auto state = Json::parse(world.vscale({"state", "show", "--json"}).out);
  std::map<std::string, int> incarnations;
  for (const auto& instance : state["instances"]) incarnations[instance["address"]] = instance["incarnation"];
  CHECK(incarnations == std::map<std::string, int>{{"group.shop[0]", asked == "shop" ? 2 : 1}, {"group.shop[1]", 2}});
}

TEST_CASE("a kept disk that a host does not show when it comes back in mid-run is not made anew without asking") {
  FakeWorld world;
  std::string config = web_config(2);
  const std::string root = "      disk: 20GiB\n";
  config.insert(config.find(root) + root.size(), "      disks: [{ name: data, size: 1GiB, keep: true }]\n");
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  // Its pool is on, and what it lies on is not mounted yet.
  world.stop_when([&world, cut = world.cluster().log().size() + 2, since = std::optional<Instant>()]() mutable {
    if (!since && world.cluster().log().size() >= cut) {
      since = world.clock().now();
      REQUIRE(world.cluster().delete_volume({"kvm2", "default", "prod-web-1-data.qcow2"}));
      world.cluster().cut("kvm2");
    }
    if (since && world.clock().now() >= *since + std::chrono::seconds{10}) world.cluster().heal("kvm2");
    return StopRequest::none;
  });

  const auto applied = world.vscale({"apply", "--auto-approve", "--replace", "web-1"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 1);
  CHECK(holds(applied.out, "but its disk data was to stay as it is"));
  CHECK(holds(applied.out, "its kept disk data is no longer in pool default on kvm2"));
}

TEST_CASE("no approval is good for more plans than its bound") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  world.stop_when([&] {
    claim_elsewhere(world, "kvm1");
    return StopRequest::none;
  });

  const auto applied = world.vscale({"apply", "--auto-approve", "--json"});

  CHECK(applied.code == 1);
  const auto lines = lines_of(applied.out);
  CHECK(std::count_if(lines.begin(), lines.end(), [](const Json& line) { return line["type"] == "run_start"; }) == 3);
}

TEST_CASE("with --json going on is another plan event that says why") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  cut_in_mid_run(world, 8, std::chrono::seconds{10});

  const auto lines = lines_of(world.vscale({"apply", "--auto-approve", "--json"}).out);

  std::vector<Json> plans;
  for (const auto& line : lines) {
    if (line["type"] == "plan") plans.push_back(line);
  }
  REQUIRE(plans.size() == 2);
  CHECK_FALSE(plans[0].contains("because"));
  CHECK(plans[1]["because"] == "kvm2 did not answer");
  CHECK(lines.back()["type"] == "summary");
  CHECK(lines.back()["exit_code"] == 0);
  CHECK(lines.back()["failed"].empty());
  CHECK(lines.back()["skipped"].empty());
}

TEST_CASE("after an apply the record shows the hosts as they are, and nobody has to look again") {
  AppliedWorld world(2);
  world.cluster().cut("kvm1");
  world.cluster().cut("kvm2");

  const auto plan = world.vscale({"plan", "--refresh=false", "--detailed-exitcode"});

  INFO(plan.out);
  CHECK(plan.code == 0);
}

TEST_CASE("a host that does not answer after the run is no failure of the run") {
  AppliedWorld world(2);
  world.write("vscale.yaml", web_config(3));
  const auto stop_at = world.cluster().log().size() + 1;
  world.stop_when([&world, stop_at] {
    const bool on_other_host = world.cluster().log().size() >= stop_at;
    if (on_other_host) world.cluster().cut("kvm2");
    return StopRequest::none;
  });

  const auto applied = world.vscale({"apply", "--auto-approve"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "Done: 1 create"));
}

TEST_CASE("an interrupted run is not planned again, and nobody is made to wait for the hosts") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));
  int asked = 0;
  world.stop_when([&] { return ++asked > 12 ? StopRequest::finish_running : StopRequest::none; });

  const auto stopped = world.vscale({"apply", "--auto-approve"});

  CHECK(stopped.code == 130);
  CHECK_FALSE(holds(stopped.out, "Planned again"));
}

TEST_CASE("in the pause before it is planned again, a second interrupt need not wait for anything") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  bool in_the_run = false;
  bool in_the_pause = false;
  bool in_the_second_run = false;
  world.stop_when([&] {
    if (world.cluster().log().size() >= 8 && !in_the_pause) world.cluster().cut("kvm2");
    in_the_run = in_the_run || (!in_the_pause && !world.is_between_runs());
    in_the_second_run = in_the_second_run || (in_the_pause && !world.is_between_runs());
    if (world.is_between_runs()) {
      in_the_pause = true;
      world.cluster().heal("kvm2");
    }
    return StopRequest::none;
  });

  const auto ran = world.vscale({"apply", "--auto-approve"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(in_the_run);
  CHECK(in_the_pause);
  CHECK(in_the_second_run);
  CHECK(world.is_between_runs());  // after the last run it only looks at the hosts
}

TEST_CASE("an interrupt before it is planned again ends the run, and the next one goes on") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  bool asked_in_the_pause = false;
  world.stop_when([&] {
    const bool cut = world.cluster().log().size() >= 8;
    if (cut) world.cluster().cut("kvm2");
    const bool run_is_over = world.clock().now() > VirtualClock::kStart + std::chrono::seconds{20};
    asked_in_the_pause = asked_in_the_pause || run_is_over;
    return run_is_over ? StopRequest::finish_running : StopRequest::none;
  });

  const auto stopped = world.vscale({"apply", "--auto-approve"});

  INFO(stopped.out << stopped.err);
  CHECK(asked_in_the_pause);
  CHECK(stopped.code == 130);
  CHECK_FALSE(holds(stopped.out, "Planned again"));
  CHECK(holds(stopped.out, "Stopped: "));
  CHECK(holds(stopped.out, "Go on: vscale apply"));
}

TEST_CASE("a saved plan is the envelope of what is done when a host goes away") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4));
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  cut_in_mid_run(world, 8, std::chrono::seconds{10});

  const auto applied = world.vscale({"apply", "plan.bin"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "Planned again: kvm2 did not answer"));
  CHECK(world.cluster().domains().size() == 4);
}

TEST_CASE("a saved plan is refused where the hosts have changed under it, and says where") {
  AppliedWorld world(2);
  world.write("vscale.yaml", web_config(3));
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-1");

  const auto refused = world.vscale({"apply", "plan.bin"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale: the hosts have changed after the plan was created"));
  CHECK(holds(refused.err, "web-1 would be changed too"));
  CHECK(world.cluster().domains().size() == 2);
}

TEST_CASE("a saved plan is carried out unseen with --refresh=false") {
  AppliedWorld world(2);
  world.write("vscale.yaml", web_config(3));
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-1");

  const auto applied = world.vscale({"apply", "plan.bin", "--refresh=false"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(world.cluster().domains().size() == 3);
}

TEST_CASE("a saved plan remembers what was asked for besides the files") {
  AppliedWorld world(3);
  REQUIRE(world.vscale({"plan", "--destroy", "--target", "web-2", "--out", "plan.bin"}).code == 0);

  const auto applied = world.vscale({"apply", "plan.bin"});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(world.cluster().domains().size() == 2);
}

TEST_CASE("a saved plan holds no plain digest of a file, and without its key it is stale") {
  FakeWorld world;
  const std::string config = web_config(1);
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  CHECK_FALSE(holds(world.written("plan.bin"), sha256_hex(config)));
  CHECK_FALSE(holds(world.written("plan.bin"), world.written("vscale.db.key")));

  REQUIRE_FALSE(world.written("vscale.db.key").empty());
  world.write("vscale.db.key", "another key");
  const auto refused = world.vscale({"apply", "plan.bin"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale"));
}

TEST_CASE("an image file that is gone is a warning as long as nobody needs it, and an error where it is to be sent") {
  FakeWorld world;
  const auto images = std::make_shared<VanishingImages>(world.images());
  world.outside().image_library = [images] { return images; };
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  images->gone = true;

  const auto plan = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(plan.code == 0);
  CHECK(holds(plan.out, "warning: image debian-12: file /srv/debian-12.qcow2 cannot be read"));
  CHECK(holds(plan.out, "it would be needed to send it to a host"));

  world.write("vscale.yaml", web_config(2));
  const auto grown = world.vscale({"plan"});
  CHECK(grown.code == 1);
  CHECK(holds(grown.out, "error: image debian-12: file /srv/debian-12.qcow2 cannot be read"));
  CHECK(holds(grown.out, "this plan has to send it"));
}

TEST_CASE("a plan stands on what is in the statefile, with the locks and what was seen on the hosts") {
  AppliedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-1");
  world.cluster().add_foreign_domain("kvm1", "somebody-elses", 1, kGiB);
  const bool silent = GENERATE(false, true);
  if (silent) world.cluster().cut("kvm2");
  GlobalOptions global;
  global.files = {"vscale.yaml"};
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{.in = in, .out = out, .err = err};
  const Invocation invocation = make_invocation(global, streams, world.outside());
  const auto files = read_files(invocation, ReadInput::Secrets::demanded);
  REQUIRE(files.ok());
  const auto state = open_state(invocation, *files->read.config, OpenMode::read_write);
  REQUIRE(state.ok());

  const auto fresh = make_plan(invocation, *files, *state->store, world.cluster(), {});

  REQUIRE(fresh.ok());
  const auto kept = state->store->read();
  REQUIRE(kept.ok());
  CHECK(fresh->recorded == *kept);
  CHECK(fresh->plan.serial == kept->serial);
}

TEST_CASE("the command to go on with does what was begun: files, variables and options, and what is still to replace") {
  FakeWorld world;
  world.write("prod.yaml", web_config(2) + "vars:\n  token: { sensitive: true }\n  region: {}\n");
  const std::vector<std::string> given{"-f", "prod.yaml", "--var", "region=eu", "--var", "token=s3cret"};
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.end(), given.begin(), given.end());
    return world.vscale(words);
  };
  const auto planned = run({"plan", "--target", "web"});
  INFO(planned.out << planned.err);
  CHECK(holds(planned.err, "vscale -f prod.yaml --var region=eu --var token=<secret> apply --target web\n"));
  REQUIRE(run({"apply", "--auto-approve"}).code == 0);
  cut_in_mid_run(world, 8, kForGood);

  const auto applied = run({"apply", "--auto-approve", "--replace", "web", "--allow-data-loss"});

  INFO(planned.err << applied.out << applied.err);
  CHECK(applied.code == 3);
  CHECK(holds(applied.out, "apply"));
  CHECK(holds(applied.out, " --replace web-1"));
  CHECK(holds(applied.out, " --allow-data-loss"));
  CHECK_FALSE(holds(applied.out, "--replace web-0"));
  CHECK_FALSE(holds(planned.err + applied.out + applied.err, "s3cret"));
}

}  // namespace vscale::test
