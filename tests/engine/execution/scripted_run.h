#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/execution/executor.h"
#include "engine/plan/plan.h"
#include "providers/fake/virtual_clock.h"
#include "tests/support/builders.h"
#include "tests/support/memory_state_store.h"

/// A run whose actions do nothing but end as the test says: what is left to see is what the executor does.

namespace vscale::test {

/// A uuid for an instance's address, the same everywhere in a test.
inline std::string uuid_of(const std::string& address) {
  return "uuid-of-" + address;
}

inline GroupRecord group_record(const std::string& address) {
  GroupRecord record;
  record.address = address;
  return record;
}

inline VolumeRecord volume_record(const std::string& name) {
  VolumeRecord record;
  record.host = "kvm1";
  record.pool = "default";
  record.name = name;
  return record;
}

inline WaitForGates wait_for(const std::string& uuid, std::vector<Gate> gates = {}, Duration startup_timeout = {}) {
  return {.uuid = uuid, .gates = std::move(gates), .startup_timeout = startup_timeout, .nics = {}};
}

/// A plan, written action by action: `plan.add("group.web[0]", "kvm1", StartDomain{…}, {1})`.
struct PlanWriter {
  Plan plan = [] {
    Plan empty;
    empty.lineage = kLineage;
    return empty;
  }();

  int add(const std::string& address, const std::string& host, ActionDetail detail, std::vector<int> needs = {}) {
    const int id = static_cast<int>(plan.actions.size()) + 1;
    plan.actions.push_back({id, address, host, std::move(needs), std::move(detail)});
    return id;
  }
  int start(const std::string& address, const std::string& host, std::vector<int> needs = {}) {
    return add(address, host, StartDomain{uuid_of(address)}, std::move(needs));
  }
  int wait(const std::string& address, const std::string& host, std::vector<int> needs = {}) {
    return add(address, host, wait_for(uuid_of(address)), std::move(needs));
  }
};

inline InstanceRecord instance(const std::string& address, const std::string& host, Phase phase = Phase::claimed) {
  InstanceRecord record;
  record.address = parse_instance_address(address).value();
  record.name = domain_name("prod", record.address);
  record.uuid = uuid_of(address);
  record.host = host;
  record.phase = phase;
  record.nics = {{.network = "lan", .mac = "mac-of-" + address, .address = {}}};
  return record;
}

/// Finishes actions in the order in which they were started, or in the order of `finish_first`; each goes well unless
/// `results` says otherwise.
class ScriptedRunner final : public ActionRunner {
 public:
  std::map<int, Error> errors;            ///< By id.
  std::map<int, ActionOutcome> outcomes;  ///< By id.
  std::vector<int> finish_first;
  bool finish_nothing = false;     ///< Actions hang.
  std::function<void()> at_start;  ///< After each start.

  std::vector<Action> in_flight;
  std::map<int, ActionInput> inputs;
  std::vector<int> started;
  bool waits_cut = false;

  void start(const Action& action, ActionInput input) override {
    started.push_back(action.id);
    in_flight.push_back(action);
    inputs[action.id] = std::move(input);
    if (at_start) at_start();
  }
  std::variant<ActionFinished, NothingYet> wait(Instant /*until*/, EventSink& /*sink*/) override {
    if (finish_nothing || in_flight.empty()) return NothingYet{};
    auto next = in_flight.begin();
    for (const int id : finish_first) {
      const auto found = std::find_if(in_flight.begin(), in_flight.end(), [id](const Action& a) { return a.id == id; });
      if (found == in_flight.end()) continue;
      next = found;
      break;
    }
    const Action action = *next;
    in_flight.erase(next);
    if (const auto error = errors.find(action.id); error != errors.end())
      return ActionFinished{action.id, error->second};
    return ActionFinished{action.id, outcomes[action.id]};
  }
  void cut_waits_short() override { waits_cut = true; }
  void cut_wait_short(int /*id*/) override {}

  int running_on(const std::string& host) const {
    return static_cast<int>(
        std::count_if(in_flight.begin(), in_flight.end(), [&](const Action& a) { return a.host == host; }));
  }
};

/// What a view would be told, as words: "started 1", "done 1", "failed 2", "skipped 3 because of 2".
class EventWords final : public EventSink {
 public:
  std::vector<std::string> words;

  void on_event(const RunEvent& event) override { std::visit(*this, event.what); }
  void operator()(const RunStarted& run) { words.push_back(fmt::format("run of {}", run.actions)); }
  void operator()(const ActionStarted& action) { words.push_back(fmt::format("started {}", action.id)); }
  void operator()(const TransferProgress& action) { words.push_back(fmt::format("transfer {}", action.id)); }
  void operator()(const GateProgress& action) { words.push_back(fmt::format("gate {}", action.id)); }
  void operator()(const ActionDone& action) { words.push_back(fmt::format("done {}", action.id)); }
  void operator()(const ActionFailed& action) { words.push_back(fmt::format("failed {}", action.id)); }
  void operator()(const ActionSkipped& action) {
    words.push_back(fmt::format("skipped {} because of {}", action.id, action.because_of));
  }
  void operator()(const Stopping& stopping) { words.push_back(fmt::format("stopping, {} running", stopping.running)); }
};

/// Everything that a run needs, to set up before and look at afterwards.
struct ScriptedRun {
  MemoryStateStore store{kLineage};
  ScriptedRunner runner;
  VirtualClock clock;
  EventWords events;
  ExecutionLimits limits;
  std::function<StopRequest()> stop_request = [] { return StopRequest::none; };

  RunSummary execute(const Plan& plan) {
    return vscale::execute(plan, store.state_, limits, "run-1", {store, runner, clock, events, stop_request});
  }
};

}  // namespace vscale::test
