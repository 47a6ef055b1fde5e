#include "engine/desired/spec_hash.h"

#include <catch2/catch.hpp>
#include <functional>

#include "engine/desired/field_table.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

struct Edit {
  const char* field;
  std::function<void(Template&)> make;
};

TEST_CASE("every field that replaces changes the hash, and the difference names it") {
  const std::vector<Edit> edits{
      {"userData", [](Template& t) { t.cloud_init.user_data = TemplateText{"#cloud-config"}; }},
      {"user", [](Template& t) { t.cloud_init.user = "anna"; }},
      {"vendorData", [](Template& t) { t.cloud_init.vendor_data = false; }},
      {"machine", [](Template& t) { t.machine = "pc"; }},
      {"cpu", [](Template& t) { t.cpu = "host-passthrough"; }},
      {"firmware", [](Template& t) { t.firmware = Firmware::uefi; }},
      {"networks", [](Template& t) { t.networks[0].address = "10.0.0.7"; }},
      {"networks", [](Template& t) { t.networks.push_back(t.networks[0]); }},
      {"disks", [](Template& t) { t.disks.push_back(a_disk("data")); }},
      {"storage", [](Template& t) { t.storage = "fast"; }},
  };
  const std::string before = spec_hash(a_template(), kDigest);
  for (const auto& edit : edits) {
    INFO(edit.field);
    Template changed = a_template();
    edit.make(changed);
    CHECK(fields_that_differ(before, spec_hash(changed, kDigest)) == std::vector<std::string>{edit.field});
  }
  CHECK(fields_that_differ(before, spec_hash(a_template(), "sha256:" + std::string(64, 'b'))) ==
        std::vector<std::string>{"image"});
}

TEST_CASE("what can be changed in place, or is not part of the instance, leaves the hash as it is") {
  const std::string before = spec_hash(a_template(), kDigest);
  Template changed = a_template();
  changed.image = "another-name-for-the-same-bytes";
  changed.vcpus = changed.max_vcpus = 8;
  changed.memory_bytes = changed.max_memory_bytes = 16 * kGiB;
  changed.disk_bytes = 80 * kGiB;
  changed.cloud_init.ssh_keys = {"ssh-ed25519 AAAA anna"};
  changed.cloud_init.user_data_file = "elsewhere/user-data";
  changed.cloud_init.on_change = CloudInit::OnChange::next_create;
  CHECK(spec_hash(changed, kDigest) == before);
}

TEST_CASE("a disk's size and whether it is kept do not replace, its name does") {
  Template with_disk = a_template();
  with_disk.disks = {a_disk("data", 10 * kGiB)};
  Template other = with_disk;
  other.disks = {a_disk("data", 90 * kGiB, true)};
  CHECK(spec_hash(with_disk, kDigest) == spec_hash(other, kDigest));
  other.disks[0].name = "scratch";
  CHECK(spec_hash(with_disk, kDigest) != spec_hash(other, kDigest));
}

TEST_CASE("a default that is written out is the default") {
  Template written = a_template();
  written.machine = "q35";
  written.cpu = "host-model";
  written.cloud_init.vendor_data = true;
  CHECK(spec_hash(written, kDigest) == spec_hash(a_template(), kDigest));
}

TEST_CASE("values cannot be pushed from one field into the next") {
  Template left = a_template();
  left.disks = {a_disk("a"), a_disk("b")};
  Template right = a_template();
  right.disks = {a_disk("a1:b5:local")};
  CHECK(spec_hash(left, kDigest) != spec_hash(right, kDigest));
}

TEST_CASE("whether placeholders are filled in matters only where there is user-data") {
  Template left = a_template();
  Template right = a_template();
  right.cloud_init.substitute = false;
  CHECK(spec_hash(left, kDigest) == spec_hash(right, kDigest));
  left.cloud_init.user_data = right.cloud_init.user_data = TemplateText{"${name}"};
  CHECK(spec_hash(left, kDigest) != spec_hash(right, kDigest));
}

TEST_CASE("the hash of version 1 stays what it is: instances out there carry it") {
  Template fixed = a_template();
  fixed.cloud_init.user = "debian";
  CHECK(spec_hash(fixed, kDigest) ==
        "1:004e8c7e5cafda9f23cb6b989832f694a7fedce9fd70565a37f507f3d9ec015e:"
        "9f447b00000081d9370000000000000000000000001a6f8d00000025bf8e");
  CHECK(is_current_spec_hash(spec_hash(fixed, kDigest)));
  CHECK_FALSE(is_current_spec_hash("2:" + std::string(64, '0') + ":"));
  CHECK_FALSE(is_current_spec_hash(""));
}

TEST_CASE("a hash from before a field existed has that field at its default") {
  const std::string now = spec_hash(a_template(), kDigest);
  const std::string before = now.substr(0, now.size() - 6);  // the last field, storage, was not there yet
  CHECK(fields_that_differ(before, now).empty());            // equal digests are equal
  Template changed = a_template();
  changed.machine = "pc";
  const auto differ = fields_that_differ(before, spec_hash(changed, kDigest));
  CHECK(differ == std::vector<std::string>{"machine", "storage"});
}

TEST_CASE("the table has one row for each field, and those that replace are the ones that are hashed") {
  std::set<std::string> names;
  for (const auto& field : field_table()) {
    CHECK(names.insert(field.name).second);
    CHECK((field.canonical != nullptr) == (field.disruption == Disruption::replace));
  }
}

TEST_CASE("user-data is shown as changed, never as text") {
  Template secret = a_template();
  secret.cloud_init.user_data = TemplateText{"password: hunter2"};
  CHECK(field_named("userData").show({secret, kDigest}) == "changed");
}

}  // namespace
}  // namespace vscale::test
