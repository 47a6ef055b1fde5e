#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/desired/amount.h"
#include "engine/values/units.h"

/// Numbers with units as they are written in YAML. Nothing for any text that is not exactly of that form: no spaces, no
/// signs but where said, no values that do not fit.

namespace vscale {

/// `250ms`, `30s`, `5m`, `2h`, `7d`; at most ten years.
std::optional<Duration> parse_duration(std::string_view text);
/// Bytes of `512MiB`, `1.5GiB` (binary: KiB MiB GiB TiB PiB), `20GB` (decimal: KB MB GB TB PB); whole bytes, below 8
/// EiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// `3`, `-3`.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// `0.5`, `-2`, `3`: digits with at most one point.
std::optional<double> parse_number(std::string_view text);
/// `true`, `false`.
std::optional<bool> parse_boolean(std::string_view text);
/// `50%`, and `-30%` : 50, -30.
std::optional<int> parse_percent(std::string_view text);
/// `3` or `50%`, not negative.
std::optional<Amount> parse_amount(std::string_view text);

/// The unit that was probably meant: "MiB" for "M" or "mib", "s" for "sec"; empty if
/// there is none to guess.
std::string_view meant_size_unit(std::string_view unit);
std::string_view meant_duration_unit(std::string_view unit);

}  // namespace vscale
