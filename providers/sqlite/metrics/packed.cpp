#include "providers/sqlite/metrics/packed.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

constexpr std::array kRates{&Sample::cpu_percent, &Sample::memory_percent, &Sample::disk_iops, &Sample::disk_bytes,
                            &Sample::network_bytes};

/// Bytes that a sample takes, about: what is reserved for it.
constexpr std::size_t kSampleBytes = 88;
constexpr std::size_t kReadingBytes = 100;
/// 35,000 years: some of them can be added up.
constexpr std::int64_t kMostMs = std::int64_t{1} << 50;

std::uint64_t zigzag(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return number < 0 ? ~(bits << 1) : bits << 1;
}

std::int64_t from_zigzag(std::uint64_t bits) {
  return static_cast<std::int64_t>((bits & 1) != 0 ? ~(bits >> 1) : bits >> 1);
}

class Packer {
 public:
  explicit Packer(std::size_t expected_bytes) { bytes_.reserve(expected_bytes); }

  void natural(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes_ += static_cast<char>(number | 0x80);
    bytes_ += static_cast<char>(number);
  }
  void whole(std::int64_t number) { natural(zigzag(number)); }
  void text(const std::string& text) {
    natural(text.size());
    bytes_ += text;
  }
  void real(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    std::array<char, sizeof bits> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(bits >> (8 * i));
    bytes_.append(out.data(), out.size());
  }
  void byte(unsigned value) { bytes_ += static_cast<char>(value); }

  std::string bytes() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  unsigned byte() { return static_cast<unsigned char>(take(1).front()); }
  std::uint64_t natural() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned next = byte();
      number |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if ((next & 0x80) == 0) return number;
    }
    throw DamagedRow("a packed number does not end");
  }
  std::int64_t whole() { return from_zigzag(natural()); }
  int small() {
    const std::int64_t number = whole();
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
      throw DamagedRow("a packed number is too large");
    }
    return static_cast<int>(number);
  }
  std::string_view text() { return take(natural()); }
  double real() {
    std::uint64_t bits = 0;
    const std::string_view in = take(sizeof bits);
    for (std::size_t i = 0; i < in.size(); ++i) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
    }
    return std::bit_cast<double>(bits);
  }
  Duration duration() { return plausible_ms(whole()); }

 private:
  std::string_view take(std::uint64_t length) {
    if (length > rest_.size()) throw DamagedRow("packed bytes end too early");
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
};

void pack(Packer& out, const std::string& uuid, const Sample& sample, Instant base) {
  out.text(uuid);
  out.whole((sample.at - base).count());
  out.whole(sample.over.count());
  unsigned which = 0;
  for (std::size_t i = 0; i < kRates.size(); ++i) which |= (sample.*kRates[i] ? 1U : 0U) << i;
  out.byte(which);
  for (const auto rate : kRates) {
    if (sample.*rate) out.real(*(sample.*rate));
  }
}

Sample unpack_sample(Unpacker& in, Instant base) {
  Sample sample;
  sample.at = base + in.duration();
  sample.over = in.duration();
  const unsigned which = in.byte();
  if (which >> kRates.size() != 0) throw DamagedRow("a packed sample has metrics that are not of this version");
  for (std::size_t i = 0; i < kRates.size(); ++i) {
    if ((which >> i & 1U) != 0) sample.*kRates[i] = in.real();
  }
  return sample;
}

/// Calls `visit` with each counter in turn, of the type that it has.
template <class Counters, class Visit>
void for_each_counter(Counters& counters, const Visit& visit) {
  visit(counters.cpu_ns);
  visit(counters.vcpus);
  visit(counters.disk_requests);
  visit(counters.disk_bytes);
  visit(counters.network_bytes);
  visit(counters.memory_total_bytes);
  visit(counters.memory_usable_bytes);
  visit(counters.memory_told_at_s);
}

void pack(Packer& out, const DomainCounters& counters) {
  unsigned which = 0, bit = 1;
  for_each_counter(counters, [&](const auto& counter) {
    which |= counter ? bit : 0;
    bit <<= 1;
  });
  out.byte(which);
  for_each_counter(counters, [&]<class Value>(const std::optional<Value>& counter) {
    if (!counter) return;
    if constexpr (std::is_unsigned_v<Value>) {
      out.natural(*counter);
    } else {
      out.whole(*counter);
    }
  });
}

void read_into(Unpacker& in, std::optional<std::uint64_t>& counter) {
  counter = in.natural();
}
void read_into(Unpacker& in, std::optional<std::int64_t>& counter) {
  counter = in.whole();
}
void read_into(Unpacker& in, std::optional<int>& counter) {
  counter = in.small();
}

DomainCounters unpack_counters(Unpacker& in) {
  DomainCounters counters;
  unsigned which = in.byte();
  for_each_counter(counters, [&](auto& counter) {
    if ((which & 1U) != 0) read_into(in, counter);
    which >>= 1;
  });
  return counters;
}

}  // namespace

Duration plausible_ms(std::int64_t count) {
  if (count < -kMostMs || count > kMostMs) throw DamagedRow("a time that is thousands of years away");
  return Duration(count);
}

Instant newest_of(const Samples& samples) {
  Instant newest = Instant::min();
  for (const auto& [uuid, all] : samples) {
    for (const Sample& sample : all) newest = std::max(newest, sample.at);
  }
  return newest;
}

std::string pack_samples(const Samples& samples, Instant base) {
  Packer out(samples.size() * kSampleBytes);
  for (const auto& [uuid, all] : samples) {
    for (const Sample& sample : all) pack(out, uuid, sample, base);
  }
  return std::move(out).bytes();
}

void unpack_samples(std::string_view bytes, Instant base, Instant since, Samples& all) {
  plausible_ms(base.time_since_epoch().count());
  Unpacker in(bytes);
  auto near = all.begin();  // they come in order of uuids, as they are kept
  while (!in.at_end()) {
    const std::string_view uuid = in.text();
    const Sample sample = unpack_sample(in, base);
    if (sample.at < since) continue;
    if (near == all.end() || near->first != uuid) near = all.try_emplace(near, std::string(uuid));
    near->second.push_back(sample);
    ++near;
  }
}

std::string pack_readings(const CounterReadings& readings) {
  Packer out(readings.size() * kReadingBytes);
  for (const auto& [uuid, reading] : readings) {
    out.text(uuid);
    out.whole(reading.at.time_since_epoch().count());
    out.whole(reading.uptime.count());
    pack(out, reading.counters);
  }
  return std::move(out).bytes();
}

CounterReadings unpack_readings(std::string_view bytes) {
  Unpacker in(bytes);
  CounterReadings readings;
  while (!in.at_end()) {
    const std::string uuid(in.text());
    CounterReading reading;
    reading.at = Instant(in.duration());
    reading.uptime = in.duration();
    reading.counters = unpack_counters(in);
    readings.insert_or_assign(readings.end(), uuid, reading);
  }
  return readings;
}

}  // namespace vscale
