#pragma once

#include <string>

namespace vscale::libvirt {

/// The URI that is opened for the one in the configuration: one that runs ssh gets `no_tty=1` (ssh's batch mode),
/// unless it says itself what it wants, so that nothing ever asks for a password in the middle of a plan.
std::string uri_to_open(const std::string& configured);

/// Is this libvirt's test driver inside of this process, with a file that every connection makes a world of its own of?
bool is_world_of_its_own(const std::string& uri);

}  // namespace vscale::libvirt
