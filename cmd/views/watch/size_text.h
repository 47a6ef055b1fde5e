#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cmd/views/text/moment_text.h"
#include "engine/recorded/scaling_memory.h"

/// Whose word a group's size is: that of whoever last wanted one, or that of the file's min or max, which hold it where
/// he wanted what lies beyond them.

namespace vscale {

/// "min" or "max": the bound of the file that made `size` of what `owner` wanted. Empty: it is what he wanted.
std::string bound_of(const WantedSize& owner, int size);

/// "size 3: min of the file (policy cpu wanted 2)", "size 6: held by anna@ctl1 until 15:05"; empty where the size is
/// what was wanted last, and may change at once. No `owner`: the file says it.
std::string size_text(const std::optional<WantedSize>& owner, int size, const TimeWords& times);

/// {owner: {...}|null, bound: min|max|null, held_until}
nlohmann::ordered_json size_owner_json(const std::optional<WantedSize>& owner, int size, Instant now);

}  // namespace vscale
