#include "engine/gates/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/gates/gate_tries.h"

namespace vscale {
namespace {

class GateWait {
 public:
  GateWait(const GateSubject& subject, const WaitForGates& wait, GatePorts ports, const GateTrySink& tell,
           const std::function<bool()>& stopped)
      : wait_(wait),
        ports_(ports),
        tell_(tell),
        stopped_(stopped),
        guest_(subject, wait.nics, ports),
        began_(ports.clock.uptime() - used_up(subject, wait, ports.clock.now())),
        deadline_(began_ + wait.startup_timeout),
        progress_end_(wait.progress_deadline == Duration{0} ? Duration::max()
                                                            : ports.clock.uptime() + wait.progress_deadline),
        due_(wait.gates.size()) {}

  Result<GatesPassed> run() {
    for (std::size_t from = 0;;) {
      for (std::size_t at = from; at < wait_.gates.size(); ++at) {
        if (const auto passed = pass(at); !passed) return passed.error();
      }
      const auto lost = stay_ready();
      if (!lost) return lost.error();
      if (!*lost) break;
      from = **lost;
    }
    wait_for_addresses();
    return outcome();
  }

 private:
  /// Which gate does not pass any more; nothing: all do.
  using Lost = std::optional<std::size_t>;

  /// What is gone of the bound. From here on it is measured by what nobody can set; a wall clock that was set since the
  /// start shortens it by the whole bound at most, and never lengthens it.
  static Duration used_up(const GateSubject& subject, const WaitForGates& wait, Instant now) {
    return std::clamp(now - subject.started_at.value_or(now), Duration{0}, wait.startup_timeout);
  }

  Result<void> pass(std::size_t at) {
    for (;;) {
      const auto answer = guest_.attempt(wait_.gates[at], ends_by());
      if (const auto* passed = std::get_if<GateTries::Passed>(&answer)) {
        has_passed(at, *passed);
        return {};
      }
      if (const auto error = why_over(wait_.gates[at], answer)) return *error;
      pause_until(std::min(due_after_try(at), ends_by()));
    }
  }

  void has_passed(std::size_t at, const GateTries::Passed& passed) {
    tries_ = 0;
    due_[at] = due_after_try(at);
    if (!passed.note.empty()) notes_[at] = passed.note;
  }

  /// After a try that has not passed: why there will be no other. Where there will be, it is told of.
  std::optional<Error> why_over(const Gate& gate, const GateTries::Answer& answer) {
    if (const auto* never = std::get_if<GateTries::Never>(&answer)) return never->error;
    const auto& not_yet = std::get<GateTries::NotYet>(answer);
    ++tries_;
    last_found_ = fmt::format("gate {} has not passed: {} ({})", show(gate), not_yet.found, counted_tries());
    // One slow answer is no reason to give up what has been ready, even if the bound was used up before.
    const bool was_just_lost = losses_ == 1 && tries_ == 1;
    if (auto reason = guest_.why_down(fmt::format("while it was waited for (gate {})", show(gate)))) return reason;
    if (stopped_()) return cut_short(gate, not_yet.found);
    if (ports_.clock.uptime() >= deadline_ && !was_just_lost) return too_late(gate, not_yet.found);
    if (ports_.clock.uptime() >= progress_end_) return no_progress(last_found_);
    tell_({.gate = show(gate),
           .found = not_yet.brief.empty() ? not_yet.found : not_yet.brief,
           .tries = tries_,
           .waited = ports_.clock.uptime() - began_,
           .limit = wait_.startup_timeout + was_ready_});
    return std::nullopt;
  }

  /// All gates have passed. Looks whether they go on doing so for min_ready.
  Result<Lost> stay_ready() {
    if (wait_.min_ready == Duration{0}) return Lost{};
    const Duration since = ports_.clock.uptime();
    const Duration end = since + wait_.min_ready;
    for (;;) {
      // Gates with a long `every`, and those that do not ask the domain, would tell of it late or never.
      if (auto reason = guest_.why_down("after all its gates had passed")) return *reason;
      const bool at_end = ports_.clock.uptime() >= end;
      const auto lost = try_due_by(at_end ? Duration::max() : ports_.clock.uptime(), since);
      if (!lost || *lost || at_end) return lost;
      if (stopped_()) return cut_short_ready(since);
      if (ports_.clock.uptime() >= progress_end_) {
        return no_progress(losses_ == 0 ? ready_for(since) : ready_for(since) + ", and before that: " + last_found_);
      }
      tell_({.gate = {},
             .found = ready_for(since),
             .tries = 0,
             .waited = ports_.clock.uptime() - since,
             .limit = wait_.min_ready});
      const Duration next_look = std::min(first_due(), ports_.clock.uptime() + kHostGateEvery);
      pause_until(std::min({next_look, end, progress_end_}));
    }
  }

  Result<Lost> try_due_by(Duration uptime, Duration ready_since) {
    for (std::size_t at = 0; at < wait_.gates.size(); ++at) {
      if (due_[at] > uptime) continue;
      if (stopped_()) return cut_short_ready(ready_since);
      const Duration tried_at = ports_.clock.uptime();
      const auto answer = guest_.attempt(wait_.gates[at], progress_end_);
      if (const auto* passed = std::get_if<GateTries::Passed>(&answer)) {
        has_passed(at, *passed);
        continue;
      }
      ++losses_;
      was_ready_ += tried_at - ready_since;
      deadline_ += tried_at - ready_since;
      if (const auto error = why_over(wait_.gates[at], answer)) return *error;
      pause_until(std::min(due_after_try(at), ends_by()));
      return Lost{at};
    }
    return Lost{};
  }

  Error too_late(const Gate& gate, const std::string& found) const {
    return {ErrorKind::timed_out,
            fmt::format("{}: gate {} has not passed within {} of its start{}: {} ({})", guest_.who(), show(gate),
                        show_duration(wait_.startup_timeout),
                        was_ready_ == Duration{0}
                            ? ""
                            : fmt::format(", not counting {} in which all had", show_duration(was_ready_)),
                        found, counted_tries()),
            {},
            where_to_look()};
  }

  Error no_progress(const std::string& found) const {
    return {ErrorKind::timed_out,
            fmt::format("{}: no progress within {}: {}", guest_.who(), show_duration(wait_.progress_deadline), found),
            {},
            where_to_look()};
  }

  Error cut_short(const Gate& gate, const std::string& found) const {
    return {ErrorKind::timed_out,
            fmt::format("{}: stopped while waiting for gate {}: {}", guest_.who(), show(gate), found),
            {},
            {}};
  }

  Error cut_short_ready(Duration since) const {
    return {ErrorKind::timed_out, fmt::format("{}: stopped when it was {}", guest_.who(), ready_for(since)), {}, {}};
  }

  [[nodiscard]] std::string counted_tries() const { return tries_ == 1 ? "1 try" : fmt::format("{} tries", tries_); }

  [[nodiscard]] std::string where_to_look() const { return "look inside: vscale console " + guest_.name(); }

  [[nodiscard]] std::string ready_for(Duration since) const {
    return fmt::format("ready for {} of {}", show_duration(ports_.clock.uptime() - since),
                       show_duration(wait_.min_ready));
  }

  [[nodiscard]] Duration ends_by() const { return std::min(deadline_, progress_end_); }

  [[nodiscard]] Duration due_after_try(std::size_t at) const { return ports_.clock.uptime() + every(wait_.gates[at]); }

  [[nodiscard]] Duration first_due() const {
    return due_.empty() ? Duration::max() : *std::min_element(due_.begin(), due_.end());
  }

  void wait_for_addresses() {
    const Duration until = std::min(ports_.clock.uptime() + kAddressGrace, progress_end_);
    for (guest_.learn_addresses(); guest_.address_missing() && ports_.clock.uptime() < until && !stopped_();
         guest_.learn_addresses()) {
      pause_until(ports_.clock.uptime() + kHostGateEvery);
    }
  }

  GatesPassed outcome() {
    std::vector<std::string> notes;
    if (const auto address = guest_.first_address()) notes.push_back(*address);
    for (const auto& [at, note] : notes_) notes.push_back(note);
    return {guest_.learned(), fmt::format("{}", fmt::join(notes, "; "))};
  }

  void pause_until(Duration uptime) { vscale::pause_until(uptime, ports_.clock, stopped_); }

  const WaitForGates& wait_;
  GatePorts ports_;
  const GateTrySink& tell_;
  const std::function<bool()>& stopped_;
  GateTries guest_;
  Duration began_;                            ///< By Clock::uptime(), and so are
  Duration deadline_;                         ///< the end of the bound,
  Duration progress_end_;                     ///< that of progress_deadline,
  std::vector<Duration> due_;                 ///< and when each gate that has passed is to be tried again.
  Duration was_ready_{};                      ///< So long, before gates were lost.
  int losses_ = 0;                            ///< How often it was ready, and then not.
  int tries_ = 0;                             ///< Of the gate that is waited for, and
  std::string last_found_;                    ///< what the last that did not pass has found.
  std::map<std::size_t, std::string> notes_;  ///< By gate.
};

}  // namespace

std::string show(const Gate& gate) {
  switch (gate.kind) {
    case Gate::Kind::domain:
      return "domain";
    case Gate::Kind::agent:
      return "agent";
    case Gate::Kind::cloud_init:
      return "cloudInit";
    case Gate::Kind::systemd:
      return "systemd";
    case Gate::Kind::tcp:
      return fmt::format("tcp :{}", gate.port);
    case Gate::Kind::http:
      return fmt::format("http :{}{}", gate.port, gate.path);
    case Gate::Kind::exec:
      return gate.guest.empty() ? "exec" : "exec " + gate.guest.front().text;
    case Gate::Kind::check_in:
      return "checkIn";
    case Gate::Kind::k8s_node:
      return "k8sNode";
  }
  VSCALE_ASSERT(false, "a gate of no known kind");
}

Result<GatesPassed> wait_for_gates(const GateSubject& subject, const WaitForGates& wait, GatePorts ports,
                                   const GateTrySink& tell, const std::function<bool()>& stopped) {
  return GateWait(subject, wait, ports, tell, stopped).run();
}

}  // namespace vscale
