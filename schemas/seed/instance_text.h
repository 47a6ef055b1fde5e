#pragma once

#include <string>

#include "engine/domain/instance_facts.h"
#include "engine/ports/known_addresses.h"
#include "schemas/variables/read_input.h"

namespace vscale {

/// What is known when a text of an instance is filled in at last: everything, secrets among it.
struct InstanceKnowledge {
  const InstanceFacts& facts;
  const KnownAddresses& known_addresses;  ///< For `${group.cp[0].address}`.
  const Variables& variables;
};

/// The whole text, as the guest or the command gets it: user-data, and texts of hooks. `invalid` if something in it is
/// unknown, has no value, or makes it longer than kMaxValueBytes. `subject` is what messages call the text:
/// "user-data of group.web[0]". They never hold a value.
Result<std::string> fill_in_for_instance(const std::string& text, const std::string& subject,
                                         const InstanceKnowledge& known);

}  // namespace vscale
