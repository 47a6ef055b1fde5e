#pragma once

#include <string>
#include <vector>

#include "engine/plan/books/pool_sharing.h"
#include "engine/plan/books/unrecorded.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/recorded/recorded_state.h"

/// Whether the copy of an image is where it is recorded, and who may stand on what lies there.

namespace vscale {

/// Where a host keeps its copies. A shared pool is one, whichever host looks at it.
struct ImagePlace {
  std::string host, pool;
  bool shared = false;
};

/// Is this copy there for the host? A pool that is off says nothing, so the record counts. In a shared pool it is
/// enough that any host sees it: each of them knows only what it saw when it last looked.
bool may_be_there(const ImageCopyRecord& copy, const ImagePlace& place, const LiveIndex& live);

/// Is it certain that no guest stands on a copy of this digest in this place, so that whatever lies there under its
/// name may be deleted? Not if an instance is recorded on it, or was moved there by hand; not if a domain of ours may
/// stand on it that is not recorded; not of a shared pool while a host is silent; and not where a pool seems to be
/// shared that the file does not call so (books/pool_sharing.h), or has not been seen: it may be made of a folder that
/// another host has, too.
bool nobody_stands_on(const std::string& digest, const ImagePlace& place, const RecordedState& recorded,
                      const std::vector<UnrecordedDomain>& unrecorded, const std::vector<SharingSign>& signs,
                      const LiveIndex& live);

}  // namespace vscale
