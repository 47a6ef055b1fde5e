#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/domain/domain_spec.h"
#include "schemas/json/json_cursor.h"

/// A domain as it is to be defined, and the mark in it.

namespace vscale {

nlohmann::ordered_json ownership_json(const Ownership& mark);
nlohmann::ordered_json domain_spec_json(const DomainSpec& spec);
/// bios | uefi
const char* firmware_word(Firmware firmware);

/// And back; mistakes are noted by the cursor.
Ownership ownership_from(const JsonCursor& json);
DomainSpec domain_spec_from(const JsonCursor& json);
Firmware firmware_from(const JsonCursor& json);

}  // namespace vscale
