#include "schemas/json/plan_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/plans.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::uint64_t kSavedSeeds = 150;

SavedPlan saved(Plan plan) {
  return {.plan = std::move(plan),
          .version = "0.1.0",
          .made_from = {{"vscale.yaml", "sha256:1"}, {"variables", "sha256:2"}},
          .options = {.destroy = true,
                      .targets = {"group.web"},
                      .excludes = {"host.kvm1"},
                      .replaces = {"group.web[1]", "machine.db1"},
                      .max_destroy = 3,
                      .allow = Disruption::reboot,
                      .allow_data_loss = true,
                      .force = true}};
}

}  // namespace

TEST_CASE("a saved plan is read back as it was, whatever is in it") {
  for (std::uint64_t seed = 0; seed < kSavedSeeds; ++seed) {
    INFO("seed " << seed);
    const SavedPlan before = saved(random_plan(seed));
    const auto after = saved_plan_from_text(saved_plan_text(before));
    REQUIRE((after ? "" : to_string(after.error())) == std::string());
    REQUIRE(*after == before);
    REQUIRE(saved_plan_text(*after) == saved_plan_text(before));
  }
}

TEST_CASE("a plan with everything in it is read back as it was") {
  const auto read = plan_from_json(plan_json(plan_with_everything()));

  REQUIRE((read ? "" : to_string(read.error())) == std::string());
  CHECK(*read == plan_with_everything());
}

TEST_CASE("a saved plan of a vscale that did not write checksums is read, with none") {
  OrderedJson document = plan_json(plan_that_creates());
  document["actions"][0]["detail"]["image"].erase("checksum");

  const auto plan = plan_from_json(document);

  REQUIRE(plan.ok());
  CHECK(std::get<UploadImage>(plan->actions[0].detail).image.checksum.empty());
}

TEST_CASE("the plan document has the keys that programs rely on") {
  check_golden("cmd/plan_document.json", plan_json(plan_that_creates()).dump(2) + "\n");
}

TEST_CASE("a plan document tells drift, fields before and after, and what is unknown") {
  check_golden("cmd/plan_document_everything.json", plan_json(plan_with_everything()).dump(2) + "\n");
}

TEST_CASE("keys that this version does not know are tolerated everywhere in a plan") {
  OrderedJson document = plan_json(plan_that_creates());
  const OrderedJson with_more = [&document] {
    OrderedJson json = document;
    json["from_the_future"] = {{"a", 1}};
    for (auto& change : json["changes"]) change["estimate"] = "5m";
    for (auto& action : json["actions"]) action["detail"]["more"] = true;
    return json;
  }();
  const auto plan = plan_from_json(with_more);
  REQUIRE(plan.ok());
  CHECK(*plan == plan_that_creates());
}

TEST_CASE("a plan that was saved when steps did not say how they expect to find a domain is read") {
  for (std::uint64_t seed = 0; seed < kSavedSeeds; ++seed) {
    INFO("seed " << seed);
    OrderedJson document = plan_json(random_plan(seed));
    for (auto& action : document["actions"]) {
      if (action["kind"] == "stop.check") continue;  // such a step has always said it
      for (const char* key : {"was_up", "was_gone", "transient"}) action["detail"].erase(key);
    }
    CHECK(plan_from_json(document).ok());
  }
}

TEST_CASE("a plan that was saved before there were rolling updates is read, with none") {
  OrderedJson document = OrderedJson::parse(saved_plan_text(saved(plan_that_creates())));
  document.erase("rollouts");
  document["options"].erase("force");
  for (auto& change : document["changes"]) change.erase("successor");
  for (auto& action : document["actions"]) {
    OrderedJson& detail = action["detail"];
    for (const char* key : {"min_ready_ms", "progress_deadline_ms", "undo"}) detail.erase(key);
    if (detail.contains("instance")) detail["instance"].erase("drained");
    if (detail.contains("group")) detail["group"].erase("stable");
  }

  const auto read = saved_plan_from_text(document.dump());

  REQUIRE((read ? "" : to_string(read.error())) == std::string());
  SavedPlan expected = saved(plan_that_creates());
  expected.options.force = false;
  CHECK(*read == expected);
}

TEST_CASE("a plan that was saved before hooks were run stops instances without taking any back") {
  Plan plan = empty_plan();
  add_action(plan, "group.web[0]", "kvm1", StopDomain{"uuid", std::chrono::minutes{1}, true, true});
  OrderedJson document = plan_json(plan);
  document["actions"][0]["detail"].erase("undo");

  const auto read = plan_from_json(document);

  REQUIRE(read.ok());
  CHECK(*read == plan);
}

TEST_CASE("a plan of a newer minor version is read, one of another major version is refused") {
  OrderedJson document = plan_json(empty_plan());
  document["format_version"] = "1.7";
  CHECK(plan_from_json(document).ok());
  document["format_version"] = "2.0";
  const auto refused = plan_from_json(document);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::unsupported);
  CHECK(refused.error().message == "the plan has format version \"2.0\"; this vscale reads 1.x");
}

TEST_CASE("a plan file that was cut off at any byte is refused and never crashes") {
  const std::string text = saved_plan_text(saved(plan_that_creates()));
  for (std::size_t length = 0; length + 1 < text.size(); length += 7) {
    INFO("cut to " << length << " of " << text.size() << " bytes");
    const auto read = saved_plan_from_text(text.substr(0, length));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("a mistake in what a plan says of a rolling update is named with its place") {
  struct Row {
    std::string pointer;
    OrderedJson value;
    std::string mistake;
  };
  const auto row = GENERATE(values<Row>({
      {"/rollouts/0/steps/0/pause", "for ever", "rollouts[0].steps[0].pause: neither manual nor milliseconds"},
      {"/rollouts/0/steps/1/to", OrderedJson::object(), "rollouts[0].steps[1].to.count: missing"},
      {"/rollouts/0/on_failure", "panic", "rollouts[0].on_failure: an unknown word"},
      {"/rollouts/0/turns/0/goes/0/address", 7, "rollouts[0].turns[0].goes[0].address: not a text"},
      {"/actions/1/detail/revision/number", "two", "actions[1].detail.revision.number: not a whole number"},
      {"/actions/1/detail/revision/verdict", "guilty", "actions[1].detail.revision.verdict: an unknown word"},
      {"/actions/5/detail/when", "lunch", "actions[5].detail.when: an unknown word"},
      {"/actions/5/detail/hook/on_failure", "panic", "actions[5].detail.hook.on_failure: an unknown word"},
      {"/actions/10/detail/changes/0/put_rollout_intent/kind", "stop",
       "actions[10].detail.changes[0].put_rollout_intent.kind: an unknown word"},
  }));
  OrderedJson document = plan_json(plan_with_everything());
  document[OrderedJson::json_pointer(row.pointer)] = row.value;
  const auto plan = plan_from_json(document);
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().message == "this is not a whole plan: " + row.mistake);
}

TEST_CASE("a mistake in a plan file is named with its place") {
  struct Row {
    std::string pointer;
    OrderedJson value;
    std::string mistake;
  };
  const auto row = GENERATE(values<Row>({
      {"/serial", "many", "serial: not a whole number"},
      {"/changes/1/action", "explode", "changes[1].action: an unknown word"},
      {"/changes/0/reasons", OrderedJson::array(), "changes[0].reasons: empty: every change has a reason"},
      {"/actions/0/kind", "image.burn", "actions[0].kind: an unknown kind of action"},
      {"/actions/2/needs", OrderedJson::array({9}), "actions: action 3 is out of order"},
      {"/actions/1/detail/instance/address", "web",
       "actions[1].detail.instance.address: not the address of an instance"},
      {"/actions/2/detail/volume/capacity_bytes", -1, "actions[2].detail.volume.capacity_bytes: negative"},
      {"/timestamp", "yesterday", "timestamp: not a time"},
      {"/drift", 3, "drift: not a list"},
  }));
  OrderedJson document = plan_json(plan_that_creates());
  document[OrderedJson::json_pointer(row.pointer)] = row.value;
  const auto plan = plan_from_json(document);
  REQUIRE_FALSE(plan.ok());
  CHECK(plan.error().message == "this is not a whole plan: " + row.mistake);
}

}  // namespace vscale::test
