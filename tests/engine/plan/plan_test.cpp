#include "engine/plan/plan.h"

#include <catch2/catch.hpp>

namespace vscale {
namespace {

TEST_CASE("every word of a plan is read back as the value it stands for") {
  for (int rule = 0; rule <= static_cast<int>(Rule::not_targeted); ++rule) {
    CHECK(rule_from(to_string(static_cast<Rule>(rule))) == static_cast<Rule>(rule));
  }
  for (int action = 0; action <= static_cast<int>(ChangeAction::hold); ++action) {
    CHECK(change_action_from(to_string(static_cast<ChangeAction>(action))) == static_cast<ChangeAction>(action));
  }
  for (int disruption = 0; disruption <= static_cast<int>(Disruption::replace); ++disruption) {
    CHECK(disruption_from(to_string(static_cast<Disruption>(disruption))) == static_cast<Disruption>(disruption));
  }
  CHECK_FALSE(rule_from("because").has_value());
}

TEST_CASE("an action's kind is the word of its detail") {
  CHECK(std::string(kind_of(ClaimInstance{})) == "instance.claim");
  CHECK(std::string(kind_of(WaitForGates{})) == "gate.wait");
  CHECK(std::string(kind_of(ReleaseInstance{})) == "address.release");
  CHECK(std::string(kind_of(Barrier{})) == "barrier");
}

TEST_CASE("a plan with an error is not applyable, however much it holds") {
  Plan plan;
  CHECK_FALSE(applyable(plan));
  plan.actions.push_back({.id = 1, .address = "group.web[0]", .host = "kvm1", .needs = {}, .detail = StartDomain{}});
  CHECK(applyable(plan));
  plan.errored = true;
  CHECK(has_changes(plan));
  CHECK_FALSE(applyable(plan));
}

}  // namespace
}  // namespace vscale
