#include <algorithm>
#include <numeric>

#include "engine/placement/placement.h"

namespace vscale {
namespace {

bool is_readable(const PlacementWorld& world, const std::string& name) {
  return std::any_of(world.hosts.begin(), world.hosts.end(),
                     [&](const PlacementHost& host) { return host.name == name; });
}

/// A replacement stays where it is if it can: its image is there, and nobody has to look for it.
PlacementAnswer place_or_stay(const PlacementWorld& world, const PlacementRequest& request) {
  const bool listed = request.replaces && std::find(request.candidates.begin(), request.candidates.end(),
                                                    request.replaces->first) != request.candidates.end();
  if (!listed || request.only_host) return place(world, request);
  PlacementRequest stay = request;
  stay.candidates = {request.replaces->first};
  PlacementAnswer answer = place(world, stay);
  if (!answer.host) return place(world, request);
  answer.why = "stays where it is";
  return answer;
}

std::vector<PlacementAnswer> place_in_order(PlacementWorld& world, const std::vector<PlacementRequest>& requests,
                                            const std::vector<std::size_t>& order) {
  std::vector<PlacementAnswer> answers(requests.size());
  std::map<std::string, std::string> cursors;  // by group: the host of its last placement in this batch
  for (const std::size_t index : order) {
    PlacementRequest request = requests[index];
    std::string& cursor = cursors.try_emplace(group_address(request.address), request.cursor_host).first->second;
    request.cursor_host = cursor;
    const bool gives_back = request.replaces && is_readable(world, request.replaces->first);
    if (gives_back) give_back(world, request.replaces->first, request.address, request.replaces->second);
    answers[index] = place_or_stay(world, request);
    if (!answers[index].host) {
      if (gives_back) book(world, request.replaces->first, request.address, request.replaces->second);
      continue;
    }
    cursor = *answers[index].host;
    book(world, cursor, request.address, request.claim);
  }
  return answers;
}

auto placed(const std::vector<PlacementAnswer>& answers) {
  return std::count_if(answers.begin(), answers.end(), [](const PlacementAnswer& answer) { return answer.host; });
}

/// Larger first. Memory is what hosts run out of; the others break ties.
bool is_larger(const Claim& left, const Claim& right) {
  const auto disk = [](const Claim& claim) {
    return std::accumulate(claim.disk_gib.begin(), claim.disk_gib.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& entry) { return sum + entry.second; });
  };
  if (left.memory_mib != right.memory_mib) return left.memory_mib > right.memory_mib;
  if (left.vcpus != right.vcpus) return left.vcpus > right.vcpus;
  return disk(left) > disk(right);
}

using Order = std::vector<std::size_t>;

Order as_written(const std::vector<PlacementRequest>& requests) {
  Order order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

Order by_size(const std::vector<PlacementRequest>& requests, Order order) {
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return is_larger(requests[left].claim, requests[right].claim);
  });
  return order;
}

/// How little choice a request has. Smaller is less.
struct Choice {
  std::size_t hosts = 0;  ///< That could take it as things are.
  bool apart = false;     ///< A hard rule keeps it from others, which may come to be on those hosts.
};

Choice choice_of(const PlacementWorld& world, const PlacementRequest& request) {
  const auto& rules = request.rules.anti_affinity;
  const bool apart = std::any_of(rules.begin(), rules.end(),
                                 [](const AntiAffinity& rule) { return rule.mode == AntiAffinity::Mode::hard; });
  return {request.candidates.size() - place(world, request).refusals.size(), apart};
}

/// Those with the least choice first, and by size where that is equal.
Order by_choice(const PlacementWorld& world, const std::vector<PlacementRequest>& requests, Order order) {
  std::vector<Choice> choices;
  choices.reserve(requests.size());
  for (const auto& request : requests) choices.push_back(choice_of(world, request));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    if (choices[left].hosts != choices[right].hosts) return choices[left].hosts < choices[right].hosts;
    return choices[left].apart && !choices[right].apart;
  });
  return order;
}

}  // namespace

std::vector<PlacementAnswer> place_all(PlacementWorld& world, const std::vector<PlacementRequest>& requests) {
  std::vector<PlacementAnswer> best;
  PlacementWorld best_world;
  const auto places_all = [&](const Order& order) {
    PlacementWorld tried = world;
    auto answers = place_in_order(tried, requests, order);
    if (best.empty() || placed(answers) > placed(best)) {
      best = std::move(answers);
      best_world = std::move(tried);
    }
    return placed(best) == static_cast<std::ptrdiff_t>(requests.size());
  };
  Order order = as_written(requests);
  if (!places_all(order)) {
    order = by_size(requests, std::move(order));
    if (!places_all(order)) places_all(by_choice(world, requests, std::move(order)));
  }
  world = std::move(best_world);
  return best;
}

}  // namespace vscale
