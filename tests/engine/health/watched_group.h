#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/health/decide_health.h"

/// A group that is looked at again and again, with everything filled in that does not matter:
///
///     WatchedGroup web;
///     web.look({alive(0), alive(1), failing(2)});    // and 15 s later once more
///     CHECK(web.heals() == Words{"web-2 replace failing"});

namespace vscale::test::health {

using Words = std::vector<std::string>;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline const Instant kBegin{std::chrono::milliseconds{1'777'777'777'000}};
inline constexpr Duration kInterval{seconds{15}};

inline InstanceAddress of_web(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

/// Created and started a day ago, and ready since.
inline HealthFinding found(int ordinal, HealthFinding::State state, std::string what = "") {
  return {.address = of_web(ordinal),
          .uuid = fmt::format("uuid-{}", ordinal),
          .state = state,
          .what = std::move(what),
          .created_at = kBegin - hours{24},
          .started_at = kBegin - hours{24},
          .was_ready = true};
}
inline HealthFinding alive(int ordinal) {
  return found(ordinal, HealthFinding::State::alive);
}
inline HealthFinding failing(int ordinal) {
  return found(ordinal, HealthFinding::State::failing, "no answer");
}
inline HealthFinding off(int ordinal) {
  return found(ordinal, HealthFinding::State::off, "shut off");
}
inline HealthFinding unknown(int ordinal) {
  return found(ordinal, HealthFinding::State::unknown, "kvm2 does not answer");
}
inline HealthFinding stopped(int ordinal) {
  return found(ordinal, HealthFinding::State::stopped);
}
inline HealthFinding leaving(int ordinal) {
  return found(ordinal, HealthFinding::State::leaving);
}
inline HealthFinding booting(int ordinal, Instant started_at) {
  HealthFinding finding = found(ordinal, HealthFinding::State::booting, "gate agent");
  finding.started_at = started_at;
  return finding;
}
inline HealthFinding making(int ordinal, Instant created_at) {
  HealthFinding finding = found(ordinal, HealthFinding::State::making, "volume.create");
  finding.created_at = created_at;
  finding.started_at.reset();
  finding.was_ready = false;
  return finding;
}
inline HealthFinding with_uuid(HealthFinding finding, const std::string& uuid) {
  finding.uuid = uuid;
  return finding;
}

inline std::vector<HealthFinding> several(HealthFinding (*member)(int), int count, int from = 0) {
  std::vector<HealthFinding> members;
  for (int i = 0; i < count; ++i) members.push_back(member(from + i));
  return members;
}
/// `first`, and then those of `second`.
inline std::vector<HealthFinding> together(std::vector<HealthFinding> first, const std::vector<HealthFinding>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline Scaling a_scaling() {
  Scaling scaling;
  scaling.min = 1;
  scaling.max = 20;
  return scaling;
}

class WatchedGroup {
 public:
  WatchedGroup() { group.name = "web"; }

  Group group;
  std::set<Suspension::Process> suspended;
  bool healing = false;
  Instant now = kBegin;
  HealthOutcome last;  ///< Of the last look; what is remembered is in it.

  const HealthOutcome& look_at(Instant moment, std::vector<HealthFinding> members) {
    now = moment;
    const HealthInput input{
        .group = &group, .members = std::move(members), .suspended = suspended, .healing = healing, .now = now};
    return last = decide_health(input, last.records);
  }
  /// One interval after the last look.
  const HealthOutcome& look(std::vector<HealthFinding> members) { return look_at(now + kInterval, std::move(members)); }
  /// So many times, up to the first heal.
  const HealthOutcome& look(int times, const std::vector<HealthFinding>& members) {
    for (int i = 0; i < times; ++i) {
      if (!look(members).heals.empty()) break;
    }
    return last;
  }

  /// "web-2 replace failing"
  [[nodiscard]] Words heals() const {
    Words words;
    for (const auto& heal : last.heals) {
      words.push_back(fmt::format("{} {} {}", short_name(heal.address), to_string(heal.by), to_string(heal.why)));
    }
    return words;
  }
  /// "web-2: heal is suspended: no answer"
  [[nodiscard]] Words held() const {
    Words words;
    for (const auto& held : last.held) words.push_back(fmt::format("{}: {}", short_name(held.address), held.text));
    return words;
  }
  [[nodiscard]] const HealthRecord* record(int ordinal) const {
    const auto record = std::ranges::find(last.records, of_web(ordinal), &HealthRecord::address);
    return record == last.records.end() ? nullptr : &*record;
  }
  [[nodiscard]] int failures(int ordinal) const { return record(ordinal) != nullptr ? record(ordinal)->failures : 0; }
};

}  // namespace vscale::test::health
