#include "engine/health/crash_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/health/decide_health.h"
#include "engine/values/result.h"

namespace vscale {
namespace {

Duration backoff(int step) {
  Duration wait = kBackoffFirst;
  for (int i = 1; i < step; ++i) wait = std::min(2 * wait, kBackoffMost);
  return wait;
}

void no_later_than(std::optional<Instant>& moment, Instant latest) {
  if (moment) moment = std::min(*moment, latest);
}

}  // namespace

void begin_anew(HealthRecord& record) {
  record.failures = 0;
  record.failure.clear();
  record.failing_since.reset();
  record.healthy_since.reset();
}

HealthRecord aged(HealthRecord record, Instant now) {
  no_later_than(record.failing_since, now);
  no_later_than(record.healthy_since, now);
  no_later_than(record.looked_at, now);
  no_later_than(record.retry_at, now + backoff(record.backoff_step));
  for (Instant& at : record.healed_at) at = std::min(at, now);
  std::erase_if(record.healed_at, [&](Instant at) { return now - at >= kCrashLoopWindow; });
  return record;
}

void note_alive(HealthRecord& record, Instant now) {
  record.healthy_since = record.healthy_since.value_or(now);
  if (now - *record.healthy_since < kBackoffReset) return;
  record.backoff_step = 0;
  record.retry_at.reset();
}

void note_heal(HealthRecord& record, Instant now) {
  begin_anew(record);
  record.healed_at.push_back(now);
  const bool is_looping = record.backoff_step > 0 || std::ssize(record.healed_at) >= kCrashLoopHeals;
  if (!is_looping) return;
  record.backoff_step = std::min(record.backoff_step + 1, kBackoffStepMost);
  record.retry_at = now + backoff(record.backoff_step);
}

std::string shown_times(std::size_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

bool is_backing_off(const HealthRecord& record, Instant now) {
  return record.retry_at && now < *record.retry_at;
}

std::string crash_loop_text(const HealthRecord& record, Instant now) {
  VSCALE_ASSERT(is_backing_off(record, now), "only who waits is told how long");
  return fmt::format("crash loop: healed {} within {}, again in {}", shown_times(record.healed_at.size()),
                     show_duration(kCrashLoopWindow), show_duration(*record.retry_at - now));
}

}  // namespace vscale
