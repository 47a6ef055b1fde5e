#pragma once

#include <string>

#include "engine/ports/seed_source.h"
#include "engine/values/result.h"

/// The seed that a guest's cloud-init reads on its first boot.

namespace vscale {

/// The bytes of a NoCloud seed: an ISO 9660 file system labelled `cidata`, with Rock Ridge and Joliet, holding
/// meta-data, user-data, network-config, and vendor-data if it is not empty; each readable by the guest's root only.
/// The image holds the time, so it differs from call to call: hash what goes in, never the ISO.
///
/// libarchive keeps the contents in a temporary file while it works: in TMPDIR (else /tmp), 0600, and unlinked before
/// its first byte is written, so that it has no name and is gone with the process. Where even blocks of a deleted file
/// are too much, let TMPDIR name a tmpfs.
///
/// `failed` if that file cannot be made or written (`no_capacity` if its disk is full).
Result<std::string> make_seed_iso(const SeedFiles& files);

}  // namespace vscale
