#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/plan/images/image_volume.h"
#include "engine/plan/planning.h"
#include "engine/plan/rollouts/rollouts.h"

/// Image copies that nobody needs any more: older digests beyond the image's `keep`, and all of them when everything is
/// destroyed. A copy that an instance stands on is never touched, nor is one that a domain of ours may stand on which
/// is not recorded: what was forgotten runs on. Nor is any in a pool that two hosts seem to share and that the file
/// does not call shared: whoever stands on it may be recorded elsewhere.

namespace vscale {
namespace {

/// Who stands on a copy: instances that stay, and what has to be done before the others are off it.
struct Use {
  bool stays = false;
  std::vector<int> until;
};

bool leaves_its_image(const Decision& decision) {
  return decision.goes_for_good() || decision.is_replaced();
}

/// The pool of an instance's root disk.
std::string root_pool(const Planning& planning, const Decision& decision) {
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role == VolumeRecord::Role::root) return volume.pool;
  }
  return "";
}

/// The pools that may hold its root disk on this host: the recorded one, and where none is recorded though the domain
/// is there, or may be, any of them.
std::set<std::string> root_pools(const Planning& planning, const Decision& decision, const std::string& host) {
  if (const std::string recorded = root_pool(planning, decision); !recorded.empty()) return {recorded};
  std::set<std::string> pools;
  const bool may_be_there = decision.fate == Fate::left || (decision.where && decision.where->domain != nullptr);
  if (!may_be_there) return pools;
  for (const LivePool* pool : planning.live.pools(host)) pools.insert(pool->name);
  return pools;
}

/// The deletions of root disks, by the instance's address: afterwards it needs its copy no more.
std::map<std::string, int> root_deletions(const std::vector<Action>& actions) {
  std::map<std::string, int> deletions;
  for (const auto& action : actions) {
    const auto* gone = std::get_if<DeleteVolume>(&action.detail);
    if (gone != nullptr && gone->volume.role == VolumeRecord::Role::root) deletions[action.address] = action.id;
  }
  return deletions;
}

/// Where it is recorded, and where it is: it may have been moved by hand, with what it stands on, or be there twice.
std::set<std::string> hosts_of(const Decision& decision) {
  std::set<std::string> hosts{decision.record->host};
  if (!decision.where) return hosts;
  hosts.insert(decision.where->host);
  hosts.insert(decision.where->also_up.begin(), decision.where->also_up.end());
  hosts.insert(decision.where->also_off.begin(), decision.where->also_off.end());
  return hosts;
}

using Uses = std::map<ImageCopyKey, Use>;

/// What the instance stands on now.
void add_present_use(const Planning& planning, const Decision& decision, const std::map<std::string, int>& deletions,
                     Uses& used) {
  if (decision.record == nullptr) return;
  const bool stays = !leaves_its_image(decision) || root_pool(planning, decision).empty();
  const auto deletion = deletions.find(decision.name);
  for (const auto& host : hosts_of(decision)) {
    for (const auto& pool : root_pools(planning, decision, host)) {
      Use& use = used[planning.image_copy_key(host, pool, decision.record->image_digest)];
      if (stays) {
        use.stays = true;
      } else if (deletion != deletions.end()) {
        use.until.push_back(deletion->second);
      }
    }
  }
}

/// What the plan makes it stand on.
void add_coming_use(const Planning& planning, const GroupPlan& plan, const Decision& decision, Uses& used) {
  const bool is_made = decision.fate == Fate::create || decision.fate == Fate::replace || decision.recreate;
  if (!is_made || plan.group == nullptr || plan.lock == nullptr) return;
  const Storage* storage = find_storage(planning.config, plan.group->instance.storage);
  VSCALE_ASSERT(storage != nullptr, "a template names only storage that exists");
  const std::string& host = decision.host_after.empty() ? decision.record->host : decision.host_after;
  used[planning.image_copy_key(host, storage->pool, plan.lock->digest)].stays = true;
}

/// What the stable revision stands on is what a rollout goes back to: its copies stay, in whatever pool, until another
/// revision is the stable one.
void add_way_back(const Planning& planning, const GroupPlan& plan, Uses& used) {
  const RevisionRecord* stable =
      plan.record == nullptr ? nullptr : recorded_revision(planning, plan, plan.record->stable);
  const RevisionRecord* made_of = plan.course.made_of;
  if (planning.input.options.destroy) return;
  for (const auto& [key, copy] : planning.image_copies) {
    // What missing instances are made of, where a rollout does not go on.
    if (made_of != nullptr && copy->digest == made_of->image.digest) used[key].stays = true;
    if (stable == nullptr || copy->digest != stable->image.digest) continue;
    if (plan.completion && plan.revision != stable->number) {
      used[key].until.push_back(*plan.completion);
    } else {
      used[key].stays = true;
    }
  }
}

Uses uses(const Planning& planning) {
  Uses used;
  const auto deletions = root_deletions(planning.graph.actions());
  for (const auto& plan : planning.groups) {
    if (plan.group != nullptr) add_way_back(planning, plan, used);
    for (const auto& decision : plan.decisions) {
      add_present_use(planning, decision, deletions, used);
      add_coming_use(planning, plan, decision, used);
    }
  }
  return used;
}

/// Who stands on a copy of which nothing but its name is known.
Use use_of(const Planning& planning, const Uses& used, const std::string& host, const std::string& pool,
           const std::string& volume) {
  Use all;
  // Keys are in order of place, pool, digest.
  for (auto at = used.lower_bound(planning.image_copy_key(host, pool, "")); at != used.end(); ++at) {
    const auto& [key, use] = *at;
    if (key != planning.image_copy_key(host, pool, std::get<2>(key))) break;
    if (!is_image_volume_of(std::get<2>(key), volume)) continue;
    all.stays = all.stays || use.stays;
    all.until.insert(all.until.end(), use.until.begin(), use.until.end());
  }
  return all;
}

/// Keeps the copies that domains which are not recorded may stand on, and says so once for each pool.
class Sanctuary {
 public:
  explicit Sanctuary(Planning& planning) : planning_(planning) {}

  /// Would `may_stand` on the copy be true for a domain that reaches this pool?
  template <class MayStand>
  [[nodiscard]] bool keeps(const std::string& host, const std::string& pool, const MayStand& may_stand) {
    const bool shared = planning_.volumes.is_shared(pool);
    bool kept = false;
    for (const auto& domain : planning_.unrecorded) {
      if ((!shared && *domain.host != host) || !may_stand(domain)) continue;
      Kept& here = kept_[{shared ? std::string() : host, pool}];
      if (!kept) ++here.copies;
      here.because_of.insert(&domain);
      kept = true;
    }
    return kept;
  }

  void report() {
    for (const auto& [place, kept] : kept_) report(place.first, place.second, kept);
  }

 private:
  struct Kept {
    int copies = 0;
    std::set<const UnrecordedDomain*> because_of;  ///< In the order in which they are in `planning.unrecorded`.
  };

  void report(const std::string& host, const std::string& pool, const Kept& kept) {
    const UnrecordedDomain& first = **kept.because_of.begin();
    const std::size_t more = kept.because_of.size() - 1;
    planning_.warn(
        "image_kept",
        fmt::format("{} {} of images in {} {}: {}{} may stand on {}", kept.copies, kept.copies == 1 ? "copy" : "copies",
                    host.empty() ? "shared pool " + pool : fmt::format("pool {} on {}", pool, host),
                    kept.copies == 1 ? "stays" : "stay", show(first),
                    more == 0 ? "" : fmt::format(" and {} more", more), kept.copies == 1 ? "it" : "them"),
        what_to_do(first));
  }

  static std::string what_to_do(const UnrecordedDomain& domain) {
    switch (domain.seen) {
      case UnrecordedDomain::Seen::now:
        return fmt::format("if nobody needs {} any more, remove it by hand on {}, then plan again", domain.domain->name,
                           *domain.host);
      case UnrecordedDomain::Seen::last:
        return fmt::format("plan again once {} answers", *domain.host);
      case UnrecordedDomain::Seen::on_former_host:
        return fmt::format(
            "put {} back under `hosts` and plan again; if it is gone for good, no plan deletes what it may stand on: "
            "do so by hand",
            *domain.host);
    }
    VSCALE_ASSERT(false, "a Seen without advice");
  }

  Planning& planning_;
  std::map<std::pair<std::string, std::string>, Kept> kept_;  ///< By host (empty in a shared pool) and pool.
};

/// The digest that the image stands for now: it is kept, whether anybody uses it or not.
std::string current_digest(const Planning& planning, const std::string& image) {
  if (const auto lock = planning.input.images.find(image); lock != planning.input.images.end()) {
    return lock->second.digest;
  }
  const auto lock = planning.input.recorded.image_locks.find(image);
  return lock == planning.input.recorded.image_locks.end() ? "" : lock->second.digest;
}

/// In a shared pool the copy is reached through another host where the recorded one cannot; the record names that one
/// first.
ImageCopyRecord reachable_copy(Planning& planning, const ImageCopyRecord& copy, std::vector<int>& needs) {
  ImageCopyRecord reached = copy;
  reached.host = planning.host_reaching(copy.pool, copy.host, copy.host);
  if (reached.host == copy.host) return reached;
  ChangeRecord rehome{{RemoveImageCopy{copy.host, copy.pool, copy.volume}, PutImageCopy{reached}}};
  needs.push_back(planning.graph.add("image." + copy.image, "", {}, std::move(rehome)));
  return reached;
}

/// The copies of one image in one pool of one host that are not the current one and that nobody will stand on, newest
/// first.
std::vector<const ImageCopyRecord*> older_copies(const std::vector<const ImageCopyRecord*>& copies,
                                                 const std::string& current) {
  std::vector<const ImageCopyRecord*> older;
  std::copy_if(copies.begin(), copies.end(), std::back_inserter(older),
               [&](const ImageCopyRecord* copy) { return copy->digest != current; });
  std::stable_sort(older.begin(), older.end(), [](const ImageCopyRecord* left, const ImageCopyRecord* right) {
    return std::tie(right->at, left->volume) < std::tie(left->at, right->volume);
  });
  return older;
}

void delete_copy(Planning& planning, const ImageCopyRecord& copy, std::vector<int> needs, const std::string& why) {
  const std::string address = "image." + copy.image;
  planning.graph.add(address, copy.host, std::move(needs),
                     DeleteImage{copy.image, copy.digest, copy.pool, copy.volume});
  Change change;
  change.address = address;
  change.action = ChangeAction::update;
  change.host = change.from_host = copy.host;
  change.reasons.push_back({Rule::image_not_needed, why, {{"host", copy.host}, {"digest", copy.digest}}});
  planning.plan.changes.push_back(std::move(change));
}

void clean_recorded_copies(Planning& planning, const Uses& used, Sanctuary& sanctuary) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const ImageCopyRecord*>> by_place;
  for (const auto& copy : planning.input.recorded.image_copies) {
    const std::string host = planning.volumes.is_shared(copy.pool) ? "" : copy.host;
    by_place[{host, copy.pool, copy.image}].push_back(&copy);
  }
  const bool destroying = planning.input.options.destroy;
  for (const auto& [place, copies] : by_place) {
    const std::string& name = std::get<2>(place);
    const Image* image = find_image(planning.config, name);
    const int keep = destroying || image == nullptr ? 0 : image->keep;
    const std::string current = destroying || image == nullptr ? "" : current_digest(planning, name);
    int kept = 0;
    for (const ImageCopyRecord* copy : older_copies(copies, current)) {
      const auto use = used.find(planning.image_copy_key(copy->host, copy->pool, copy->digest));
      const bool stays = use != used.end() && use->second.stays;
      const std::string host = planning.host_reaching(copy->pool, copy->host, copy->host);
      if (stays || kept++ < keep || !planning.may_work_on(host)) continue;
      if (looks_shared(planning.sharing_signs, host, copy->pool)) continue;
      const auto stands_on_it = [&](const UnrecordedDomain& domain) {
        return may_stand_on_image(domain, copy->digest);
      };
      if (sanctuary.keeps(host, copy->pool, stands_on_it)) continue;
      const std::string why =
          destroying ? "nothing is left that stands on it" : fmt::format("older copy on {}, keep is {}", host, keep);
      std::vector<int> needs = use == used.end() ? std::vector<int>{} : use->second.until;
      const ImageCopyRecord reached = reachable_copy(planning, *copy, needs);
      delete_copy(planning, reached, std::move(needs), why);
    }
  }
}

using VolumeKey = std::tuple<std::string, std::string, std::string>;

std::set<VolumeKey> known_copies(const Planning& planning) {
  std::set<VolumeKey> known;
  const auto add = [&](const std::string& host, const std::string& pool, const std::string& volume) {
    known.emplace(planning.volumes.is_shared(pool) ? std::string() : host, pool, volume);
  };
  for (const auto& copy : planning.input.recorded.image_copies) add(copy.host, copy.pool, copy.volume);
  for (const auto& action : planning.graph.actions()) {
    if (const auto* upload = std::get_if<UploadImage>(&action.detail)) add(action.host, upload->pool, upload->volume);
  }
  return known;
}

ImageCopyRecord unrecorded_copy(const std::string& host, const std::string& pool, const std::string& volume) {
  ImageCopyRecord copy;
  copy.host = host;
  copy.pool = pool;
  copy.volume = copy.image = volume;  // of which image it is, nobody knows any more
  return copy;
}

/// What a run that died while it sent an image left behind, if nobody wants that image any more.
void clean_unrecorded_copies(Planning& planning, const Uses& used, Sanctuary& sanctuary) {
  auto known = known_copies(planning);
  for (const auto& [host, view] : planning.input.live) {
    if (!view.snapshot || planning.scope.excludes_host(host)) continue;
    for (const auto& pool : view.snapshot->pools) {
      if (looks_shared(planning.sharing_signs, host, pool.name)) continue;
      // A guest of which only its own host knows may stand on it.
      if (planning.volumes.is_shared(pool.name) && !planning.live.silent_hosts().empty()) continue;
      const std::string place = planning.volumes.is_shared(pool.name) ? std::string() : host;
      for (auto at = pool.volumes.lower_bound(kImageVolumePrefix); at != pool.volumes.end(); ++at) {
        if (!at->starts_with(kImageVolumePrefix)) break;
        if (!is_our_image_volume(planning.plan.lineage, *at)) continue;
        if (!known.insert({place, pool.name, *at}).second) continue;
        const auto stands_on_it = [&](const UnrecordedDomain& domain) { return may_stand_on_copy(domain, *at); };
        Use use = use_of(planning, used, host, pool.name, *at);
        if (use.stays || sanctuary.keeps(host, pool.name, stands_on_it)) continue;
        delete_copy(planning, unrecorded_copy(host, pool.name, *at), std::move(use.until),
                    "left by a run that died while sending it");
      }
    }
  }
}

}  // namespace

void plan_image_cleanup(Planning& planning) {
  // Narrowed plans do not see everybody who may stand on a copy as they will be afterwards.
  if (planning.scope.is_narrowed()) return;
  const Uses used = uses(planning);
  Sanctuary sanctuary(planning);
  clean_recorded_copies(planning, used, sanctuary);
  clean_unrecorded_copies(planning, used, sanctuary);
  sanctuary.report();
}

}  // namespace vscale
