#pragma once

#include <string>

#include "engine/values/result.h"

/// Where libvirt's errors become ours. Internal to providers/libvirt.

namespace vscale::libvirt {

/// The kind for libvirt's numbers: a virErrorNumber, the virErrorDomain that reported it, and for system errors the
/// errno. The one place where they are looked at; libvirt's texts are shown and never parsed.
ErrorKind kind_of(int code, int domain, int system_errno);

/// What libvirt said about a call that failed.
struct Failure {
  ErrorKind kind = ErrorKind::failed;
  std::string words;

  /// The error to hand on. `message` says what was being done, to what, on which host: `host "kvm1": cannot start
  /// domain "prod-web-0"`. libvirt's words become the detail.
  Error told(std::string message, std::string hint = {}) const;
};

/// Of this thread's last libvirt call: to be asked for right after it, as every other call forgets it, even one for a
/// name. `return last_failure().told(…called(domain)…)` asks in the right order.
Failure last_failure();

/// The virErrorNumber of this thread's last libvirt call; for telling apart what a driver cannot do from what failed.
int last_code();

/// Did this thread's last libvirt call fail because the driver does not know it, or not with these flags?
bool last_was_not_known_to_the_driver();

}  // namespace vscale::libvirt
