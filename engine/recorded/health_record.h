#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/values/address.h"
#include "engine/values/units.h"

/// What is remembered of an instance's health, so that a restart of the program changes no decision.

namespace vscale {

/// Of one place in a group: an instance that was healed by another in its place goes on with its history.
struct HealthRecord {
  InstanceAddress address;
  std::string uuid;     ///< Whose failures these are: of another one there are none yet.
  int failures = 0;     ///< In a row, up to now: it was asked, and did not answer.
  std::string failure;  ///< What was found the last time: "the agent did not answer within 10s".
  std::optional<Instant> failing_since;
  std::optional<Instant> healthy_since;  ///< Not ill since then; nothing: it is, or has not been alive since a heal.
  std::optional<Instant> looked_at;      ///< When it was last asked; nothing: not yet.
  std::vector<Instant> healed_at;        ///< Oldest first, no further back than a crash loop is looked for.
  int backoff_step = 0;                  ///< 0: none; each one doubles the wait before the next try.
  std::optional<Instant> retry_at;       ///< Not healed again before that: CrashLoop.

  bool operator==(const HealthRecord&) const = default;
};

}  // namespace vscale
