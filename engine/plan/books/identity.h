#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/values/address.h"

/// Who an instance is on its host. Derived, never drawn: the same instance gets the same UUID and MACs whoever plans it
/// and however often.

namespace vscale {

/// What an identity is derived from.
struct IdentitySeed {
  std::string lineage;
  InstanceAddress address;
  int incarnation = 1;
  std::int64_t serial = 0;  ///< Of the statefile that it is planned from.
};

/// RFC 9562 version 8, lower case: from a SHA-256 of the seed. `salt` is 0 unless what came out is taken. What is made
/// again after it was destroyed is another machine, with another serial behind it: its UUID is never an old one's.
std::string derive_uuid(const IdentitySeed& seed, int salt);
/// 52:54:00 (QEMU's) and three derived bytes, for the card at `nic_index`. Not of the serial: switches and leases know
/// the card again.
std::string derive_mac(const IdentitySeed& seed, std::size_t nic_index, int salt);

/// Hands out identities that nobody has: what is recorded, live or fixed in the file is taken, and what was handed out
/// is, too. A taken one is salted and derived again, up to kMaxSalt times.
class IdentityBook {
 public:
  static constexpr int kMaxSalt = 64;

  void take_uuid(const std::string& uuid) { uuids_.insert(uuid); }
  /// `owner` is whoever has it, as a message names it. The first one keeps it.
  void take_mac(const std::string& mac, const std::string& owner) { macs_.try_emplace(mac, owner); }
  /// Who has it; empty: nobody.
  [[nodiscard]] std::string owner_of_mac(const std::string& mac) const;

  std::string new_uuid(const IdentitySeed& seed);
  /// Taken for the seed's address.
  std::string new_mac(const IdentitySeed& seed, std::size_t nic_index);

 private:
  std::unordered_set<std::string> uuids_;
  std::unordered_map<std::string, std::string> macs_;  ///< Their owners.
};

}  // namespace vscale
