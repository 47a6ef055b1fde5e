#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Disks with `keep: true`.

namespace vscale::test {
namespace {

TEST_CASE("a kept disk waits for its ordinal, pins it to its host, and is attached again without being made anew") {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  const std::string host = world.instance("group.web[1]").host;
  world.input.config.groups[0].size = 1;
  Plan plan = world.plan();
  CHECK(has_reason(plan, "group.web[1]", Rule::keep_disk));
  world.carry_out(plan);
  CHECK(world.host(host).pools[0].volumes.count("prod-web-1-data.qcow2") == 1);
  // The host would not be chosen now: it is nearly full.
  world.host(host).domains.push_back(foreign_domain("big", 8, 40 * kGiB));
  world.input.config.groups[0].size = 2;
  plan = world.plan();
  world.carry_out(plan);
  CHECK(world.instance("group.web[1]").host == host);
  for (const auto& action : plan.actions) {
    if (const auto* create = std::get_if<CreateVolume>(&action.detail)) CHECK(create->volume.disk != "data");
  }
}

TEST_CASE("a kept disk grows while it is attached again, and a missing one is warned about") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.config.groups[0].instance.disks[0].size_bytes = 60 * kGiB;
  world.input.options.replaces = {"group.web[0]"};
  Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.resize") == 1);
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-data.qcow2");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  plan = world.plan();
  CHECK(codes(plan) == Words{"disk_lost", "kept_disk_gone"});
  CHECK(count_kind(plan, "volume.create") == 2);
  CHECK_FALSE(has_reason(plan, "group.web[0]", Rule::keep_disk));
  CHECK(has_reason(plan, "group.web[0]", Rule::data_lost));
}

TEST_CASE("a guest that alone still has its kept disk, whose file is gone, is not stopped unless loss is allowed") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-data.qcow2");
  SECTION("for a replacement") {
    world.input.options.replaces = {"group.web[0]"};
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.actions.empty());
    CHECK(changes(plan) == Words{"hold web-0"});
    CHECK(
        plan.changes[0].reasons.back().text ==
        "its kept disk data is gone from pool default on kvm1, and only the guest still has it: save it, and stop the "
        "guest by hand");
  }
  SECTION("for a replacement that was begun and never came to it") {
    world.input.recorded.instances.begin()->second.phase = Phase::leaving;
    const Plan plan = world.plan();
    CHECK(codes(plan) == Words{"disk_lost"});
    CHECK(plan.actions.size() == 1);
    CHECK(count_kind(plan, "gate.wait") == 1);
  }
  SECTION("also while it is paused") {
    world.domain("kvm1", "prod-web-0")->state = DomainState::paused;
    world.input.options.destroy = true;
    CHECK(codes(world.plan()) == Words{"last_copy"});
  }
  SECTION("to be destroyed") {
    world.input.options.destroy = true;
    Plan plan = world.plan();
    REQUIRE(plan.errored);
    CHECK(plan.actions.empty());
    CHECK(codes(plan) == Words{"last_copy"});
    CHECK(
        plan.diagnostics[0].hint ==
        "save it, and stop the guest by hand; or leave it out: --exclude group.web[0]; --allow-data-loss gives it up");
    world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
    world.carry_out(world.plan());
    CHECK(world.input.recorded.volumes.empty());  // what is not there is not kept
  }
}

TEST_CASE("a guest whose kept disk goes on in a snapshot's file does not go until that is merged") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  auto& paths = world.domain("kvm1", "prod-web-0")->disk_paths;
  std::replace_if(
      paths.begin(), paths.end(), [](const std::string& path) { return path.ends_with("-data.qcow2"); },
      std::string("/srv/before-upgrade.qcow2"));
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.actions.empty());
  CHECK(plan.changes[0].reasons.back().text ==
        "its kept disk data goes on in /srv/before-upgrade.qcow2, as after a snapshot: merge that first: virsh "
        "blockcommit prod-web-0 FILE --active --pivot, or qemu-img commit while it is off");
  world.input.options.destroy = true;
  CHECK(codes(world.plan()) == Words{"last_copy"});
  world.input.options.allow_data_loss = true;
  CHECK(changes(world.plan()) == Words{"destroy web-0"});
}

TEST_CASE("a kept disk that is taken up again says what else becomes of it") {
  PlayedWorld world = with_kept_disk();
  world.input.config.groups[0].size = 2;
  world.input.config.groups[0].instance.disks = {a_disk("data", 60 * kGiB, false)};
  const Plan plan = world.plan();
  const auto change = std::find_if(plan.changes.begin(), plan.changes.end(),
                                   [](const Change& one) { return one.action == ChangeAction::create; });
  REQUIRE(change != plan.changes.end());
  CHECK(change->fields ==
        std::vector<FieldChange>{{"disks[data].size", "50 GiB", "60 GiB"}, {"disks[data].keep", "true", "false"}});
}

TEST_CASE("one that finds no room where its kept disk is says so, and how to give the disk up") {
  PlayedWorld world = with_kept_disk();
  world.host("kvm2").domains.push_back(foreign_domain("big", 8, 63 * kGiB));
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  const Diagnostic& error = only_error(plan);
  CHECK(error.code == "no_place");
  CHECK(error.hint ==
        "it goes where its kept disks are: make room on kvm2, or let it go there; to give these disks up: vscale "
        "destroy --target group.web[1] --allow-data-loss");
}

TEST_CASE("destroy leaves kept disks, and takes them with --allow-data-loss, also those left before") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  CHECK(world.host("kvm1").pools[0].volumes == std::set<std::string>{"prod-web-0-data.qcow2"});
  CHECK_FALSE(has_changes(world.plan()));
  world.input.options.allow_data_loss = true;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  // Nobody loses data unseen: it is a change of the instance that had the disk, and counts.
  REQUIRE(changes(plan) == Words{"destroy web-0"});
  CHECK(plan.changes[0].from_host == "kvm1");
  CHECK(has_reason(plan, "group.web[0]", Rule::destroy_requested));
  REQUIRE(has_reason(plan, "group.web[0]", Rule::data_lost));
  CHECK(plan.changes[0].reasons.back().text == "disk data (50 GiB) is deleted from kvm1");
  CHECK(plan.summary.destroy == 1);
  world.carry_out(plan);
  CHECK(world.host("kvm1").pools[0].volumes.empty());
  CHECK(world.input.recorded.volumes.empty());
}

TEST_CASE("a kept disk whose host cannot be asked stays, and destroy says so and why") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  world.input.options.allow_data_loss = true;
  const bool in_file = GENERATE(true, false);
  if (in_file) {
    world.input.live["kvm1"] = unreachable();
  } else {
    world.input.live.erase("kvm1");
    std::erase_if(world.input.config.hosts, [](const Host& host) { return host.name == "kvm1"; });
  }

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK_FALSE(plan.complete);
  CHECK(changes(plan).empty());
  REQUIRE_FALSE(plan.unknown.empty());
  CHECK(plan.unknown.back().address == "group.web[0]");
  CHECK(plan.unknown.back().why ==
        std::string("prod-web-0-data.qcow2 stays: its host kvm1 ") +
            (in_file ? "does not answer"
                     : "is not in the file: put it back; or give the disk up: `removed: [{ address: \"group.web[0]\", "
                       "then: forget }]`, and apply"));
}

TEST_CASE("a kept disk that goes with its instance is named, also one that the file has no more") {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  const bool in_file = GENERATE(true, false);
  const bool destroyed = GENERATE(true, false);
  CAPTURE(in_file, destroyed);
  PlayedWorld world = running({group});
  if (!in_file) world.input.config.groups[0].instance.disks.clear();
  if (!destroyed) world.input.config.groups[0].size = 1;
  world.input.options.destroy = destroyed;
  world.input.options.allow_data_loss = true;

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  const auto change = std::find_if(plan.changes.begin(), plan.changes.end(),
                                   [](const Change& one) { return one.address == "group.web[1]"; });
  REQUIRE(change != plan.changes.end());
  CHECK(change->reasons.back().rule == Rule::data_lost);
  CHECK(change->reasons.back().text == "disk data (50 GiB) is deleted from " + change->from_host);
}

TEST_CASE("one whose domain is gone is made anew only where its root disk is gone too, and what else is lost is said") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true), a_disk("scratch")};
  PlayedWorld world = running({group});
  world.host("kvm1").domains.clear();
  CHECK(changes(world.plan()) == Words{"update web-0"});
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
  Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(changes(plan) == Words{"create web-0"});
  CHECK(has_reason(plan, "group.web[0]", Rule::keep_disk));
  CHECK(plan.changes[0].reasons.back().text == "disk scratch (50 GiB) is made anew, empty");
}

TEST_CASE(
    "one whose domain is gone, and that cannot be defined as it was, is replaced: nobody is there to be disturbed") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  group.update.allow = Disruption::live;
  PlayedWorld world = running({group});
  world.host("kvm1").domains.clear();
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-data.qcow2");
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(changes(plan) == Words{"replace web-0"});
  CHECK(plan.changes[0].disruption == Disruption::none);
  CHECK(codes(plan) == Words{"kept_disk_gone"});
}

// ---- One that is not there
// -------------------------------------------------------------------------------------------

/// The place of the action that makes the disk, in the order of ids.
std::size_t making_of(const Plan& plan, const std::string& disk) {
  const auto make = std::find_if(plan.actions.begin(), plan.actions.end(), [&](const Action& action) {
    const auto* create = std::get_if<CreateVolume>(&action.detail);
    return create != nullptr && create->volume.disk == disk;
  });
  REQUIRE(make != plan.actions.end());
  return static_cast<std::size_t>(make - plan.actions.begin());
}

TEST_CASE("a kept disk that a run died in making, or could not make, is missed by nobody") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world(config_with({group}));
  const Plan first = world.plan();
  const bool made = GENERATE(false, true);
  world.carry_out_and_die(first, order_of_ids(first), making_of(first, "data"), made);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(codes(plan).empty());
  CHECK_FALSE(has_reason(plan, "group.web[0]", Rule::data_lost));
  CHECK(count_kind(plan, "volume.create") == (made ? 0 : 1) + 1);
  world.converge();
  CHECK(std::any_of(world.input.recorded.volumes.begin(), world.input.recorded.volumes.end(),
                    [](const VolumeRecord& volume) { return volume.disk == "data" && volume.keep; }));
}

TEST_CASE("a kept disk that was there and is gone is told before its ordinal is made with an empty one") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world(config_with({group}));
  SECTION("where a run died after it was made") {
    const Plan first = world.plan();
    world.carry_out_and_die(first, order_of_ids(first), making_of(first, "data") + 1, false);
  }
  SECTION("where its ordinal comes again") {
    world.converge();
    world.input.config.groups[0].size = 0;
    world.converge();
    world.input.config.groups[0].size = 1;
  }
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-data.qcow2");
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(codes(plan) == Words{"kept_disk_gone"});
  CHECK(has_reason(plan, "group.web[0]", Rule::data_lost));
}

// ---- Under a domain that the state does not know --------------------------------------------------------------------

/// A web server was scaled away, its disk kept; then it came back onto that disk, and a backup of the state was
/// restored that does not know of it.
PlayedWorld back_on_kept_disk() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running(config_with({group}, {"kvm1"}));
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  const RecordedState backup = world.input.recorded;
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  REQUIRE(world.domain("kvm1", "prod-web-0") != nullptr);
  world.input.recorded = backup;
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  return world;
}

TEST_CASE("a kept disk is not deleted under a domain that uses it and is not recorded") {
  PlayedWorld world = back_on_kept_disk();
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  std::string user = "domain prod-web-0 on kvm1, which is not recorded, may stand on it";
  SECTION("as its mark and its files say") {}
  SECTION("as its mark says") {
    domain.disk_paths.clear();
  }
  SECTION("as its files say, with a mark that names another instance") {
    Ownership mark = *domain.ownership;
    mark.address.group = "db";
    domain.ownership = mark;
  }
  SECTION("as its files say, with the mark of another installation") {
    Ownership mark = *domain.ownership;
    mark.lineage = "another";
    domain.ownership = mark;
    user = "domain prod-web-0 on kvm1 may stand on it";
  }
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(count_kind(plan, "volume.delete") == 0);
  CHECK(changes(plan).empty());
  CHECK_FALSE(plan.complete);
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].address == "group.web[0]");
  CHECK(plan.unknown[0].host == "kvm1");
  CHECK(plan.unknown[0].why == "prod-web-0-data.qcow2 stays: " + user +
                                   ": was an older backup of the state restored? then use the newer statefile");
}

TEST_CASE("what a domain of another host names is not this host's disk, unless the hosts share the pool") {
  for (const bool shared : {false, true}) {
    PlayedWorld world = back_on_kept_disk();
    world.input.config.hosts.push_back(a_host("kvm2"));
    world.input.live["kvm2"] = reachable(a_snapshot("kvm2"));
    world.input.config.storage[0].shared = shared;
    LiveDomain domain = *world.domain("kvm1", "prod-web-0");
    Ownership mark = *domain.ownership;
    mark.lineage = "another";
    domain.ownership = mark;
    world.host("kvm1").domains.clear();
    world.host("kvm2").domains.push_back(domain);
    CHECK(count_kind(world.plan(), "volume.delete") == (shared ? 0 : 1));
  }
}

// ---- On another storage ---------------------------------------------------------------------------------------------

/// One web server whose disk `data` is on `local`; `fast` is there, too.
PlayedWorld with_data_disk(bool keep) {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, keep)};
  Config config = config_with({group}, {"kvm1"});
  config.storage.push_back(a_storage("fast", "nvme"));
  config.storage.back().path = "/srv/nvme";
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  world.input.config.groups[0].instance.disks[0].storage = "fast";
  return world;
}

TEST_CASE("a kept disk that the file wants on another storage is an error, not an empty disk") {
  PlayedWorld world = with_data_disk(true);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.errored);
  REQUIRE(plan.diagnostics.size() == 1);
  CHECK(plan.diagnostics[0].code == "kept_disk_storage");
  CHECK(plan.diagnostics[0].summary ==
        "group.web[0]: its kept disk data is on storage local, and the file says fast: its data would stay behind");
  CHECK(plan.diagnostics[0].hint ==
        "set disks[data].storage back to local; to move the data, add a disk of another name on fast and copy it in "
        "the guest; to give it up, apply keep: false first");
  CHECK(plan.actions.empty());
}

TEST_CASE("a kept disk that waits for its ordinal on another storage is the same error") {
  PlayedWorld world = with_data_disk(true);
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.config.groups[0].size = 1;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.diagnostics.size() == 1);
  CHECK(plan.diagnostics[0].code == "kept_disk_storage");
}

TEST_CASE("a disk that is not kept goes to another storage by replacement") {
  PlayedWorld world = with_data_disk(false);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK_FALSE(plan.errored);
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].action == ChangeAction::replace);
}

// ---- The same storage under another name ------------------------------------------------------------------------

/// Two web servers with a disk that is kept; then the file calls their storage `fast` instead of `local`.
PlayedWorld with_renamed_storage() {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  Config& config = world.input.config;
  config.storage[0].name = config.groups[0].instance.storage = config.groups[0].instance.disks[0].storage = "fast";
  return world;
}

TEST_CASE("storage that is only called otherwise changes the record and no machine") {
  PlayedWorld world = with_renamed_storage();
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.diagnostics.empty());
  CHECK(changes(plan) == Words{"update web-0", "update web-1"});
  CHECK(plan.changes[0].disruption == Disruption::none);
  CHECK(plan.changes[0].reasons[0].text == "storage local -> fast, the same pool default, recorded only");
  CHECK(count_kind(plan, "record.change") == static_cast<int>(plan.actions.size()));
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
  for (const auto& volume : world.input.recorded.volumes) CHECK(volume.storage == "fast");
  CHECK(world.instance("group.web[0]").claim.disk_gib == std::map<std::string, std::uint64_t>{{"fast", 70}});
}

TEST_CASE("a kept disk is taken up again although its storage is called otherwise now") {
  PlayedWorld world = with_renamed_storage();
  SECTION("by a replacement") {
    world.input.options.replaces = {"group.web[1]"};
  }
  SECTION("by its ordinal, which comes back") {
    world.input.config.groups[0].size = 1;
    world.carry_out(world.plan());
    world.input.config.groups[0].size = 2;
  }
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.diagnostics.empty());
  CHECK(count_kind(plan, "volume.create") == 1);  // the root disk
  world.carry_out(plan);
  world.input.options.replaces.clear();
  CHECK_FALSE(has_changes(world.plan()));
  for (const auto& volume : world.input.recorded.volumes) CHECK(volume.storage == "fast");
}

TEST_CASE("storage called otherwise does not hide what else differs") {
  PlayedWorld world = with_renamed_storage();
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.options.allow = Disruption::live;
  CHECK(changes(world.plan()) == Words{"hold web-0", "hold web-1"});
  world.input.options.allow.reset();
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1"});
  CHECK(plan.changes[0].fields == std::vector<FieldChange>{{"image", "debian-12 aaaaaaaa", "debian-12 bbbbbbbb"}});
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("what is claimed under a storage's former name still counts") {
  PlayedWorld world = with_renamed_storage();
  for (const char* host : {"kvm1", "kvm2"}) world.host(host).pools[0].capacity_bytes = 100 * kGiB;
  world.input.config.groups[0].size = 3;
  CHECK(only_error(world.plan()).code == "no_place");
}

}  // namespace
}  // namespace vscale::test
