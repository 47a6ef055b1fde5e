#pragma once

#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/recorded/recorded_state.h"

/// Domains that carry our mark and are not recorded: they were forgotten (`removed: then: forget`), or the record of
/// them was lost. Nothing is done to them, and what they stand on and hold is not anybody else's.

namespace vscale {

struct UnrecordedDomain {
  /// How sure it is that it is there. What nobody can see now is not gone for that.
  enum class Seen {
    now,             ///< Its host says so.
    last,            ///< When its host was last seen, which does not answer now.
    on_former_host,  ///< Likewise, and the host is no longer in the file.
  };

  const std::string* host = nullptr;
  const LiveDomain* domain = nullptr;  ///< With `ownership`, of our lineage.
  Seen seen = Seen::now;

  [[nodiscard]] const Ownership& mark() const { return *domain->ownership; }
};

/// All of them, in order of Seen, host and name. One that is recorded, wherever it is, is not among them. Refers to
/// `recorded` and `live`, which must outlive what is returned.
std::vector<UnrecordedDomain> unrecorded_domains(const RecordedState& recorded, const Config& config, const Live& live);

/// As the subject of a sentence: "domain prod-web-1 on kvm2, which is not recorded,", and how old that news is.
std::string show(const UnrecordedDomain& unrecorded);

/// May the domain stand on the image with this digest (`sha256:HEX`)? On any, if its mark does not say.
bool may_stand_on_image(const UnrecordedDomain& unrecorded, const std::string& digest);
/// The same of the image whose copies are called `volume`.
bool may_stand_on_copy(const UnrecordedDomain& unrecorded, const std::string& volume);

}  // namespace vscale
