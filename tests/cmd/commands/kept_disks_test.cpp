#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"

/// Disks that outlive their instances are no instance's, and are shown all the same.

namespace vscale::test {
namespace {

using Json = nlohmann::json;

std::string config_with_kept_disks(int size) {
  std::string config = web_config(size);
  const std::string disk = "      disk: 20GiB\n";
  return config.insert(config.find(disk) + disk.size(), "      disks: [{ name: data, size: 5GiB, keep: true }]\n");
}

/// With web-0, and the disks of as many others as `gone`.
struct ShrunkWorld : FakeWorld {
  explicit ShrunkWorld(int gone) {
    apply(1 + gone);
    apply(1);
  }
  void apply(int size) {
    write("vscale.yaml", config_with_kept_disks(size));
    const auto applied = vscale({"apply", "--auto-approve"});
    INFO(applied.out << applied.err);
    REQUIRE(applied.code == 0);
  }
};

}  // namespace

TEST_CASE("state list and show have the disks that were kept of instances that are gone") {
  ShrunkWorld world(1);

  const auto list = world.vscale({"state", "list"}).out;
  const Json document = Json::parse(world.vscale({"state", "list", "--json"}).out);
  const auto shown = world.vscale({"state", "show", "group.web[1]"});

  INFO(list);
  CHECK(holds(list, "\ngroup.web[1]     kvm2  kept   data: default/prod-web-1-data.qcow2, 5 GiB\n"));
  CHECK_FALSE(holds(list, "prod-web-0-data"));
  REQUIRE(document.at("kept_disks").size() == 1);
  CHECK(document.at("kept_disks")[0].at("owner") == "group.web[1]");
  const Json& addresses = document.at("addresses");
  CHECK(std::count(addresses.begin(), addresses.end(), "group.web[1]") == 1);
  CHECK(shown.code == 0);
  CHECK(holds(shown.out, "prod-web-1-data.qcow2"));
  CHECK(world.vscale({"state", "show", "web-1"}).out == shown.out);
}

TEST_CASE("destroy that finds nothing says how many disks are kept") {
  ShrunkWorld world(1);
  REQUIRE(world.vscale({"destroy", "--auto-approve"}).code == 0);

  const auto again = world.vscale({"destroy", "--auto-approve"});

  INFO(again.out);
  CHECK(again.code == 0);
  CHECK(holds(again.out, "Nothing to destroy: 2 disks are kept, which vscale status tells of.\n"));
  REQUIRE(world.vscale({"destroy", "--auto-approve", "--allow-data-loss"}).code == 0);
  CHECK(holds(world.vscale({"destroy", "--auto-approve"}).out, "Nothing to destroy.\n"));
}

TEST_CASE("status ends with how many disks are kept, and how to delete them and nothing else") {
  ShrunkWorld world(2);

  const auto status = world.vscale({"status"}).out;
  const Json document = Json::parse(world.vscale({"status", "--json"}).out);
  REQUIRE(
      status.ends_with("\n2 kept disks (10 GiB) belong to no instance. To see, and to delete them:\n"
                       "   vscale state list\n"
                       "   vscale destroy --target 'group.web[1]' --target 'group.web[2]' \\\n"
                       "     --allow-data-loss\n"));
  CHECK(document.at("kept_disks").size() == 2);
  const auto deleted = world.vscale(
      {"destroy", "--target", "group.web[1]", "--target", "group.web[2]", "--allow-data-loss", "--auto-approve"});

  INFO(deleted.out << deleted.err);
  CHECK(deleted.code == 0);
  CHECK(world.cluster().domains().size() == 1);
  const auto after = world.vscale({"status"}).out;
  CHECK_FALSE(holds(after, "kept"));
  CHECK(holds(after, "web-0"));
}

TEST_CASE("after a destroy that kept many disks, status leaves it to the reader which to delete") {
  ShrunkWorld world(7);
  REQUIRE(world.vscale({"destroy", "--auto-approve"}).code == 0);

  const auto status = world.vscale({"status"}).out;

  CHECK(holds(status, "\n8 kept disks (40 GiB) belong to no instance, and 1 of them waits for one"));
  CHECK(status.ends_with("   vscale destroy --target ADDRESS --allow-data-loss\n"));
}

TEST_CASE("status offers to delete no kept disk that the file's next instance takes up again") {
  ShrunkWorld world(1);
  world.write("vscale.yaml", config_with_kept_disks(2));

  const auto status = world.vscale({"status"}).out;

  INFO(status);
  CHECK(
      status.ends_with("\n1 kept disk (5 GiB) waits for an instance that the file has. To see it:\n"
                       "   vscale state list\n"));
}

TEST_CASE("a kept disk is deleted by its instance's short name, too") {
  ShrunkWorld world(1);

  const auto deleted = world.vscale({"destroy", "--target", "web-1", "--allow-data-loss", "--auto-approve"});

  INFO(deleted.out << deleted.err);
  CHECK(deleted.code == 0);
  CHECK(world.cluster().domains().size() == 1);
  CHECK_FALSE(holds(world.vscale({"status"}).out, "kept disk"));
}

TEST_CASE("a kept disk whose line left the file is shown beside its instance, which does without") {
  ShrunkWorld world(0);
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"plan"}).code == 0);  // it looks at the domain that has come

  const auto list = world.vscale({"state", "list"}).out;
  const auto status = world.vscale({"status"}).out;

  INFO(list << status);
  CHECK(holds(list, "detached  data: default/prod-web-0-data.qcow2, 5 GiB\n"));
  CHECK(
      status.ends_with("\nKept beside an instance that does without: data of web-0 on kvm1. What comes\n"
                       "  back into the file is attached again.\n"));
  CHECK(Json::parse(world.vscale({"status", "--json"}).out).at("detached_disks").size() == 1);
  CHECK(Json::parse(world.vscale({"state", "list", "--json"}).out).at("detached_disks").size() == 1);
}

}  // namespace vscale::test
