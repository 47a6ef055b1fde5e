#include <catch2/catch.hpp>

#include "engine/metrics/sample.h"
#include "engine/recorded/scaling_memory.h"
#include "engine/scaling/scaling_decision.h"

namespace vscale::test {

TEST_CASE("metrics are called as in the file, and have the sample's value of that name") {
  Sample sample;
  sample.cpu_percent = 1;
  sample.memory_percent = 2;
  sample.disk_iops = 3;
  sample.disk_bytes = 4;
  sample.network_bytes = 5;
  double value = 0;
  for (const char* word : {"cpu", "memory", "diskIops", "diskBytes", "networkBytes"}) {
    const auto metric = metric_from(word);
    REQUIRE(metric);
    CHECK(to_string(*metric) == std::string(word));
    CHECK(value_of(sample, *metric) == ++value);
    CHECK_FALSE(value_of(Sample{}, *metric));
  }
  CHECK_FALSE(metric_from("load"));
}

TEST_CASE("who owns a size can be written and read") {
  for (const auto owner : {WantedSize::Owner::policies, WantedSize::Owner::operator_}) {
    CHECK(size_owner_from(to_string(owner)) == owner);
  }
  CHECK_FALSE(size_owner_from("somebody"));
}

TEST_CASE("layers and kinds of recommendations have words") {
  CHECK(to_string(LayerResult::Layer::stabilise) == std::string("stabilise"));
  CHECK(to_string(Recommendation::Kind::bounds) == std::string("bounds"));
}

}  // namespace vscale::test
