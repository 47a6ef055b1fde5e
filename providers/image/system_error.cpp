#include "providers/image/system_error.h"

#include <cerrno>
#include <cstring>

namespace vscale {
namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorKind::no_capacity;
    default:
      return ErrorKind::failed;
  }
}

}  // namespace

Error file_error(std::string message, std::string hint) {
  const int code = errno;
  return {.kind = kind_of(code), .message = std::move(message), .detail = std::strerror(code), .hint = std::move(hint)};
}

}  // namespace vscale
