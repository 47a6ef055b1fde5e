#pragma once

#include <string>

#include "engine/values/result.h"

/// What the operating system said about a file of ours.

namespace vscale {

/// `not_found`, `denied`, `no_capacity` or `failed`, from errno as it is now. `message` names the file.
Error file_error(std::string message, std::string hint);

}  // namespace vscale
