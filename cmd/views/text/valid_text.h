#pragma once

#include <string>
#include <vector>

#include "engine/desired/config.h"

namespace vscale {

/// "vscale.yaml: valid. prod: 2 hosts, 1 group of 3 instances, 1 machine.", with its newline. `files`: as given by -f.
std::string valid_text(const std::vector<std::string>& files, const Config& config);

}  // namespace vscale
