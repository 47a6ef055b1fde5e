#include "engine/rollout/budget.h"

#include <algorithm>

namespace vscale {
namespace {

enum class Rounding { up, down };

int count_of(const Amount& amount, int size, Rounding rounding) {
  if (amount.unit == Amount::Unit::count) return amount.value;
  const std::int64_t hundredths = static_cast<std::int64_t>(amount.value) * size;
  return static_cast<int>((hundredths + (rounding == Rounding::up ? 99 : 0)) / 100);
}

RolloutBudget budget_with(int surge, int unavailable, int size) {
  RolloutBudget budget{.size = size, .surge = surge, .unavailable = std::min(unavailable, size)};
  if (budget.surge == 0 && budget.unavailable == 0) budget.unavailable = std::min(1, size);
  return budget;
}

}  // namespace

RolloutBudget budget_for(const Update& update, int size) {
  return budget_with(count_of(update.max_surge, size, Rounding::up),
                     count_of(update.max_unavailable, size, Rounding::down), size);
}

RolloutBudget budget_without_surge(const Update& update, int size) {
  return budget_with(0, count_of(update.max_unavailable, size, Rounding::down), size);
}

std::string why_in_place(const Group& group) {
  if (group.kind == InstanceAddress::Kind::machine) return "a machine is one of its kind";
  if (group.stateful) return "it is stateful: instances keep their names";
  for (const auto& disk : group.instance.disks) {
    if (disk.keep) return "disk " + disk.name + " is kept, and stays with its ordinal";
  }
  return "";
}

int reach_of(const Amount& to, int size) {
  return std::min(size, std::max(1, count_of(to, size, Rounding::up)));
}

}  // namespace vscale
