#include "tests/cmd/watching/watched_world.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

#include "tests/cmd/planning/forwarding_domains.h"

namespace vscale::test {
namespace {

class InterruptedLooks final : public ForwardingDomains {
 public:
  InterruptedLooks(Domains& domains, std::function<void()> meanwhile)
      : ForwardingDomains(domains), meanwhile_(std::move(meanwhile)) {}
  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    meanwhile_();
    return ForwardingDomains::observe(hosts);
  }

 private:
  std::function<void()> meanwhile_;
};

}  // namespace

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

std::string following_config(const std::string& follow, int min) {
  std::string text = watched_config(min, "");
  text.replace(text.find("min: 1"), 6, "min: " + std::to_string(min));
  return text.replace(text.find("watch: { "), 9, "watch: { follow: " + follow + ", ");
}

void apply_what_cannot_be_read_later(FakeWorld& world) {
  std::string text = watched_config(2, "");
  text.insert(text.find("hosts:"), "vars: { bridge: {} }\n");
  text.replace(text.find("bridge: br0"), 11, "bridge: \"${var.bridge}\"");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"--var", "bridge=br0", "apply", "--auto-approve"}).code == 0);
}

int times_in(const std::string& text, const std::string& part) {
  int times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

void interrupt_looks(FakeWorld& world, const std::function<void()>& meanwhile) {
  world.outside().reach_hosts = [&world, meanwhile](const std::vector<HostConnection>&) {
    const auto cluster = std::shared_ptr<FakeCluster>(std::shared_ptr<void>(), &world.cluster());
    return HostPorts{.domains = std::make_shared<InterruptedLooks>(world.cluster(), meanwhile),
                     .volumes = cluster,
                     .guests = cluster,
                     .events = cluster};
  };
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
