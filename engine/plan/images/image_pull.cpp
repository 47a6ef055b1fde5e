#include "engine/plan/images/image_pull.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "engine/plan/graph_builder.h"
#include "engine/plan/images/image_volume.h"

namespace vscale {
namespace {

const LivePool* find_pool(const HostSnapshot& snapshot, const std::string& name) {
  const auto found = std::find_if(snapshot.pools.begin(), snapshot.pools.end(),
                                  [&](const LivePool& pool) { return pool.name == name; });
  return found == snapshot.pools.end() ? nullptr : &*found;
}

/// A copy that the record has and the pool does not is not there: somebody deleted it. In a shared pool it is there for
/// every host, whichever one it was sent through.
bool has_copy(const RecordedState& recorded, const LivePool* pool, const Storage& storage, const std::string& host,
              const std::string& digest) {
  if (pool == nullptr) return false;
  return std::any_of(recorded.image_copies.begin(), recorded.image_copies.end(), [&](const ImageCopyRecord& copy) {
    const bool in_pool = copy.pool == pool->name && copy.digest == digest && (storage.shared || copy.host == host);
    return in_pool && (!pool->active || pool->volumes.count(copy.volume) != 0);
  });
}

class PullPlanner {
 public:
  PullPlanner(const RecordedState& recorded, const Live& live, Plan& plan)
      : recorded_(recorded), live_(live), plan_(plan) {}

  void bring(const ImageLock& lock, const Storage& storage, const std::string& host) {
    const std::string where = storage.shared ? "" : host;  // one copy serves all that share a pool
    if (done_.count({lock.digest, storage.pool, where}) != 0) return;
    const HostView& view = live_.at(host);
    if (!view.snapshot) {
      leave(host, view);  // the next one that shares the pool may still take it
      return;
    }
    done_.emplace(lock.digest, storage.pool, where);
    const LivePool* pool = find_pool(*view.snapshot, storage.pool);
    if (has_copy(recorded_, pool, storage, host, lock.digest)) return;
    std::vector<int> needs;
    if (pool == nullptr || !pool->active) {
      needs.push_back(graph_.add("storage." + storage.name, host, {}, EnsurePool{storage.pool, storage.path}));
    }
    graph_.add("image." + lock.image, host, needs,
               UploadImage{lock, storage.pool, image_volume_name(recorded_.lineage, lock)});
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
  PullPlanner planner(recorded, live, plan);
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
