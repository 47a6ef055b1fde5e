#include "engine/live/host_identity.h"

#include <fmt/format.h>

namespace vscale {
namespace {

bool is_told(const HostIdentity& identity) {
  return !identity.hostname.empty() && !identity.uuid.empty();
}

std::string show(const HostIdentity& identity) {
  return fmt::format("{} ({})", identity.hostname, identity.uuid);
}

}  // namespace

bool is_same_machine(const HostIdentity& one, const HostIdentity& other) {
  return is_told(one) && one == other;
}

std::optional<Error> answers_as_another(const std::string& host, const HostIdentity& before, const HostIdentity& now) {
  if (!is_told(before) || !is_told(now)) return std::nullopt;
  if (before.hostname == now.hostname || before.uuid == now.uuid) return std::nullopt;
  return Error{
      ErrorKind::conflict,
      fmt::format("host \"{}\" is another machine than before: {} answers, and it was {}", host, show(now),
                  show(before)),
      "",
      "correct its uri; or, if the name is meant to be another machine's now, give either a name under `hosts` "
      "that is new, and apply: what is recorded follows each machine"};
}

std::optional<Error> answers_as_well(const std::string& host, const HostIdentity& now, const std::string& other,
                                     const HostIdentity& others) {
  if (!is_same_machine(now, others)) return std::nullopt;
  return Error{ErrorKind::conflict,
               fmt::format("host \"{}\" is the same machine as host \"{}\": {}", host, other, show(now)), "",
               "correct its uri, or take one of the two out of `hosts`: what is there would be counted twice"};
}

}  // namespace vscale
