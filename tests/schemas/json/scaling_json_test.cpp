// Decisions about sizes, what they remember, and what operators said, as JSON.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/json/parts/record_change_json.h"
#include "schemas/json/scaling/decision_json.h"
#include "schemas/json/scaling/words_json.h"
#include "tests/support/golden.h"
#include "tests/support/scaling_records.h"

namespace vscale::test {
namespace {

const InstanceAddress kWeb2{InstanceAddress::Kind::group, "web", 2};

}  // namespace

TEST_CASE("a decision is shown with every policy and every layer") {
  check_golden("schemas/decision.json", decision_json(full_decision("group.web", 4, 5, 7)).dump(2) + "\n");
}

TEST_CASE("a decision is written and read back, to the last number") {
  const ScalingDecision decision = full_decision("group.web", 4, 5, 7);
  const auto read = decision_from_text(decision_text(decision));
  REQUIRE(read);
  CHECK(*read == decision);
}

TEST_CASE("what scaling remembers is written and read back") {
  const ScalingMemory memory = full_memory("group.web", kWeb2);
  const auto read = memory_from_text(memory_text(memory));
  REQUIRE(read);
  CHECK(*read == memory);
  const auto nothing = memory_from_text(memory_text(ScalingMemory{}));
  REQUIRE(nothing);
  CHECK(*nothing == ScalingMemory{});
}

TEST_CASE("memory that was cut, or edited by hand, is refused with the place of the first mistake") {
  CHECK(memory_from_text("{\"group\": ").error().message == "it is not JSON");
  std::string text = memory_text(full_memory("group.web", kWeb2));
  text.replace(text.find("\"silent\":1"), 10, "\"silent\":\"x\"");
  CHECK(memory_from_text(text).error().message == "policies.slots.capacity[0].silent: not a whole number");
  CHECK(decision_from_text("{}").error().message == "group: missing");
}

TEST_CASE("what operators said is written into a plan and read back") {
  std::vector<RecordChange> changes{PutWantedSize{full_wanted_size("group.web")}, RemoveWantedSize{"group.web"}};
  for (const auto& word : one_word_of_each("group.web", kWeb2)) {
    changes.emplace_back(PutWord{word});
    changes.emplace_back(RemoveWord{word});
  }
  for (const auto& change : changes) {
    const nlohmann::ordered_json document = record_change_json(change);
    INFO(document.dump());
    std::string mistake;
    CHECK(record_change_from(JsonCursor(document, mistake)) == change);
    CHECK(mistake == "");
  }
}

}  // namespace vscale::test
