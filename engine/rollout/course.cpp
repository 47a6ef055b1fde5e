#include "engine/rollout/course.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/desired/spec_hash.h"

namespace vscale {
namespace {

using Revisions = std::map<std::int64_t, RevisionRecord>;

bool is_of(const RevisionRecord& revision, const std::string& hash) {
  return !hash.empty() && is_current_spec_hash(revision.spec_hash) &&
         fields_that_differ(revision.spec_hash, hash).empty();
}

/// An image that has left the file is no obstacle: its copies are on the hosts.
bool is_usable(const RevisionRecord& revision, const Config& config) {
  const Template& made = revision.made_of;
  const auto has_disk = [&](const DataDisk& disk) { return find_storage(config, disk.storage) != nullptr; };
  const auto has_network = [&](const NicSpec& nic) { return find_network(config, nic.network) != nullptr; };
  return find_storage(config, made.storage) != nullptr && std::all_of(made.disks.begin(), made.disks.end(), has_disk) &&
         std::all_of(made.networks.begin(), made.networks.end(), has_network);
}

class Judge {
 public:
  explicit Judge(const CourseInput& input) : input_(input) {
    static const Revisions kNone;
    const RecordedState& recorded = input.recorded;
    const auto revisions = recorded.revisions.find(input.recorded_as);
    revisions_ = revisions == recorded.revisions.end() ? &kNone : &revisions->second;
    if (const auto group = recorded.groups.find(input.recorded_as); group != recorded.groups.end()) {
      record_ = &group->second;
    }
    if (const auto rollout = recorded.rollouts.find(input.recorded_as); rollout != recorded.rollouts.end()) {
      rollout_ = &rollout->second;
    }
    if (const auto intent = recorded.rollout_intents.find(input.recorded_as);
        intent != recorded.rollout_intents.end()) {
      intent_ = &intent->second;
    }
    course_.wanted = wanted_number();
    if (const auto known = revisions_->find(course_.wanted); known != revisions_->end()) wanted_ = &known->second;
  }

  Course judge() {
    course_.is_overruled = is_overruled();
    course_.failures = failures_of(course_.wanted);
    if (is_condemned()) return go_back(why_condemned());
    if (is_aborted()) {
      course_.is_aborted = true;
      return stop(why_aborted());
    }
    if (is_paused()) return pause();
    const int failures = course_.failures;
    const int allowed = input_.group.update.max_failures;
    if (failures <= allowed) return course_;
    course_.failure = rollout_->failure;
    const std::string why = fmt::format("{} failed, {} allowed", failures, allowed);
    switch (input_.group.update.on_failure) {
      case Update::OnFailure::proceed:
        return course_;
      case Update::OnFailure::pause:
        return stop(why);
      case Update::OnFailure::rollback:
        return go_back(why);
    }
    VSCALE_ASSERT(false, "a failure that nothing follows from");
  }

 private:
  /// Numbers are given once: what the file had before, and has again, is known by its own.
  [[nodiscard]] std::int64_t wanted_number() const {
    for (auto at = revisions_->rbegin(); at != revisions_->rend(); ++at) {
      if (is_of(at->second, input_.spec_hash)) return at->first;
    }
    if (record_ == nullptr) return 1;
    const bool is_comparable = is_current_spec_hash(record_->spec_hash) && !input_.spec_hash.empty();
    if (!is_comparable || fields_that_differ(record_->spec_hash, input_.spec_hash).empty()) return record_->revision;
    const std::int64_t newest = revisions_->empty() ? 0 : revisions_->rbegin()->first;
    return std::max(newest, record_->revision) + 1;
  }

  [[nodiscard]] bool said(RolloutIntent::Kind kind) const { return intent_ != nullptr && intent_->kind == kind; }
  [[nodiscard]] bool said_of_wanted(RolloutIntent::Kind kind) const {
    return said(kind) && intent_->revision == course_.wanted && !input_.force;
  }

  /// By --force: what was rolled back or given up, and nothing else, begins anew.
  [[nodiscard]] bool is_overruled() const {
    const bool judged = wanted_ != nullptr && wanted_->verdict != RevisionRecord::Verdict::wanted;
    const bool given_up = intent_ != nullptr && intent_->revision == course_.wanted &&
                          (said(RolloutIntent::Kind::abort) || said(RolloutIntent::Kind::undo));
    return input_.force && (judged || given_up);
  }

  [[nodiscard]] int failures_of(std::int64_t target) const {
    if (rollout_ == nullptr || rollout_->to != target) return 0;
    const bool forgives =
        intent_ != nullptr && intent_->revision == target &&
        (intent_->kind == RolloutIntent::Kind::resume || intent_->kind == RolloutIntent::Kind::promote);
    const int forgiven = forgives ? intent_->failures : 0;
    return is_overruled() ? 0 : std::max(0, rollout_->failures - forgiven);
  }

  [[nodiscard]] std::string by_operator(const char* what) const {
    std::string text = fmt::format("{} by {}", what, intent_->by);
    if (!intent_->reason.empty()) text += ": " + intent_->reason;
    return text;
  }

  [[nodiscard]] bool has_verdict(RevisionRecord::Verdict verdict) const {
    return wanted_ != nullptr && wanted_->verdict == verdict && !input_.force;
  }
  [[nodiscard]] bool is_condemned() const {
    return has_verdict(RevisionRecord::Verdict::rolled_back) || said_of_wanted(RolloutIntent::Kind::undo);
  }
  [[nodiscard]] std::string why_condemned() const {
    return has_verdict(RevisionRecord::Verdict::rolled_back) ? wanted_->why : by_operator("undone");
  }
  [[nodiscard]] bool is_aborted() const {
    return has_verdict(RevisionRecord::Verdict::aborted) || said_of_wanted(RolloutIntent::Kind::abort);
  }
  [[nodiscard]] std::string why_aborted() const {
    return has_verdict(RevisionRecord::Verdict::aborted) ? wanted_->why : by_operator("aborted");
  }

  [[nodiscard]] const RevisionRecord* way_back() const {
    return vscale::way_back(input_.recorded, input_.recorded_as, course_.wanted, input_.config);
  }

  Course go_back(std::string why) {
    course_.why = std::move(why);
    const RevisionRecord* stable = way_back();
    if (stable == nullptr) {
      course_.can_go_back = false;
      course_.kind = Course::Kind::stopped;
      return course_;
    }
    course_.made_of = stable;
    course_.kind = Course::Kind::back;
    course_.was_going_back = true;
    if (is_paused()) return pause();
    if (said(RolloutIntent::Kind::abort) && intent_->revision == stable->number) {
      course_.kind = Course::Kind::stopped;
      course_.why = by_operator("aborted on its way back");
      return course_;
    }
    const int failures = failures_of(stable->number);
    if (failures > input_.group.update.max_failures && input_.group.update.on_failure != Update::OnFailure::proceed) {
      course_.kind = Course::Kind::stopped;
      course_.failures = failures;
      course_.failure = rollout_->failure;
      course_.why = fmt::format("the way back has failed, too: {} failed, {} allowed", failures,
                                input_.group.update.max_failures);
    }
    return course_;
  }

  Course stop(std::string why) {
    course_.kind = Course::Kind::stopped;
    course_.why = std::move(why);
    course_.made_of = stable_instead();
    return course_;
  }

  /// What a rolling update does and is suspended; nullptr: nothing.
  [[nodiscard]] const Suspension* suspension() const {
    using Process = Suspension::Process;
    const auto& all = input_.recorded.words.suspensions;
    for (const Process process : {Process::update, Process::launch, Process::terminate}) {
      const auto found = all.find({input_.recorded_as, process});
      if (found != all.end() && (!found->second.until || input_.now < *found->second.until)) return &found->second;
    }
    return nullptr;
  }
  [[nodiscard]] bool is_paused() const { return said(RolloutIntent::Kind::pause) || suspension() != nullptr; }

  Course pause() {
    course_.kind = Course::Kind::paused;
    const Suspension* suspended = suspension();
    if (suspended != nullptr) course_.suspended = suspended->process;
    course_.why = suspended != nullptr
                      ? fmt::format("paused: {} is suspended by {}", to_string(suspended->process), suspended->said.by)
                      : by_operator("paused");
    if (course_.made_of == nullptr) course_.made_of = stable_instead();
    return course_;
  }

  /// What is missing meanwhile is made of; nullptr: of what the file has, which is the stable one itself.
  [[nodiscard]] const RevisionRecord* stable_instead() const {
    const bool is_stable = record_ != nullptr && record_->stable == course_.wanted;
    return is_stable ? nullptr : way_back();
  }

  const CourseInput& input_;
  const Revisions* revisions_ = nullptr;
  const GroupRecord* record_ = nullptr;
  const RolloutRecord* rollout_ = nullptr;
  const RolloutIntent* intent_ = nullptr;
  const RevisionRecord* wanted_ = nullptr;  ///< The file's revision, if it is recorded.
  Course course_;
};

}  // namespace

const RevisionRecord* way_back(const RecordedState& recorded, const std::string& recorded_as, std::int64_t from,
                               const Config& config) {
  const auto revisions = recorded.revisions.find(recorded_as);
  if (revisions == recorded.revisions.end()) return nullptr;
  const auto group = recorded.groups.find(recorded_as);
  const std::int64_t stable = group == recorded.groups.end() ? 0 : group->second.stable;
  const RevisionRecord* best = nullptr;
  for (const auto& [number, revision] : revisions->second) {
    const bool is_good = revision.completed_at && revision.verdict == RevisionRecord::Verdict::wanted;
    if (!is_good || number == from || !is_current_spec_hash(revision.spec_hash)) continue;
    if (!is_usable(revision, config)) continue;
    if (number == stable) return &revision;
    if (best == nullptr || *revision.completed_at > *best->completed_at) best = &revision;
  }
  return best;
}

Course course_of(const CourseInput& input) {
  return Judge(input).judge();
}

Group made_of(const Group& group, const RevisionRecord& revision) {
  Group made = group;
  const Template& wanted = group.instance;
  Template& instance = made.instance;
  instance = revision.made_of;
  instance.vcpus = wanted.vcpus;
  instance.max_vcpus = wanted.max_vcpus;
  instance.memory_bytes = wanted.memory_bytes;
  instance.max_memory_bytes = wanted.max_memory_bytes;
  // What is there of it does not shrink, whatever the file has by now.
  const std::uint64_t had = instance.disk_bytes != 0 ? instance.disk_bytes : revision.image.virtual_size_bytes;
  if (wanted.disk_bytes != 0) instance.disk_bytes = std::max(wanted.disk_bytes, had);
  instance.cloud_init.ssh_keys = wanted.cloud_init.ssh_keys;
  instance.cloud_init.seed = wanted.cloud_init.seed;
  instance.network_mbps = wanted.network_mbps;
  for (auto& disk : instance.disks) {
    for (const auto& now : wanted.disks) {
      if (now.name != disk.name) continue;
      disk.size_bytes = std::max(disk.size_bytes, now.size_bytes);
      disk.keep = now.keep;
    }
  }
  return made;
}

}  // namespace vscale
