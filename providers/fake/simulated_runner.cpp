#include "providers/fake/simulated_runner.h"

#include <algorithm>
#include <utility>

namespace vscale {

SimulatedRunner::SimulatedRunner(std::uint64_t seed, const Config& config, WorldPorts ports)
    : random_(seed), config_(config), ports_(ports) {}

void SimulatedRunner::start(const Action& action, ActionInput input) {
  started_.push_back({action, std::move(input)});
  count(action, +1);
}

std::variant<ActionFinished, NothingYet> SimulatedRunner::wait(Instant until, EventSink& sink) {
  if (started_.empty()) {
    ports_.clock.sleep_until(until);
    return NothingYet{};
  }
  const auto picked = started_.begin() + static_cast<std::ptrdiff_t>(random_() % started_.size());
  const Started next = std::move(*picked);
  started_.erase(picked);
  auto result = perform(
      next.action, next.input, config_, ports_, [&sink](const RunEvent& event) { sink.on_event(event); },
      [this, id = next.action.id] { return waits_cut_ || cut_.count(id) != 0; });
  count(next.action, -1);
  // A start that went well keeps its instance booting until the gates have been waited for.
  const bool boot_over = std::holds_alternative<WaitForGates>(next.action.detail) ||
                         (std::holds_alternative<StartDomain>(next.action.detail) && !result);
  if (boot_over) booting_[next.action.host].erase(next.action.address);
  return ActionFinished{next.action.id, std::move(result)};
}

void SimulatedRunner::count(const Action& action, int by) {
  const auto instance = parse_instance_address(action.address);
  on_host_[action.host] += by;
  if (instance) in_group_[group_address(*instance)] += by;
  if (std::holds_alternative<UploadImage>(action.detail)) uploading_[action.host] += by;
  if (std::holds_alternative<StartDomain>(action.detail)) booting_[action.host][action.address] = 1;
  peak_.parallel = std::max(peak_.parallel, static_cast<int>(started_.size()));
  peak_.per_host = std::max(peak_.per_host, on_host_[action.host]);
  if (instance) peak_.per_group = std::max(peak_.per_group, in_group_[group_address(*instance)]);
  peak_.uploads_per_host = std::max(peak_.uploads_per_host, uploading_[action.host]);
  peak_.booting_per_host = std::max(peak_.booting_per_host, static_cast<int>(booting_[action.host].size()));
}

}  // namespace vscale
