#include "tests/cmd/watching/watched_world.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace vscale::test {

std::string watched_config(int size, const std::string& more) {
  std::string text = web_config(size);
  text +=
      "    scaling:\n"
      "      min: 1\n"
      "      max: 6\n"
      "      window: 30s\n"
      "      cooldown: { out: 30s, in: 1m }\n"
      "      stabilization: { out: 0s, in: 1m }\n"
      "      policies: { cpu: { kind: target, metric: cpu, target: 50 } }\n";
  return text + more + "watch: { interval: 10s }\nmetrics: { interval: 10s }\n";
}

WatchedWorld::WatchedWorld(int size, const std::string& more) {
  write("vscale.yaml", watched_config(size, more));
  const auto applied = vscale({"apply", "--auto-approve"});
  INFO(applied.out << applied.err);
  REQUIRE(applied.code == 0);
}

Ran WatchedWorld::watch_for(Duration time, const std::vector<std::string>& words) {
  const Instant end = clock().now() + time;
  stop_when([this, end] { return clock().now() < end ? StopRequest::none : StopRequest::finish_running; });
  Ran ran = vscale(words);
  stop_when([] { return StopRequest::none; });
  return ran;
}

int WatchedWorld::guests_up() {
  const auto domains = cluster().domains();
  return static_cast<int>(std::count_if(domains.begin(), domains.end(), [](const FakeDomain& domain) {
    return is_up(domain.state) && domain.name.starts_with("prod-web-");
  }));
}

RecordedState WatchedWorld::recorded() {
  const auto state = outside().open_state(folder() + "/vscale.db", OpenMode::read_only);
  REQUIRE(state.ok());
  auto recorded = state->store->read();
  REQUIRE(recorded.ok());
  return std::move(*recorded);
}

std::vector<ScalingDecision> WatchedWorld::decisions(const std::string& group) {
  const auto state = outside().open_state(folder() + "/vscale.db", OpenMode::read_only);
  REQUIRE(state.ok());
  auto decisions = state->store->decisions(group, 1000);
  REQUIRE(decisions.ok());
  return std::move(*decisions);
}

}  // namespace vscale::test
