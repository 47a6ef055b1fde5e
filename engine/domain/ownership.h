#pragma once

#include <cstdint>
#include <string>

#include "engine/values/address.h"

/// The mark by which vscale knows a domain as its own, kept in the domain's <metadata>: enough to rebuild a lost state.

namespace vscale {

struct Ownership {
  std::string installation;   ///< Config::name.
  InstanceAddress address;
  std::int64_t revision = 0;  ///< Of the group's template; from 1.
  int incarnation = 0;        ///< From 1; counts the replacements of this ordinal.
  std::string lineage;        ///< Of the statefile that created it. Two installations never touch each other's.
  std::string spec_hash;

  bool operator==(const Ownership&) const = default;
};

}  // namespace vscale
