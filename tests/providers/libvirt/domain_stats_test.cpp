#include "providers/libvirt/host/domain_stats.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "providers/libvirt/link/library.h"

namespace vscale::test {
namespace {

using libvirt::read_stats;
using libvirt::StatsReading;

/// Parameters as libvirt hands them out.
class Params {
 public:
  ~Params() { virTypedParamsFree(params_, count_); }
  Params() { libvirt::start_library(); }
  Params(const Params&) = delete;
  Params& operator=(const Params&) = delete;

  Params& number(const char* name, unsigned long long value) {
    REQUIRE(virTypedParamsAddULLong(&params_, &count_, &room_, name, value) == 0);
    return *this;
  }
  Params& count(const char* name, unsigned value) {
    REQUIRE(virTypedParamsAddUInt(&params_, &count_, &room_, name, value) == 0);
    return *this;
  }
  Params& state(int value) {
    REQUIRE(virTypedParamsAddInt(&params_, &count_, &room_, "state.state", value) == 0);
    return *this;
  }
  Params& text(const char* name, const char* value) {
    REQUIRE(virTypedParamsAddString(&params_, &count_, &room_, name, value) == 0);
    return *this;
  }
  StatsReading read() const { return read_stats(params_, count_); }

 private:
  virTypedParameterPtr params_ = nullptr;
  int count_ = 0, room_ = 0;
};

}  // namespace

TEST_CASE("a running domain's counters are summed up over its disks and cards") {
  Params params;
  params.state(VIR_DOMAIN_RUNNING).number("cpu.time", 5'000'000'000).number("cpu.user", 4'000'000'000);
  params.number("balloon.current", 1'048'576).number("balloon.maximum", 2'097'152);
  params.number("balloon.available", 1'000'000).number("balloon.usable", 400'000).number("balloon.last-update", 1'700);
  params.number("balloon.unused", 300'000).number("balloon.rss", 900'000);
  params.count("vcpu.current", 2).count("vcpu.maximum", 4).number("vcpu.0.time", 7);
  params.count("net.count", 2).text("net.0.name", "vnet0").number("net.0.rx.bytes", 10).number("net.0.rx.pkts", 1'000);
  params.number("net.0.tx.bytes", 20).number("net.1.rx.bytes", 300).number("net.1.tx.bytes", 400);
  params.count("block.count", 2).text("block.0.name", "vda").number("block.0.rd.reqs", 1);
  params.number("block.0.rd.bytes", 512).number("block.0.rd.times", 1'000).number("block.0.wr.reqs", 2);
  params.number("block.0.wr.bytes", 1'024).number("block.0.fl.reqs", 1'000).number("block.0.capacity", 1'000'000);
  params.number("block.1.rd.reqs", 4).number("block.1.rd.bytes", 2'048);
  params.number("block.1.wr.reqs", 0).number("block.1.wr.bytes", 0);

  const StatsReading read = params.read();

  CHECK(read.state == DomainState::running);
  CHECK(read.tell_size());
  CHECK(read.memory_bytes == kGiB);
  CHECK(read.max_vcpus == 4);
  CHECK(read.counters == DomainCounters{.cpu_ns = 5'000'000'000,
                                        .vcpus = 2,
                                        .disk_requests = 7,
                                        .disk_bytes = 3'584,
                                        .network_bytes = 730,
                                        .memory_total_bytes = 1'000'000 * kKiB,
                                        .memory_usable_bytes = 400'000 * kKiB,
                                        .memory_told_at_s = 1'700});
}

TEST_CASE("what the host does not tell of a busy domain is absent, and no zero") {
  Params params;
  params.state(VIR_DOMAIN_RUNNING).number("cpu.time", 5).count("vcpu.current", 1).count("vcpu.maximum", 1);
  // As QEMU's driver tells of one that is too busy to be asked: how many, and their names.
  params.count("block.count", 1).text("block.0.name", "vda").count("net.count", 1).text("net.0.name", "vnet0");
  params.number("balloon.current", 1'024).number("balloon.maximum", 1'024).number("balloon.last-update", 0);

  const DomainCounters counters = params.read().counters;

  CHECK(counters.cpu_ns == 5);
  CHECK_FALSE(counters.disk_requests);
  CHECK_FALSE(counters.disk_bytes);
  CHECK_FALSE(counters.network_bytes);
  CHECK_FALSE(counters.memory_total_bytes);
  CHECK_FALSE(counters.memory_usable_bytes);
  CHECK_FALSE(counters.memory_told_at_s);
}

TEST_CASE("an empty drive adds nothing to what the disks tell") {
  Params params;
  params.count("block.count", 2).text("block.0.name", "sda");
  params.number("block.1.rd.reqs", 3).number("block.1.rd.bytes", 4);

  CHECK(params.read().counters.disk_requests == 3);
  CHECK(params.read().counters.disk_bytes == 4);
}

TEST_CASE("a domain without disks and cards has read, written and sent nothing") {
  Params params;
  params.count("block.count", 0).count("net.count", 0);

  CHECK(params.read().counters.disk_requests == 0);
  CHECK(params.read().counters.network_bytes == 0);
}

TEST_CASE("the dear groups of stats are asked for only with the counters") {
  CHECK((libvirt::stats_groups(false) & (VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE)) == 0);
  CHECK((libvirt::stats_groups(true) & VIR_DOMAIN_STATS_BLOCK) != 0);
  CHECK((libvirt::stats_groups(true) & libvirt::stats_groups(false)) == libvirt::stats_groups(false));
}

}  // namespace vscale::test
