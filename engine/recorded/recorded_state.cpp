#include "engine/recorded/recorded_state.h"

#include <array>

namespace vscale {
namespace {

constexpr std::array kPhases{Phase::claimed, Phase::defined, Phase::started, Phase::ready, Phase::leaving};
constexpr std::array kRoles{VolumeRecord::Role::root, VolumeRecord::Role::data, VolumeRecord::Role::seed};
constexpr std::array kVerdicts{RevisionRecord::Verdict::wanted, RevisionRecord::Verdict::rolled_back,
                               RevisionRecord::Verdict::aborted};
constexpr std::array kIntents{RolloutIntent::Kind::pause, RolloutIntent::Kind::resume, RolloutIntent::Kind::promote,
                              RolloutIntent::Kind::abort, RolloutIntent::Kind::undo};

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

const char* to_string(WantedSize::Owner owner) {
  switch (owner) {
    case WantedSize::Owner::policies:
      return "policies";
    case WantedSize::Owner::operator_:
      return "operator";
  }
  VSCALE_ASSERT(false, "an owner of a size without a word");
}

std::optional<WantedSize::Owner> size_owner_from(const std::string& word) {
  for (const auto owner : {WantedSize::Owner::policies, WantedSize::Owner::operator_}) {
    if (word == to_string(owner)) return owner;
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

const char* to_string(RevisionRecord::Verdict verdict) {
  switch (verdict) {
    case RevisionRecord::Verdict::wanted:
      return "wanted";
    case RevisionRecord::Verdict::rolled_back:
      return "rolled_back";
    case RevisionRecord::Verdict::aborted:
      return "aborted";
  }
  VSCALE_ASSERT(false, "a verdict without a word");
}

std::optional<RevisionRecord::Verdict> verdict_from(const std::string& word) {
  for (const auto verdict : kVerdicts) {
    if (word == to_string(verdict)) return verdict;
  }
  return std::nullopt;
}

const char* to_string(RolloutIntent::Kind kind) {
  switch (kind) {
    case RolloutIntent::Kind::pause:
      return "pause";
    case RolloutIntent::Kind::resume:
      return "resume";
    case RolloutIntent::Kind::promote:
      return "promote";
    case RolloutIntent::Kind::abort:
      return "abort";
    case RolloutIntent::Kind::undo:
      return "undo";
  }
  VSCALE_ASSERT(false, "an intent without a word");
}

std::optional<RolloutIntent::Kind> rollout_intent_from(const std::string& word) {
  for (const auto kind : kIntents) {
    if (word == to_string(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace vscale
