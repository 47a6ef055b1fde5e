#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

/// `web` with a size that is no number, in line 21.
std::string mistaken_config() {
  std::string text = web_config(2);
  return text.replace(text.find("size: 2"), 7, "size: lots");
}

/// `vscale status --follow`, for so long; at each of these times after its begin the file becomes that.
Ran follow_for(FakeWorld& world, Duration time, std::map<Duration, std::string> files,
               const std::vector<std::string>& more = {}) {
  const Instant begin = world.clock().now();
  world.stop_when([&world, begin, time, files = std::move(files)]() mutable {
    const Duration passed = world.clock().now() - begin;
    while (!files.empty() && files.begin()->first <= passed) {
      world.write("vscale.yaml", files.begin()->second);
      files.erase(files.begin());
    }
    return passed < time ? StopRequest::none : StopRequest::finish_running;
  });
  std::vector<std::string> words{"status", "--follow"};
  words.insert(words.end(), more.begin(), more.end());
  Ran ran = world.vscale(words);
  world.stop_when([] { return StopRequest::none; });
  return ran;
}

}  // namespace

TEST_CASE("what status advises holds for the files, the variables and the statefile that were given") {
  FakeWorld world;
  world.write("prod.yaml", web_config(2) + "vars: { domain: { default: example.lan }, token: { sensitive: true } }\n");
  const std::vector<std::string> given{"-f",    "prod.yaml",     "--var",   "domain=other.lan",
                                       "--var", "token=letmein", "--state", "other.db"};
  const auto with = [&given](const std::vector<std::string>& words) {
    std::vector<std::string> all = given;
    all.insert(all.end(), words.begin(), words.end());
    return all;
  };

  const auto text = world.vscale(with({"status"})).out;
  const Json needs = Json::parse(world.vscale(with({"status", "--json"})).out).at("needs");

  INFO(text);
  REQUIRE(needs.size() == 1);
  CHECK(needs[0].at("commands")[1].get<std::string>().ends_with(" --state other.db apply"));
  CHECK_FALSE(holds(text, "letmein"));
  CHECK(
      text.ends_with("\n   vscale -f prod.yaml --var domain=other.lan --var token=<secret> \\\n"
                     "     --state other.db plan\n"
                     "   vscale -f prod.yaml --var domain=other.lan --var token=<secret> \\\n"
                     "     --state other.db apply\n"));
}

TEST_CASE("status of one group tells of that group and its instances, as text and as JSON") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2) +
                                 "  worker:\n    size: 1\n"
                                 "    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string name = GENERATE("web", "group.web", "web-1");
  CAPTURE(name);

  const auto text = world.vscale({"status", name});
  const Json document = Json::parse(world.vscale({"status", name, "--json"}).out);

  CHECK(text.code == 0);
  CHECK(holds(text.out, "\nweb-0 "));
  CHECK(holds(text.out, "\nweb-1 "));
  CHECK_FALSE(holds(text.out, "worker"));
  REQUIRE(document.at("groups").size() == 1);
  CHECK(document.at("groups")[0].at("address") == "group.web");
  REQUIRE(document.at("instances").size() == 2);
  CHECK(document.at("instances")[1].at("address") == "group.web[1]");
  CHECK(Json::parse(world.vscale({"status", "--json"}).out).at("instances").size() == 3);
}

TEST_CASE("status of a group that is not there names those that are") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  const std::string name = GENERATE("db", "group.db", "db-0", "group.db[0]", "host.kvm1");
  CAPTURE(name);

  const auto refused = world.vscale({"status", name});

  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "error: there is no group \"" + name + "\" in prod\n  hint: there is: web\n");
}

TEST_CASE("status of a group with a slip in its name names it, and what else there is only where there is more") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  CHECK(holds(world.vscale({"status", "wbe"}).err, "\n  hint: did you mean \"web\"?\n"));

  world.write("vscale.yaml", web_config(1) +
                                 "  worker:\n    size: 1\n"
                                 "    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
  CHECK(holds(world.vscale({"status", "wbe"}).err, "\n  hint: did you mean \"web\"?; there is: web, worker\n"));
}

TEST_CASE("what a plan leaves alone as unknown is not missing for status") {
  FakeWorld world;
  world.write("vscale.yaml", web_in_place(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string state = world.folder() + "/vscale.db";
  std::filesystem::copy_file(state, state + ".older");
  REQUIRE(world.vscale({"apply", "--auto-approve", "--replace", "web-0"}).code == 0);
  std::filesystem::copy_file(state + ".older", state, std::filesystem::copy_options::overwrite_existing);

  CHECK(holds(world.vscale({"plan"}).out, "Unknown, left alone"));
  const auto ran = world.vscale({"status"});
  INFO(ran.out);
  CHECK(ran.code == 3);
  CHECK(holds(ran.out, "unknown"));
  CHECK_FALSE(holds(ran.out, "missing"));
}

TEST_CASE("status tells of a guest without a definition") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().undefine_by_hand("prod-web-0");
  CHECK(holds(world.vscale({"status"}).out,
              "Undefined by somebody while it runs, and gone from its host once it is off:\n   web-0 on kvm1."));
}

TEST_CASE("status shows a guest that was moved by hand where it is") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().move_by_hand("prod-web-0", "kvm2");
  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status, "web-0     kvm2  ready"));
}

TEST_CASE("status names what carries our mark and is not recorded, and counts it as foreign") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", web_config(1) + "removed: [{ address: \"group.web[1]\", then: forget }]\n");
  const auto applied = world.vscale({"apply", "--auto-approve"});
  CHECK(holds(applied.out, "1 forget"));

  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status,
              "Made by this installation and not recorded, so left alone: prod-web-1 on\n"
              "   kvm2. How to remove it:\n   vscale plan\n"));
  const auto json = nlohmann::json::parse(world.vscale({"status", "--json"}).out);
  CHECK(json.at("hosts")[1].at("ours") == 0);
  CHECK(json.at("hosts")[1].at("foreign") == 1);
}

TEST_CASE("status as a document") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().add_foreign_domain("kvm1", "somebody-elses", 4, 8 * kGiB);
  world.clock().advance(std::chrono::minutes{5});
  world.cluster().power_off_by_hand("prod-web-0");
  world.cluster().cut("kvm2");

  const auto status = world.vscale({"status", "--json"});

  CHECK(status.code == 3);
  check_golden("cmd/status.json", nlohmann::ordered_json::parse(status.out).dump(2) + "\n");
}

TEST_CASE("the command to look at a host that is silent is one that a shell reads, whatever stands in its URI") {
  FakeWorld world;
  std::string config = web_config(1);
  const std::string uri = "qemu+ssh://root@kvm2/system";
  config.replace(config.find(uri), uri.size(), uri + "?keyfile=/home/o'brien/key");
  world.write("vscale.yaml", config);
  world.cluster().cut("kvm2");

  const Json needs = Json::parse(world.vscale({"status", "--json"}).out).at("needs");

  REQUIRE(!needs.empty());
  CHECK(needs[0].at("commands")[0] == R"(virsh -c 'qemu+ssh://root@kvm2/system?keyfile=/home/o'\''brien/key' list)");
}

TEST_CASE("status that follows reads the file anew for every look") {
  AppliedWorld world(2);

  const auto ran = follow_for(world, seconds{9}, {{seconds{3}, web_config(3)}, {seconds{6}, web_config(1)}});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  const auto as_applied = ran.out.find("web    2/2    2     fixed  1    -\n");
  const auto more = ran.out.find("web    2/3    3     fixed  1    1 to create\n");
  const auto fewer = ran.out.find("web    2/2    1     fixed  1    1 to destroy\n");
  CHECK(as_applied < more);
  CHECK(more < fewer);
  CHECK(fewer != std::string::npos);
}

TEST_CASE("status that follows keeps the last good files while they have a mistake, and says so in one line") {
  AppliedWorld world(2);
  const std::string line = "A mistake at vscale.yaml:21:11: shown by what held before.\n";

  const auto ran = follow_for(world, seconds{9}, {{seconds{3}, mistaken_config()}, {seconds{6}, web_config(3)}});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.err.empty());
  const auto mistake = ran.out.find(line);
  REQUIRE(mistake != std::string::npos);
  CHECK(ran.out.find("web    2/2    2     fixed", mistake) != std::string::npos);
  CHECK(ran.out.rfind(line) < ran.out.find("1 to create"));
  CHECK(ran.out.find("1 to create") != std::string::npos);
  // It was ended while they had one.
  CHECK(follow_for(world, seconds{6}, {{seconds{3}, mistaken_config()}}).code == 1);
}

TEST_CASE("status that follows begins by what was accepted where the file has a mistake, and goes on to the file") {
  AppliedWorld world(2);
  world.write("vscale.yaml", mistaken_config());

  const auto ran = follow_for(world, seconds{6}, {{seconds{3}, web_config(3)}});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(holds(ran.err, "--> vscale.yaml:21:11\n"));
  const auto mistake = ran.out.find("A mistake at vscale.yaml:21:11: shown by what held before.\n");
  REQUIRE(mistake != std::string::npos);
  CHECK(ran.out.find("web    2/2    2     fixed", mistake) < ran.out.find("web    2/3    3     fixed", mistake));
}

TEST_CASE("status that follows keeps the last good files while they cannot be read") {
  AppliedWorld world(2);
  const Instant gone_at = world.clock().now() + seconds{3};
  world.outside().read_file = [&world, gone_at, read = world.outside().read_file](const std::string& path) {
    if (world.clock().now() < gone_at) return read(path);
    return Result<std::string>(
        Error{.kind = ErrorKind::not_found, .message = "vscale.yaml: cannot be opened", .detail = {}, .hint = {}});
  };

  const auto ran = follow_for(world, seconds{6}, {});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  const auto gone = ran.out.find("vscale.yaml: cannot be opened: shown by what held before.\n");
  REQUIRE(gone != std::string::npos);
  CHECK(ran.out.find("web    2/2    2     fixed", gone) != std::string::npos);
}

TEST_CASE("status that follows as JSON says on stderr, once, that the files have a mistake") {
  AppliedWorld world(2);

  const auto ran = follow_for(world, seconds{9}, {{seconds{3}, mistaken_config()}}, {"--json"});

  INFO(ran.err);
  CHECK(ran.code == 1);
  CHECK(ran.err == "A mistake at vscale.yaml:21:11: shown by what held before.\n");
  for (const auto& document : lines_of(ran.out)) CHECK(document.at("groups")[0].at("want") == 2);
}

TEST_CASE("status that follows reaches the hosts anew once the file says otherwise where they are, and only then") {
  AppliedWorld world(2);
  std::string moved = web_config(3);
  const std::string uri = "qemu+ssh://root@kvm2/system";
  moved.replace(moved.find(uri), uri.size(), "qemu+ssh://root@elsewhere/system");
  std::vector<std::string> reached;
  world.outside().reach_hosts = [&reached, reach = world.outside().reach_hosts](const auto& connections) {
    reached.push_back(connections.at(1).uri);
    return reach(connections);
  };

  follow_for(world, seconds{12}, {{seconds{3}, web_config(3)}, {seconds{6}, moved}});

  CHECK(reached == std::vector<std::string>{uri, "qemu+ssh://root@elsewhere/system"});
}

TEST_CASE("where the file has a mistake, status tells it, and then how it stands by what was accepted") {
  AppliedWorld world(2);
  const std::string well = world.vscale({"status"}).out;
  world.write("vscale.yaml", mistaken_config());

  const auto ran = world.vscale({"status"});
  const auto as_json = world.vscale({"status", "--json"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.err, "--> vscale.yaml:21:11\n"));
  CHECK(holds(ran.err, "\nShown by what was last accepted, by anna@ctl1 ("));
  CHECK(holds(ran.out, "web    2/2    2     fixed  1    -\n"));
  CHECK(ran.out.substr(0, ran.out.find('\n')) == well.substr(0, well.find('\n')));
  CHECK(as_json.code == 1);
  CHECK(holds(as_json.err, "--> vscale.yaml:21:11\n"));
  CHECK(Json::parse(as_json.out).at("groups")[0].at("want") == 2);
}

TEST_CASE("where the file has a mistake and nothing of it was accepted, status only tells the mistake") {
  FakeWorld world;
  world.write("vscale.yaml", mistaken_config());
  CHECK(world.vscale({"status"}).out.empty());

  world.write("other.yaml", web_config(1));  // its statefile is where that of vscale.yaml would be
  REQUIRE(world.vscale({"-f", "other.yaml", "apply", "--auto-approve"}).code == 0);
  const auto ran = world.vscale({"status"});

  INFO(ran.err);
  CHECK(ran.code == 1);
  CHECK(ran.out.empty());
  CHECK(holds(ran.err, "--> vscale.yaml:21:11\n"));
  CHECK_FALSE(holds(ran.err, "accepted"));
}

TEST_CASE("an instance that an operator has stopped is stopped for status, and not otherwise than wanted") {
  AppliedWorld world(2);
  REQUIRE(world.vscale({"stop", "web-1", "--reason", "noisy"}).code == 0);
  CHECK_FALSE(holds(world.vscale({"status"}).out, "stopped"));  // it is still up
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);

  const auto stopped = world.vscale({"status"}).out;

  INFO(stopped);
  CHECK(holds(stopped, "1 stopped\n"));
  CHECK(holds(stopped, "\nweb-1     kvm2  stopped  "));
  CHECK_FALSE(holds(stopped, "unfinished"));
  CHECK_FALSE(holds(stopped, "Not as wanted"));
  REQUIRE(world.vscale({"start", "web-1"}).code == 0);
  const auto to_start = world.vscale({"status"}).out;
  CHECK_FALSE(holds(to_start, "stopped"));
  CHECK(holds(to_start, "Not as wanted"));
}

TEST_CASE("an instance that is to be off is stopped for status whoever shut it off, and others are shut off") {
  AppliedWorld world(2);
  REQUIRE(world.vscale({"stop", "web-0", "--reason", "noisy"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-0");
  world.cluster().power_off_by_hand("prod-web-1");
  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status, "1 shut off, 1 stopped\n"));
  CHECK(holds(status, "Not as wanted: web: 1 shut off\n"));
}

TEST_CASE("status says that the file is not applied yet, until it is") {
  AppliedWorld world(2);
  const std::string line = "\nThe file is not applied yet: RANGE is the file's.\n";
  CHECK_FALSE(holds(world.vscale({"status"}).out, line));
  world.write("vscale.yaml", "# nothing else is wanted\n" + web_config(2));
  CHECK_FALSE(holds(world.vscale({"status"}).out, line));
  world.write("vscale.yaml", web_config(3));
  CHECK(holds(world.vscale({"status"}).out, line));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK_FALSE(holds(world.vscale({"status"}).out, line));
}

TEST_CASE("a stale plan is to be made anew from the same files, for the same purpose") {
  FakeWorld world;
  world.write("prod.yaml", web_config(1));
  REQUIRE(world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"-f", "prod.yaml", "plan", "--destroy", "--target", "web", "--out", "gone.bin"}).code == 0);
  world.write("prod.yaml", web_config(2));

  const auto refused = world.vscale({"-f", "prod.yaml", "apply", "gone.bin"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale"));
  CHECK(holds(refused.err, "vscale -f prod.yaml plan --destroy --out FILE --target web"));
}

}  // namespace vscale::test
