#include "engine/metrics/rates.h"

#include <catch2/catch.hpp>
#include <string>

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNoon{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + hours{12}};
constexpr Duration kUp = hours{100};
constexpr Duration kInterval = seconds{15};

DomainCounters counted() {
  return {.cpu_ns = 1'000'000'000,
          .vcpus = 2,
          .disk_requests = 500,
          .disk_bytes = 1'000'000,
          .network_bytes = 2'000'000,
          .memory_total_bytes = 4 * kGiB,
          .memory_usable_bytes = 1 * kGiB,
          .memory_told_at_s = 1'000};
}

/// After 15 s in which both vCPUs were half busy.
DomainCounters counted_later() {
  return {.cpu_ns = 16'000'000'000,
          .vcpus = 2,
          .disk_requests = 650,
          .disk_bytes = 4'000'000,
          .network_bytes = 2'000'000,
          .memory_total_bytes = 4 * kGiB,
          .memory_usable_bytes = 3 * kGiB,
          .memory_told_at_s = 1'010};
}

CounterReading reading(Duration after, const DomainCounters& counters) {
  return {.at = kNoon + after, .uptime = kUp + after, .counters = counters};
}

Sample must_sample(const CounterReading& before, const CounterReading& now) {
  const auto made = sample_between(before, now, kInterval);
  REQUIRE(std::holds_alternative<Sample>(made));
  return std::get<Sample>(made);
}

std::string why_not(const CounterReading& before, const CounterReading& now) {
  const auto made = sample_between(before, now, kInterval);
  return std::holds_alternative<NoSample>(made) ? to_string(std::get<NoSample>(made)) : "a sample";
}

}  // namespace

TEST_CASE("two readings tell what was used between them") {
  const Sample sample = must_sample(reading({}, counted()), reading(kInterval, counted_later()));

  // 15 s of processor time in 15 s on two vCPUs; 150 requests and 3 MB in 15 s; 1 of 4 GiB in use at the end.
  CHECK(sample == Sample{.at = kNoon + kInterval,
                         .over = kInterval,
                         .cpu_percent = 50,
                         .memory_percent = 25,
                         .disk_iops = 10,
                         .disk_bytes = 200'000,
                         .network_bytes = 0});
}

TEST_CASE("what was not told is absent by itself, and never zero") {
  DomainCounters later = counted_later();
  later.cpu_ns.reset();
  later.disk_bytes.reset();
  later.memory_usable_bytes.reset();
  DomainCounters before = counted();
  before.network_bytes.reset();

  const Sample sample = must_sample(reading({}, before), reading(kInterval, later));

  CHECK_FALSE(sample.cpu_percent);
  CHECK_FALSE(sample.memory_percent);
  CHECK_FALSE(sample.disk_bytes);
  CHECK_FALSE(sample.network_bytes);
  CHECK(sample.disk_iops == 10);
}

TEST_CASE("processor time has no share while the number of vCPUs changes") {
  DomainCounters later = counted_later();
  later.vcpus = 4;

  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).cpu_percent);
  later.vcpus.reset();
  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).cpu_percent);
}

TEST_CASE("the memory of a guest that has told nothing new is absent") {
  DomainCounters later = counted_later();
  later.memory_told_at_s = counted().memory_told_at_s;
  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).memory_percent);

  later.memory_told_at_s.reset();
  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).memory_percent);

  DomainCounters before = counted();
  before.memory_told_at_s.reset();  // it has begun to tell
  CHECK(must_sample(reading({}, before), reading(kInterval, counted_later())).memory_percent == 25);
}

TEST_CASE("memory that makes no sense is absent") {
  DomainCounters later = counted_later();
  later.memory_usable_bytes = 5 * kGiB;
  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).memory_percent);

  later.memory_total_bytes = later.memory_usable_bytes = 0;
  CHECK_FALSE(must_sample(reading({}, counted()), reading(kInterval, later)).memory_percent);
}

TEST_CASE("a counter that went back discards the sample: the guest was started in between") {
  const auto smaller = GENERATE(&DomainCounters::cpu_ns, &DomainCounters::disk_requests, &DomainCounters::disk_bytes,
                                &DomainCounters::network_bytes);
  DomainCounters later = counted_later();
  later.*smaller = *(counted().*smaller) - 1;

  CHECK(why_not(reading({}, counted()), reading(kInterval, later)) == "counted anew");
  // Also where the two are too close, lest the reading of before stays.
  CHECK(why_not(reading({}, counted()), reading(seconds{1}, later)) == "counted anew");
}

TEST_CASE("memory and its moment may go back without the counters having begun anew") {
  DomainCounters later = counted_later();
  later.memory_told_at_s = 900;
  later.memory_total_bytes = 2 * kGiB;
  later.memory_usable_bytes = 1 * kGiB;

  CHECK(must_sample(reading({}, counted()), reading(kInterval, later)).memory_percent == 50);
}

TEST_CASE("a wall clock that was set, and a machine that slept, discard the sample") {
  const CounterReading before = reading({}, counted());
  CounterReading later = reading(kInterval, counted_later());
  later.at += kClockTolerance;
  CHECK(must_sample(before, later).over == kInterval);  // just within it

  later.at += milliseconds{1};
  CHECK(why_not(before, later) == "clock jumped");
  later.at = kNoon + kInterval - kClockTolerance - milliseconds{1};
  CHECK(why_not(before, later) == "clock jumped");
}

TEST_CASE("a reading from before the machine was started makes no sample") {
  CounterReading later = reading(kInterval, counted_later());
  later.uptime = seconds{40};

  CHECK(why_not(reading({}, counted()), later) == "another boot");
}

TEST_CASE("readings too close or too far apart make no sample") {
  const CounterReading before = reading({}, counted());

  CHECK(why_not(before, before) == "too short");
  CHECK(why_not(before, reading(milliseconds{4'999}, counted_later())) == "too short");
  CHECK(why_not(before, reading(seconds{5}, counted_later())) == "a sample");
  CHECK(why_not(before, reading(seconds{60}, counted_later())) == "a sample");
  CHECK(why_not(before, reading(milliseconds{60'001}, counted_later())) == "too long");
}

}  // namespace vscale::test
