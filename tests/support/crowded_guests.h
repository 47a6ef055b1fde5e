#pragma once

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/ports/guests.h"

namespace vscale::test {

/// Guests of which some cannot be asked: others, which hang, hold all the room that their host has for questions.
class CrowdedGuests final : public Guests {
 public:
  explicit CrowdedGuests(Guests& guests) : guests_(guests) {}

  std::set<std::string> without_room;  ///< By uuid.

  Result<void> ping_agent(const DomainRef& domain, Duration timeout) override {
    if (const auto error = why_not_asked(domain)) return *error;
    return guests_.ping_agent(domain, timeout);
  }
  Result<GuestExit> run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                 const std::string& input, Duration timeout) override {
    if (const auto error = why_not_asked(domain)) return *error;
    return guests_.run_in_guest(domain, argv, input, timeout);
  }
  Result<std::vector<GuestAddress>> guest_addresses(const DomainRef& domain) override {
    if (const auto error = why_not_asked(domain)) return *error;
    return guests_.guest_addresses(domain);
  }

 private:
  [[nodiscard]] std::optional<Error> why_not_asked(const DomainRef& domain) const {
    if (!without_room.contains(domain.uuid)) return std::nullopt;
    return Error{ErrorKind::unreachable, fmt::format("host \"{}\" had no room", domain.host), {}, {}};
  }

  Guests& guests_;
};

}  // namespace vscale::test
