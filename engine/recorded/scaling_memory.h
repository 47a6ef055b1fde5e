#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/values/address.h"
#include "engine/values/units.h"

/// What scaling remembers of a group, so that a decision does not depend on when the program was started. Written in
/// one transaction with the decision that it follows from. Plain values; engine/scaling gives them their meaning.

namespace vscale {

/// How many instances a group is to have, where the file leaves that to somebody: what lies between min and max.
struct WantedSize {
  enum class Owner { policies, operator_ };

  std::string group;  ///< `group.web`
  int size = 0;
  Owner owner = Owner::policies;
  std::string by;      ///< The policy's name, or user@host.
  std::string reason;  ///< "cpu 92 %, target 60 %: 4 -> 7", or --reason; may be empty.
  Instant at{};
  std::optional<Instant>
      until{};  ///< operator_: so long the policies have no say. Nothing: they may change it at once.

  bool operator==(const WantedSize&) const = default;
};
const char* to_string(WantedSize::Owner owner);  ///< "policies", "operator"
std::optional<WantedSize::Owner> size_owner_from(const std::string& word);

/// What the policies together would have had from `from` to `to`, both included. Joined as long as it stays the same.
struct SizeOpinion {
  Instant from{}, to{};
  int size = 0;

  bool operator==(const SizeOpinion&) const = default;
};

/// The size that was wanted moved.
struct SizeChange {
  Instant at{};
  int from = 0, to = 0;

  bool operator==(const SizeChange&) const = default;
};

/// The last answer of one member of a capacity policy.
struct CapacityMemory {
  InstanceAddress address;
  std::string uuid;
  double available = 0;    ///< What it last said to have free.
  int silent = 0;          ///< Evaluations since then that it did not answer.
  bool terminate = false;  ///< It wants to end.
  Instant terminate_at{};  ///< Since when.

  bool operator==(const CapacityMemory&) const = default;
};

struct PolicyMemory {
  std::vector<bool> beyond;              ///< step: whether the last samples were beyond the threshold, oldest first.
  std::optional<Instant> fired_at;       ///< schedule: the last event that has been heeded, or passed over.
  std::vector<CapacityMemory> capacity;  ///< In order of addresses.

  bool operator==(const PolicyMemory&) const = default;
};

struct ScalingMemory {
  std::string group;
  std::optional<Instant> evaluated_at;  ///< When the policies were last asked.
  std::vector<SizeOpinion> opinions;    ///< Oldest first, no further back than stabilization looks.
  std::vector<SizeChange> changes;      ///< Oldest first, no further back than rates, cooldowns and the flapping guard.
  std::optional<Instant> out_ready_at;  ///< When the last growth was all ready: cooldown.out counts from there.
  std::optional<Instant> flapping_until;         ///< Until then stabilization.in is doubled.
  std::map<std::string, PolicyMemory> policies;  ///< By name.

  bool operator==(const ScalingMemory&) const = default;
};

}  // namespace vscale
