#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

/// How a person and the state name an instance: `group.web[2]` or `machine.db1`.

namespace vscale {

/// The address of one instance. A machine is a group of one: its ordinal is 0 and not shown.
struct InstanceAddress {
  enum class Kind { group, machine };

  Kind kind = Kind::group;
  std::string group;  ///< The group's name, or the machine's.
  int ordinal = 0;    ///< From 0; always 0 for a machine.

  auto operator<=>(const InstanceAddress&) const = default;
};

/// `group.web[2]`, `machine.db1`.
std::string to_string(const InstanceAddress& address);
/// `group.web`, `machine.db1`: the group that the instance belongs to.
std::string group_address(const InstanceAddress& address);
/// Of all that an instance of that group can have, the first in order: of a machine its only one. `group`: `group.web`
/// or `machine.db1`.
InstanceAddress first_address_of(std::string_view group);
/// What a person says in short: `web-2`, `db1`.
std::string short_name(const InstanceAddress& address);
/// The domain's name on its host: `prod-web-2`, `prod-db1` for the installation `prod`.
std::string domain_name(const std::string& installation, const InstanceAddress& address);

/// Reads `group.web[2]` and `machine.db1`; nothing for any other text.
std::optional<InstanceAddress> parse_instance_address(std::string_view text);

/// True for `[a-z]([a-z0-9-]{0,38}[a-z0-9])?`, the form of the names of groups and machines.
bool is_group_name(std::string_view name);

}  // namespace vscale
