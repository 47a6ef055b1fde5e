#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

/// What an image whose source cannot be read keeps from being planned, and what it does not.

namespace vscale::test {
namespace {

/// Cannot read one image; has all others.
class LibraryWithout final : public ImageLibrary {
 public:
  LibraryWithout(ImageLibrary& library, std::string missing) : library_(library), missing_(std::move(missing)) {}
  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    if (image.name != missing_) return library_.resolve(image, known, take_newer, progress);
    return Error{ErrorKind::denied, "image ci: /srv/ci.qcow2 cannot be read", "Permission denied",
                 "chmod a+r /srv/ci.qcow2"};
  }
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override {
    return library_.local_file(image, lock, progress);
  }

 private:
  ImageLibrary& library_;
  std::string missing_;
};

void lose_image_ci(FakeWorld& world) {
  const auto library = std::make_shared<LibraryWithout>(world.images(), "ci");
  world.outside().image_library = [library] { return library; };
}

std::string config_with_ci(const std::string& image_of_ci) {
  std::string config = web_config(1);
  config.insert(config.find("storage:"), "  ci: { source: /srv/ci.qcow2, agent: present }\n");
  return config + "  ci:\n    size: 1\n    template: { image: " + image_of_ci +
         ", vcpus: 1, memory: 1GiB, networks: [lan] }\n";
}

}  // namespace

TEST_CASE("an image that cannot be read keeps nobody from planning what is not made of it") {
  FakeWorld world;
  world.write("vscale.yaml", config_with_ci("ci"));
  lose_image_ci(world);
  const std::vector<std::string> narrowed =
      GENERATE(std::vector<std::string>{"--target", "web"}, std::vector<std::string>{"--exclude", "ci"});

  const auto applied = world.vscale({"apply", "--auto-approve", narrowed[0], narrowed[1]});

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  REQUIRE(world.cluster().domains().size() == 1);
  CHECK(world.cluster().domains()[0].name == "prod-web-0");
}

TEST_CASE("an image that cannot be read is an error of the group that is made of it, below what else is planned") {
  FakeWorld world;
  world.write("vscale.yaml", config_with_ci("ci"));
  lose_image_ci(world);
  REQUIRE(world.vscale({"apply", "--auto-approve", "--target", "web"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-0");
  world.clock().advance(Duration{1});

  const auto plan = world.vscale({"plan"});

  CHECK(plan.code == 1);
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 1);
  check_golden("cmd/plan_unread_image.txt", plan.out + plan.err);
}

TEST_CASE("a group that is to be made of an image that cannot be read is not said to be as the file says") {
  FakeWorld world;
  world.write("vscale.yaml", config_with_ci("debian-12"));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", config_with_ci("ci"));
  lose_image_ci(world);

  const auto plan = world.vscale({"plan"});

  INFO(plan.out);
  CHECK(plan.code == 1);
  CHECK(holds(plan.out, "cannot be read"));
  CHECK_FALSE(holds(plan.out, "No changes"));
  CHECK(world.vscale({"plan", "--target", "web"}).code == 0);
  CHECK(world.vscale({"destroy", "--auto-approve"}).code == 0);
}

}  // namespace vscale::test
