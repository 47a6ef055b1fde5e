#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.h"

namespace vscale {

/// Collects the actions of a plan. Ids are handed out in the order of add(), so that an action can only need what was
/// added before it: the graph has no cycle by construction.
class GraphBuilder {
 public:
  /// Everything that is added later comes after it. Only as the first of all.
  void begin_with(std::string address, ActionDetail detail);
  /// `needs` in any order, repeated or not. Returns the id.
  int add(std::string address, std::string host, std::vector<int> needs, ActionDetail detail);
  /// One node that stands for all of `needs`: what many wait for, many have to name only once.
  int barrier(const std::string& address, std::vector<int> needs);

  [[nodiscard]] const std::vector<Action>& actions() const { return actions_; }
  /// Hands everything over; the builder is empty afterwards.
  std::vector<Action> take();

 private:
  bool begun_with_ = false;
  std::vector<Action> actions_;
};

}  // namespace vscale
