#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "engine/ports/system_error.h"

namespace vscale {

/// system_error() for the call that has just failed, by errno as it is now: to be asked before any other call.
inline Error last_system_error(std::string message, std::string hint = {}) {
  const int number = errno;
  return system_error(number, std::strerror(number), std::move(message), std::move(hint));
}

}  // namespace vscale
