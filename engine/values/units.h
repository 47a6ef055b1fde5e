#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Amounts and instants as the engine counts them, and how they are shown to a person.

namespace vscale {

/// A span of time; the configuration's smallest unit is a millisecond.
using Duration = std::chrono::milliseconds;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z. Always handed in, never read from a clock in the engine.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;

/// Whole mebibytes that hold `bytes`: rounds up, since what is claimed must never be less than what is used.
constexpr std::uint64_t mib_holding(std::uint64_t bytes) {
  return (bytes + kMiB - 1) / kMiB;
}
/// Whole gibibytes that hold `bytes`: rounds up.
constexpr std::uint64_t gib_holding(std::uint64_t bytes) {
  return (bytes + kGiB - 1) / kGiB;
}

/// "512 MiB", "2 GiB", "1.5 GiB": at most one decimal, binary units.
std::string show_bytes(std::uint64_t bytes);
/// "41 ms", "2s", "1m 30s", "5m", "2h 5m", "7d": the two largest units that are not zero.
std::string show_duration(Duration duration);
/// RFC 3339 in UTC to the millisecond: "2026-05-04T13:20:00.000Z".
std::string rfc3339(Instant at);
/// The instant that rfc3339() wrote; nothing for any other text.
std::optional<Instant> instant_from(std::string_view text);

}  // namespace vscale
