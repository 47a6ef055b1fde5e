#include "engine/health/illness.h"

#include <fmt/format.h>

#include "engine/health/crash_loop.h"

namespace vscale {
namespace {

using State = HealthFinding::State;

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000;
}

std::string with_what(const std::string& text, const std::string& what) {
  return what.empty() ? text : fmt::format("{}: {}", text, what);
}

/// From when a timeout counts: what `moment` says, or where that is still to come, the first look at it.
std::optional<Instant> counted_from(const std::optional<Instant>& moment, const HealthRecord& record, Instant now) {
  const bool is_to_come = moment && *moment > now;
  return is_to_come ? record.failing_since.value_or(now) : moment;
}

bool is_past(const std::optional<Instant>& since, Duration limit, Instant now) {
  return since && now - *since > limit;
}

void forget_illness(HealthRecord& record) {
  record.failures = 0;
  record.failure.clear();
  record.failing_since.reset();
}

/// Ill at once, not by a count. `since`: when it became so, if that is known better than by the first look.
void set_ill(HealthRecord& record, const std::string& what, Instant since) {
  record.failures = 0;
  record.failure = what;
  record.failing_since = record.failing_since.value_or(since);
  record.healthy_since.reset();
}

Illness failing(const Group& group, const HealthFinding& finding, const HealthRecord& record) {
  return {.why = Healing::Why::failing,
          .text = with_what(fmt::format("{} failures in a row, {} allowed", record.failures, group.health.failures),
                            finding.what),
          .found = finding.what.empty() ? "it does not answer" : finding.what,
          .figures = {{"failures", record.failures}, {"allowed", group.health.failures}}};
}

/// How often it failed before it was started again says nothing of how it is now.
void note_wait(HealthRecord& record, const Group& group, const HealthFinding& finding, Instant now) {
  const bool is_made = finding.state == State::making;
  const std::optional<Instant> moment = is_made ? finding.created_at : finding.started_at;
  const std::optional<Instant> since = counted_from(moment, record, now);
  const Duration limit = is_made ? provision_timeout_of(group) : group.health.startup_timeout;
  begin_anew(record);
  if (since != moment) record.failing_since = since;
  if (is_past(since, limit, now)) set_ill(record, finding.what, *since + limit);
}

Illness past_startup_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                             Instant now) {
  const Duration since_start = now - counted_from(finding.started_at, record, now).value();
  const Duration limit = group.health.startup_timeout;
  const std::string found = fmt::format("not ready {} after its start", show_duration(since_start));
  return {
      .why = Healing::Why::startup_timeout,
      .text = with_what(fmt::format("{}, startupTimeout {}", found, show_duration(limit)), finding.what),
      .found = found,
      .figures = {{"since_start_s", seconds(since_start)}, {"startup_timeout_s", seconds(limit)}},
  };
}

Illness past_provision_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                               Instant now) {
  const Duration since_creation = now - counted_from(finding.created_at, record, now).value();
  const Duration limit = provision_timeout_of(group);
  const std::string found = fmt::format("not started {} after its creation began", show_duration(since_creation));
  return {
      .why = Healing::Why::provision_timeout,
      .text = with_what(fmt::format("{}, provisionTimeout {}", found, show_duration(limit)), finding.what),
      .found = found,
      .figures = {{"since_creation_s", seconds(since_creation)}, {"provision_timeout_s", seconds(limit)}},
  };
}

Illness off(const HealthFinding& finding, const HealthRecord& record, Instant now) {
  const Duration off_for = now - record.failing_since.value_or(now);
  const std::string found = finding.what.empty() ? "it is off" : finding.what;
  const auto heals = record.healed_at.size();
  const std::string text =
      heals == 0 ? found
                 : fmt::format("{}, healed {} within {}", found, shown_times(heals), show_duration(kCrashLoopWindow));
  return {.why = Healing::Why::off,
          .text = text,
          .found = found,
          .figures = {{"off_for_s", seconds(off_for)}, {"heals", static_cast<double>(heals)}}};
}

}  // namespace

Duration provision_timeout_of(const Group& group) {
  return group.scaling ? group.scaling->provision_timeout : kProvisionTimeout;
}

bool is_unready(const Group& group, const HealthRecord& record) {
  return record.failures >= group.health.failures;
}

bool is_past_startup_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                             Instant now) {
  const std::optional<Instant> since = counted_from(finding.started_at, record, now);
  return finding.state == State::booting && is_past(since, group.health.startup_timeout, now);
}

bool is_past_provision_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                               Instant now) {
  const std::optional<Instant> since = counted_from(finding.created_at, record, now);
  return finding.state == State::making && is_past(since, provision_timeout_of(group), now);
}

HealthRecord observed(const Group& group, const HealthFinding& finding, HealthRecord record, Instant now) {
  if (record.uuid != finding.uuid) {
    begin_anew(record);
    record.looked_at.reset();
    record.uuid = finding.uuid;
  }
  if (finding.state == State::unknown) return record;
  record.looked_at = now;
  switch (finding.state) {
    case State::alive:
      forget_illness(record);
      note_alive(record, now);
      break;
    case State::failing:
      ++record.failures;
      record.failure = finding.what;
      record.failing_since = record.failing_since.value_or(now);
      if (is_unready(group, record)) record.healthy_since.reset();
      break;
    case State::off:
      set_ill(record, finding.what, now);
      break;
    case State::booting:
    case State::making:
      note_wait(record, group, finding, now);
      break;
    case State::stopped:
    case State::leaving:
      begin_anew(record);
      break;
    case State::unknown:
      break;
  }
  return record;
}

std::optional<Illness> illness_of(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                                  Instant now) {
  if (finding.state == State::failing && is_unready(group, record)) {
    return failing(group, finding, record);
  }
  if (finding.state == State::off) return off(finding, record, now);
  if (is_past_startup_timeout(group, finding, record, now)) return past_startup_timeout(group, finding, record, now);
  if (is_past_provision_timeout(group, finding, record, now))
    return past_provision_timeout(group, finding, record, now);
  return std::nullopt;
}

Healing::By remedy_for(const Group& group, const HealthFinding& finding, const Illness& illness, Instant now) {
  if (illness.why == Healing::Why::off) return Healing::By::start;
  if (group.stateful || group.lifecycle.prevent_destroy) return Healing::By::restart;
  if (illness.why == Healing::Why::provision_timeout) return Healing::By::replace;
  const bool never_got_ready = illness.why == Healing::Why::startup_timeout && !finding.was_ready &&
                               is_past(finding.created_at, provision_timeout_of(group), now);
  if (never_got_ready) return Healing::By::replace;
  return group.health.heal.by == Heal::By::replace ? Healing::By::replace : Healing::By::restart;
}

}  // namespace vscale
