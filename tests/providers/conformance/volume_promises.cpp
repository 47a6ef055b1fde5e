#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/values/digest.h"
#include "tests/providers/conformance/conformance_world.h"

namespace vscale::test {
namespace {

void volumes(ProviderUnderTest& p) {
  SECTION("a pool that is there stays, one that is missing is made where there is a path") {
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    check_ok(p.volumes.ensure_pool(p.host, p.pool, ""));
    check_fails(p.volumes.ensure_pool(p.host, p.run + "-no-pool", ""), ErrorKind::not_found);
  }
  SECTION("a pool that vscale makes starts with its host") {
    if (!can_ask(p.by_hand.starts_with_host != nullptr, "whether a pool starts with its host")) return;
    World world(p);
    CHECK(p.by_hand.starts_with_host(p.pool));
  }
  SECTION("no directory is made for a pool that somebody has defined: what should be there may only not be mounted") {
    if (!can_ask(p.by_hand.define_bare_pool != nullptr, "a pool that is defined, without a directory")) return;
    World world(p);
    p.by_hand.define_bare_pool();
    const Result<void> ensured = p.volumes.ensure_pool(p.host, p.bare_pool, p.bare_pool_path);
    check_fails(ensured, ErrorKind::failed);
    check_tells(ensured, {p.host, p.bare_pool, "is off and cannot be started"});
    CHECK_FALSE(p.by_hand.starts_with_host(p.bare_pool));
  }
  SECTION("a volume is made once and deleted any number of times") {
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    CHECK(world.seen_volumes().contains(volume.name));
    check_fails(p.volumes.create_volume(
                    NewVolume{.volume = volume, .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
                ErrorKind::exists);
    check_ok(p.volumes.delete_volume(volume));
    check_ok(p.volumes.delete_volume(volume));
    CHECK_FALSE(world.seen_volumes().contains(volume.name));
  }
  SECTION("an overlay lies on a volume that is there") {
    World world(p);
    const VolumeRef base = world.new_volume("base.qcow2");
    check_ok(p.volumes.create_volume(NewVolume{.volume = world.volume("overlay.qcow2"),
                                               .capacity_bytes = 2 * kDisk,
                                               .backing_volume = base.name,
                                               .backing_format = "qcow2"}));
    const VolumeRef orphan = world.volume("orphan.qcow2");
    const Result<void> result = p.volumes.create_volume(NewVolume{.volume = orphan,
                                                                  .capacity_bytes = kDisk,
                                                                  .backing_volume = p.run + "-nothing.qcow2",
                                                                  .backing_format = "qcow2"});
    check_fails(result, ErrorKind::not_found);
    CHECK(result.error().message.find("nothing.qcow2") != std::string::npos);
    CHECK_FALSE(world.seen_volumes().contains(orphan.name));
  }
  SECTION("a raw volume can be made as well") {
    World world(p);
    const VolumeRef raw = world.volume("disk.raw");
    check_ok(p.volumes.create_volume(NewVolume{
        .volume = raw, .capacity_bytes = 16 * kMiB, .format = "raw", .backing_volume = {}, .backing_format = {}}));
    CHECK(world.seen_volumes().contains(raw.name));
  }
  SECTION("what is asked of a pool that is not there is not found") {
    World world(p);
    const VolumeRef nowhere{p.host, p.run + "-no-pool", "a.qcow2"};
    check_fails(p.volumes.create_volume(
                    NewVolume{.volume = nowhere, .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
                ErrorKind::not_found);
  }
  SECTION("a pool that is missing does not say that its volumes are gone") {
    World world(p);
    const Result<void> deleted = p.volumes.delete_volume(VolumeRef{p.host, p.run + "-no-pool", "a.qcow2"});
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.run + "-no-pool"});
  }
  SECTION("a pool that is off says nothing of its volumes, and has them when it is on again") {
    if (!can_ask(p.by_hand.stop_pool != nullptr, "a pool that was turned off")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    p.by_hand.stop_pool();
    const Result<void> deleted = p.volumes.delete_volume(volume);
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.pool, "is off"});
    check_fails(
        p.volumes.create_volume(NewVolume{
            .volume = world.volume("b.qcow2"), .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
        ErrorKind::conflict);
    const HostSnapshot host = world.observe({}, true);
    REQUIRE(host.pools.size() == 1);
    CHECK_FALSE(host.pools.front().active);
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    CHECK(world.seen_volumes().contains(volume.name));
  }
  SECTION("a pool whose directory is gone says nothing of its volumes, and has them when it is back") {
    if (!can_ask(p.by_hand.hide_directory != nullptr, "a pool whose directory is gone")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    p.by_hand.hide_directory();
    const Result<void> deleted = p.volumes.delete_volume(volume);
    const Result<void> ensured = p.volumes.ensure_pool(p.host, p.pool, p.pool_path);
    p.by_hand.show_directory();
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.pool, "is off"});
    REQUIRE_FALSE(ensured.ok());
    check_tells(ensured, {p.host, p.pool, "cannot be started"});
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    CHECK(world.seen_volumes().contains(volume.name));
  }
  SECTION("a file that was put into a pool by hand is seen when the pool is looked at anew") {
    if (!can_ask(p.by_hand.put_file != nullptr, "a file put into a pool by hand")) return;
    World world(p);
    const VolumeRef file = world.volume("by-hand.raw");
    static_cast<void>(world.observe({}, true));
    p.by_hand.put_file(file.name);
    CHECK_FALSE(world.seen_volumes().contains(file.name));
    CHECK(world.seen_volumes(true).contains(file.name));
  }
  SECTION("a volume grows, stays as it is, and never shrinks") {
    if (!can_ask(p.can_resize, "volumes that grow")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("grows.qcow2");
    check_ok(p.volumes.resize_volume(volume, 2 * kDisk, std::nullopt));
    check_ok(p.volumes.resize_volume(volume, 2 * kDisk, std::nullopt));
    check_fails(p.volumes.resize_volume(volume, kDisk, std::nullopt), ErrorKind::invalid);
    check_fails(p.volumes.resize_volume(VolumeRef{p.host, p.pool, "no-such.qcow2"}, kDisk, std::nullopt),
                ErrorKind::not_found);
  }
  SECTION("a disk grows through a domain of ours, and through nobody else's") {
    if (!can_ask(p.can_resize, "disks that grow through a domain")) return;
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef ours = world.defined(spec);
    const VolumeRef root{p.host, p.pool, spec.disks[0].volume};
    const DomainRef theirs{p.host, spec.uuid, kOtherLineage};
    for (const std::uint64_t size : {kDisk, 2 * kDisk}) {
      check_fails(p.volumes.resize_volume(root, size, theirs), ErrorKind::denied);
    }
    const DomainRef foreign_domain{p.host, world.seen(p.foreign_domain)->uuid, world.lineage()};
    check_fails(p.volumes.resize_volume(root, 2 * kDisk, foreign_domain), ErrorKind::denied);
    check_fails(p.volumes.resize_volume(root, 2 * kDisk, DomainRef{p.host, kNoSuchUuid, world.lineage()}),
                ErrorKind::not_found);
    check_ok(p.volumes.resize_volume(root, kDisk, ours));
  }
}

void uploads(ProviderUnderTest& p) {
  if (!can_ask(p.can_upload, "uploads and seeds")) return;
  SECTION("a file is sent whole, with its progress, and again in place of the first if that may go") {
    World world(p);
    const VolumeRef image = world.volume("image.qcow2");
    for (int round = 0; round < 2; ++round) {
      std::vector<std::uint64_t> done;
      std::uint64_t total = 0;
      check_ok(p.volumes.upload_file(world.image_upload(image, round == 1),
                                     [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
                                       done.push_back(done_bytes);
                                       total = total_bytes;
                                     }));
      CHECK(world.seen_volumes().contains(image.name));
      REQUIRE_FALSE(done.empty());
      CHECK(std::is_sorted(done.begin(), done.end()));
      CHECK(done.back() == total);
      if (!can_ask(p.by_hand.digest_of != nullptr, "whether the bytes that arrive are those that were sent")) continue;
      CHECK(p.by_hand.digest_of(image.name) == sha256_hex(read_bytes(p.image_path)));
    }
  }
  SECTION("two files are sent into one pool at the same time") {
    if (!can_ask(p.by_hand.digest_of != nullptr, "two uploads at the same time")) return;
    World world(p);
    const std::vector<VolumeRef> images = {world.volume("one.qcow2"), world.volume("two.qcow2")};
    // Each says how far it is, and does not come back before the other has said so too.
    constexpr std::chrono::seconds kPatience{60};
    std::vector<std::promise<void>> begun(images.size());
    std::vector<std::future<void>> others_begun;
    for (std::size_t i = 0; i < images.size(); ++i) others_begun.push_back(begun[1 - i].get_future());
    std::vector<std::string> failures(images.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < images.size(); ++i) {
      threads.emplace_back([&, i] {
        bool told = false;
        const auto on_progress = [&](std::uint64_t, std::uint64_t) {
          if (std::exchange(told, true)) return;
          begun[i].set_value();
          if (others_begun[i].wait_for(kPatience) != std::future_status::ready) failures[i] += "alone; ";
        };
        const Result<void> sent = p.volumes.upload_file(world.image_upload(images[i]), on_progress);
        if (!sent) failures[i] += to_string(sent.error());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < images.size(); ++i) {
      CHECK(failures[i] == "");
      CHECK(p.by_hand.digest_of(images[i].name) == sha256_hex(read_bytes(p.image_path)));
    }
  }
  SECTION("a file that is not there is not found, and leaves no volume") {
    World world(p);
    const VolumeRef image = world.volume("none.qcow2");
    FileUpload upload = world.image_upload(image);
    upload.path += ".is-not-there";
    check_fails(p.volumes.upload_file(upload, {}), ErrorKind::not_found);
    CHECK_FALSE(world.seen_volumes().contains(image.name));
  }
  SECTION("a copy that is there is taken as it is if it is complete, and not touched if it is not") {
    if (!can_ask(p.by_hand.cut_short != nullptr, "a copy that is not complete")) return;
    World world(p);
    const VolumeRef image = world.volume("image.qcow2");
    check_ok(p.volumes.upload_file(world.image_upload(image), {}));
    int told = 0;
    const auto count = [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
      ++told;
      CHECK(done_bytes == total_bytes);
    };
    check_ok(p.volumes.upload_file(world.image_upload(image), count));
    CHECK(told == 1);

    p.by_hand.cut_short(image.name);
    for (int round = 0; round < 2; ++round) {
      const Result<void> refused = p.volumes.upload_file(world.image_upload(image), {});
      check_fails(refused, ErrorKind::exists);
      check_tells(refused, {p.host, image.name});
    }
    check_ok(p.volumes.upload_file(world.image_upload(image, true), {}));
    check_ok(p.volumes.upload_file(world.image_upload(image), {}));
  }
  SECTION("a pool that filled up since it was last looked at takes nothing, and says how full it is") {
    if (!can_ask(p.by_hand.fill_small_pool != nullptr, "a pool that filled up")) return;
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.small_pool, p.small_pool_path));
    const auto in_small_pool = [&](const std::string& name) { return VolumeRef{p.host, p.small_pool, p.run + name}; };
    const VolumeRef image = in_small_pool("-image.qcow2");
    const VolumeRef seed = in_small_pool("-seed.iso");
    const NewVolume disk{.volume = in_small_pool("-disk.qcow2"),
                         .capacity_bytes = 39 * kMiB,
                         .backing_volume = {},
                         .backing_format = {}};
    const SeedFiles files{.meta_data = "instance-id: a\n", .user_data = {}, .network_config = {}, .vendor_data = {}};
    p.by_hand.fill_small_pool(0);
    const std::vector<Result<void>> results = {p.volumes.write_seed(seed, files),
                                               p.volumes.upload_file(world.image_upload(image), {}),
                                               p.volumes.create_volume(disk)};
    const auto seen = p.domains.observe({{p.host, ObserveRequest{{p.small_pool}, {}, true}}});
    p.by_hand.empty_small_pool();
    for (const Result<void>& result : results) {
      check_fails(result, ErrorKind::no_capacity);
      check_tells(result, {p.host, p.small_pool, "free"});
    }
    REQUIRE(seen.at(p.host).ok());
    CHECK(seen.at(p.host)->pools.at(0).available_bytes < kMiB);
    for (const VolumeRef& volume : {image, seed, disk.volume}) {
      CHECK_FALSE(seen.at(p.host)->pools.at(0).volumes.contains(volume.name));
    }
  }
  SECTION("a pool that is full in the middle of an upload says so, and keeps nothing of it") {
    if (!can_ask(p.by_hand.fill_small_pool != nullptr, "a pool that is full in the middle of an upload")) return;
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.small_pool, p.small_pool_path));
    const auto volumes_seen = [&] {
      const auto seen = p.domains.observe({{p.host, ObserveRequest{{p.small_pool}, {}, true}}});
      REQUIRE(seen.at(p.host).ok());
      return seen.at(p.host)->pools.at(0).volumes;
    };
    volumes_seen();  // from here on the host believes that there is room
    const VolumeRef image{p.host, p.small_pool, p.run + "-image.qcow2"};
    p.by_hand.fill_small_pool(4 * kMiB);
    const Result<void> result = p.volumes.upload_file(world.image_upload(image), {});
    p.by_hand.empty_small_pool();
    check_fails(result, ErrorKind::no_capacity);
    check_tells(result, {p.host, p.small_pool, "free"});
    CHECK_FALSE(volumes_seen().contains(image.name));
  }
  SECTION("a seed is written once, and never over what is there already") {
    World world(p);
    const VolumeRef seed = world.volume("seed.iso");
    const SeedFiles files{.meta_data = "instance-id: a\n",
                          .user_data = "#!/bin/sh\n",
                          .network_config = "version: 2\n",
                          .vendor_data = {}};
    check_ok(p.volumes.write_seed(seed, files));
    check_fails(p.volumes.write_seed(seed, files), ErrorKind::exists);
    check_ok(p.volumes.delete_volume(seed));
    check_ok(p.volumes.write_seed(seed, files));
    CHECK(world.seen_volumes().contains(seed.name));
  }
}

}  // namespace

void check_volume_promises(ProviderUnderTest& p) {
  volumes(p);
  uploads(p);
}

}  // namespace vscale::test
