#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/domain/instance_facts.h"
#include "engine/gates/gates.h"

/// One try of one gate, and what it tells: for whoever waits until a guest is ready, and whoever looks whether it stays
/// ready.

namespace vscale {

/// The gates of one guest, tried one at a time, with what was learned of its addresses on the way: an address that is
/// known stays known, and is asked for again only where a try at it was in vain. Subject and cards must outlive it; one
/// thread.
class GateTries {
 public:
  struct Passed {
    std::string note;
  };
  struct NotYet {
    std::string found;
    std::string brief{};       ///< The same where there is room for few words; empty: `found` is short itself.
    bool host_silent = false;  ///< The host did not answer, or could not ask the guest: nothing is known of the guest.
  };
  /// What waiting cannot mend.
  struct Never {
    Error error;
  };
  using Answer = std::variant<Passed, NotYet, Never>;

  GateTries(const GateSubject& subject, const std::vector<GuestNic>& nics, GatePorts ports);

  /// One try, within the gate's own `timeout` (where it has none, that of its kind); it does not outlast `until`, by
  /// Clock::uptime(), by more than kLastTryTimeout.
  Answer attempt(const Gate& gate, Duration until);
  /// Why no gate will ever pass: `failed` of a domain that is off or crashed, `not_found` of one that is gone. Nothing
  /// where it is up, or nothing is known of it. `meanwhile` ends the message: ", while it was waited for".
  std::optional<Error> why_down(const std::string& meanwhile);

  /// The first of its cards' addresses that is known.
  std::optional<std::string> first_address();
  [[nodiscard]] bool address_missing() const;
  /// Asks by lease or agent, where one is missing or was tried in vain; what is told last counts. A host that does not
  /// tell is no reason to fail: the gates decide.
  void learn_addresses();
  /// Of the cards that have none in the plan.
  [[nodiscard]] std::vector<GuestAddress> learned() const;

  [[nodiscard]] const std::string& who() const { return who_; }    ///< "web-3 on kvm2"
  [[nodiscard]] const std::string& name() const { return name_; }  ///< "web-3"

 private:
  Answer ask(const Gate& gate, Duration until);
  Answer try_domain();
  Answer try_agent(const Gate& gate, Duration until);
  Answer try_cloud_init(const Gate& gate, Duration until);
  Answer try_systemd(const Gate& gate, Duration until);
  Answer try_tcp(const Gate& gate, Duration until);
  Answer try_http(const Gate& gate, Duration until);
  Answer try_exec(const Gate& gate, Duration until);
  [[nodiscard]] NotYet no_address_yet() const;
  [[nodiscard]] Duration try_timeout(const Gate& gate, Duration until) const;
  InstanceFacts facts();

  const GateSubject& subject_;
  const std::vector<GuestNic>& nics_;
  GatePorts ports_;
  std::string name_, who_;
  std::map<std::string, std::string> learned_;  ///< Address by MAC.
  bool doubted_ = false;                        ///< A try has failed since they were learned.
  std::string why_untold_;                      ///< Why the last question for addresses left some open,
  bool host_untold_ = false;                    ///< and that it was the host that did not answer.
};

/// How long the gate waits between two tries.
Duration every(const Gate& gate);
/// Returns at `uptime`, or soon after `stopped` begins to answer true.
void pause_until(Duration uptime, Clock& clock, const std::function<bool()>& stopped);
/// With the outside's own words, which tell a refused connection from one without a route; what to do about it is said
/// once, when waiting ends.
std::string what_was_found(const Error& error);

}  // namespace vscale
