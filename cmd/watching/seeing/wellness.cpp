#include "cmd/watching/seeing/wellness.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "cmd/status.h"
#include "engine/gates/gate_tries.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

/// How often the answers are looked for while they are awaited.
constexpr Duration kAnswerPoll{20};

/// A question by itself: whom, what, and by which means. It may outlive whoever asked.
struct Question {
  InstanceRecord instance;
  std::string lineage;
  std::vector<Gate> gates;
  HostPorts hosts;
  std::shared_ptr<NetworkProbe> probe;
  std::shared_ptr<Clock> clock;
};

std::string found_text(const Gate& gate, const std::string& found) {
  return fmt::format("{}: {}", show(gate), found);
}

/// Nothing: nothing is known, as where its host does not answer, or has no room to ask it while others there hang.
std::optional<Wellness> answer_to(const Question& question) {
  const InstanceRecord& instance = question.instance;
  const GateSubject subject{.address = to_string(instance.address),
                            .name = instance.name,
                            .domain = {.host = instance.host, .uuid = instance.uuid, .lineage = question.lineage},
                            .started_at = instance.started_at};
  GateTries tries(subject, instance.nics,
                  {.domains = *question.hosts.domains,
                   .guests = *question.hosts.guests,
                   .probe = *question.probe,
                   .clock = *question.clock});
  for (const auto& gate : question.gates) {
    const auto answer = tries.attempt(gate, Duration::max() / 2);
    if (std::holds_alternative<GateTries::Passed>(answer)) continue;
    if (const auto* not_yet = std::get_if<GateTries::NotYet>(&answer)) {
      if (not_yet->host_silent) return std::nullopt;
      return Wellness{instance.uuid, false, found_text(gate, not_yet->found)};
    }
    return Wellness{instance.uuid, false, found_text(gate, std::get<GateTries::Never>(answer).error.message)};
  }
  return Wellness{instance.uuid, true, ""};
}

bool is_asked_from_here(const Gate& gate) {
  return gate.kind != Gate::Kind::check_in && gate.kind != Gate::Kind::k8s_node && gate.kind != Gate::Kind::domain &&
         gate.kind != Gate::Kind::cloud_init;
}

std::set<std::string> groups_with_gates(const Config& config) {
  std::set<std::string> groups;
  for (const auto& group : config.groups) {
    if (!gates_of_wellness(group).empty()) groups.insert(address_of(group));
  }
  return groups;
}

}  // namespace

std::vector<Gate> gates_of_wellness(const Group& group) {
  std::vector<Gate> gates;
  for (const auto& gate : group.health.gates) {
    const bool is_liveness = gate.kind == Gate::Kind::agent;
    if (is_liveness || (group.health.heal.when == Heal::When::readiness && is_asked_from_here(gate))) {
      gates.push_back(gate);
    }
  }
  return gates;
}

struct WellnessLooks::Shared {
  std::mutex mutex;
  std::set<InstanceAddress> in_flight;
  std::map<InstanceAddress, Wellness> answered;
};

WellnessLooks::WellnessLooks(HostPorts hosts, std::shared_ptr<NetworkProbe> probe, std::shared_ptr<Clock> clock,
                             std::function<bool(std::function<void()>)> in_background)
    : hosts_(std::move(hosts)),
      probe_(std::move(probe)),
      clock_(std::move(clock)),
      in_background_(std::move(in_background)),
      shared_(std::make_shared<Shared>()) {}

void WellnessLooks::begin(const Group& group, const InstanceRecord& instance, const std::string& lineage) {
  asked_at_[instance.address] = clock_->uptime();
  {
    const std::lock_guard guard(shared_->mutex);
    shared_->in_flight.insert(instance.address);
  }
  const Question question{instance, lineage, gates_of_wellness(group), hosts_, probe_, clock_};
  const bool begun = in_background_([question, shared = shared_] {
    const auto answer = answer_to(question);
    const std::lock_guard guard(shared->mutex);
    shared->in_flight.erase(question.instance.address);
    if (answer) shared->answered[question.instance.address] = *answer;
  });
  if (begun) return;
  const std::lock_guard guard(shared_->mutex);
  shared_->in_flight.erase(instance.address);
}

std::vector<const InstanceAddress*> WellnessLooks::in_turn(const RecordedState& recorded,
                                                           const std::vector<InstanceAddress>& asked) const {
  std::vector<std::tuple<bool, Duration, const InstanceAddress*>> order;
  for (const auto& address : asked) {
    const auto last = asked_at_.find(address);
    order.emplace_back(!is_failing(recorded, address), last == asked_at_.end() ? Duration::min() : last->second,
                       &address);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& left, const auto& right) {
    return std::tie(std::get<0>(left), std::get<1>(left)) < std::tie(std::get<0>(right), std::get<1>(right));
  });
  std::vector<const InstanceAddress*> addresses;
  for (const auto& [well, last, address] : order) addresses.push_back(address);
  return addresses;
}

std::map<InstanceAddress, Wellness> WellnessLooks::look(const Config& config, const RecordedState& recorded,
                                                        const std::vector<InstanceAddress>& asked) {
  std::map<InstanceAddress, Wellness> well;
  std::vector<InstanceAddress> to_ask;
  const std::set<std::string> with_gates = groups_with_gates(config);
  for (const auto& address : asked) {
    const std::string group = group_address(address);
    if (find_group(config, group) == nullptr) continue;
    if (with_gates.contains(group)) {
      to_ask.push_back(address);
    } else {
      well.emplace(address, Wellness{recorded.instances.at(address).uuid, true, ""});
    }
  }
  std::erase_if(asked_at_, [&](const auto& entry) { return !recorded.instances.contains(entry.first); });
  ask(config, recorded, to_ask);
  await();
  const std::lock_guard guard(shared_->mutex);
  well.merge(std::exchange(shared_->answered, {}));
  return well;
}

std::set<InstanceAddress> WellnessLooks::in_flight() const {
  const std::lock_guard guard(shared_->mutex);
  return shared_->in_flight;
}

void WellnessLooks::ask(const Config& config, const RecordedState& recorded,
                        const std::vector<InstanceAddress>& to_ask) {
  std::set<InstanceAddress> waiting = in_flight();
  for (const InstanceAddress* address : in_turn(recorded, to_ask)) {
    if (waiting.size() >= kAskedAtOnce) break;
    if (!waiting.insert(*address).second) continue;
    begin(*find_group(config, group_address(*address)), recorded.instances.at(*address), recorded.lineage);
  }
}

void WellnessLooks::await() {
  const Duration until = clock_->uptime() + kAnswersAwaited;
  while (!in_flight().empty() && clock_->uptime() < until) clock_->sleep_until(clock_->now() + kAnswerPoll);
}

}  // namespace vscale
