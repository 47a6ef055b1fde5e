#include "engine/plan/graph_builder.h"

#include <algorithm>
#include <utility>

namespace vscale {

void GraphBuilder::begin_with(std::string address, ActionDetail detail) {
  VSCALE_ASSERT(actions_.empty(), "a plan begins with what comes before everything else");
  add(std::move(address), "", {}, std::move(detail));
  begun_with_ = true;
}

int GraphBuilder::add(std::string address, std::string host, std::vector<int> needs, ActionDetail detail) {
  const int id = static_cast<int>(actions_.size()) + 1;
  if (begun_with_ && needs.empty()) needs.push_back(1);
  std::sort(needs.begin(), needs.end());
  needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  VSCALE_ASSERT(needs.empty() || needs.back() < id, "an action needs only earlier ones");
  actions_.push_back({id, std::move(address), std::move(host), std::move(needs), std::move(detail)});
  return id;
}

int GraphBuilder::barrier(const std::string& address, std::vector<int> needs) {
  return add(address, "", std::move(needs), Barrier{});
}

std::vector<Action> GraphBuilder::take() {
  return std::exchange(actions_, {});
}

}  // namespace vscale
