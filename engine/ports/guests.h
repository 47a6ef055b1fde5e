#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/domain/domain_ref.h"
#include "engine/values/result.h"
#include "engine/values/units.h"

namespace vscale {

struct GuestAddress {
  std::string mac, address;

  bool operator==(const GuestAddress&) const = default;
};

struct GuestExit {
  int code = 0;
  std::string out, err;  ///< Cut at kGuestOutputMaxBytes each: guests lie, and talk much.
};
constexpr std::size_t kGuestOutputMaxBytes = 64 * 1024;

/// A port: what goes on inside the guests, through the agent or libvirt's leases. `unreachable` if a guest was not
/// asked, as its host did not answer or had no room for the question in time: that says nothing of the guest.
class Guests {
 public:
  virtual ~Guests() = default;
  /// Does the agent answer within `timeout`? `timed_out` if it does not (yet), `not_found` if the domain is not there,
  /// `conflict` if it is not up.
  virtual Result<void> ping_agent(const DomainRef& domain, Duration timeout) = 0;
  /// Runs argv in the guest and waits for its end, up to `timeout`. An exit code that is not 0 is not an error here.
  virtual Result<GuestExit> run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                         const std::string& input, Duration timeout) = 0;
  /// IPv4 addresses of its cards: by lease, else by the agent. Empty, or an error, if none is known yet.
  virtual Result<std::vector<GuestAddress>> guest_addresses(const DomainRef& domain) = 0;
};

}  // namespace vscale
