#pragma once

#include "engine/desired/config.h"
#include "engine/ports/seed_source.h"
#include "schemas/config_reader.h"

/// Makes the files of a NoCloud seed: where secrets are filled in, and the only place.

namespace vscale {

/// Fills in an instance's template. Keeps references to neither argument; safe to call from several threads.
class SeedRenderer final : public SeedSource {
 public:
  SeedRenderer(Config config, Variables variables);

  /// `invalid` if the group, its image or a network is not in the configuration, too.
  Result<SeedFiles> seed_for(const SeedRequest& request) override;

 private:
  Config config_;
  Variables variables_;
};

}  // namespace vscale
