#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/ports/metrics/metrics_store.h"

/// Samples and readings as bytes of a column. What the bytes mean goes with the version of the metrics file. Unpacking
/// throws DamagedRow: what is in a file may be anything.

namespace vscale {

/// So many milliseconds; DamagedRow if nobody can have meant them.
Duration plausible_ms(std::int64_t count);

/// The youngest of `samples`, of which there is at least one; what packed samples count their time from.
Instant newest_of(const Samples& samples);

/// A sample after the other, each:
///
///     uuid      its length and its text
///     at, over  in ms; `at` as what it is before or after `base`
///     which     a byte: the lowest bit for cpu_percent, and so on in the order of Sample
///     values    of those: 8 bytes each, an IEEE double, the lowest byte first
///
/// Whole numbers are written seven bits a byte, the lowest first, the top bit set in all but the last; where they may
/// be negative, 0, -1, 1, -2, … as 0, 1, 2, 3, …
std::string pack_samples(const Samples& samples, Instant base);

/// Adds those that are not older than `since` to `all`.
void unpack_samples(std::string_view bytes, Instant base, Instant since, Samples& all);

/// Likewise: uuid, at, uptime, which counters, and these, in the order of DomainCounters.
std::string pack_readings(const CounterReadings& readings);
CounterReadings unpack_readings(std::string_view bytes);

}  // namespace vscale
