#pragma once

#include <string>

#include "engine/values/result.h"

/// What an instance knows about itself, and its place in text: `${name}`, `${group}`, `${ordinal}`, `${address}`,
/// `${host}`.

namespace vscale {

struct InstanceFacts {
  std::string name;   ///< The domain's: prod-web-0.
  std::string group;  ///< The group's name, or the machine's: web.
  int ordinal = 0;
  std::string address;  ///< Its first IPv4 address; empty as long as it is not known.
  std::string host;

  bool operator==(const InstanceFacts&) const = default;
};

/// Fills in instance facts; `$${` becomes `${`. `invalid` for any other name, for an address that is not known yet, and
/// for a `${` without its end. Variables and secrets are not known here: what needs them is filled in by SeedSource.
Result<std::string> expand_instance_facts(const std::string& text, const InstanceFacts& facts);

}  // namespace vscale
