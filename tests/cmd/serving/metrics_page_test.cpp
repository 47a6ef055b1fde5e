// What /metrics says: as a whole, by the rules of Prometheus' text format, and without a series per instance.

#include "cmd/serving/metrics_page.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/golden.h"

namespace vscale::test {
namespace {

WatchFigures figures_of_two_groups() {
  WatchFigures figures;
  figures.version = "0.1.0";
  for (const int took_ms : {80, 240, 240, 1'200, 400'000}) figures.ticks.add(Duration{took_ms});
  figures.ticks_overran = 1;
  figures.plans = 431;
  figures.last_tick = Instant{Duration{1'764'432'000'123}};
  figures.holds_lock = true;
  figures.hosts = {{.host = "kvm1"}, {.host = "kvm2", .up = false}};
  figures.groups = {
      {.group = "web",
       .wanted = 4,
       .min = 3,
       .max = 10,
       .there = 5,
       .ready = 3,
       .unready = 1,
       .by_state = {{"booting", 1}, {"ready", 3}, {"shut off", 1}},
       .scaled_out = 2,
       .scaled_in = 1,
       .left_as_it_was = 5'760,
       .restarted = 1,
       .replaced = 3,
       .policy_errors = 7},
      {.group = "db", .wanted = 1, .min = 1, .max = 1, .there = 1, .ready = 1, .by_state = {{"ready", 1}}}};
  figures.actions_done = 120;
  figures.actions_failed = 2;
  return figures;
}

struct SeenSample {
  std::string name, labels, value;
};

/// What breaks the rules of https://prometheus.io/docs/instrumenting/exposition_formats/ and of good names.
struct Exposition {
  std::vector<std::string> mistakes;
  std::map<std::string, std::string> types;  // by family
  std::vector<SeenSample> samples;
};

/// The family of a sample: of vscale_tick_duration_seconds_bucket it is vscale_tick_duration_seconds.
std::string family_of(const Exposition& page, const std::string& sample) {
  for (const char* part : {"_bucket", "_sum", "_count"}) {
    const std::string family = sample.substr(0, sample.size() - std::min(sample.size(), std::string(part).size()));
    if (sample.ends_with(part) && page.types.contains(family) && page.types.at(family) == "histogram") return family;
  }
  return sample;
}

void read_comment(const std::string& line, Exposition& page) {
  static const std::regex kHelp(R"(# HELP (vscale_[a-z0-9_]+) \S.*)");
  static const std::regex kType(R"(# TYPE (vscale_[a-z0-9_]+) (gauge|counter|histogram))");
  std::smatch match;
  if (std::regex_match(line, match, kType)) {
    const std::string name = match[1];
    const bool is_new = page.types.emplace(name, match[2]).second;
    if (!is_new) page.mistakes.push_back("a second type: " + line);
    if ((match[2] == "counter") != name.ends_with("_total")) page.mistakes.push_back("_total is of counters: " + line);
  } else if (!std::regex_match(line, match, kHelp)) {
    page.mistakes.push_back("no comment: " + line);
  }
}

void read_sample(const std::string& line, Exposition& page) {
  static const std::regex kSample(R"re((vscale_[a-z0-9_]+)(\{(?:[a-z]+="(?:[^"\\]|\\[\\"n])*",?)+\})? (\S+))re");
  std::smatch match;
  if (!std::regex_match(line, match, kSample)) {
    page.mistakes.push_back("no sample: " + line);
    return;
  }
  const SeenSample sample{.name = match[1], .labels = match[2], .value = match[3]};
  if (!page.types.contains(family_of(page, sample.name))) page.mistakes.push_back("no type before: " + line);
  for (const SeenSample& other : page.samples) {
    if (other.name == sample.name && other.labels == sample.labels) page.mistakes.push_back("twice: " + line);
  }
  std::size_t read = 0;
  const double value = std::stod(sample.value, &read);
  if (read != sample.value.size() || value < 0) page.mistakes.push_back("no number: " + line);
  page.samples.push_back(sample);
}

Exposition read_exposition(const std::string& text) {
  Exposition page;
  if (!text.ends_with('\n')) page.mistakes.emplace_back("no newline at the end");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      read_comment(line, page);
    } else {
      read_sample(line, page);
    }
  }
  return page;
}

std::string value_in(const Exposition& page, const std::string& name, const std::string& labels = "") {
  for (const SeenSample& sample : page.samples) {
    if (sample.name == name && sample.labels == labels) return sample.value;
  }
  return "none";
}

}  // namespace

TEST_CASE("the metrics of a running watch are a page for Prometheus") {
  check_golden("cmd/metrics_page.txt", metrics_page(figures_of_two_groups()));
}

TEST_CASE("the metrics keep the rules of the format, whatever things are called") {
  WatchFigures figures = figures_of_two_groups();
  figures.groups.push_back({.group = "a\"b\\c\nd{}"});
  figures.hosts.push_back({.host = "zwölf"});

  const Exposition page = read_exposition(metrics_page(figures));

  CHECK(page.mistakes == std::vector<std::string>{});
  CHECK(value_in(page, "vscale_group_instances", R"({group="a\"b\\c\nd{}"})") == "0");
}

TEST_CASE("a tick counts for every bound that it kept to") {
  const Exposition page = read_exposition(metrics_page(figures_of_two_groups()));

  const auto up_to = [&](const std::string& bound) {
    return value_in(page, "vscale_tick_duration_seconds_bucket", "{le=\"" + bound + "\"}");
  };
  CHECK(up_to("0.1") == "1");
  CHECK(up_to("0.25") == "3");
  CHECK(up_to("1") == "3");
  CHECK(up_to("2.5") == "4");
  CHECK(up_to("300") == "4");
  CHECK(up_to("+Inf") == "5");
  CHECK(value_in(page, "vscale_tick_duration_seconds_count") == "5");
  CHECK(std::stod(value_in(page, "vscale_tick_duration_seconds_sum")) == Approx(401.76));
}

TEST_CASE("before the first tick its time is absent, and not zero") {
  const Exposition page = read_exposition(metrics_page({.version = "0.1.0"}));

  CHECK(page.mistakes == std::vector<std::string>{});
  CHECK(value_in(page, "vscale_last_tick_timestamp_seconds") == "none");
  CHECK(value_in(page, "vscale_lock_held") == "0");
  CHECK(value_in(page, "vscale_ticks_overran_total") == "0");
}

TEST_CASE("the series grow with groups and hosts, and not with instances") {
  WatchFigures figures = figures_of_two_groups();
  const std::size_t before = read_exposition(metrics_page(figures)).samples.size();
  figures.groups[0].there = figures.groups[0].ready = figures.groups[0].by_state["ready"] = 10'000;

  const Exposition page = read_exposition(metrics_page(figures));

  CHECK(page.samples.size() == before);
  std::set<std::string> labels;
  static const std::regex kLabel(R"(([a-z]+)=)");
  for (const SeenSample& sample : page.samples) {
    for (auto label = std::sregex_iterator(sample.labels.begin(), sample.labels.end(), kLabel);
         label != std::sregex_iterator(); ++label) {
      labels.insert((*label)[1]);
    }
  }
  CHECK(labels == std::set<std::string>{"by", "direction", "group", "host", "le", "result", "state", "version"});
}

}  // namespace vscale::test
