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

/// What new instances are made of: the file's template, or that of a revision which it goes back to or stays with.
void decide_course(Planning& planning, GroupPlan& plan) {
  plan.course = course_of({.config = planning.config,
                           .group = *plan.group,
                           .spec_hash = plan.spec_hash,
                           .recorded = planning.input.recorded,
                           .recorded_as = planning.recorded_address(plan.address),
                           .force = planning.input.options.force,
                           .now = planning.input.now});
  plan.revision = plan.course.target();
  const RevisionRecord* revision = plan.course.made_of;
  if (revision == nullptr) return;
  plan.group = &planning.made_groups.emplace_back(made_of(*plan.group, *revision));
  plan.lock = &revision->image;
  plan.spec_hash = spec_hash(plan.group->instance, revision->image.digest);
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
  if (!planning.input.options.destroy) decide_course(planning, plan);
}

/// What a person may do about a rollout that has stopped: only what is not refused.
std::string ways_on_of_stopped(const Course& course, const std::string& name) {
  if (course.is_aborted) {
    return fmt::format("change the template; or, to try the same again: --force; or go back: vscale rollout undo {}",
                       name);
  }
  std::string ways = fmt::format("mend the template and apply; or go on: vscale rollout resume {}", name);
  if (!course.was_going_back && course.can_go_back) ways += fmt::format("; or go back: vscale rollout undo {}", name);
  return ways;
}

/// A person learns why the file is not followed.
void report_course(Planning& planning, const GroupPlan& plan) {
  const Course& course = plan.course;
  if (course.kind == Course::Kind::forward || planning.input.options.destroy) return;
  const std::string name = plan.group->name;
  const std::string failure = course.failure.empty() ? "" : ": " + course.failure;
  const std::string place = place_of(*plan.group, "update");
  switch (course.kind) {
    case Course::Kind::forward:
      return;
    case Course::Kind::back:
      return planning.warn("rolled_back",
                           fmt::format("{}: revision {} is not rolled out ({}{}); it is, or goes back to, revision {}",
                                       plan.address, course.wanted, course.why, failure, course.target()),
                           "change the template; or, to try the same again: --force", place);
    case Course::Kind::stopped:
      return planning.warn(
          "rollout_stopped",
          fmt::format("{}: the rollout of revision {} has stopped ({}{}){}", plan.address, course.wanted, course.why,
                      failure, course.can_go_back ? "" : "; there is no completed revision to go back to"),
          ways_on_of_stopped(course, name), place);
    case Course::Kind::paused:
      return planning.warn("rollout_paused", fmt::format("{}: the rollout is {}", plan.address, course.why),
                           course.suspended
                               ? fmt::format("go on: vscale resume {} {}", name, to_string(*course.suspended))
                               : fmt::format("go on: vscale rollout resume {}", name),
                           place);
  }
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
      report_course(planning, plan);
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
