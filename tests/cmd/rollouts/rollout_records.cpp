#include "tests/cmd/rollouts/rollout_records.h"

#include "engine/desired/spec_hash.h"

namespace vscale::test {
namespace {

ImageLock debian_of(const std::string& digest) {
  ImageLock lock;
  lock.image = "debian-12";
  lock.digest = "sha256:" + digest;
  return lock;
}

RevisionRecord web_revision(std::int64_t number, const std::string& digest, Instant created) {
  RevisionRecord record;
  record.group = "group.web";
  record.number = number;
  record.image = debian_of(digest);
  record.made_of = rolled_group().instance;
  record.spec_hash = spec_hash(rolled_group().instance, record.image.digest);
  record.created_at = created;
  return record;
}

InstanceRecord web_instance(int ordinal, std::int64_t number) {
  InstanceRecord record;
  record.address = {InstanceAddress::Kind::group, "web", ordinal};
  record.name = "prod-web-" + std::to_string(ordinal);
  record.uuid = "00000000-0000-8000-8000-00000000000" + std::to_string(ordinal);
  record.host = "kvm1";
  record.revision = number;
  record.phase = Phase::ready;
  return record;
}

}  // namespace

Instant rollout_noon() {
  return Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{14}};
}

Group rolled_group() {
  Group group;
  group.name = "web";
  group.size = 3;
  group.instance.image = "debian-12";
  group.instance.storage = "local";
  group.update.steps = {
      {.to = {Amount::Unit::count, 1}, .manual_pause = false, .pause = std::chrono::minutes{5}, .bake = {}},
      {.to = {Amount::Unit::percent, 50}, .manual_pause = true, .pause = {}, .bake = {}},
      {.to = {Amount::Unit::percent, 100}, .manual_pause = false, .pause = {}, .bake = std::chrono::minutes{10}}};
  return group;
}

Config config_of(Group group) {
  Config config;
  config.storage.emplace_back().name = "local";
  config.groups = {std::move(group)};
  return config;
}

RecordedState rolling_record() {
  RecordedState recorded;
  const Instant noon = rollout_noon();
  RevisionRecord eight = web_revision(8, "9f86d081884c7d65", noon - std::chrono::hours{72});
  eight.completed_at = eight.created_at + std::chrono::hours{1};
  recorded.revisions["group.web"] = {{8, eight},
                                     {9, web_revision(9, "41c7a2e09b2f1d33", noon - std::chrono::minutes{5})}};
  recorded.image_locks["debian-12"] = debian_of("41c7a2e09b2f1d33");
  recorded.groups["group.web"] = {.address = "group.web",
                                  .revision = 9,
                                  .spec_hash = recorded.revisions["group.web"][9].spec_hash,
                                  .cursor_host = {},
                                  .stable = 8};
  recorded.rollouts["group.web"] = {.group = "group.web",
                                    .from = 8,
                                    .to = 9,
                                    .steps_passed = 0,
                                    .step_reached_at = {},
                                    .failures = 0,
                                    .failure = {},
                                    .started_at = noon - std::chrono::minutes{5}};
  for (const auto& [ordinal, number] : {std::pair{1, 8}, {2, 8}, {3, 9}}) {
    const InstanceRecord record = web_instance(ordinal, number);
    recorded.instances[record.address] = record;
  }
  return recorded;
}

RolloutIntent said(RolloutIntent::Kind kind, const std::string& reason) {
  return {.group = "group.web",
          .kind = kind,
          .revision = 9,
          .step = 0,
          .failures = 0,
          .at = rollout_noon() + std::chrono::minutes{4},
          .by = "anna@ctl1",
          .reason = reason};
}

}  // namespace vscale::test
