#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vscale {

/// A part of the language that is read and checked, but does nothing yet.
struct NotYet {
  std::string_view key;        ///< Key::id, such as "group.scaling".
  std::string_view value;      ///< Only this value of it; empty: any but the default.
  std::string_view meanwhile;  ///< What happens instead: "the size stays as it is".
};

/// All of them, for the test.
std::span<const NotYet> all_not_yet();

/// The row for `value` of the key with that id; nullptr if it works. Values that are no scalar are given as "".
const NotYet* find_not_yet(std::string_view id, std::string_view value);

}  // namespace vscale
