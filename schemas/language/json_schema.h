#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

/// The configuration language for programs and for people; both come from the table in schemas/language/language.h,
/// which the reader uses as well.

namespace vscale {

/// What `vscale schema` prints: a JSON Schema (draft-07) for editors. It knows the structure: keys, types, units,
/// ranges, allowed words. It does not know what needs the whole file (references, address pools), which the reader
/// checks as well.
nlohmann::ordered_json config_json_schema();

/// schemas/README.md: the reference, in Markdown.
std::string config_reference();

}  // namespace vscale
