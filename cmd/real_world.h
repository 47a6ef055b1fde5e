#pragma once

#include "cmd/outside.h"

namespace vscale {

/// The machine that the program runs on, its files, and the hosts as libvirt reaches them. From here on the signals
/// that end a program are taken as StopRequests, as Outside says. Once in a process.
Outside real_world();

}  // namespace vscale
