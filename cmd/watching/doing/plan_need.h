#pragma once

#include <cstdint>
#include <optional>

#include "engine/values/units.h"

namespace vscale {

/// Where there was nothing to do, and all is as it was then, plans are made no more often.
constexpr Duration kPlannedAgain{60'000};

/// Whether another plan could say anything else than the last one: a plan of everything had nothing in it, and since
/// then nothing has changed and nobody has written. So a quiet installation costs looks, and no plans. What comes to
/// pass by the time alone, such as the end of a suspension, is no change: it is seen in kPlannedAgain.
///
/// A value, for one thread. Moments are by uptime; `writes` is what FollowingStore::writes() says.
class PlanNeed {
 public:
  /// Something that plans are made from is otherwise than it was.
  void note_change() { has_changed_ = true; }
  /// A plan of everything was made. `is_all_done`: it had nothing in it.
  void note_plan(Duration uptime, std::int64_t writes, bool is_all_done);
  /// Is a plan to be made? It is before the first one, and after one that had something in it.
  [[nodiscard]] bool is_there(Duration uptime, std::int64_t writes) const;

 private:
  bool has_changed_ = false;
  std::int64_t writes_ = 0;              ///< When the last plan was made.
  std::optional<Duration> all_done_at_;  ///< Nothing: the last plan had something in it, or there was none.
};

}  // namespace vscale
