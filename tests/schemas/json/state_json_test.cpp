// What is recorded of rolling updates, for programs.

#include "schemas/json/state_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/recorded/apply_change.h"
#include "schemas/json/rollout_json.h"
#include "tests/support/golden.h"
#include "tests/support/revisions.h"

namespace vscale::test {
namespace {

RecordedState state_of_a_rollout() {
  RecordedState state;
  state.lineage = "11111111-2222-4333-8444-555555555555";
  state.serial = 7;
  RevisionRecord newest = full_revision("group.web", 4);
  newest.completed_at.reset();
  newest.verdict = RevisionRecord::Verdict::wanted;
  newest.why = "";
  const std::vector<RecordChange> changes{
      PutGroup{{.address = "group.web", .revision = 4, .spec_hash = "5fec4", .cursor_host = "", .stable = 3}},
      PutRevision{newest},
      PutRevision{full_revision("group.web", 3)},
      PutRollout{full_rollout("group.web")},
      PutRollout{first_rollout("group.db")},
      PutRolloutIntent{full_intent("group.web")}};
  for (const RecordChange& change : changes) apply(state, change);
  return state;
}

}  // namespace

TEST_CASE("the state tells of rolling updates, and keeps user-data to itself") {
  const std::string text = state_json(state_of_a_rollout()).dump(2) + "\n";

  check_golden("schemas/state_of_a_rollout.json", text);
  CHECK(text.find("#cloud-config") == std::string::npos);
}

TEST_CASE("a revision is written and read back, all but what it is made of") {
  RevisionRecord before = full_revision("group.web", 4);
  std::string mistake;
  const nlohmann::ordered_json document = revision_json(before);

  const RevisionRecord after = revision_from(JsonCursor(document, mistake));

  before.made_of = {};
  CHECK(mistake == "");
  CHECK(after == before);
}

}  // namespace vscale::test
