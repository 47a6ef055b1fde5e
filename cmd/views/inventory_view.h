#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cmd/invocation/arguments.h"
#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

/// The guests for other tools.

namespace vscale {

/// One guest as ssh, Ansible and the like need it.
struct Guest {
  InstanceAddress address;
  std::string name;  ///< The domain's, and the guest's host name.
  std::string host;
  std::string phase;
  std::string user;                       ///< cloudInit.user; may be empty.
  std::vector<std::string> ip_addresses;  ///< As far as they are known.
};

/// All recorded instances that are not leaving, in order of their addresses.
std::vector<Guest> guests_of(const Config& config, const RecordedState& recorded);

/// In the form that is asked for. Guests without an address are left out of `ssh-config`, and named in a comment.
std::string inventory_text(const std::vector<Guest>& guests, InventoryFormat format);

}  // namespace vscale
