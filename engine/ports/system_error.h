#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "engine/values/result.h"

/// What the operating system says about a call that failed, in our kinds, for whoever implements a port: it made the
/// call and hands in its errno.

namespace vscale {

/// `not_found`, `exists`, `denied`, `no_capacity` or `invalid` (a directory in place of a file) where the number says
/// so, else `failed`.
constexpr ErrorKind kind_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EEXIST:
      return ErrorKind::exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorKind::no_capacity;
    case EISDIR:
      return ErrorKind::invalid;
    default:
      return ErrorKind::failed;
  }
}

/// `words` is the system's own text for `number`; it becomes the detail. `message` names the file.
inline Error system_error(int number, std::string words, std::string message, std::string hint) {
  return {.kind = kind_of_errno(number),
          .message = std::move(message),
          .detail = std::move(words),
          .hint = std::move(hint)};
}

}  // namespace vscale
