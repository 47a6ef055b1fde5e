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

}  // namespace

std::vector<PlacementAnswer> place_all(PlacementWorld& world, const std::vector<PlacementRequest>& requests) {
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  PlacementWorld as_written = world;
  auto answers = place_in_order(as_written, requests, order);
  if (placed(answers) != static_cast<std::ptrdiff_t>(requests.size())) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
      return is_larger(requests[left].claim, requests[right].claim);
    });
    PlacementWorld by_size = world;
    auto other = place_in_order(by_size, requests, order);
    if (placed(other) > placed(answers)) {
      world = std::move(by_size);
      return other;
    }
  }
  world = std::move(as_written);
  return answers;
}

}  // namespace vscale
