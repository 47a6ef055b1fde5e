#include "providers/libvirt/watching/known_definitions.h"

#include <algorithm>
#include <utility>

namespace vscale::libvirt {
namespace {

/// How many of `known` definitions have their turn after so long.
std::size_t turns(std::size_t known, std::chrono::duration<double> since_last_look) {
  const std::chrono::duration<double> whole = KnownDefinitions::kAllReadWithin;
  const double share = std::clamp(since_last_look / whole, 0.0, 1.0);
  const auto due = static_cast<std::size_t>(share * static_cast<double>(known)) + 1;
  return std::min(known, std::max(due, KnownDefinitions::kReadAtEveryLook));
}

}  // namespace

std::uint64_t KnownDefinitions::begin_look() {
  const std::scoped_lock lock(mutex_);
  forgotten_at_.clear();
  return words_;
}

std::vector<std::optional<DomainReading>> KnownDefinitions::recall(const std::vector<Listed>& all, Time now) {
  std::vector<std::optional<DomainReading>> recalled(all.size());
  const std::scoped_lock lock(mutex_);
  std::unordered_map<std::string, Known> still_there;
  std::vector<std::pair<Time, std::size_t>> by_age;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto found = known_.find(all[i].uuid);
    if (found == known_.end() || found->second.reading.name != all[i].name) continue;
    by_age.emplace_back(found->second.read_at, i);
    still_there.insert(known_.extract(found));
  }
  known_ = std::move(still_there);  // those that are gone, and those with another name, are forgotten
  const std::size_t again = turns(by_age.size(), now - last_look_);
  last_look_ = now;
  if (again == by_age.size()) return recalled;
  std::nth_element(by_age.begin(), by_age.begin() + static_cast<std::ptrdiff_t>(again), by_age.end());
  for (auto at = by_age.begin() + static_cast<std::ptrdiff_t>(again); at != by_age.end(); ++at) {
    recalled[at->second] = known_.at(all[at->second].uuid).reading;
  }
  return recalled;
}

void KnownDefinitions::keep(std::uint64_t look, std::vector<DomainReading> read, Time now) {
  const std::scoped_lock lock(mutex_);
  if (all_forgotten_at_ > look) return;
  for (DomainReading& reading : read) {
    const auto forgotten = forgotten_at_.find(reading.uuid);
    if (forgotten != forgotten_at_.end() && forgotten->second > look) continue;
    std::string uuid = reading.uuid;
    known_.insert_or_assign(std::move(uuid), Known{.reading = std::move(reading), .read_at = now});
  }
}

void KnownDefinitions::forget(const std::string& uuid) {
  const std::scoped_lock lock(mutex_);
  forgotten_at_[uuid] = ++words_;
  known_.erase(uuid);
}

void KnownDefinitions::forget_all() {
  const std::scoped_lock lock(mutex_);
  all_forgotten_at_ = ++words_;
  known_.clear();
}

}  // namespace vscale::libvirt
