#pragma once

#include <optional>
#include <string>

namespace vscale {

/// One network card as the guest will find it.
struct GuestNic {
  std::string network;                 ///< A name in Config::networks.
  std::string mac;                     ///< Lower case, with colons.
  std::optional<std::string> address;  ///< IPv4 dotted quad; nothing: by DHCP.

  bool operator==(const GuestNic&) const = default;
};

}  // namespace vscale
