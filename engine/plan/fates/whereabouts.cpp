#include "engine/plan/fates/whereabouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/values/text/shell_word.h"

namespace vscale {
namespace {

const std::vector<LivePlace>& found_in(const std::unordered_map<std::string_view, std::vector<LivePlace>>& index,
                                       std::string_view key) {
  static const std::vector<LivePlace> kNowhere;
  const auto found = index.find(key);
  return found == index.end() ? kNowhere : found->second;
}

Presence presence_of(DomainState state) {
  switch (state) {
    case DomainState::running:
    case DomainState::blocked:
      return Presence::up;
    case DomainState::paused:
    case DomainState::shut_off:
    case DomainState::crashed:
    case DomainState::suspended:
      return Presence::off;
    case DomainState::shutting_down:
    case DomainState::unknown:
      return Presence::in_between;
  }
  VSCALE_ASSERT(false, "a DomainState without a presence");
}

Whereabouts nowhere(const InstanceRecord& instance, Presence presence, std::string why = "") {
  return {.presence = presence,
          .host = instance.host,
          .domain = nullptr,
          .why = std::move(why),
          .also_up = {},
          .also_off = {}};
}

/// Shut off and crashed need no memory of the host. Whatever else it was may be running by now: a guest that arrives on
/// its new host is paused until it is all there.
bool may_run_by_now(DomainState state) {
  return state != DomainState::shut_off && state != DomainState::crashed;
}

std::string seen_up_text(const std::string& host, const Config& config) {
  const bool in_file = find_host(config, host) != nullptr;
  return fmt::format("it was last seen up on {}, which {}", host,
                     in_file ? "does not answer" : "is no longer in the file");
}

/// When vscale last did something that its host would show.
Instant last_work_on(const InstanceRecord& instance) {
  constexpr Instant kNever = Instant::min();
  return std::max(
      {instance.created_at.value_or(kNever), instance.started_at.value_or(kNever), instance.ready_at.value_or(kNever)});
}

std::string worked_on_text(const std::string& host) {
  return fmt::format("vscale has worked on it since {} was looked at; plan again, and not with --refresh=false", host);
}

/// Other domains that may stand on the same disks, which are called after the name.
struct Namesakes {
  const LivePlace* ours = nullptr;     ///< On any host: a later replacement, which an older backup does not know.
  const LivePlace* foreign = nullptr;  ///< On the instance's host: made by nobody, or with another statefile.
};

Namesakes namesakes_of(const InstanceRecord& instance, const std::string& lineage, const LiveIndex& live) {
  Namesakes found;
  for (const auto& place : live.with_name(instance.name)) {
    const auto& mark = place.domain->ownership;
    if (mark && mark->lineage == lineage) {
      if (!is_left_over(place, *mark, instance)) found.ours = &place;
    } else if (*place.host == instance.host) {
      found.foreign = &place;
    }
  }
  return found;
}

std::string ours_text(const LivePlace& other) {
  return fmt::format(
      "{0} has a domain {1} with another uuid, which may stand on its disks: was an older backup of the state "
      "restored? then use the newer statefile; if nobody needs it, on {0}: virsh destroy {2}, if it is up, and virsh "
      "undefine {2}",
      *other.host, other.domain->name, shell_word(other.domain->name));
}

std::string foreign_text(const LivePlace& other) {
  return fmt::format("{} has another domain {}, which may stand on its disks: rename or remove that domain",
                     *other.host, other.domain->name);
}

/// No host that answered has it.
Whereabouts locate_absent(const InstanceRecord& instance, const std::string& lineage, const Config& config,
                          const LiveIndex& live, const LastSeenUp& last_seen_up) {
  if (find_host(config, instance.host) == nullptr) {
    return nowhere(instance, Presence::unknown, fmt::format("its host {} is no longer in the file", instance.host));
  }
  if (!live.answers(instance.host)) {
    return nowhere(instance, Presence::unknown, fmt::format("its host {} does not answer", instance.host));
  }
  if (const std::string host = last_seen_up.host_of(instance); !host.empty()) {
    return nowhere(instance, Presence::unknown, seen_up_text(host, config));
  }
  if (!live.is_newer(instance.host, last_work_on(instance))) {
    return nowhere(instance, Presence::unknown, worked_on_text(instance.host));
  }
  const Namesakes others = namesakes_of(instance, lineage, live);
  if (others.ours != nullptr) return nowhere(instance, Presence::unknown, ours_text(*others.ours));
  const std::string in_the_way = others.foreign != nullptr ? foreign_text(*others.foreign) : "";
  if (instance.phase == Phase::claimed) return nowhere(instance, Presence::undefined, in_the_way);
  if (!live.silent_hosts().empty()) {
    return nowhere(instance, Presence::unknown,
                   fmt::format("{} has no such domain, but it may have been moved to {}, which does not answer",
                               instance.host, fmt::join(live.silent_hosts(), " or ")));
  }
  return nowhere(instance, Presence::absent, in_the_way);
}

/// The copy that counts: the one that is up, at best where it is recorded; else the recorded one.
const LivePlace* best_of(const std::vector<LivePlace>& copies, const InstanceRecord& instance) {
  const LivePlace* best = nullptr;
  int best_rank = 0;
  for (const auto& copy : copies) {
    const bool up = presence_of(copy.domain->state) != Presence::off;
    const int rank = 1 + (up ? 2 : 0) + (*copy.host == instance.host ? 1 : 0);
    if (rank > best_rank) {
      best = &copy;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace

LiveIndex::LiveIndex(const Live& live) {
  std::size_t domains = 0;
  for (const auto& [host, view] : live) domains += view.snapshot ? view.snapshot->domains.size() : 0;
  by_uuid_.reserve(domains);
  by_name_.reserve(domains);
  for (const auto& [host, view] : live) {
    if (!view.snapshot) {
      silent_hosts_.push_back(host);
      continue;
    }
    answering_hosts_.push_back(host);
    seen_at_[host] = view.snapshot->seen_at;
    auto& pools = pools_[host];
    for (const auto& pool : view.snapshot->pools) pools[pool.name] = &pool;
    for (const auto& domain : view.snapshot->domains) {
      by_uuid_[domain.uuid].push_back({&host, &domain});
      by_name_[domain.name].push_back({&host, &domain});
    }
  }
}

const std::vector<LivePlace>& LiveIndex::with_uuid(std::string_view uuid) const {
  return found_in(by_uuid_, uuid);
}
const std::vector<LivePlace>& LiveIndex::with_name(std::string_view name) const {
  return found_in(by_name_, name);
}

bool LiveIndex::is_newer(const std::string& host, Instant then) const {
  const auto seen = seen_at_.find(host);
  return seen != seen_at_.end() && seen->second > then;
}

const LivePool* LiveIndex::pool(const std::string& host, const std::string& pool) const {
  const auto pools = pools_.find(host);
  if (pools == pools_.end()) return nullptr;
  const auto found = pools->second.find(pool);
  return found == pools->second.end() ? nullptr : found->second;
}

std::vector<const LivePool*> LiveIndex::pools(const std::string& host) const {
  std::vector<const LivePool*> all;
  if (const auto found = pools_.find(host); found != pools_.end()) {
    for (const auto& [name, pool] : found->second) all.push_back(pool);
  }
  return all;
}

bool is_left_over(const LivePlace& place, const Ownership& mark, const InstanceRecord& instance) {
  const bool off = presence_of(place.domain->state) == Presence::off;
  return off && *place.host != instance.host && mark.incarnation < instance.incarnation;
}

LastSeenUp::LastSeenUp(const RecordedState& recorded, const LiveIndex& live) {
  for (const auto& [name, host] : recorded.hosts) {
    if (!host.observed || live.answers(name)) continue;
    for (const auto& domain : host.observed->domains) {
      if (may_run_by_now(domain.state)) by_uuid_[domain.uuid].push_back({&name, &*host.observed});
    }
  }
}

std::string LastSeenUp::host_of(const InstanceRecord& instance) const {
  const auto seen = by_uuid_.find(instance.uuid);
  if (seen == by_uuid_.end()) return "";
  for (const auto& [host, snapshot] : seen->second) {
    if (*host != instance.host && (!instance.started_at || *instance.started_at <= snapshot->seen_at)) return *host;
  }
  return "";
}

Whereabouts locate(const InstanceRecord& instance, const std::string& lineage, const Config& config,
                   const LiveIndex& live, const LastSeenUp& last_seen_up) {
  const auto& copies = live.with_uuid(instance.uuid);
  if (copies.empty()) return locate_absent(instance, lineage, config, live, last_seen_up);
  const LivePlace& best = *best_of(copies, instance);
  if (!best.domain->ownership || best.domain->ownership->lineage != lineage) {
    return nowhere(instance, Presence::unknown,
                   fmt::format("domain {} on {} has its uuid, but not vscale's mark", best.domain->name, *best.host));
  }
  Whereabouts found{.presence = presence_of(best.domain->state),
                    .host = *best.host,
                    .domain = best.domain,
                    .why = "",
                    .also_up = {},
                    .also_off = {}};
  if (found.presence == Presence::off && *best.host != instance.host && !live.answers(instance.host)) {
    return nowhere(
        instance, Presence::unknown,
        fmt::format("its host {} does not answer; {} has a definition of it that is off", instance.host, *best.host));
  }
  if (found.presence == Presence::off) {
    const std::string host = last_seen_up.host_of(instance);
    if (!host.empty()) return nowhere(instance, Presence::unknown, seen_up_text(host, config));
    if (instance.started_at && !live.is_newer(*best.host, *instance.started_at)) {
      return nowhere(instance, Presence::unknown, worked_on_text(*best.host));
    }
  }
  if (found.presence == Presence::in_between) {
    found.why = fmt::format("it is {} just now", to_string(best.domain->state));
  }
  for (const auto& copy : copies) {
    if (&copy == &best) continue;
    const bool up = presence_of(copy.domain->state) != Presence::off;
    (up ? found.also_up : found.also_off).push_back(*copy.host);
  }
  return found;
}

}  // namespace vscale
