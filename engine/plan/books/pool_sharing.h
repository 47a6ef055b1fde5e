#pragma once

#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/plan/books/unrecorded.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/recorded/recorded_state.h"

/// Pools that hosts have in common though the file does not say so: what one of them is taken for having to itself
/// belongs to instances of the other.

namespace vscale {

/// A volume that is there only once and that two hosts seem to have: an instance's disk or seed, whose name is nobody
/// else's. Copies of images are called the same everywhere, and say nothing.
struct SharingSign {
  std::string recorded_on, shown_by;  ///< Hosts.
  std::string pool, volume;
  std::string
      used_by{};  ///< Not recorded, but used on `recorded_on` by this domain, which is in no record. Else empty.

  [[nodiscard]] bool is_about(const std::string& host, const std::string& of_pool) const {
    return pool == of_pool && (host == recorded_on || host == shown_by);
  }
};

/// All signs, in order of (shown_by, pool), and in each those from records before those from domains that are in none.
/// None is a volume whose instance is on the host that shows it, since somebody moved it there, nor one that the
/// recorded host looked for and does not have. Pools that the file calls shared are left out.
std::vector<SharingSign> signs_of_sharing(const Config& config, const RecordedState& recorded,
                                          const std::vector<UnrecordedDomain>& unrecorded, const LiveIndex& live);

/// Is there a sign about this pool of this host?
bool looks_shared(const std::vector<SharingSign>& signs, const std::string& host, const std::string& pool);

}  // namespace vscale
