#include "engine/scaling/victims.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

VictimCandidate candidate(int ordinal, const std::string& host = "kvm1") {
  VictimCandidate member;
  member.address = web_at(ordinal);
  member.host = host;
  return member;
}

std::vector<int> ordinals_of(const std::vector<InstanceAddress>& addresses) {
  std::vector<int> ordinals;
  ordinals.reserve(addresses.size());
  for (const InstanceAddress& address : addresses) ordinals.push_back(address.ordinal);
  return ordinals;
}

std::vector<int> going_first(const std::vector<VictimCandidate>& members, int count) {
  return ordinals_of(vscale::victims(members, count));
}

}  // namespace

TEST_CASE("members go by what they are, before anything else counts") {
  std::vector<VictimCandidate> members;
  for (int i = 0; i < 7; ++i) members.push_back(candidate(i));
  members[0].leaving = true;
  members[1].asked_to_end = true;
  members[2].never_ready = true;
  members[3].old_revision = true;
  members[4].unhealthy = true;
  members[5].cpu_percent = 10;
  members[6].cpu_percent = 20;
  CHECK(going_first(members, 7) == std::vector{0, 1, 2, 3, 4, 5, 6});
  CHECK(going_first(members, 2) == std::vector{0, 1});
  CHECK(going_first(members, 0).empty());
}

TEST_CASE("the host with most members gives one up, time and again") {
  const std::vector<VictimCandidate> members = {candidate(0, "kvm1"), candidate(1, "kvm1"), candidate(2, "kvm1"),
                                                candidate(3, "kvm2"), candidate(4, "kvm2"), candidate(5, "kvm3")};
  // 3 2 1: of kvm1; 2 2 1: the highest ordinal of both; 2 1 1: of kvm1; 1 1 1: the highest.
  CHECK(going_first(members, 4) == std::vector{2, 4, 1, 5});
}

TEST_CASE("the least busy goes, and one whose load is not known is taken for busy") {
  std::vector<VictimCandidate> members = {candidate(0), candidate(1), candidate(2)};
  members[0].cpu_percent = 5;
  members[1].cpu_percent = 90;
  CHECK(going_first(members, 3) == std::vector{0, 1, 2});
}

TEST_CASE("otherwise the highest ordinal goes") {
  CHECK(going_first({candidate(0), candidate(2), candidate(1)}, 2) == std::vector{2, 1});
}

TEST_CASE("a protected one never goes, though fewer go for it") {
  std::vector<VictimCandidate> members = {candidate(0), candidate(1)};
  members[1].protected_from_scale_in = true;
  members[1].leaving = true;
  CHECK(going_first(members, 2) == std::vector{0});
}

TEST_CASE("one that is out of reach does not go, and its host is no less crowded for it") {
  std::vector<VictimCandidate> members = {candidate(0, "kvm1"), candidate(1, "kvm2"), candidate(2, "kvm2"),
                                          candidate(3, "kvm3")};
  members[2].out_of_reach = true;
  CHECK(going_first(members, 4) == std::vector{1, 3, 0});
}

TEST_CASE("the order of members does not matter") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<VictimCandidate> members;
  for (int i = 0; i < 30; ++i) {
    members.push_back(candidate(i, "kvm" + std::to_string(random() % 4)));
    members.back().unhealthy = random() % 5 == 0;
    if (random() % 2 == 0) members.back().cpu_percent = static_cast<double>(random() % 3);
  }
  const std::vector<int> once = going_first(members, 30);
  CHECK(once.size() == 30);
  std::shuffle(members.begin(), members.end(), random);
  CHECK(going_first(members, 30) == once);
}

}  // namespace vscale::test
