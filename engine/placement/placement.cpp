#include "engine/placement/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace vscale {
namespace {

/// Shares that differ by less than this are equal: what was added up in another order must not decide.
constexpr double kEqualShares = 1e-9;

// ---- What cannot be otherwise ------------------------------------------------------------------------------------

/// Why a host cannot be it; nothing if it can.
struct No {
  std::string why;
  Refusal::Cause cause = Refusal::Cause::unsuitable;
};
using WhyNot = std::optional<No>;

WhyNot why_not_traits(const PlacementHost& host, const PlacementRequest& request) {
  std::string why = why_traits_forbid(host.traits, request.rules.requires_traits);
  if (why.empty()) return std::nullopt;
  return No{std::move(why)};
}

WhyNot why_not_networks(const PlacementHost& host, const PlacementRequest& request) {
  for (const auto& network : request.networks) {
    const auto unusable = host.unusable_networks.find(network);
    if (unusable != host.unusable_networks.end()) return No{unusable->second};
  }
  return std::nullopt;
}

WhyNot why_not_amount(const Inventory& inventory, std::uint64_t wanted, const char* what, const char* unit) {
  if (!inventory.measured || inventory.used + wanted <= inventory.capacity()) return std::nullopt;
  const std::uint64_t capacity = inventory.capacity();
  const std::uint64_t free = capacity - std::min(capacity, inventory.used);
  return No{fmt::format("{}: {}{} wanted, {} of {} free", what, wanted, unit, free, capacity),
            wanted > capacity ? Refusal::Cause::too_small : Refusal::Cause::no_room};
}

/// No overcommit makes one guest larger than its host.
WhyNot why_not_vcpus(const PlacementHost& host, std::uint64_t wanted) {
  const std::uint64_t most = std::max(host.vcpus.total, static_cast<std::uint64_t>(host.processors));
  if (host.vcpus.measured && wanted > most) {
    return No{fmt::format("vcpus: {} wanted for one guest, the host has {}", wanted, most), Refusal::Cause::too_small};
  }
  return why_not_amount(host.vcpus, wanted, "vcpus", "");
}

const Inventory* disk_inventory(const PlacementWorld& world, const PlacementHost& host, const std::string& storage) {
  if (const auto local = host.disk_gib.find(storage); local != host.disk_gib.end()) return &local->second;
  const auto shared = world.shared_disk_gib.find(storage);
  return shared == world.shared_disk_gib.end() ? nullptr : &shared->second;
}

WhyNot why_not_storage(const PlacementWorld& world, const PlacementHost& host, const PlacementRequest& request) {
  for (const auto& [storage, gib] : disk_by_pool(world, request.claim)) {
    const auto unusable = host.unusable_storage.find(storage);
    if (unusable != host.unusable_storage.end()) return No{unusable->second};
    const Inventory* disk = disk_inventory(world, host, storage);
    if (disk == nullptr) return No{fmt::format("storage {}: the host does not have it", storage)};
    const std::string what = "disk on " + storage;
    if (auto no = why_not_amount(*disk, gib, what.c_str(), " GiB")) return no;
  }
  return std::nullopt;
}

int count_of(const PlacementHost& host, const std::string& group) {
  const auto found = host.instances.find(group);
  return found == host.instances.end() ? 0 : found->second;
}

/// How many of a rule's group are where this one must not be, or had better not be. Hosts are looked at once for a
/// request, and not for each candidate again.
class Crowd {
 public:
  Crowd(const PlacementWorld& world, const PlacementRequest& request, const AntiAffinity& rule)
      : rule_(rule), group_(rule.with.empty() ? group_address(request.address) : rule.with) {
    if (rule.key == "host") return;
    for (const auto& host : world.hosts) {
      const auto label = host.labels.find(rule.key);
      if (label != host.labels.end()) by_value_[label->second] += count_of(host, group_);
    }
  }

  [[nodiscard]] const AntiAffinity& rule() const { return rule_; }
  [[nodiscard]] const std::string& group() const { return group_; }
  [[nodiscard]] int around(const PlacementHost& host) const {
    if (rule_.key == "host") return count_of(host, group_);
    const auto label = host.labels.find(rule_.key);
    return label == host.labels.end() ? 0 : by_value_.at(label->second);  // no label: nothing in common with anybody
  }

 private:
  const AntiAffinity& rule_;
  std::string group_;
  std::map<std::string, int> by_value_;  // of the rule's label
};

/// In order of the request's rules.
std::vector<Crowd> crowds_of(const PlacementWorld& world, const PlacementRequest& request) {
  std::vector<Crowd> crowds;
  for (const auto& rule : request.rules.anti_affinity) crowds.emplace_back(world, request, rule);
  return crowds;
}

WhyNot why_not_anti_affinity(const PlacementHost& host, const std::vector<Crowd>& crowds) {
  for (const auto& crowd : crowds) {
    const AntiAffinity& rule = crowd.rule();
    if (rule.mode != AntiAffinity::Mode::hard) continue;
    const int count = crowd.around(host);
    if (count == 0) continue;
    const std::string where =
        rule.key == "host" ? "on this host" : fmt::format("where {} is {}", rule.key, host.labels.at(rule.key));
    return No{fmt::format("antiAffinity: {} of {} {}", count, crowd.group(), where), Refusal::Cause::anti_affinity};
  }
  return std::nullopt;
}

/// What could be mended by no other size comes first, then what is too little even when nothing is there.
WhyNot why_not(const PlacementWorld& world, const PlacementHost& host, const PlacementRequest& request,
               const std::vector<Crowd>& crowds) {
  if (request.only_host && host.name != *request.only_host) {
    return No{fmt::format("its disks are on {}", *request.only_host)};
  }
  if (auto no = why_not_traits(host, request)) return no;
  if (auto no = why_not_networks(host, request)) return no;
  const auto vcpus = static_cast<std::uint64_t>(request.claim.vcpus);
  const std::uint64_t memory_mib = request.claim.memory_mib;
  const bool all = !request.grows_in_place;
  const auto amounts = {
      all || vcpus != 0 ? why_not_vcpus(host, vcpus) : std::nullopt,
      all || memory_mib != 0 ? why_not_amount(host.memory_mib, memory_mib, "memory", " MiB") : std::nullopt,
      why_not_storage(world, host, request)};
  const WhyNot* first = nullptr;
  for (const auto& no : amounts) {
    if (no && no->cause != Refusal::Cause::no_room) return no;
    if (no && first == nullptr) first = &no;
  }
  if (first != nullptr) return *first;
  return why_not_anti_affinity(host, crowds);
}

// ---- What is better ----------------------------------------------------------------------------------------------

/// Shares of one host before and after: vCPUs, memory, and the claim's own storage.
struct Shares {
  std::vector<double> before, after;
};

double share(std::uint64_t used, std::uint64_t capacity) {
  return capacity == 0 ? 1.0 : static_cast<double>(used) / static_cast<double>(capacity);
}

void add_share(Shares& shares, const Inventory& inventory, std::uint64_t amount) {
  const std::uint64_t capacity = inventory.capacity();
  shares.before.push_back(inventory.measured ? share(inventory.used, capacity) : 0.0);
  shares.after.push_back(inventory.measured ? share(inventory.used + amount, capacity) : 0.0);
}

Shares shares_of(const PlacementWorld& world, const PlacementHost& host, const Claim& claim) {
  Shares shares;
  add_share(shares, host.vcpus, static_cast<std::uint64_t>(claim.vcpus));
  add_share(shares, host.memory_mib, claim.memory_mib);
  for (const auto& [storage, gib] : disk_by_pool(world, claim)) {
    // Shared storage is the same for every host: it decides whether, not where.
    if (world.shared_disk_gib.count(storage) != 0) continue;
    const auto local = host.disk_gib.find(storage);
    add_share(shares, local == host.disk_gib.end() ? Inventory{.measured = false} : local->second, gib);
  }
  return shares;
}

/// What all candidates together look like, so that each one is judged without looking at the others again.
struct Overview {
  struct OfClass {
    double largest = 0, second = 0, sum = 0, squares = 0;
    std::size_t largest_at = 0, count = 0;
  };
  std::vector<OfClass> classes;

  void add(std::size_t at, const Shares& shares) {
    classes.resize(std::max(classes.size(), shares.before.size()));
    for (std::size_t i = 0; i < shares.before.size(); ++i) {
      OfClass& all = classes[i];
      const double value = shares.before[i];
      if (all.count++ == 0 || value > all.largest) {
        all.second = all.largest;
        all.largest = value;
        all.largest_at = at;
      } else {
        all.second = std::max(all.second, value);
      }
      all.sum += value;
      all.squares += value * value;
    }
  }
};

/// Smaller is better, from left to right.
using Score = std::array<double, 3>;

Score balanced(const Overview& overview, std::size_t at, const Shares& shares) {
  double worst = 0;
  double spread = 0;
  for (std::size_t i = 0; i < shares.after.size(); ++i) {
    const auto& all = overview.classes[i];
    const double others = all.largest_at == at ? all.second : all.largest;
    worst = std::max({worst, others, shares.after[i]});
    const double count = static_cast<double>(all.count);
    const double mean = (all.sum - shares.before[i] + shares.after[i]) / count;
    const double squares = all.squares - shares.before[i] * shares.before[i] + shares.after[i] * shares.after[i];
    spread += std::sqrt(std::max(0.0, squares / count - mean * mean));
  }
  return {0, worst, spread};
}

double sum_of(const std::vector<double>& shares, double (*of)(double)) {
  return std::accumulate(shares.begin(), shares.end(), 0.0, [&](double sum, double value) { return sum + of(value); });
}

struct Candidate {
  const PlacementHost* host = nullptr;
  std::size_t position = 0;  ///< Among the request's candidates.
  Shares shares;
};

Score score_of(const Candidate& candidate, const PlacementRequest& request, const Overview& overview,
               std::size_t cursor) {
  const auto& after = candidate.shares.after;
  switch (request.rules.strategy) {
    case PlacementStrategy::first_come:
      return {0, 0, 0};
    case PlacementStrategy::round_robin: {
      const std::size_t count = request.candidates.size();
      return {0, static_cast<double>((candidate.position + count - cursor) % count), 0};
    }
    case PlacementStrategy::pack:
      return {0, -sum_of(after, [](double used) { return used * used; }), 0};
    case PlacementStrategy::best_fit:
      return {0, sum_of(after, [](double used) { return (1 - used) * (1 - used); }), 0};
    case PlacementStrategy::spread:
      return {0, -sum_of(after, [](double used) { return 1 - used; }), 0};
    case PlacementStrategy::balanced:
      return balanced(overview, candidate.position, candidate.shares);
  }
  VSCALE_ASSERT(false, "a PlacementStrategy without a score");
}

bool fills_by_itself(PlacementStrategy strategy) {
  return strategy != PlacementStrategy::balanced && strategy != PlacementStrategy::spread;
}

/// How many neighbours the soft rules would rather not have.
int soft_crowd(const PlacementHost& host, const PlacementRequest& request, const std::vector<Crowd>& crowds) {
  int count = 0;
  for (const auto& crowd : crowds) {
    if (crowd.rule().mode != AntiAffinity::Mode::soft) continue;
    if (crowd.rule() == AntiAffinity{} && fills_by_itself(request.rules.strategy)) continue;
    count += crowd.around(host);
  }
  return count;
}

bool better(const Score& left, const Score& right) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] < right[i] - kEqualShares) return true;
    if (left[i] > right[i] + kEqualShares) return false;
  }
  return false;  // equal: the earlier one stays
}

double worst_share(const Shares& shares) {
  return *std::max_element(shares.after.begin(), shares.after.end());
}

std::string why_this(const Candidate& chosen, const PlacementRequest& request, std::size_t possible) {
  if (request.only_host) return "its disks are there";
  if (chosen.host->name == request.prefers) return "on the same host";
  const int worst = static_cast<int>(std::lround(100 * worst_share(chosen.shares)));
  switch (request.rules.strategy) {
    case PlacementStrategy::first_come:
      return fmt::format("first of {}", possible);
    case PlacementStrategy::round_robin:
      return fmt::format("next in turn of {}", possible);
    case PlacementStrategy::pack:
      return fmt::format("fullest of {}: worst share {} %", possible, worst);
    case PlacementStrategy::best_fit:
      return fmt::format("best fit of {}: worst share {} %", possible, worst);
    case PlacementStrategy::spread:
      return fmt::format("most free of {}: worst share {} %", possible, worst);
    case PlacementStrategy::balanced:
      return fmt::format("most balanced of {}: worst share {} %", possible, worst);
  }
  VSCALE_ASSERT(false, "a PlacementStrategy without a reason");
}

/// By position among the candidates: file order, in whatever order they are found.
using RefusalsByPosition = std::map<std::size_t, Refusal>;

/// The readable hosts among the candidates, both being in file order; the others are refused.
std::vector<Candidate> readable_candidates(const PlacementWorld& world, const PlacementRequest& request,
                                           RefusalsByPosition& refusals) {
  std::vector<Candidate> candidates;
  auto host = world.hosts.begin();
  for (std::size_t position = 0; position < request.candidates.size(); ++position) {
    const auto found = std::find_if(host, world.hosts.end(), [&](const PlacementHost& candidate) {
      return candidate.name == request.candidates[position];
    });
    if (found == world.hosts.end()) {
      refusals[position] = {request.candidates[position], "it does not answer: what is free there is not known",
                            Refusal::Cause::silent};
      continue;
    }
    candidates.push_back({&*found, position, shares_of(world, *found, request.claim)});
    host = std::next(found);
  }
  return candidates;
}

/// Where roundRobin begins: the position after the group's last host.
std::size_t cursor_of(const PlacementRequest& request) {
  const auto& hosts = request.candidates;
  const auto last = std::find(hosts.begin(), hosts.end(), request.cursor_host);
  return last == hosts.end() ? 0 : static_cast<std::size_t>(last - hosts.begin()) + 1;
}

}  // namespace

std::string why_traits_forbid(const std::set<std::string>& traits, const std::vector<std::string>& required) {
  for (const auto& wanted : required) {
    const bool forbidden = wanted.starts_with('!');
    const std::string trait = forbidden ? wanted.substr(1) : wanted;
    const bool has = traits.count(trait) != 0;
    if (forbidden && has) return fmt::format("trait {}: it has it, and must not", trait);
    if (!forbidden && !has) return fmt::format("trait {}: it does not have it", trait);
  }
  return "";
}

PlacementAnswer place(const PlacementWorld& world, const PlacementRequest& request) {
  PlacementAnswer answer;
  RefusalsByPosition refusals;
  const auto candidates = readable_candidates(world, request, refusals);
  const auto crowds = crowds_of(world, request);
  Overview overview;
  for (const auto& candidate : candidates) overview.add(candidate.position, candidate.shares);
  const std::size_t cursor = cursor_of(request);
  const Candidate* best = nullptr;
  Score best_score{};
  std::size_t possible = 0;
  for (const auto& candidate : candidates) {
    if (auto no = why_not(world, *candidate.host, request, crowds)) {
      refusals[candidate.position] = {candidate.host->name, std::move(no->why), no->cause};
      continue;
    }
    ++possible;
    Score score = score_of(candidate, request, overview, cursor);
    score[0] = soft_crowd(*candidate.host, request, crowds);
    if (candidate.host->name == request.prefers) score[1] = -std::numeric_limits<double>::infinity();
    if (best == nullptr || better(score, best_score)) {
      best = &candidate;
      best_score = score;
    }
  }
  for (auto& [position, refusal] : refusals) answer.refusals.push_back(std::move(refusal));
  if (best == nullptr) return answer;
  answer.host = best->host->name;
  answer.why = why_this(*best, request, possible);
  return answer;
}

}  // namespace vscale
