#include "engine/plan/images/image_pull.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "engine/plan/graph_builder.h"
#include "engine/plan/images/image_copies.h"
#include "engine/plan/images/image_volume.h"

namespace vscale {
namespace {

/// A copy that the record has and no pool shows is not there: somebody deleted it.
bool has_copy(const RecordedState& recorded, const LiveIndex& live, const ImagePlace& place,
              const std::string& digest) {
  return std::any_of(recorded.image_copies.begin(), recorded.image_copies.end(), [&](const ImageCopyRecord& copy) {
    const bool is_its = copy.pool == place.pool && copy.digest == digest && (place.shared || copy.host == place.host);
    return is_its && may_be_there(copy, place, live);
  });
}

class PullPlanner {
 public:
  PullPlanner(const Config& config, const RecordedState& recorded, const Live& live, Plan& plan)
      : recorded_(recorded),
        live_(live),
        index_(live),
        unrecorded_(unrecorded_domains(recorded, config, live)),
        signs_(signs_of_sharing(config, recorded, unrecorded_, index_)),
        plan_(plan) {}

  void bring(const ImageLock& lock, const Storage& storage, const std::string& host) {
    const std::string where = storage.shared ? "" : host;  // one copy serves all that share a pool
    if (done_.count({lock.digest, storage.pool, where}) != 0) return;
    const HostView& view = live_.at(host);
    if (!view.snapshot) {
      leave(host, view);  // the next one that shares the pool may still take it
      return;
    }
    done_.emplace(lock.digest, storage.pool, where);
    const ImagePlace place{.host = host, .pool = storage.pool, .shared = storage.shared};
    if (has_copy(recorded_, index_, place, lock.digest)) return;
    std::vector<int> needs;
    const LivePool* pool = index_.pool(host, storage.pool);
    if (pool == nullptr || !pool->active) {
      needs.push_back(graph_.add("storage." + storage.name, host, {}, EnsurePool{storage.pool, storage.path}));
    }
    const bool nobody_there = nobody_stands_on(lock.digest, place, recorded_, unrecorded_, signs_, index_);
    graph_.add("image." + lock.image, host, needs,
               UploadImage{lock, storage.pool, image_volume_name(recorded_.lineage, lock), nobody_there});
  }

  void finish() { plan_.actions = graph_.take(); }

 private:
  void leave(const std::string& host, const HostView& view) {
    plan_.complete = false;
    const std::string address = "host." + host;
    const bool known = std::any_of(plan_.unknown.begin(), plan_.unknown.end(),
                                   [&](const Unknown& unknown) { return unknown.address == address; });
    if (known) return;
    plan_.unknown.push_back({address, host, view.failure ? view.failure->error.message : "no answer",
                             view.failure ? std::optional(view.failure->at) : std::nullopt});
  }

  const RecordedState& recorded_;
  const Live& live_;
  LiveIndex index_;
  std::vector<UnrecordedDomain> unrecorded_;
  std::vector<SharingSign> signs_;
  Plan& plan_;
  GraphBuilder graph_;
  std::set<std::tuple<std::string, std::string, std::string>> done_;  // digest, pool, host
};

}  // namespace

Plan plan_image_pull(const Config& config, const RecordedState& recorded, const Live& live,
                     const std::map<std::string, ImageLock>& locks, Instant now) {
  Plan plan;
  plan.name = config.name;
  plan.created_at = now;
  plan.lineage = recorded.lineage;
  plan.serial = recorded.serial;
  PullPlanner planner(config, recorded, live, plan);
  for (const auto& group : config.groups) {
    const auto lock = locks.find(group.instance.image);
    const Storage* storage = find_storage(config, group.instance.storage);
    if (lock == locks.end() || storage == nullptr) continue;
    for (const auto& host : selected_hosts(config, group.hosts)) planner.bring(lock->second, *storage, host);
  }
  planner.finish();
  assert_well_formed(plan);
  return plan;
}

}  // namespace vscale
