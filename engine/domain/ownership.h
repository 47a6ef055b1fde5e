#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/values/address.h"

/// The mark by which vscale knows a domain as its own, kept in the domain's <metadata>: enough to rebuild a lost state.

namespace vscale {

/// An address that vscale gave to a card of a domain: from a network's pool, or one that the file fixes.
struct StaticAddress {
  std::string network;  ///< Name in the configuration.
  std::string address;  ///< IPv4.

  bool operator==(const StaticAddress&) const = default;
};

struct Ownership {
  std::string installation;  ///< Config::name.
  InstanceAddress address;
  std::int64_t revision = 0;  ///< Of the group's template; from 1.
  int incarnation = 0;        ///< From 1; counts the replacements of this ordinal.
  std::string lineage;        ///< Of the statefile that created it. Two installations never touch each other's.
  std::string spec_hash;
  /// Of the image that its root disk stands on, `sha256:HEX`. Empty: a mark that was made before marks said so; it may
  /// stand on any image, and what addresses it has is not known.
  std::string image_digest{};
  std::vector<StaticAddress> addresses{};  ///< In order of its cards; what DHCP gives is not here.

  bool operator==(const Ownership&) const = default;
};

}  // namespace vscale
