#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/views/text/moment_text.h"
#include "cmd/views/text/text_layout.h"
#include "engine/recorded/recorded_state.h"
#include "engine/scaling/scaling_decision.h"

/// `vscale explain GROUP`: why a group has the size that it has.

namespace vscale {

/// What a schedule will do next.
struct NextFiring {
  std::string policy;
  Instant at{};
  std::string local;  ///< The moment as the policy's zone has it: "Mon 2026-11-30 07:00 Europe/Berlin".
  std::string what;   ///< "window opens: min 6"
};

/// What `explain` tells of.
struct Explanation {
  std::string group;                ///< `group.web`
  int size = 0;                     ///< That it is to have.
  std::optional<WantedSize> owner;  ///< Who last wanted a size, be it `size` or what the file's bounds made it of.
                                    ///< Nothing: the file says so.
  bool has_policies = false;
  std::vector<ScalingDecision> decisions;  ///< Oldest first.
  std::vector<NextFiring> next;            ///< Of its schedules, soonest first.
  std::vector<OperatorWord> words;         ///< That hold for it and its instances.
  std::string why_nobody_is_healed;        ///< More are ill than may be; empty: they are not.
  std::vector<HealthRecord> ill;           ///< Of its instances, those that are not well or were healed.
};

std::string explanation_text(const Explanation& explanation, const TimeWords& times, const Paint& paint);

}  // namespace vscale
