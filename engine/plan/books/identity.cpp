#include "engine/plan/books/identity.h"

#include <fmt/format.h>

#include "engine/values/digest.h"
#include "engine/values/result.h"

namespace vscale {
namespace {

/// `which`: of those that are alike in all else.
std::string digest_of(const char* what, const IdentitySeed& seed, std::int64_t which, int salt) {
  return sha256_hex(fmt::format("vscale {} {} {} {} {} {}", what, seed.lineage, to_string(seed.address),
                                seed.incarnation, which, salt));
}

}  // namespace

std::string derive_uuid(const IdentitySeed& seed, int salt) {
  std::string hex = digest_of("uuid", seed, seed.serial, salt);
  constexpr const char* kVariants = "89ab";  // the two top bits are 10, whatever the digest says
  hex[12] = '8';                             // version 8: the bits mean what their maker says
  const char digit = hex[16];
  hex[16] = kVariants[(digit <= '9' ? digit - '0' : digit - 'a' + 10) & 3];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

std::string derive_mac(const IdentitySeed& seed, std::size_t nic_index, int salt) {
  const std::string hex = digest_of("mac", seed, static_cast<std::int64_t>(nic_index), salt);
  return fmt::format("52:54:00:{}:{}:{}", hex.substr(0, 2), hex.substr(2, 2), hex.substr(4, 2));
}

std::string IdentityBook::new_uuid(const IdentitySeed& seed) {
  for (int salt = 0; salt < kMaxSalt; ++salt) {
    std::string uuid = derive_uuid(seed, salt);
    if (uuids_.insert(uuid).second) return uuid;
  }
  VSCALE_ASSERT(false, "no uuid is free after kMaxSalt tries");
}

std::string IdentityBook::new_mac(const IdentitySeed& seed, std::size_t nic_index) {
  for (int salt = 0; salt < kMaxSalt; ++salt) {
    std::string mac = derive_mac(seed, nic_index, salt);
    if (macs_.try_emplace(mac, to_string(seed.address)).second) return mac;
  }
  VSCALE_ASSERT(false, "no MAC is free after kMaxSalt tries");
}

std::string IdentityBook::owner_of_mac(const std::string& mac) const {
  const auto owner = macs_.find(mac);
  return owner == macs_.end() ? "" : owner->second;
}

}  // namespace vscale
