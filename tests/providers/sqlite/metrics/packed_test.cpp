// Samples and readings as bytes: whatever the bytes are, unpacking ends well or says that they are damaged.

#include "providers/sqlite/metrics/packed.h"

#include <random>

#include "providers/sqlite/statefile.h"
#include "tests/providers/sqlite/metrics/metrics_values.h"

namespace vscale::test {
namespace {

using Bytes = std::string;

int below(std::mt19937& random, std::size_t bound) {
  return static_cast<int>(random() % static_cast<unsigned>(bound));
}

/// A few bytes changed, and perhaps the end cut off.
Bytes damaged_somehow(Bytes bytes, std::mt19937& random) {
  for (int i = 0; i < 3; ++i) {
    bytes[static_cast<std::size_t>(below(random, bytes.size()))] = static_cast<char>(below(random, 256));
  }
  if (below(random, 2) == 0) bytes.resize(static_cast<std::size_t>(below(random, bytes.size())));
  return bytes;
}

/// "damaged", or how many were found.
std::string unpacked(const Bytes& samples) {
  try {
    Samples all;
    unpack_samples(samples, kMetricsNoon, Instant::min(), all);
    return std::to_string(all.size());
  } catch (const DamagedRow&) {
    return "damaged";
  }
}

std::string unpacked_readings(const Bytes& readings) {
  try {
    return std::to_string(unpack_readings(readings).size());
  } catch (const DamagedRow&) {
    return "damaged";
  }
}

}  // namespace

TEST_CASE("packed bytes that are cut off anywhere within a sample are damaged") {
  const Bytes whole = pack_samples({{metrics_uuid(1), {full_sample(kMetricsNoon)}}}, kMetricsNoon);
  for (std::size_t length = 1; length < whole.size(); ++length) CHECK(unpacked(whole.substr(0, length)) == "damaged");
  CHECK(unpacked(whole) == "1");
}

TEST_CASE("packed samples with a metric of another version, or a time nobody can mean, are damaged") {
  CHECK(unpacked(Bytes("\x01"
                       "a"
                       "\x00\x00\x20",
                       5)) == "damaged");
  CHECK(unpacked(Bytes("\x01"
                       "a"
                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                       "\x00\x00",
                       14)) == "damaged");
  CHECK(unpacked(Bytes("\x01"
                       "a"
                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                       13)) == "damaged");
}

TEST_CASE("damaged bytes never do harm when they are unpacked") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  CounterReading reading{.at = kMetricsNoon, .uptime = std::chrono::hours{1}, .counters = {}};
  reading.counters.vcpus = 2;
  reading.counters.memory_total_bytes = 2 * kGiB;
  const Bytes samples = pack_samples(
      {{metrics_uuid(1), {full_sample(kMetricsNoon)}}, {metrics_uuid(2), {full_sample(kMetricsNoon)}}}, kMetricsNoon);
  const Bytes readings = pack_readings({{metrics_uuid(1), reading}, {metrics_uuid(2), reading}});
  int damaged = 0;
  constexpr int kRuns = 5'000;
  for (int i = 0; i < kRuns; ++i) {
    damaged += unpacked(damaged_somehow(samples, random)) == "damaged" ? 1 : 0;
    damaged += unpacked_readings(damaged_somehow(readings, random)) == "damaged" ? 1 : 0;
  }
  CHECK(damaged > 0);
  CHECK(damaged < 2 * kRuns);
}

}  // namespace vscale::test
