#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"

/// Commands beside a file with a mistake: those that only look show how things stand all the same.

namespace vscale::test {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// `web` with a size that is no number, in line 21.
void make_mistake(FakeWorld& world) {
  std::string text = web_config(2);
  world.write("vscale.yaml", text.replace(text.find("size: 2"), 7, "size: lots"));
}

const std::string kPlaceOfMistake = "--> vscale.yaml:21:11\n";

void check_only_mistake_is_told(const Ran& ran) {
  CHECK(ran.code == 1);
  CHECK(ran.out.empty());
  CHECK(holds(ran.err, kPlaceOfMistake));
  CHECK_FALSE(holds(ran.err, "accepted"));
}

}  // namespace

TEST_CASE("where the file has a mistake, commands that look tell it, and then show what was accepted") {
  AppliedWorld world(2);
  const Words words = GENERATE(values<Words>({{"events"},
                                              {"events", "web"},
                                              {"rollout", "status", "web"},
                                              {"rollout", "history", "web"},
                                              {"inventory"},
                                              {"image", "list"},
                                              {"state", "list"},
                                              {"state", "show", "web-0"}}));
  CAPTURE(words);
  const auto well = world.vscale(words);
  REQUIRE(well.code == 0);
  make_mistake(world);

  const auto ran = world.vscale(words);

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(ran.out == well.out);
  CHECK(holds(ran.err, kPlaceOfMistake));
  CHECK(holds(ran.err, "\nShown by what was last accepted, by anna@ctl1 ("));
}

TEST_CASE("where the file has a mistake, a program reads what was accepted, and the mistake stands beside it") {
  AppliedWorld world(2);
  make_mistake(world);
  const Words words = GENERATE(values<Words>({{"events", "--json"},
                                              {"rollout", "status", "web", "--json"},
                                              {"rollout", "history", "web", "--json"},
                                              {"inventory", "--json"},
                                              {"image", "list", "--json"},
                                              {"state", "list", "--json"},
                                              {"state", "show", "web-0", "--json"}}));
  CAPTURE(words);

  const auto ran = world.vscale(words);

  CHECK(ran.code == 1);
  CHECK(holds(ran.err, kPlaceOfMistake));
  CHECK(Json::parse(ran.out).contains("format_version"));
  CHECK_FALSE(Json::parse(ran.out).contains("error_count"));
}

TEST_CASE("where the file is gone, commands that look say so, and show what was accepted from it") {
  AppliedWorld world(2);
  const auto well = world.vscale({"inventory"});
  world.outside().read_file = [read = world.outside().read_file](const std::string& path) {
    return read(path.ends_with("/vscale.yaml") ? "/nowhere" : path);
  };

  const auto ran = world.vscale({"inventory"});

  INFO(ran.err);
  CHECK(ran.code == 1);
  CHECK(ran.out == well.out);
  CHECK(holds(ran.err, "cannot be opened"));
  CHECK(holds(ran.err, "\nShown by what was last accepted, by anna@ctl1 ("));
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 1);
}

TEST_CASE("where the file has a mistake and nothing of it was accepted, commands that look only tell the mistake") {
  FakeWorld world;
  make_mistake(world);
  const Words words = GENERATE(values<Words>({{"events"},
                                              {"rollout", "status", "web"},
                                              {"rollout", "history", "web"},
                                              {"inventory"},
                                              {"image", "list"},
                                              {"state", "list"}}));
  CAPTURE(words);

  const auto ran = world.vscale(words);

  check_only_mistake_is_told(ran);
}

TEST_CASE("where the file has a mistake, nothing is done by what was accepted") {
  AppliedWorld world(2);
  make_mistake(world);
  const Words words = GENERATE(
      values<Words>({{"rollout", "pause", "web"}, {"stop", "web-0"}, {"force-unlock", "other"}, {"ssh", "web-0"}}));
  CAPTURE(words);

  const auto ran = world.vscale(words);

  check_only_mistake_is_told(ran);
  CHECK(world.became().empty());
}

}  // namespace vscale::test
