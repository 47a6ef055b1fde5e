#include "providers/libvirt/link/libvirt_error.h"

#include <libvirt/virterror.h>

#include <utility>

#include "engine/ports/system_error.h"

namespace vscale::libvirt {
namespace {

/// A file that is missing, or in the way, on the host or on the way there is not the domain or volume that was asked
/// for: of that, only libvirt's own codes speak.
ErrorKind kind_of_system_error(int domain, int system_errno) {
  if (domain == VIR_FROM_RPC) return ErrorKind::unreachable;
  const ErrorKind kind = kind_of_errno(system_errno);
  return kind == ErrorKind::no_capacity || kind == ErrorKind::denied ? kind : ErrorKind::failed;
}

}  // namespace

ErrorKind kind_of(int code, int domain, int system_errno) {
  switch (code) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_STORAGE_POOL:
    case VIR_ERR_NO_STORAGE_VOL:
    case VIR_ERR_NO_DOMAIN_METADATA:
      return ErrorKind::not_found;

    case VIR_ERR_DOM_EXIST:
    case VIR_ERR_STORAGE_VOL_EXIST:
      return ErrorKind::exists;

    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_NO_SERVER:
    case VIR_ERR_RPC:
    case VIR_ERR_GNUTLS_ERROR:
    case VIR_ERR_SSH:
    case VIR_ERR_LIBSSH:
      return ErrorKind::unreachable;

    case VIR_ERR_SYSTEM_ERROR:
      return kind_of_system_error(domain, system_errno);

    // "connection closed due to keepalive timeout", "client socket is closed"
    case VIR_ERR_INTERNAL_ERROR:
      return domain == VIR_FROM_RPC ? ErrorKind::unreachable : ErrorKind::failed;

    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return ErrorKind::denied;

    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return ErrorKind::unsupported;

    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
    case VIR_ERR_XML_INVALID_SCHEMA:
      return ErrorKind::invalid;

    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_AGENT_UNRESPONSIVE:
    case VIR_ERR_AGENT_UNSYNCED:
      return ErrorKind::timed_out;

    case VIR_ERR_OPERATION_INVALID:
    case VIR_ERR_RESOURCE_BUSY:
      return ErrorKind::conflict;

    default:
      return ErrorKind::failed;
  }
}

Error Failure::told(std::string message, std::string hint) const {
  return Error{kind, std::move(message), words, std::move(hint)};
}

Failure last_failure() {
  const virError* last = virGetLastError();
  if (last == nullptr) return Failure{ErrorKind::failed, "libvirt gave no reason"};
  return Failure{kind_of(last->code, last->domain, last->int1), last->message != nullptr ? last->message : ""};
}

int last_code() {
  return virGetLastErrorCode();
}

bool last_was_not_known_to_the_driver() {
  const int code = last_code();
  // A driver answers a flag that it does not know with "invalid argument".
  return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_INVALID_ARG || code == VIR_ERR_ARGUMENT_UNSUPPORTED ||
         code == VIR_ERR_OPERATION_UNSUPPORTED;
}

}  // namespace vscale::libvirt
