#pragma once

#include <string>
#include <vector>

#include "engine/domain/guest_nic.h"
#include "engine/ports/known_addresses.h"
#include "engine/values/address.h"
#include "engine/values/result.h"

/// Where a guest's first-boot data comes from.

namespace vscale {

struct SeedRequest {
  InstanceAddress address;
  std::string name;         ///< The domain's name, and the guest's host name: prod-web-0.
  std::string instance_id;  ///< Changes with each incarnation, so that cloud-init runs again in a replacement.
  std::string host;
  std::vector<GuestNic> nics;
  KnownAddresses known_addresses;  ///< For `${group.cp[0].address}`: those known so far.
};

/// The files of a NoCloud seed. They may hold secrets: they go into the guest's seed volume and nowhere else, and are
/// never logged, stored or shown.
struct SeedFiles {
  std::string meta_data, user_data, network_config;
  std::string vendor_data;  ///< Empty: none.
};

/// A port: fills in the template of an instance's group with variables, secrets and instance facts.
class SeedSource {
 public:
  virtual ~SeedSource() = default;
  /// `invalid` if a name in the text is unknown, a sensitive variable has no value, or an address is not known yet.
  virtual Result<SeedFiles> seed_for(const SeedRequest& request) = 0;
};

}  // namespace vscale
