#pragma once

#include <optional>
#include <string>

#include "engine/live/host_snapshot.h"
#include "engine/values/result.h"

/// Whether the machine that answers is the one that a host's name stands for. A URI that leads elsewhere by a slip, or
/// by DNS, shows a host without any of our guests, and they would all be created once more: so nothing is concluded
/// from the answer of another machine, as if nobody had answered.

namespace vscale {

/// Name and UUID are told by both and are equal.
bool is_same_machine(const HostIdentity& one, const HostIdentity& other);

/// Why `now` is no answer of `host`, if that was `before` when it was last seen: name and UUID both differ. One of them
/// changes on a machine that is the same: by a new name, or where hardware has no UUID and libvirt makes one up at each
/// start. Nothing if either was not told.
std::optional<Error> answers_as_another(const std::string& host, const HostIdentity& before, const HostIdentity& now);

/// Why `now` is no answer of `host`, if `other` is a host of the file that has answered as the same machine: what is
/// there would be counted twice. Nothing if name or UUID differ, or were not told.
std::optional<Error> answers_as_well(const std::string& host, const HostIdentity& now, const std::string& other,
                                     const HostIdentity& others);

}  // namespace vscale
