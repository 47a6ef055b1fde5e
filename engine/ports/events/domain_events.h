#pragma once

#include <set>
#include <string>

#include "engine/values/units.h"

namespace vscale {

/// A port: word from hosts that something there may be otherwise than when it was last looked at. It says "look again
/// now" and nothing more: not what happened, nor to whom, nor how often. Nothing may depend on it but how soon one
/// looks: word can be late, come for nothing, or not at all, as from a host that cannot give any.
///
/// There is word when one of our guests was started, stopped, paused, crashed, defined or undefined, also by ourselves;
/// when its agent came or went; and when a host that was silent (Domains::observe) has answered. What happens to
/// domains that were foreign when their host was last observed is no word.
///
/// A host is listened to from its next observe() on, which takes up listening before it reads: so what comes to pass
/// between that reading and the next one is word. A connection that was lost is made good in the same way.
///
/// For the one thread that looks.
class DomainEvents {
 public:
  virtual ~DomainEvents() = default;
  /// Listens to these hosts, and to no others any more. Asks none of them for anything yet.
  virtual void listen_to(const std::set<std::string>& hosts) = 0;
  /// Returns true as soon as there is word, but not before `earliest`, by which much word is as good as one; it may
  /// have come before this call, and after the call that returned true before. Returns false at `latest`, or earlier
  /// when whoever runs the program asks it to stop (see Clock::sleep_until): callers look whether it is to.
  virtual bool sleep_between(Instant earliest, Instant latest) = 0;
};

}  // namespace vscale
