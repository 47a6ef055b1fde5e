#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cmd/real_world.h"
#include "cmd/run.h"

/// What a watch costs at whose hosts nothing happens: `vscale watch` in this process, against the hosts of a
/// configuration, for some ticks.
///   watch_bench TICKS [ARGUMENTS...]     `vscale watch ARGUMENTS`, until it has ticked so often
/// The test driver counts nothing of its domains, so that what they use is made up here, in their host's answer. Prints
/// a line for each tick:
///   MS           from the end of one sleep to the beginning of the next
///   IN_CALLS     of them, how long all hosts together were waited for
///   CPU_MS       processor time of the process, all threads, from the end of the sleep before to that of the next
///   MB           the most memory that it has had until then

using namespace vscale;
using std::chrono::steady_clock;

namespace {

double ms_since(steady_clock::time_point then) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - then).count();
}

rusage used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double cpu_ms(const rusage& usage) {
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double memory_mb(const rusage& usage) {
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

/// What is measured, while it goes on. For the one thread that ticks.
class Stopwatch {
 public:
  explicit Stopwatch(int ticks) : wanted_(ticks) {}

  void waited_for_hosts(double ms) { in_calls_ += ms; }

  void falls_asleep() {
    if (in_calls_ == 0) return;  // it only looked around
    ms_ = ms_since(awake_since_);
  }

  void wakes_up() {
    if (ms_ != 0) {
      const rusage now = used();
      fmt::print("{:.1f} {:.1f} {:.1f} {:.1f}\n", ms_, in_calls_, cpu_ms(now) - cpu_ms_before_, memory_mb(now));
      cpu_ms_before_ = cpu_ms(now);
      ++done_;
    }
    ms_ = in_calls_ = 0;
    awake_since_ = steady_clock::now();
  }

  [[nodiscard]] bool is_done() const { return done_ >= wanted_; }

 private:
  const int wanted_;
  int done_ = 0;
  double ms_ = 0, in_calls_ = 0, cpu_ms_before_ = 0;
  steady_clock::time_point awake_since_ = steady_clock::now();
};

/// As if every guest had worked a little, by its place in the list, and all the same way.
DomainCounters made_up(std::uint64_t look, std::uint64_t number) {
  const std::uint64_t count = (look + number % 7) * 1'000'000;
  DomainCounters counters;
  counters.cpu_ns = count * 100;
  counters.vcpus = 1;
  counters.disk_requests = count / 1000;
  counters.disk_bytes = count * 4;
  counters.network_bytes = count * 2;
  counters.memory_total_bytes = 64 * kMiB;
  counters.memory_usable_bytes = 32 * kMiB;
  counters.memory_told_at_s = static_cast<std::int64_t>(look);
  return counters;
}

class Measured : public Domains, public DomainEvents {
 public:
  Measured(HostPorts inner, Stopwatch& stopwatch) : inner_(std::move(inner)), stopwatch_(stopwatch) {}

  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    const auto began = steady_clock::now();
    auto answers = inner_.domains->observe(hosts);
    stopwatch_.waited_for_hosts(ms_since(began));
    ++looks_;
    for (auto& [host, answer] : answers) {
      if (!answer || !hosts.at(host).counters) continue;
      std::uint64_t number = 0;
      for (const LiveDomain& domain : answer->domains) {
        if (domain.ownership && is_up(domain.state)) answer->counters[domain.uuid] = made_up(looks_, number++);
      }
    }
    return answers;
  }

  Result<void> define_domain(const std::string& host, const DomainSpec& spec) override {
    return inner_.domains->define_domain(host, spec);
  }
  Result<void> start_domain(const DomainRef& domain) override { return inner_.domains->start_domain(domain); }
  Result<StopOutcome> stop_domain(const DomainRef& domain, Duration grace) override {
    return inner_.domains->stop_domain(domain, grace);
  }
  Result<void> undefine_domain(const DomainRef& domain) override { return inner_.domains->undefine_domain(domain); }
  Result<DomainState> domain_state(const DomainRef& domain) override { return inner_.domains->domain_state(domain); }
  Result<void> change_domain(const DomainRef& domain, const DomainChange& change) override {
    return inner_.domains->change_domain(domain, change);
  }

  void listen_to(const std::set<std::string>& hosts) override { inner_.events->listen_to(hosts); }
  bool sleep_between(Instant earliest, Instant latest) override {
    stopwatch_.falls_asleep();
    const bool word = inner_.events->sleep_between(earliest, latest);
    stopwatch_.wakes_up();
    return word;
  }

 private:
  HostPorts inner_;
  Stopwatch& stopwatch_;
  std::uint64_t looks_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  ::umask(S_IRWXG | S_IRWXO);
  Stopwatch stopwatch(std::stoi(argv[1]));
  Outside outside = real_world();
  outside.reach_hosts = [&stopwatch, reach = outside.reach_hosts](const std::vector<HostConnection>& hosts) {
    HostPorts ports = reach(hosts);
    const auto measured = std::make_shared<Measured>(ports, stopwatch);
    ports.domains = measured;
    ports.events = measured;
    return ports;
  };
  outside.stop_request = [&stopwatch] { return stopwatch.is_done() ? StopRequest::finish_running : StopRequest::none; };
  std::vector<std::string> words = {"watch"};
  words.insert(words.end(), argv + 2, argv + argc);
  std::istringstream nothing;
  std::ostringstream said;  // stdout is the measurement's
  Streams streams{.in = nothing, .out = said, .err = std::cerr};
  const int code = run(words, streams, outside);
  std::cerr << said.str();
  std::cout.flush();
  std::_Exit(code);
}
