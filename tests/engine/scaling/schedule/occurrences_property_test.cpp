// Last and next occurrences against a walk from minute to minute through real zones, over days on which clocks are
// changed. VSCALE_SEED=N in the environment of the test replays the world of a failure.

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/scaling/schedule/occurrences.h"
#include "tests/engine/scaling/schedule/real_zone.h"

namespace vscale::test {
namespace {

using std::chrono::minutes;

constexpr int kRandomSchedules = 150;
constexpr std::chrono::days kBefore{3}, kAfter{4};  // of a change of the clocks

class Lots {
 public:
  explicit Lots(unsigned seed) : engine_(seed) {}
  int below(int count) { return static_cast<int>(engine_() % static_cast<unsigned>(count)); }
  bool one_in(int count) { return below(count) == 0; }

 private:
  std::mt19937 engine_;
};

// A field by its values, and as it is written.
struct PlainField {
  std::set<int> values;
  std::string text;
  bool is_all = false;
};

// One time in `all_in` it is all of the field, or never if that is 0; otherwise up to `most` values.
PlainField a_field(Lots& lots, int min, int max, int all_in, int most) {
  PlainField field;
  if (all_in > 0 && lots.one_in(all_in)) {
    for (int i = min; i <= max; ++i) field.values.insert(i);
    return {field.values, "*", true};
  }
  const int count = 1 + lots.below(most);
  for (int i = 0; i < count; ++i) field.values.insert(min + lots.below(max - min + 1));
  field.text = fmt::format("{}", fmt::join(field.values, ","));
  return field;
}

// An expression that needs no reader: the test knows what it names.
struct PlainCron {
  PlainField minute, hour, day, month, weekday;

  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} {} {} {}", minute.text, hour.text, day.text, month.text, weekday.text);
  }
  [[nodiscard]] bool runs_by_elapsed_time() const { return minute.is_all || hour.is_all; }
  [[nodiscard]] bool names(std::chrono::local_seconds local) const {
    const auto midnight = std::chrono::floor<std::chrono::days>(local);
    const std::chrono::year_month_day date{midnight};
    const auto time = static_cast<int>(std::chrono::floor<minutes>(local - midnight).count());
    const bool by_day = day.values.contains(static_cast<int>(static_cast<unsigned>(date.day())));
    const bool by_weekday = weekday.values.contains(static_cast<int>(std::chrono::weekday{midnight}.c_encoding()));
    const bool both_restricted = !day.is_all && !weekday.is_all;
    return minute.values.contains(time % 60) && hour.values.contains(time / 60) &&
           month.values.contains(static_cast<int>(static_cast<unsigned>(date.month()))) &&
           (both_restricted ? by_day || by_weekday : by_day && by_weekday);
  }
};

PlainCron a_cron(Lots& lots) {
  PlainCron cron;
  cron.minute = a_field(lots, 0, 59, 8, 4);
  // Clocks are changed in the small hours and around midnight, so most times are there.
  cron.hour = lots.one_in(3) ? a_field(lots, 0, 23, 2, 3) : a_field(lots, 0, 3, 0, 3);
  cron.day = a_field(lots, 1, 31, 2, 9);
  cron.month = a_field(lots, 1, 12, 1, 1);
  cron.weekday = a_field(lots, 0, 6, 2, 4);
  return cron;
}

// Every minute at which it comes, by the rule as it is said: a fixed time comes when clocks first show it or a later
// one; any other whenever they show it.
std::vector<Instant> walked(const PlainCron& cron, const ZoneRules& rules, Instant from, Instant to) {
  std::vector<Instant> found;
  std::chrono::local_seconds highest = local_time(rules, from - minutes{1});
  for (Instant at = from; at < to; at += minutes{1}) {
    const std::chrono::local_seconds shown = local_time(rules, at);
    bool comes = cron.runs_by_elapsed_time() && cron.names(shown);
    if (!cron.runs_by_elapsed_time()) {
      for (auto passed = highest + minutes{1}; passed <= shown; passed += minutes{1}) comes |= cron.names(passed);
    }
    highest = std::max(highest, shown);
    if (comes) found.push_back(at);
  }
  return found;
}

const std::vector<std::string>& zone_names() {
  static const std::vector<std::string> kNames = {
      "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",     "UTC",
      "Africa/Casablanca", "Europe/Moscow",    "America/Sao_Paulo",   "Pacific/Apia",     "America/St_Johns",
      "Asia/Tehran",       "Pacific/Chatham",  "America/Caracas",     "Antarctica/Troll", "Asia/Pyongyang",
      "Europe/London",     "America/Santiago", "Asia/Gaza",           "Africa/Cairo",     "Antarctica/Casey"};
  return kNames;
}

// A moment at which clocks of the zone were changed, or any if they never were.
Instant a_change(Lots& lots, const ZoneRules& rules) {
  const int changes = static_cast<int>(rules.offsets.size()) - 1;
  if (changes == 0) return utc_moment("2026-03-29T01:00Z") + std::chrono::days{lots.below(1000)};
  const int chosen = 1 + lots.below(changes);
  return rules.offsets[static_cast<std::size_t>(chosen)].from;
}

// As text, so that a failure shows what was expected and what came.
std::string shown(const std::optional<Instant>& at) {
  return at ? show_moment(*at) : "none";
}

void check_world(unsigned seed) {
  Lots lots(seed);
  const std::string& name = zone_names()[static_cast<std::size_t>(lots.below(static_cast<int>(zone_names().size())))];
  static std::map<std::string, ZoneRules> read;
  if (!read.contains(name)) read.emplace(name, real_zone(name));
  const ZoneRules& rules = read.at(name);
  const PlainCron plain = a_cron(lots);
  const Instant begin = a_change(lots, rules) - kBefore;
  const Instant end = begin + kBefore + kAfter;
  const std::vector<Instant> comes = walked(plain, rules, begin, end);
  const Cron read_cron = cron(plain.text());
  INFO("VSCALE_SEED=" << seed << ": \"" << plain.text() << "\" in " << name << " from " << show_moment(begin));
  for (int i = 0; i < 200; ++i) {
    const bool on_one = !comes.empty() && lots.one_in(2);
    const Instant near = on_one ? comes[static_cast<std::size_t>(lots.below(static_cast<int>(comes.size())))]
                                : begin + minutes{lots.below(7 * 1440)};
    const Instant at = near + Duration{lots.below(3) - 1};
    INFO("at " << rfc3339(at));
    const auto later = std::upper_bound(comes.begin(), comes.end(), at);
    const std::optional<Instant> next = next_occurrence(read_cron, rules, at);
    if (later != comes.end()) REQUIRE(shown(next) == shown(*later));
    if (later == comes.end()) REQUIRE((!next || *next >= end));
    const std::optional<Instant> last = last_occurrence(read_cron, rules, at);
    if (later != comes.begin()) REQUIRE(shown(last) == shown(*(later - 1)));
    if (later == comes.begin()) REQUIRE((!last || *last < begin));
  }
}

}  // namespace

TEST_CASE("occurrences are those that a walk from minute to minute finds, whatever is done to the clocks") {
  if (const char* given = std::getenv("VSCALE_SEED")) return check_world(static_cast<unsigned>(std::stoul(given)));
  const unsigned first = std::random_device{}();
  for (unsigned i = 0; i < kRandomSchedules; ++i) check_world(first + i);
}

}  // namespace vscale::test
