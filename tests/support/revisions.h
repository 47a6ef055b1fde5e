#pragma once

#include <string>

#include "engine/recorded/recorded_state.h"

/// What rolling updates leave in the record, with something of its own in every field.

namespace vscale::test {

/// No field is as a new Template has it; tests/schemas/json/template_json_test.cpp makes sure.
inline Template full_template() {
  Template made_of;
  made_of.image = "debian-12";
  made_of.vcpus = 2;
  made_of.max_vcpus = 8;
  made_of.memory_bytes = 2 * kGiB;
  made_of.max_memory_bytes = 8 * kGiB;
  made_of.disk_bytes = 20 * kGiB;
  made_of.storage = "local";
  made_of.disks = {{.name = "data", .size_bytes = 50 * kGiB, .storage = "nfs", .keep = true},
                   {.name = "log", .size_bytes = 1, .storage = "local", .keep = false}};
  made_of.networks = {{.network = "lan", .address = "10.0.0.50", .mac = "52:54:00:00:00:01"},
                      {.network = "dmz", .address = {}, .mac = {}}};
  made_of.firmware = Firmware::uefi;
  made_of.machine = "pc";
  made_of.cpu = "host-passthrough";
  made_of.cloud_init = {.user_data = TemplateText{"#cloud-config\n# \"${name}\" $${literal} \\ ünïcödé\n"},
                        .user_data_file = "web.yaml",
                        .substitute = false,
                        .user = "debian",
                        .ssh_keys = {"ssh-ed25519 AAAA anna@ctl1", "ssh-ed25519 BBBB bob@ctl1"},
                        .vendor_data = false,
                        .on_change = CloudInit::OnChange::next_create,
                        .seed = CloudInit::Seed::eject};
  made_of.network_mbps = 100;
  made_of.xml = {{.at = "/domain/features", .op = XmlPatch::Op::add, .value = "<acpi/>"},
                 {.at = "/domain/clock", .op = XmlPatch::Op::remove, .value = "utc"},
                 {.at = "/domain/title", .op = XmlPatch::Op::set, .value = "it's web"}};
  return made_of;
}

inline RevisionRecord full_revision(const std::string& group, std::int64_t number) {
  const Instant at{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4}};
  return {.group = group,
          .number = number,
          .spec_hash = "5fec" + std::to_string(number),
          .image = {.image = "debian-12",
                    .source = "https://images.example.lan/debian-12.qcow2",
                    .digest = "sha256:41c7",
                    .format = "qcow2",
                    .size_bytes = 412 * kMiB,
                    .virtual_size_bytes = 2 * kGiB,
                    .modified_ns = 1'777'900'800'123'456'789,
                    .at = at,
                    .checksum = "sha512:9f86"},
          .made_of = full_template(),
          .created_at = at + std::chrono::seconds{number},
          .completed_at = at + std::chrono::hours{number},
          .verdict = RevisionRecord::Verdict::rolled_back,
          .why = "1 failed, 0 allowed: web-3 is not ready"};
}

inline RolloutRecord full_rollout(const std::string& group) {
  const Instant at{std::chrono::sys_days{std::chrono::year{2026} / 5 / 5}};
  return {.group = group,
          .from = 3,
          .to = 4,
          .steps_passed = 2,
          .step_reached_at = at + std::chrono::minutes{7},
          .failures = 1,
          .failure = "web-3 is not ready: http: 503",
          .started_at = at};
}

/// A group's first: it has passed nothing, and nothing has failed.
inline RolloutRecord first_rollout(const std::string& group) {
  RolloutRecord rollout;
  rollout.group = group;
  rollout.to = 1;
  rollout.started_at = Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 5}};
  return rollout;
}

inline RolloutIntent full_intent(const std::string& group) {
  return {.group = group,
          .kind = RolloutIntent::Kind::promote,
          .revision = 4,
          .step = 2,
          .failures = 1,
          .at = Instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 6}},
          .by = "anna@ctl1",
          .reason = "looks \"good\""};
}

}  // namespace vscale::test
