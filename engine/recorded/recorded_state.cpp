#include "engine/recorded/recorded_state.h"

#include <array>

namespace vscale {
namespace {

constexpr std::array kPhases{Phase::claimed, Phase::defined, Phase::started, Phase::ready, Phase::leaving};
constexpr std::array kRoles{VolumeRecord::Role::root, VolumeRecord::Role::data, VolumeRecord::Role::seed};

}  // namespace

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::claimed:
      return "claimed";
    case Phase::defined:
      return "defined";
    case Phase::started:
      return "started";
    case Phase::ready:
      return "ready";
    case Phase::leaving:
      return "leaving";
  }
  VSCALE_ASSERT(false, "a Phase without a word");
}

std::optional<Phase> phase_from(const std::string& word) {
  for (const Phase phase : kPhases) {
    if (word == to_string(phase)) return phase;
  }
  return std::nullopt;
}

const char* to_string(VolumeRecord::Role role) {
  switch (role) {
    case VolumeRecord::Role::root:
      return "root";
    case VolumeRecord::Role::data:
      return "data";
    case VolumeRecord::Role::seed:
      return "seed";
  }
  VSCALE_ASSERT(false, "a volume role without a word");
}

std::optional<VolumeRecord::Role> volume_role_from(const std::string& word) {
  for (const auto role : kRoles) {
    if (word == to_string(role)) return role;
  }
  return std::nullopt;
}

}  // namespace vscale
