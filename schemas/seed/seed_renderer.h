#pragma once

#include "engine/desired/config.h"
#include "engine/ports/seed_source.h"
#include "schemas/variables/read_input.h"

/// Makes the files of a NoCloud seed: where secrets are filled in, and the only place.
///
/// What goes where, and why:
/// - `user-data` is the user's own text, with `${…}` filled in and nothing added. It may be a `#!` script,
///   `#cloud-config`, MIME or anything else; whatever we put into it could change what it means.
/// - The keys of `cloudInit.sshKeys` are `public-keys` of `meta-data`. cloud-init gives those to its default user
///   whatever the user-data is, and beside keys that the user-data brings; a list in `#cloud-config` would be replaced
///   by a list of the same name there.
/// - `cloudInit.user` is `user:` in `vendor-data`: it names cloud-init's default user, who keeps the distribution's
///   groups and sudo rights. User-data with a `user:` of its own wins.
/// - The guest agent is installed by a script in `vendor-data`. `packages:` and `runcmd:` would be the shorter way, but
///   cloud-init does not join lists of vendor-data and user-data: the first user-data with `packages:` would take the
///   agent away, and apply would wait for it in vain. With both, vendor-data is a MIME multi-part.
/// - `network-config` is version 2 with one `ethernets` entry per card, found by its MAC and named eth0, eth1, …; only
///   the first static card with a gateway gets the default route.

namespace vscale {

/// Fills in an instance's template. Holds copies; safe to call from several threads.
class SeedRenderer final : public SeedSource {
 public:
  SeedRenderer(Config config, Variables variables);

  /// Also `invalid` if the group, its image or a network is not in the configuration. Messages never hold a secret.
  Result<SeedFiles> seed_for(const SeedRequest& request) override;

 private:
  Config config_;
  Variables variables_;
};

}  // namespace vscale
