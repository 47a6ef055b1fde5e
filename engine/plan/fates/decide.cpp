#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "engine/desired/spec_hash.h"
#include "engine/plan/fates/fates.h"

/// Every instance's fate, from what is wanted, recorded and live. Nothing is laid out here.

namespace vscale {
namespace {

std::vector<Decision> recorded_decisions(Planning& planning, const LastSeenUp& last_seen_up, InstanceAddress::Kind kind,
                                         const std::string& name) {
  std::vector<Decision> decisions;
  auto at = planning.instances.lower_bound({kind, name, INT_MIN});
  for (; at != planning.instances.end() && at->first.kind == kind && at->first.group == name; ++at) {
    Decision decision;
    decision.address = at->first;
    decision.name = to_string(at->first);
    decision.record = at->second;
    decision.where = locate(*at->second, planning.plan.lineage, planning.config, planning.live, last_seen_up);
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

/// A new revision begins when what replaces differs from what the group was last created with.
std::int64_t revision_of(const GroupPlan& plan) {
  if (plan.record == nullptr) return 1;
  const std::string& recorded = plan.record->spec_hash;
  const bool same =
      plan.lock == nullptr || !is_current_spec_hash(recorded) || fields_that_differ(recorded, plan.spec_hash).empty();
  return same ? plan.record->revision : plan.record->revision + 1;
}

void read_group(Planning& planning, GroupPlan& plan) {
  const auto record = planning.group_records.find(plan.address);
  if (record != planning.group_records.end()) {
    plan.record = &record->second;
    plan.cursor_host = record->second.cursor_host;
  }
  if (plan.group == nullptr) return;
  const auto lock = planning.input.images.find(plan.group->instance.image);
  if (lock != planning.input.images.end()) {
    plan.lock = &lock->second;
    plan.spec_hash = spec_hash(plan.group->instance, lock->second.digest);
  }
  plan.revision = revision_of(plan);
}

bool is_of_image(const Decision& decision) {
  return decision.fate == Fate::create || decision.fate == Fate::replace || decision.fate == Fate::keep;
}

/// Of what could not be read nothing can be made, nor compared with it what there is. Groups out of scope need neither.
void refuse_unread_image(Planning& planning, GroupPlan& plan) {
  if (plan.lock != nullptr || planning.input.options.destroy) return;
  if (std::none_of(plan.decisions.begin(), plan.decisions.end(), is_of_image)) return;
  const std::string& image = plan.group->instance.image;
  const auto unread = planning.input.unread_images.find(image);
  Error why{ErrorKind::failed, fmt::format("image {} has not been read", image), {}, {}};
  if (unread != planning.input.unread_images.end()) why = unread->second;
  const std::string detail = why.detail.empty() ? "" : fmt::format(" [{}]", why.detail);
  planning.error("image_unknown", fmt::format("{}{}, and {} is made of it", why.message, detail, plan.address),
                 why.hint, template_place_of(*plan.group, "image"));
  for (auto& decision : plan.decisions) {
    const bool is_made = decision.fate == Fate::create || decision.fate == Fate::replace || decision.recreate;
    if (is_made) decision.fate = Fate::left;
  }
}

}  // namespace

void decide_fates(Planning& planning) {
  const LastSeenUp last_seen_up(planning.input.recorded, planning.live);
  for (const auto& group : planning.config.groups) {
    GroupPlan plan;
    plan.address = address_of(group);
    plan.group = &group;
    plan.decisions = recorded_decisions(planning, last_seen_up, group.kind, group.name);
    planning.groups.push_back(std::move(plan));
  }
  std::set<std::string> in_file;
  for (const auto& plan : planning.groups) in_file.insert(plan.address);
  std::string last;
  for (const auto& [address, instance] : planning.instances) {
    const std::string group = group_address(address);
    if (group == last || in_file.count(group) != 0) continue;
    last = group;
    GroupPlan plan;
    plan.address = group;
    plan.decisions = recorded_decisions(planning, last_seen_up, address.kind, address.group);
    planning.groups.push_back(std::move(plan));
  }
  for (auto& plan : planning.groups) {
    read_group(planning, plan);
    if (plan.group != nullptr) {
      decide_group_of_file(planning, plan);
      refuse_unread_image(planning, plan);
    } else {
      decide_vanished_group(planning, plan);
    }
  }
  report_lost_hosts(planning);
  report_not_followed(planning);
}

}  // namespace vscale
