#include "engine/plan/fates/kept/in_place.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace vscale::test {
namespace {

/// One instance that is as its group wants it: ready, up, with a root disk, a data disk and a seed.
struct Subject {
  Group group = make_group();
  InstanceRecord recorded = an_instance(group, 0, "kvm1");
  std::vector<VolumeRecord> volumes = make_volumes();
  LiveDomain live = make_live();
  bool is_up = true;

  static Group make_group() {
    Group made = web(1);
    made.instance.max_vcpus = 4;
    made.instance.disks = {a_disk("data", 50 * kGiB)};
    return made;
  }
  std::vector<VolumeRecord> make_volumes() const {
    const auto volume = [&](VolumeRecord::Role role, const char* disk, std::uint64_t capacity_bytes) {
      VolumeRecord made;
      made.host = "kvm1";
      made.pool = "default";
      made.name = std::string("prod-web-0-") + disk;
      made.storage = "local";
      made.owner = recorded.address;
      made.role = role;
      made.disk = disk;
      made.capacity_bytes = capacity_bytes;
      return made;
    };
    return {volume(VolumeRecord::Role::data, "data", 50 * kGiB), volume(VolumeRecord::Role::root, "root", 20 * kGiB),
            volume(VolumeRecord::Role::seed, "seed", 0)};
  }
  LiveDomain make_live() const {
    LiveDomain made;
    made.uuid = recorded.uuid;
    made.state = DomainState::running;
    made.vcpus = 2;
    made.max_vcpus = 4;
    made.memory_bytes = made.max_memory_bytes = 2 * kGiB;
    for (const auto& nic : recorded.nics) made.nics.push_back({nic.mac, "br0"});
    return made;
  }
  [[nodiscard]] InPlace compare() const {
    return compare_in_place({.group = group,
                             .image_virtual_size_bytes = 2 * kGiB,
                             .recorded = recorded,
                             .volumes = volumes,
                             .live = &live,
                             .is_up = is_up});
  }
};

TEST_CASE("an instance that is as the file wants it differs in nothing") {
  CHECK(Subject{}.compare() == InPlace{});
}

TEST_CASE("each field costs what the table says") {
  struct Row {
    const char* story;
    void (*edit)(Subject&);
    Disruption disruption;
    std::vector<std::string> fields;
  };
  const std::vector<Row> rows{
      {"vcpus within the maximum", [](Subject& s) { s.group.instance.vcpus = 4; }, Disruption::live, {"vcpus"}},
      {"vcpus beyond the maximum",
       [](Subject& s) { s.group.instance.vcpus = s.group.instance.max_vcpus = 6; },
       Disruption::reboot,
       {"vcpus", "maxVcpus"}},
      {"the maximum alone", [](Subject& s) { s.group.instance.max_vcpus = 8; }, Disruption::reboot, {"maxVcpus"}},
      {"less memory within the maximum",
       [](Subject& s) { s.group.instance.memory_bytes = 1 * kGiB; },
       Disruption::live,
       {"memory"}},
      {"a larger root disk", [](Subject& s) { s.group.instance.disk_bytes = 21 * kGiB; }, Disruption::live, {"disk"}},
      {"a larger data disk",
       [](Subject& s) { s.group.instance.disks[0].size_bytes = 60 * kGiB; },
       Disruption::live,
       {"disks[data].size"}},
      {"a data disk that is kept from now on",
       [](Subject& s) { s.group.instance.disks[0].keep = true; },
       Disruption::none,
       {"disks[data].keep"}},
      {"protection",
       [](Subject& s) { s.group.lifecycle.prevent_destroy = true; },
       Disruption::none,
       {"preventDestroy"}},
      {"a dependency", [](Subject& s) { s.group.depends_on = {"group.db"}; }, Disruption::none, {"dependsOn"}},
      {"a fixed-size image whose own size counts",
       [](Subject& s) { s.group.instance.disk_bytes = 20 * kGiB; },
       Disruption::none,
       {}},
  };
  for (const auto& row : rows) {
    INFO(row.story);
    Subject subject;
    row.edit(subject);
    const InPlace found = subject.compare();
    CHECK(found.disruption == row.disruption);
    std::vector<std::string> fields;
    for (const auto& field : found.fields) fields.push_back(field.field);
    CHECK(fields == row.fields);
    CHECK(found.reasons.size() == row.fields.size());
    CHECK(found.drift.empty());
  }
}

TEST_CASE("a machine that is off is not rebooted: there is nobody to disturb") {
  Subject subject;
  subject.is_up = false;
  subject.group.instance.vcpus = subject.group.instance.max_vcpus = 6;
  CHECK(subject.compare().disruption == Disruption::live);
  CHECK(subject.compare().redefine);
}

TEST_CASE("a disk that is larger than the file says is not touched, and is reported with both sizes") {
  Subject subject;
  subject.group.instance.disk_bytes = 10 * kGiB;
  const InPlace found = subject.compare();
  CHECK(found.grown.empty());
  CHECK(found.too_large == std::vector<TooLargeDisk>{{"disk", "disk", 20 * kGiB, 10 * kGiB}});
}

TEST_CASE("what somebody changed on the host is drift and is put back; the file's own change is not drift") {
  Subject subject;
  subject.live.vcpus = 3;
  CHECK(subject.compare().drift.size() == 1);
  CHECK(subject.compare().drift[0].remedy == "put back, live");
  subject.group.instance.vcpus = 3;  // the same number, but because the file says so
  CHECK(subject.compare().drift.empty());
  CHECK(subject.compare().resize_machine);
}

TEST_CASE("memory is compared in whole MiB: hypervisors round") {
  Subject subject;
  subject.live.memory_bytes -= 1000;
  subject.live.max_memory_bytes -= 1000;
  CHECK(subject.compare() == InPlace{});
}

TEST_CASE("what is in ignoreChanges is not looked at") {
  Subject subject;
  subject.group.lifecycle.ignore_changes = {"vcpus", "disk"};
  subject.group.instance.vcpus = 4;
  subject.group.instance.disk_bytes = 99 * kGiB;
  subject.live.vcpus = 1;
  CHECK(subject.compare() == InPlace{});
}

TEST_CASE("a maximum that is ignored stays as it is, unless more than that is wanted") {
  Subject subject;
  subject.group.lifecycle.ignore_changes = {"maxVcpus", "maxMemory"};
  subject.group.instance.max_vcpus = 8;
  subject.group.instance.max_memory_bytes = 8 * kGiB;
  CHECK(subject.compare() == InPlace{});
  subject.group.instance.vcpus = 6;
  const InPlace found = subject.compare();
  CHECK(found.redefine);
  CHECK(found.fields == std::vector<FieldChange>{{"vcpus", "2", "6"}, {"maxVcpus", "4", "6"}});
}

}  // namespace
}  // namespace vscale::test
