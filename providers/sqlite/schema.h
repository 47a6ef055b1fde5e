#pragma once

#include <string_view>

/// The tables of the statefile: the .sql files of providers/sqlite/schema, one for each version, as data.

namespace vscale {

/// PRAGMA application_id: "vscl". What `file` and we know a statefile by.
constexpr int kStatefileApplicationId = 0x7673636c;

/// Makes an empty database one of version 1.
extern const std::string_view kSchemaV1;
/// Brings one of version 1 to version 2.
extern const std::string_view kSchemaV2;
/// Brings one of version 2 to version 3.
extern const std::string_view kSchemaV3;
extern const std::string_view kSchemaV4;
extern const std::string_view kSchemaV5;
extern const std::string_view kSchemaV6;
extern const std::string_view kSchemaV7;

}  // namespace vscale
