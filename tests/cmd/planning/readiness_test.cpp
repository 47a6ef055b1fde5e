#include "cmd/planning/sources/readiness.h"

#include <catch2/catch.hpp>

#include "providers/fake/virtual_clock.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

/// Answers each address with the next of what it was told to, the last of them again and again; a try takes so long.
class ScriptedProbe final : public NetworkProbe {
 public:
  explicit ScriptedProbe(VirtualClock& clock) : clock_(clock) {}

  std::map<std::string, std::vector<int>> answers;
  Duration takes{10};
  std::map<std::string, int> tries;
  Duration longest{};

  Result<void> connect_tcp(const std::string& address, int port, Duration timeout) override {
    const auto status = get_http(address, port, "", timeout);
    if (!status) return status.error();
    return {};
  }
  Result<int> get_http(const std::string& address, int /*port*/, const std::string& /*path*/,
                       Duration timeout) override {
    clock_.sleep_until(clock_.now() + takes);
    longest = std::max(longest, timeout);
    const std::vector<int>& said = answers.at(address);
    const int at = tries[address]++;
    const int status = said[std::min(static_cast<std::size_t>(at), said.size() - 1)];
    if (status == 0) return Error{ErrorKind::timed_out, "no answer", {}, {}};
    return status;
  }

 private:
  VirtualClock& clock_;
};

Gate gate(Gate::Kind kind, int port = 0, const std::string& path = "/") {
  Gate gate;
  gate.kind = kind;
  gate.port = port;
  gate.path = path;
  return gate;
}

/// Three members at 10.0.0.50 and up, whose rolling update a plan has begun.
struct Rolling {
  Config config = config_with({web(3)});
  RecordedState recorded = empty_state();
  Plan plan;
  VirtualClock clock;
  ScriptedProbe probe{clock};

  explicit Rolling(std::vector<Gate> gates = {gate(Gate::Kind::http, 80, "/health")}) {
    config.groups[0].health.gates = std::move(gates);
    for (int ordinal = 0; ordinal < 3; ++ordinal) {
      InstanceRecord instance = an_instance(config.groups[0], ordinal, "kvm1");
      const std::string address = "10.0.0." + std::to_string(50 + ordinal);
      instance.nics.resize(1);
      instance.nics[0].address = address;
      probe.answers[address] = {200};
      recorded.instances[instance.address] = instance;
    }
    plan.rollouts.emplace_back().group = "group.web";
  }

  std::map<std::string, std::string> unready() {
    std::map<std::string, std::string> named;
    for (const auto& [address, why] : unready_members(config, recorded, plan, probe, clock)) {
      named[to_string(address)] = why;
    }
    return named;
  }
};

using Named = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("a member that does not pass its http gate when a rolling update is planned is not counted on") {
  Rolling rolling;
  rolling.probe.answers["10.0.0.51"] = {503};
  rolling.probe.answers["10.0.0.52"] = {0};
  CHECK(rolling.unready() == Named{{"group.web[1]", "gate http :80/health: 503, want 200"},
                                   {"group.web[2]", "gate http :80/health: no answer"}});
  CHECK(rolling.probe.longest <= kReadinessTryTimeout);
}

TEST_CASE("one try that is unlucky makes nobody unready") {
  Rolling rolling;
  rolling.probe.answers["10.0.0.51"] = {0, 200};
  CHECK(rolling.unready().empty());
  CHECK(rolling.probe.tries["10.0.0.51"] == 2);
  CHECK(rolling.probe.tries["10.0.0.50"] == 1);
}

TEST_CASE("a question that nobody passes says nothing of those who are asked: it may be new, with the version") {
  Rolling rolling;
  for (auto& [address, said] : rolling.probe.answers) said = {404};
  CHECK(rolling.unready().empty());
  rolling.probe.answers["10.0.0.52"] = {200};
  CHECK(rolling.unready().size() == 2);
}

TEST_CASE("a port is tried for the tcp gate, and gates within the guest are not asked by a plan") {
  Rolling rolling({gate(Gate::Kind::agent), gate(Gate::Kind::exec), gate(Gate::Kind::tcp, 22)});
  rolling.probe.answers["10.0.0.50"] = {0};
  CHECK(rolling.unready() == Named{{"group.web[0]", "gate tcp :22: no answer"}});
  Rolling within({gate(Gate::Kind::agent)});
  CHECK(within.unready().empty());
  CHECK(within.probe.tries.empty());
}

TEST_CASE("who is not recorded as ready, or is of a group that does not roll, is not asked") {
  Rolling rolling;
  for (auto& [address, instance] : rolling.recorded.instances) instance.phase = Phase::started;
  CHECK(rolling.unready().empty());
  Rolling still;
  still.plan.rollouts.clear();
  CHECK(still.unready().empty());
  CHECK(still.probe.tries.empty());
}

TEST_CASE("asking comes to its end however slow the answers are, and who was not asked counts as recorded") {
  Rolling rolling;
  rolling.probe.takes = kReadinessBudget / kReadinessTries;
  for (auto& [address, said] : rolling.probe.answers) said = {0};
  CHECK(rolling.unready() == Named{{"group.web[0]", "gate http :80/health: no answer"}});
  CHECK(rolling.probe.tries.size() == 1);
}

}  // namespace vscale::test
