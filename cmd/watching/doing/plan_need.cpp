#include "cmd/watching/doing/plan_need.h"

namespace vscale {

void PlanNeed::note_plan(Duration uptime, std::int64_t writes, bool is_all_done) {
  has_changed_ = false;
  writes_ = writes;
  all_done_at_ = is_all_done ? std::optional(uptime) : std::nullopt;
}

bool PlanNeed::is_there(Duration uptime, std::int64_t writes) const {
  const bool was_all_done = all_done_at_ && uptime < *all_done_at_ + kPlannedAgain;
  return !was_all_done || has_changed_ || writes != writes_;
}

}  // namespace vscale
