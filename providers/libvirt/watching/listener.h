#pragma once

#include <libvirt/libvirt.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "engine/live/host_snapshot.h"
#include "providers/libvirt/link/host_link.h"
#include "providers/libvirt/watching/known_definitions.h"
#include "providers/libvirt/watching/wake_up.h"

namespace vscale::libvirt {

/// Turns the events of one host's domains into word. libvirt tells them over the connection that they were asked for
/// on, by its event loop, while the connection lies idle; so nothing here has a thread, and a connection that is lost
/// is found to be so, and replaced, by the next look. Safe from several threads. Owned by shared_ptr. Internal to
/// providers/libvirt.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(std::shared_ptr<WakeUp> wake_up);

  void set_wanted(bool wanted);
  /// Ends it for good, without a word to the host: to be called before the link is closed, which then does that.
  void let_go();
  /// Sees to it that events come, if they are wanted: asks for them over a connection of `link`, unless the one over
  /// which they come is still there. Where it does not work, nothing comes, and it is not tried again for a while.
  void take_up(HostLink& link);
  /// Of the host itself, if it is listened to.
  void give_word();
  /// What was seen there: from now on foreign domains are no news.
  void take_note_of(const HostSnapshot& seen);
  /// What is known of its domains' definitions; null where changes of them would not be heard of now.
  std::shared_ptr<KnownDefinitions> definitions();
  /// We have changed the domain ourselves: its definition is to be read again, though the event may take a while.
  void forget(const std::string& uuid) { definitions_->forget(uuid); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Connection = std::shared_ptr<virConnect>;

  bool is_due();
  Result<void> ask_for_events(virConnectPtr connection);
  bool ask_for_changes(virConnectPtr connection);
  void hear(virDomainPtr domain);
  void hear_of_change(virDomainPtr domain);

  const std::shared_ptr<WakeUp> wake_up_;
  const std::shared_ptr<KnownDefinitions> definitions_ = std::make_shared<KnownDefinitions>();
  std::mutex mutex_;
  bool wanted_ = false;
  Connection connection_;       ///< Over which events come; nothing: they do not.
  bool tells_changes_ = false;  ///< Over it, those of definitions too.
  SteadyTime not_before_{};
  std::set<std::string> foreign_;  ///< By uuid.
};

}  // namespace vscale::libvirt
