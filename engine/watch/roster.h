#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// One recorded instance, and where it is now.
struct Member {
  const InstanceRecord* record = nullptr;
  Whereabouts where;
};

/// Everybody who is recorded, by group, with a look at the hosts. Refers to what it was made from.
class Roster {
 public:
  Roster(const Config& config, const RecordedState& recorded, const Live& live);

  /// In order of addresses.
  [[nodiscard]] const std::vector<Member>& of(const std::string& group) const;

 private:
  LiveIndex index_;
  LastSeenUp last_seen_up_;
  std::map<std::string, std::vector<Member>> by_group_;
};

}  // namespace vscale
