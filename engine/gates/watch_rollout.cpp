#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/gates/gate_tries.h"
#include "engine/gates/gates.h"

namespace vscale {
namespace {

constexpr Duration kNoBound = Duration::max();

/// Every instance's domain is asked for before its gates, which may not do so themselves.
std::vector<Gate> with_domain_first(const std::vector<Gate>& gates) {
  std::vector<Gate> all{Gate{}};
  std::copy_if(gates.begin(), gates.end(), std::back_inserter(all),
               [](const Gate& gate) { return gate.kind != Gate::Kind::domain; });
  return all;
}

/// No gate is tried more often than it wants to be.
Duration between_rounds(const std::vector<Gate>& gates) {
  Duration longest = kWatchEvery;
  for (const auto& gate : gates) longest = std::max(longest, gate.every.value_or(Duration{0}));
  return longest;
}

std::vector<GateSubject> subjects_of(const WatchRollout& watch, const std::string& lineage) {
  std::vector<GateSubject> subjects;
  for (const auto& one : watch.watched) {
    subjects.push_back({one.address, one.name, {one.host, one.uuid, lineage}, std::nullopt});
  }
  return subjects;
}

class RolloutWatch {
 public:
  RolloutWatch(const WatchRollout& watch, const std::string& lineage, GatePorts ports, const GateTrySink& tell,
               const std::function<bool()>& stopped)
      : watch_(watch),
        ports_(ports),
        tell_(tell),
        stopped_(stopped),
        gates_(with_domain_first(watch.gates)),
        subjects_(subjects_of(watch, lineage)),
        began_(ports.clock.uptime()),
        end_(began_ + watch.lasts) {
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      guests_.push_back({GateTries(subjects_[i], watch_.watched[i].nics, ports_), watch_.watched[i].host});
    }
  }

  Result<void> run() {
    for (;;) {
      const Duration began = ports_.clock.uptime();
      if (const auto looked = look_at_all(); !looked) return looked;
      const bool is_over = ports_.clock.uptime() >= end_;
      if (is_over && std::all_of(guests_.begin(), guests_.end(), [this](const Guest& g) { return is_settled(g); })) {
        return {};
      }
      if (const Guest* guest = still_unknown(); guest != nullptr) return nothing_known(*guest);
      if (stopped_()) return cut_short();
      const Duration next = began + between_rounds(watch_.gates);
      pause_until(began < end_ ? std::min(next, end_) : next, ports_.clock, stopped_);
    }
  }

 private:
  struct Guest {
    GateTries tries;
    std::string host;
    int failed = 0;                        ///< Tries in a row.
    std::set<std::string> failed_gates{};  ///< Which did not pass in these.
    std::string unknown{};                 ///< What was found instead, where the last look told nothing.
    std::optional<Duration> green_at{};    ///< When the last look began, if it was green.
  };

  /// Was it green at the end, or later? Until then it is looked at again and again.
  [[nodiscard]] bool is_settled(const Guest& guest) const { return guest.green_at && *guest.green_at >= end_; }

  Result<void> look_at_all() {
    bool all_green = true;
    silent_hosts_.clear();
    for (auto& guest : guests_) {
      if (is_settled(guest)) continue;
      if (const auto looked = look_at(guest); !looked) return looked;
      all_green = all_green && guest.green_at;
    }
    const Duration left = end_ - ports_.clock.uptime();
    if (all_green && left > Duration{0}) tell("", fmt::format("rests for {} more", show_duration(left)), 0);
    return {};
  }

  Result<void> look_at(Guest& guest) {
    const Duration began = ports_.clock.uptime();
    guest.green_at.reset();
    if (const auto silent = silent_hosts_.find(guest.host); silent != silent_hosts_.end()) {
      guest.unknown = silent->second;
      return {};
    }
    for (const auto& gate : gates_) {
      if (stopped_()) return cut_short();
      const auto answer = guest.tries.attempt(gate, kNoBound);
      if (!std::holds_alternative<GateTries::Passed>(answer)) return has_not_passed(guest, gate, answer);
    }
    guest.failed = 0;
    guest.failed_gates.clear();
    guest.unknown.clear();
    guest.green_at = began;
    return {};
  }

  Result<void> has_not_passed(Guest& guest, const Gate& gate, const GateTries::Answer& answer) {
    if (const auto* never = std::get_if<GateTries::Never>(&answer)) return never->error;
    const auto& not_yet = std::get<GateTries::NotYet>(answer);
    const std::string& brief = not_yet.brief.empty() ? not_yet.found : not_yet.brief;
    if (not_yet.host_silent) {
      silent_hosts_.emplace(guest.host, not_yet.found);
      guest.unknown = not_yet.found;
      tell(show(gate), fmt::format("nothing is known of {}: {}", guest.tries.name(), brief), guest.failed);
      return {};
    }
    if (auto down = guest.tries.why_down(watch_.step ? "while its rollout rested" : "while others were rolled")) {
      down->kind = ErrorKind::failed;
      return *std::move(down);
    }
    guest.unknown.clear();
    guest.failed_gates.insert(show(gate));
    if (++guest.failed >= watch_.failures) return not_ready(guest, gate, not_yet.found);
    tell(show(gate), fmt::format("{}: {} ({} of {})", guest.tries.name(), brief, guest.failed, watch_.failures),
         guest.failed);
    return {};
  }

  /// One of which nothing is known, though it was waited for beyond the end.
  [[nodiscard]] const Guest* still_unknown() const {
    if (ports_.clock.uptime() < end_ + kWatchOverrun) return nullptr;
    const auto found =
        std::find_if(guests_.begin(), guests_.end(), [](const Guest& guest) { return !guest.unknown.empty(); });
    return found == guests_.end() ? nullptr : &*found;
  }

  [[nodiscard]] Error not_ready(const Guest& guest, const Gate& gate, const std::string& found) const {
    const bool same = guest.failed_gates.size() == 1;
    const std::string times = guest.failed == 1 ? "" : fmt::format(" {} times in a row", guest.failed);
    return {ErrorKind::failed,
            same ? fmt::format("{}: gate {} has not passed{}: {}", guest.tries.who(), show(gate), times, found)
                 : fmt::format("{}: its gates have not passed{}, the last of them {}: {}", guest.tries.who(), times,
                               show(gate), found),
            {},
            "look inside: vscale console " + guest.tries.name()};
  }

  [[nodiscard]] Error nothing_known(const Guest& guest) const {
    return {ErrorKind::unreachable,
            fmt::format("{}: nothing is known of it {} after {}: {}", guest.tries.who(),
                        show_duration(ports_.clock.uptime() - end_),
                        watch_.step ? "the rest of its rollout was over" : "its rollout was to go on", guest.unknown),
            {},
            fmt::format("apply again when {} answers", guest.host)};
  }

  [[nodiscard]] Error cut_short() const {
    if (!watch_.step) return {ErrorKind::timed_out, "stopped while the new ones were looked at again", {}, {}};
    return {ErrorKind::timed_out,
            fmt::format("stopped while the rollout rested, after {} of {}",
                        show_duration(ports_.clock.uptime() - began_), show_duration(watch_.lasts)),
            {},
            {}};
  }

  void tell(const std::string& gate, const std::string& found, int tries) const {
    tell_({.gate = gate,
           .found = found,
           .tries = tries,
           .waited = ports_.clock.uptime() - began_,
           .limit = watch_.lasts});
  }

  const WatchRollout& watch_;
  GatePorts ports_;
  const GateTrySink& tell_;
  const std::function<bool()>& stopped_;
  std::vector<Gate> gates_;
  std::vector<GateSubject> subjects_;  ///< guests_ refer to them.
  std::vector<Guest> guests_;
  std::map<std::string, std::string> silent_hosts_;  ///< In this round, and what was found instead of an answer.
  Duration began_, end_;                             ///< By Clock::uptime().
};

}  // namespace

Result<void> watch_rollout(const WatchRollout& watch, const std::string& lineage, GatePorts ports,
                           const GateTrySink& tell, const std::function<bool()>& stopped) {
  return RolloutWatch(watch, lineage, ports, tell, stopped).run();
}

}  // namespace vscale
