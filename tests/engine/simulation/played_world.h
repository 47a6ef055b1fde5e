#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/reconcile.h"

namespace vscale::test {

/// Hosts and state as values, on which a plan is played without an executor: what each action does to the host, and
/// what the record learns from it. Refuses, as a test failure, what a real host would refuse.
class PlayedWorld {
 public:
  explicit PlayedWorld(Config config);

  PlanInput input;                                ///< For tests to change: the file, the hosts, the options.
  std::function<void(const Action&)> after_each;  ///< Called after every action that is played, if it is set.

  /// Of the hosts as somebody finds them who looks now. reconcile(input) is for those who do not look.
  [[nodiscard]] Plan plan() const;
  /// Plays all of it, in order of ids, or in another order that the needs allow.
  void carry_out(const Plan& plan);
  void carry_out(const Plan& plan, const std::vector<std::size_t>& order);
  /// Plays the first `count` actions of `order`; then the run dies in the middle of the next one: what it began is
  /// recorded, what it did to the host is done if `did_it`, and its outcome is lost.
  void carry_out_and_die(const Plan& plan, const std::vector<std::size_t>& order, std::size_t count, bool did_it);
  /// Records what a command that looks at the hosts writes down of each: what it saw, or that it did not answer.
  void look();
  /// Plans and plays until a plan changes nothing, at most a few times. Returns how often it played.
  int converge();

  [[nodiscard]] HostSnapshot& host(const std::string& name) { return *input.live.at(name).snapshot; }
  /// The live domain of that name on that host; nullptr if there is none.
  LiveDomain* domain(const std::string& host, const std::string& name);
  [[nodiscard]] const InstanceRecord& instance(const std::string& address) const;

 private:
  void play(const Action& action);
  void record_begin(const Action& action);
  void record_end(const Action& action);
};

/// 0, 1, 2, …: the order of ids.
std::vector<std::size_t> order_of_ids(const Plan& plan);

}  // namespace vscale::test
