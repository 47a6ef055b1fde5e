#pragma once

#include <string>
#include <vector>

/// Addresses as a person says them.

namespace vscale {

/// `group.web` for `group.web[2]`, `machine.db1` for itself; anything else, made printable, stays as it is.
std::string group_of(const std::string& address);

/// `web` for `group.web`.
std::string shown_group(const std::string& group);

/// `web-2` for `group.web[2]`, `db1` for `machine.db1`; anything else, made printable, stays as it is.
std::string shown_name(const std::string& address);

/// `web-0 to web-9, web-12`: instances of one group, by their addresses in the order of their ordinals.
std::string name_ranges(const std::vector<std::string>& addresses);

}  // namespace vscale
