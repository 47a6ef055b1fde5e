#include "engine/execution/slots.h"

#include <utility>
#include <variant>

#include "engine/execution/record_changes.h"

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

/// It does nothing to any host, and lasts long: it keeps nobody from beginning.
bool rests(const Action& action) {
  return std::holds_alternative<WatchRollout>(action.detail);
}

bool needs_no_slot(const Action& action) {
  return only_changes_record(action) || only_orders(action) || rests(action);
}

SlotUse use_of(const Action& action) {
  using What = SlotUse::What;
  return {action.host, is_upload(action) ? What::upload : is_start(action) ? What::start : What::other};
}

int count(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Slots::Slots(const Plan& plan, const ExecutionLimits& limits, std::shared_ptr<SlotCounts> counts)
    : limits_(limits), counts_(std::move(counts)) {
  std::map<std::string, int> last_start;  // by the instance's address
  for (const auto& action : plan.actions) {
    if (is_start(action)) last_start[action.address] = action.id;
    if (!is_gate(action)) continue;
    const auto start = last_start.find(action.address);
    if (start != last_start.end()) gate_of_start_.emplace(start->second, action.id);
  }
}

Slots::~Slots() {
  for (const auto& [gate, host] : booting_by_gate_) --counts_->booting[host];
}

bool Slots::free_for(const SlotUse& use) const {
  if (!use.host.empty() && count(counts_->on_host, use.host) >= limits_.per_host) return false;
  switch (use.what) {
    case SlotUse::What::upload:
      return count(counts_->uploading, use.host) < limits_.uploads_per_host;
    case SlotUse::What::start:
      return count(counts_->booting, use.host) < limits_.booting_per_host;
    case SlotUse::What::other:
      return true;
  }
  VSCALE_ASSERT(false, "a slot for nothing");
}

bool Slots::free_in(const std::string& group) const {
  return group.empty() || count(counts_->in_group, group) < limits_.per_group;
}

void Slots::take(const Action& action) {
  if (rests(action)) return;
  ++counts_->in_flight;
  ++counts_->on_host[action.host];
  ++counts_->in_group[group_of(action)];
  if (is_upload(action)) ++counts_->uploading[action.host];
  if (is_start(action)) ++counts_->booting[action.host];
}

void Slots::ended(const Action& action, bool well) {
  if (rests(action)) return;
  --counts_->in_flight;
  --counts_->on_host[action.host];
  --counts_->in_group[group_of(action)];
  if (is_upload(action)) --counts_->uploading[action.host];
  if (is_gate(action)) end_booting(action.id);
  if (!is_start(action)) return;
  const auto gate = gate_of_start_.find(action.id);
  const bool gate_comes = well && gate != gate_of_start_.end() && gates_gone_.count(gate->second) == 0;
  if (gate_comes) {
    booting_by_gate_[gate->second] = action.host;
  } else {
    --counts_->booting[action.host];
  }
}

void Slots::skipped(const Action& action) {
  if (is_gate(action)) end_booting(action.id);
}

void Slots::end_booting(int gate_id) {
  gates_gone_.insert(gate_id);
  const auto booting = booting_by_gate_.find(gate_id);
  if (booting == booting_by_gate_.end()) return;
  --counts_->booting[booting->second];
  booting_by_gate_.erase(booting);
}

void ReadyActions::add(const Action& action) {
  all_.insert(action.id);
  if (needs_no_slot(action)) {
    without_slot_.insert(action.id);
    return;
  }
  Line& line = lines_[use_of(action)];
  const std::string group = group_of(action);
  std::set<int>& ids = line.by_group[group];
  if (!ids.empty()) line.first_of_groups.erase({*ids.begin(), group});
  ids.insert(action.id);
  line.first_of_groups.insert({*ids.begin(), group});
}

void ReadyActions::remove(const Action& action) {
  if (all_.erase(action.id) == 0 || without_slot_.erase(action.id) != 0) return;
  Line& line = lines_[use_of(action)];
  const std::string group = group_of(action);
  std::set<int>& ids = line.by_group[group];
  line.first_of_groups.erase({*ids.begin(), group});
  ids.erase(action.id);
  if (ids.empty()) {
    line.by_group.erase(group);
  } else {
    line.first_of_groups.insert({*ids.begin(), group});
  }
}

std::optional<int> ReadyActions::Line::first_free(const Slots& slots) const {
  for (const auto& [id, group] : first_of_groups) {
    if (slots.free_in(group)) return id;
  }
  return std::nullopt;
}

std::optional<int> ReadyActions::first_free(const Slots& slots) const {
  std::optional<int> first;
  if (!without_slot_.empty()) first = *without_slot_.begin();
  if (!slots.any_free()) return first;
  for (const auto& [use, line] : lines_) {
    if (!slots.free_for(use)) continue;
    const auto id = line.first_free(slots);
    if (id && (!first || *id < *first)) first = id;
  }
  return first;
}

}  // namespace vscale
