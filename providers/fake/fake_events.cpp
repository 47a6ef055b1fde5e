#include <algorithm>
#include <utility>

#include "providers/fake/fake_cluster.h"

/// Word of what happens in the fake cluster, and what happens by itself when its time has come.

namespace vscale {

void FakeCluster::listen_to(const std::set<std::string>& hosts) {
  const std::lock_guard lock(mutex_);
  listening_to_ = hosts;
  for (auto& [name, host] : hosts_) host.listened_to = host.listened_to && hosts.contains(name);
}

void FakeCluster::give_word(const Host& host, const FakeDomain& domain) {
  const bool hears = host.listened_to && !host.cut && !host.silent && clock_.now() >= host.dropped_until;
  if (hears && domain.ownership) word_ = true;
}

/// When there is word of one that is up, if nobody does anything.
std::vector<Instant> FakeCluster::due_of(const FakeDomain& domain) const {
  std::vector<Instant> due;
  if (!domain.ownership || !domain.started_at) return due;
  const GuestBehaviour& behaviour = domain.behaviour;
  const bool agent_comes =
      !behaviour.never_boots && (!behaviour.hangs_after || *behaviour.hangs_after > behaviour.agent);
  if (agent_comes) due.push_back(*domain.started_at + behaviour.agent);
  if (behaviour.crashes_after) due.push_back(*domain.started_at + *behaviour.crashes_after);
  return due;
}

/// What was due since the last time that this was asked, is word now.
void FakeCluster::hear() {
  const Instant now = clock_.now();
  for (auto& [name, host] : hosts_) {
    for (const auto& [uuid, domain] : host.domains) {
      for (const Instant due : due_of(domain)) {
        if (due > heard_until_ && due <= now) give_word(host, domain);
      }
    }
    domains_now(host);
  }
  heard_until_ = now;
}

std::optional<Instant> FakeCluster::next_due() {
  std::optional<Instant> next;
  const auto consider = [&](Instant due) {
    if (due > clock_.now() && (!next || due < *next)) next = due;
  };
  for (const auto& [name, host] : hosts_) {
    if (!host.listened_to) continue;
    for (const auto& [uuid, domain] : host.domains) {
      for (const Instant due : due_of(domain)) consider(due);
    }
  }
  for (const auto& [at, what] : happenings_) consider(at);
  return next;
}

void FakeCluster::happens_at(Instant at, std::function<void(FakeCluster&)> what) {
  const std::lock_guard lock(mutex_);
  happenings_.emplace(at, std::move(what));
}

/// Without the lock: what happens may be anything that this class offers.
void FakeCluster::let_happen() {
  for (;;) {
    std::function<void(FakeCluster&)> what;
    {
      const std::lock_guard lock(mutex_);
      if (happenings_.empty() || happenings_.begin()->first > clock_.now()) return;
      what = std::move(happenings_.begin()->second);
      happenings_.erase(happenings_.begin());
    }
    what(*this);
  }
}

bool FakeCluster::sleep_between(Instant earliest, Instant latest) {
  for (;;) {
    let_happen();
    const std::lock_guard lock(mutex_);
    hear();
    const Instant end = word_ ? earliest : latest;
    if (clock_.now() >= end) return std::exchange(word_, false);
    clock_.sleep_until(std::min(end, next_due().value_or(end)));
  }
}

}  // namespace vscale
