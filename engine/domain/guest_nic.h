#pragma once

#include <optional>
#include <string>

namespace vscale {

/// One network card as the guest will find it.
struct GuestNic {
  std::string network;                 ///< A name in Config::networks.
  std::string mac;                     ///< Lower case, with colons.
  std::optional<std::string> address;  ///< IPv4 dotted quad; nothing: by DHCP.
  /// What a guest with a static address was told of its network: "prefix 24, gateway 10.0.0.1, dns 10.0.0.1". Empty: by
  /// DHCP, or recorded before this was.
  std::string settings{};
  /// The address is not ours to give: the guest got it by DHCP, and may get another one with every start. Others may
  /// have been told the same one, as hosts with a network of their own tell it.
  bool learned = false;

  bool operator==(const GuestNic&) const = default;
};

}  // namespace vscale
