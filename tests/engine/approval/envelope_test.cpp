#include "engine/approval/envelope.h"

#include <catch2/catch.hpp>

#include "engine/approval/same_plan.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

Plan plan_of(const std::vector<Change>& changes) {
  Plan plan;
  plan.changes = changes;
  return plan;
}

Change change(const std::string& address, ChangeAction action, Disruption disruption = Disruption::none) {
  Change change;
  change.address = address;
  change.action = action;
  change.disruption = disruption;
  return change;
}

/// Why `again` is beyond an approval of `approved`, both at one address; nothing if it is within.
std::optional<Beyond::Why> why_beyond(const Change& approved, const Change& again) {
  const auto beyond = beyond_envelope(plan_of({approved}), plan_of({again}));
  if (beyond.empty()) return std::nullopt;
  return beyond.front().why;
}

std::optional<Beyond::Why> why_beyond(ChangeAction approved, ChangeAction again) {
  return why_beyond(change("group.web[0]", approved), change("group.web[0]", again));
}

constexpr auto kOtherAction = Beyond::Why::other_action;

TEST_CASE("the same plan again is within what was approved") {
  const Plan plan = plan_of({change("group.web[0]", ChangeAction::create),
                             change("group.web[1]", ChangeAction::replace, Disruption::replace),
                             change("group.web[2]", ChangeAction::update, Disruption::reboot),
                             change("group.web[3]", ChangeAction::destroy)});
  CHECK(beyond_envelope(plan, plan).empty());
  CHECK(beyond_envelope(plan, plan_of({})).empty());
}

TEST_CASE("an address that the approved plan does not change is beyond it") {
  const Plan approved = plan_of({change("group.web[0]", ChangeAction::create)});
  const auto beyond = beyond_envelope(
      approved, plan_of({change("group.web[0]", ChangeAction::create), change("group.web[1]", ChangeAction::start)}));
  REQUIRE(beyond.size() == 1);
  CHECK(beyond[0].address == "group.web[1]");
  CHECK(beyond[0].why == Beyond::Why::other_address);
  CHECK(beyond[0].action == ChangeAction::start);
}

TEST_CASE("what was held was not approved") {
  CHECK(why_beyond(change("group.web[0]", ChangeAction::hold, Disruption::replace),
                   change("group.web[0]", ChangeAction::replace, Disruption::replace)) == Beyond::Why::other_address);
}

TEST_CASE("what is held later is within: nothing happens to it") {
  CHECK(beyond_envelope(plan_of({}), plan_of({change("group.web[0]", ChangeAction::hold)})).empty());
}

TEST_CASE("a worse class than approved is beyond it, a lesser one is not") {
  const auto update = [](Disruption disruption) { return change("group.web[0]", ChangeAction::update, disruption); };
  CHECK(why_beyond(update(Disruption::live), update(Disruption::reboot)) == Beyond::Why::worse_class);
  CHECK_FALSE(why_beyond(update(Disruption::reboot), update(Disruption::reboot)));
  CHECK_FALSE(why_beyond(update(Disruption::reboot), update(Disruption::live)));

  const auto beyond = beyond_envelope(plan_of({update(Disruption::live)}), plan_of({update(Disruption::reboot)}));
  REQUIRE(beyond.size() == 1);
  CHECK(beyond[0].allowed == Disruption::live);
  CHECK(beyond[0].disruption == Disruption::reboot);
}

TEST_CASE("nothing is destroyed or replaced that was not to be") {
  for (const auto approved : {ChangeAction::create, ChangeAction::update, ChangeAction::start, ChangeAction::forget}) {
    INFO(to_string(approved));
    CHECK(why_beyond(approved, ChangeAction::destroy) == kOtherAction);
    CHECK(why_beyond(approved, ChangeAction::replace) == kOtherAction);
  }
  CHECK(why_beyond(ChangeAction::replace, ChangeAction::destroy) == kOtherAction);
  CHECK(why_beyond(ChangeAction::destroy, ChangeAction::replace) == kOtherAction);
}

TEST_CASE("what is left of an approved change may be less than the whole") {
  CHECK_FALSE(why_beyond(ChangeAction::replace, ChangeAction::create));
  CHECK_FALSE(why_beyond(ChangeAction::replace, ChangeAction::start));
  CHECK_FALSE(why_beyond(ChangeAction::create, ChangeAction::start));
  CHECK_FALSE(why_beyond(ChangeAction::update, ChangeAction::start));
}

TEST_CASE("an instance that vanished while it was to be started is not made anew without asking") {
  CHECK(why_beyond(ChangeAction::start, ChangeAction::create) == kOtherAction);
  CHECK(why_beyond(ChangeAction::update, ChangeAction::create) == kOtherAction);
}

/// A plan that does this to web-0, and makes or deletes these disks of it on the way.
Plan plan_with_disks(ActionDetail disk, VolumeRecord::Role role, ChangeAction action = ChangeAction::replace) {
  VolumeRecord volume;
  volume.host = "kvm1";
  volume.role = role;
  volume.disk = role == VolumeRecord::Role::root ? "root" : "data";
  if (auto* create = std::get_if<CreateVolume>(&disk)) create->volume = volume;
  if (auto* remove = std::get_if<DeleteVolume>(&disk)) remove->volume = volume;
  PlanWriter writer;
  writer.plan.changes = {change("group.web[0]", action, Disruption::replace)};
  writer.add("group.web[0]", "kvm1", std::move(disk));
  return std::move(writer.plan);
}

TEST_CASE("a data disk that was to stay is neither made anew nor deleted without asking") {
  const Plan approved = plan_of({change("group.web[0]", ChangeAction::replace, Disruption::replace)});
  for (const ActionDetail& detail : {ActionDetail{CreateVolume{}}, ActionDetail{DeleteVolume{}}}) {
    INFO(kind_of(detail));
    const Plan again = plan_with_disks(detail, VolumeRecord::Role::data);
    const auto beyond = beyond_envelope(approved, again);
    REQUIRE(beyond.size() == 1);
    CHECK(beyond[0].address == "group.web[0]");
    CHECK(beyond[0].why == Beyond::Why::loses_data);
    CHECK(beyond[0].disk == "data");
    CHECK(beyond_envelope(again, again).empty());
  }
}

TEST_CASE("a data disk that was to be made is made by a later plan on another host, too") {
  const Plan approved = plan_with_disks(CreateVolume{}, VolumeRecord::Role::data, ChangeAction::create);
  Plan again = approved;
  std::get<CreateVolume>(again.actions[0].detail).volume.host = "kvm2";
  CHECK(beyond_envelope(approved, again).empty());
}

TEST_CASE("a root disk goes with what becomes of its instance") {
  CHECK(beyond_envelope(plan_of({change("group.web[0]", ChangeAction::replace, Disruption::replace)}),
                        plan_with_disks(CreateVolume{}, VolumeRecord::Role::root))
            .empty());
}

TEST_CASE("copies of images need no approval") {
  CHECK(beyond_envelope(plan_of({}), plan_of({change("image.debian-12", ChangeAction::destroy)})).empty());
}

// ---- Whether another try makes sense --------------------------------------------------------------------------------

/// The run of a plan of one action that failed with this kind.
std::size_t worth_another_go(ActionDetail detail, ErrorKind kind) {
  PlanWriter writer;
  writer.add("group.web[0]", "kvm1", std::move(detail));
  RunSummary summary;
  summary.failed = {{1, {kind, "it did not work", {}, {}}}};
  return failed_by_circumstance(writer.plan, summary).size();
}

TEST_CASE("what came from circumstance is worth another go") {
  CHECK(worth_another_go(StartDomain{}, ErrorKind::unreachable) == 1);
  CHECK(worth_another_go(StartDomain{}, ErrorKind::timed_out) == 1);
  CHECK(worth_another_go(ClaimInstance{}, ErrorKind::conflict) == 1);
  CHECK(worth_another_go(wait_for("uuid"), ErrorKind::unreachable) == 1);
}

TEST_CASE("what would only fail once more is not") {
  CHECK(worth_another_go(wait_for("uuid"), ErrorKind::timed_out) == 0);
  for (const auto kind : {ErrorKind::not_found, ErrorKind::exists, ErrorKind::unsupported, ErrorKind::no_capacity,
                          ErrorKind::denied, ErrorKind::invalid, ErrorKind::failed}) {
    INFO(to_string(kind));
    CHECK(worth_another_go(UploadImage{}, kind) == 0);
  }
}

TEST_CASE("a run that was stopped, or could not write the state, is not tried again") {
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  RunSummary summary;
  summary.failed = {{1, {ErrorKind::unreachable, "no answer", {}, {}}}};
  CHECK(failed_by_circumstance(writer.plan, summary) == summary.failed);
  RunSummary stopped = summary;
  stopped.interrupted = true;
  CHECK(failed_by_circumstance(writer.plan, stopped).empty());
  RunSummary unwritten = summary;
  unwritten.state_error = Error{ErrorKind::no_capacity, "no space left", {}, {}};
  CHECK(failed_by_circumstance(writer.plan, unwritten).empty());
}

// ---- Is it the same plan? -------------------------------------------------------------------------------------------

using What = PlanDifference::What;
using Differences = std::vector<PlanDifference>;

Plan two_starts() {
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  writer.start("group.web[1]", "kvm2");
  return writer.plan;
}

TEST_CASE("plans that do the same are the same, whenever an image was looked at") {
  PlanWriter writer;
  writer.add("image.debian-12", "kvm1", UploadImage{lock_of(), "default", "copy"});
  Plan later = writer.plan;
  auto& upload = std::get<UploadImage>(later.actions[0].detail);
  upload.image.at += std::chrono::hours{1};
  upload.image.modified_ns += 1;
  later.created_at += std::chrono::hours{1};

  CHECK(plan_differences(writer.plan, later).empty());
  upload.image.digest = "sha256:another";
  CHECK(plan_differences(writer.plan, later) == Differences{{"image.debian-12", What::other_steps}});
}

TEST_CASE("where plans differ is told by address") {
  Plan now = two_starts();
  now.actions[0].address = "group.web[7]";
  now.actions[1].host = "kvm3";

  CHECK(plan_differences(two_starts(), now) == Differences{{"group.web[0]", What::only_before},
                                                           {"group.web[1]", What::other_steps},
                                                           {"group.web[7]", What::only_now}});
}

TEST_CASE("another order is another plan") {
  Plan now = two_starts();
  now.actions[1].needs = {1};
  CHECK(plan_differences(two_starts(), now) == Differences{{"", What::other_order}});
}

}  // namespace
}  // namespace vscale::test
