#include "engine/execution/slots.h"

#include <variant>

namespace vscale {
namespace {

/// `group.web` for `group.web[2]`; empty for what belongs to no group, such as an image.
std::string group_of(const Action& action) {
  const auto instance = parse_instance_address(action.address);
  return instance ? group_address(*instance) : std::string();
}

bool is_start(const Action& action) {
  return std::holds_alternative<StartDomain>(action.detail);
}
bool is_gate(const Action& action) {
  return std::holds_alternative<WaitForGates>(action.detail);
}
bool is_upload(const Action& action) {
  return std::holds_alternative<UploadImage>(action.detail);
}

int count(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Slots::Slots(const Plan& plan, const ExecutionLimits& limits) : limits_(limits) {
  std::map<std::string, int> last_start;  // by the instance's address
  for (const auto& action : plan.actions) {
    if (is_start(action)) last_start[action.address] = action.id;
    if (!is_gate(action)) continue;
    const auto start = last_start.find(action.address);
    if (start != last_start.end()) gate_of_start_.emplace(start->second, action.id);
  }
}

bool Slots::free_for(const Action& action) const {
  if (in_flight_ >= limits_.parallel) return false;
  if (!action.host.empty() && count(on_host_, action.host) >= limits_.per_host) return false;
  const std::string group = group_of(action);
  if (!group.empty() && count(in_group_, group) >= limits_.per_group) return false;
  if (is_upload(action) && count(uploading_, action.host) >= limits_.uploads_per_host) return false;
  return !is_start(action) || count(booting_, action.host) < limits_.booting_per_host;
}

void Slots::take(const Action& action) {
  ++in_flight_;
  ++on_host_[action.host];
  ++in_group_[group_of(action)];
  if (is_upload(action)) ++uploading_[action.host];
  if (is_start(action)) ++booting_[action.host];
}

void Slots::ended(const Action& action, bool well) {
  --in_flight_;
  --on_host_[action.host];
  --in_group_[group_of(action)];
  if (is_upload(action)) --uploading_[action.host];
  if (is_gate(action)) end_booting(action.id);
  if (!is_start(action)) return;
  const auto gate = gate_of_start_.find(action.id);
  const bool gate_comes = well && gate != gate_of_start_.end() && gates_gone_.count(gate->second) == 0;
  if (gate_comes) {
    booting_by_gate_[gate->second] = action.host;
  } else {
    --booting_[action.host];
  }
}

void Slots::skipped(const Action& action) {
  if (is_gate(action)) end_booting(action.id);
}

void Slots::end_booting(int gate_id) {
  gates_gone_.insert(gate_id);
  const auto booting = booting_by_gate_.find(gate_id);
  if (booting == booting_by_gate_.end()) return;
  --booting_[booting->second];
  booting_by_gate_.erase(booting);
}

}  // namespace vscale
