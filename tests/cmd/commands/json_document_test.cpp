#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cmd/fake_world.h"

/// What a program reads with --json: one document, or a stream of objects.

namespace vscale::test {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

const std::string kWarned =
    "watch: { notify: [{ webhook: https://hooks.example.lan/vscale, events: [healed] }] }\n";  // nobody is told yet

std::vector<std::string> types_of(const std::vector<Json>& lines) {
  std::vector<std::string> types;
  for (const auto& line : lines) types.push_back(line.at("type"));
  return types;
}

TEST_CASE("a warning in the files stands beside the one document that was asked for, and never before it") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1) + kWarned);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const Words words = GENERATE(values<Words>({{"status"},
                                              {"inventory"},
                                              {"graph"},
                                              {"image", "list"},
                                              {"image", "update"},
                                              {"state", "list"},
                                              {"plan"},
                                              {"validate"}}));
  CAPTURE(words);
  Words with_json = words;
  with_json.emplace_back("--json");

  const auto ran = world.vscale(with_json);

  CHECK(ran.code == 0);
  const Json document = Json::parse(ran.out);
  CHECK_FALSE(document.contains("type"));
  const bool has_place = words[0] == "plan" || words[0] == "validate";
  if (has_place) CHECK(document.at("diagnostics").size() == 1);
  const bool reads_no_files_aloud = has_place || words[0] == "state";
  CHECK((ran.err.find("warning: ") == std::string::npos) == reads_no_files_aloud);
}

TEST_CASE("a warning in the files is not saved with the plan, nor carried out with it") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1) + kWarned);
  REQUIRE(world.vscale({"plan", "--json", "--out", "plan.bin"}).code == 0);
  CHECK(Json::parse(world.written("plan.bin")).at("diagnostics").empty());
  CHECK(world.vscale({"apply", "plan.bin"}).code == 0);
}

TEST_CASE("a plan that cannot be saved is no plan: what was wrong is the one document") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto write = world.outside().write_private_file;
  world.outside().write_private_file = [&](const std::string& path, const std::string& text) -> Result<void> {
    if (!path.ends_with("plan.bin")) return write(path, text);
    return Error{.kind = ErrorKind::failed, .message = "cannot write " + path, .detail = {}, .hint = {}};
  };

  const auto ran = world.vscale({"plan", "--json", "--out", "plan.bin"});

  CHECK(ran.code == 1);
  const auto lines = lines_of(ran.out);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("type") == "diagnostic");
  CHECK(world.vscale({"plan", "--out", "plan.bin"}).out.empty());
}

TEST_CASE("mistakes in the files are the one document, as validate gives it") {
  FakeWorld world;
  std::string config = web_config(1);
  config.replace(config.find("memory: 2GiB"), 12, "memory: lots");
  config.replace(config.find("vcpus: 2"), 8, "vcpus: x");
  world.write("vscale.yaml", config);
  const Words words = GENERATE(values<Words>({{"status"},
                                              {"inventory"},
                                              {"graph"},
                                              {"image", "list"},
                                              {"console", "web-0"},
                                              {"state", "list"},
                                              {"state", "show"}}));
  CAPTURE(words);
  Words with_json = words;
  with_json.emplace_back("--json");

  const auto ran = world.vscale(with_json);

  CHECK(ran.code == 1);
  CHECK(ran.out == world.vscale({"validate", "--json"}).out);
  CHECK(Json::parse(ran.out).at("error_count") == 2);
}

TEST_CASE("the documents of commands that look say the version of their format") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const Words words = GENERATE(values<Words>({{"validate"},
                                              {"plan"},
                                              {"status"},
                                              {"inventory"},
                                              {"graph"},
                                              {"image", "list"},
                                              {"state", "list"},
                                              {"state", "show"},
                                              {"state", "show", "web-0"},
                                              {"state", "show", "group.web"},
                                              {"state", "show", "host.kvm1"},
                                              {"state", "show", "image.debian-12"},
                                              {"version"}}));
  CAPTURE(words);
  Words with_json = words;
  with_json.emplace_back("--json");
  CHECK(Json::parse(world.vscale(with_json).out).at("format_version") == "1.0");
}

TEST_CASE("an apply tells warnings in the files after the version, as objects of its stream") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(0) + kWarned);
  const auto lines = lines_of(world.vscale({"apply", "--json", "--auto-approve"}).out);
  CHECK(types_of(lines) == std::vector<std::string>{"version", "diagnostic", "plan", "summary"});
}

TEST_CASE("image pull tells its plan and its end, also where there is nothing to send") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));

  const auto first = types_of(lines_of(world.vscale({"image", "pull", "--json"}).out));
  const auto again = lines_of(world.vscale({"image", "pull", "--json"}).out);

  REQUIRE(first.size() > 3);
  CHECK(std::vector<std::string>(first.begin(), first.begin() + 3) ==
        std::vector<std::string>{"version", "plan", "run_start"});
  CHECK(first.back() == "summary");
  REQUIRE(types_of(again) == std::vector<std::string>{"version", "plan", "summary"});
  CHECK(again[1].at("plan").at("actions").empty());
  CHECK(again[2].at("exit_code") == 0);
}

TEST_CASE("image pull goes on by the command that was given") {
  FakeWorld world;
  world.write("prod.yaml", web_config(1));
  world.cluster().cut("kvm2");

  const auto ran = world.vscale({"-f", "prod.yaml", "image", "pull", "debian-12", "--state", "other.db"});

  CHECK(ran.code == 3);
  INFO(ran.out);
  CHECK(ran.out.find("vscale -f prod.yaml --state other.db image pull debian-12\n") != std::string::npos);
}

TEST_CASE("image update gives one document of all images") {
  FakeWorld world;
  std::string config = web_config(1);
  config.insert(config.find("storage:"), "  debian-13: { source: /srv/debian-13.qcow2, agent: present }\n");
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.images().publish("debian-12", "newer bytes");

  const Json document = Json::parse(world.vscale({"image", "update", "debian-12", "debian-13", "--json"}).out);

  const Json& images = document.at("images");
  REQUIRE(images.size() == 2);
  CHECK(images[0].at("image") == "debian-12");
  CHECK(images[0].at("before") != images[0].at("after"));
  CHECK(images[1].at("before") == "");
}

TEST_CASE("a graph is one document of nodes and edges, with what the plan says beside it") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1) + kWarned);
  const Json plan = Json::parse(world.vscale({"plan", "--json", "--out", "plan.bin"}).out);

  const auto ran = world.vscale({"graph", "--json"});
  const Json graph = Json::parse(ran.out);

  CHECK(ran.code == 0);
  std::size_t needs = 0;
  for (const auto& action : plan.at("actions")) needs += action.at("needs").size();
  REQUIRE(graph.at("nodes").size() == plan.at("actions").size());
  CHECK(graph.at("edges").size() == needs);
  CHECK(graph.at("nodes")[0].at("kind") == plan.at("actions")[0].at("kind"));
  CHECK(graph.at("edges")[0].at("from") < graph.at("edges")[0].at("to"));
  CHECK(graph.at("complete") == true);
  CHECK(Json::parse(world.vscale({"graph", "plan.bin", "--json"}).out).at("nodes") == graph.at("nodes"));
}

}  // namespace
}  // namespace vscale::test
