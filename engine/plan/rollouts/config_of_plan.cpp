#include "engine/plan/rollouts/config_of_plan.h"

#include "engine/desired/spec_hash.h"
#include "engine/rollout/course.h"

namespace vscale {
namespace {

/// What the plan makes instances of, or rolls out: a spec hash and its image's digest.
struct MadeOf {
  std::string spec_hash, image_digest;
};

/// By group.
std::map<std::string, MadeOf> made_by(const Plan& plan) {
  std::map<std::string, MadeOf> made;
  for (const auto& action : plan.actions) {
    if (const auto* claim = std::get_if<ClaimInstance>(&action.detail)) {
      const InstanceRecord& instance = claim->instance;
      made.emplace(group_address(instance.address), MadeOf{instance.spec_hash, instance.image_digest});
    }
    if (const auto* begin = std::get_if<BeginRollout>(&action.detail)) {
      made.emplace(action.address, MadeOf{begin->revision.spec_hash, begin->revision.image.digest});
    }
  }
  return made;
}

/// By what it says, not by whose it is: a group that is moved has its revisions under another address still.
const RevisionRecord* revision_with(const std::string& hash, const RecordedState& recorded) {
  for (const auto& [group, revisions] : recorded.revisions) {
    for (const auto& [number, revision] : revisions) {
      if (revision.spec_hash == hash) return &revision;
    }
  }
  return nullptr;
}

/// Where it is read from, its lock says.
void know_image(Config& config, const ImageLock& lock) {
  if (find_image(config, lock.image) != nullptr) return;
  config.images.emplace_back().name = lock.image;
}

}  // namespace

Config config_of_plan(Config config, const Plan& plan, const RecordedState& recorded) {
  const auto made = made_by(plan);
  for (auto& group : config.groups) {
    const auto of = made.find(address_of(group));
    if (of == made.end()) continue;
    const RevisionRecord* revision = revision_with(of->second.spec_hash, recorded);
    if (revision != nullptr) know_image(config, revision->image);
    const bool is_of_file = of->second.spec_hash == spec_hash(group.instance, of->second.image_digest);
    if (!is_of_file && revision != nullptr) group = made_of(group, *revision);
  }
  return config;
}

Plan with_templates(Plan plan, const Config& config_of_plan) {
  const auto fill = [&](RevisionRecord& revision) {
    const Group* group = find_group(config_of_plan, revision.group);
    const bool is_it = group != nullptr && spec_hash(group->instance, revision.image.digest) == revision.spec_hash;
    if (is_it) revision.made_of = group->instance;
  };
  for (auto& action : plan.actions) {
    if (auto* begin = std::get_if<BeginRollout>(&action.detail)) fill(begin->revision);
    if (auto* claim = std::get_if<ClaimInstance>(&action.detail); claim != nullptr && claim->revision) {
      fill(*claim->revision);
    }
    if (auto* end = std::get_if<EndRollout>(&action.detail); end != nullptr && end->created) fill(*end->created);
  }
  return plan;
}

}  // namespace vscale
