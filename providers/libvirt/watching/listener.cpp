#include "providers/libvirt/watching/listener.h"

#include <fmt/format.h>

#include <utility>

#include "providers/libvirt/host/kvm_trial.h"
#include "providers/libvirt/link/libvirt_error.h"

namespace vscale::libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Address = std::weak_ptr<Listener>;  ///< What libvirt hands back: the events of a connection may outlive us.

/// A host that has no events, or no room for another connection, is not asked at every look.
constexpr std::chrono::seconds kAskAgainAfter{60};

void forget(void* opaque) {
  delete static_cast<Address*>(opaque);
}

/// libvirt takes the address only if it takes the callback.
bool registered(virConnectPtr connection, int event, virConnectDomainEventGenericCallback callback,
                const Address& listener) {
  auto address = std::make_unique<Address>(listener);
  if (virConnectDomainEventRegisterAny(connection, nullptr, event, callback, address.get(), forget) < 0) return false;
  static_cast<void>(address.release());
  return true;
}

}  // namespace

/// Beside the lifecycle, of which a definition that is replaced is a part. They are no reason to look at once.
bool Listener::ask_for_changes(virConnectPtr connection) {
  const virConnectDomainEventMetadataChangeCallback metadata = [](virConnectPtr, virDomainPtr domain, int, const char*,
                                                                  void* opaque) {
    if (const auto listener = static_cast<Address*>(opaque)->lock()) listener->hear_of_change(domain);
  };
  const virConnectDomainEventDeviceAddedCallback device = [](virConnectPtr, virDomainPtr domain, const char*,
                                                             void* opaque) {
    if (const auto listener = static_cast<Address*>(opaque)->lock()) listener->hear_of_change(domain);
  };
  const Address self = weak_from_this();
  return registered(connection, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(metadata), self) &&
         registered(connection, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(device), self) &&
         registered(connection, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(device), self);
}

Listener::Listener(std::shared_ptr<WakeUp> wake_up) : wake_up_(std::move(wake_up)) {}

void Listener::set_wanted(bool wanted) {
  const std::scoped_lock lock(mutex_);
  wanted_ = wanted;
}

void Listener::let_go() {
  Connection last;  // gone after the lock
  const std::scoped_lock lock(mutex_);
  wanted_ = false;
  last.swap(connection_);
}

bool Listener::is_due() {
  const std::scoped_lock lock(mutex_);
  if (!wanted_ || SteadyClock::now() < not_before_) return false;
  return !connection_ || virConnectIsAlive(connection_.get()) != 1;
}

void Listener::take_up(HostLink& link) {
  if (!is_due()) return;
  const Result<void> asked = link.call<void>(
      Lane::request, "tell of its domains", link.options().refresh_timeout,
      [self = shared_from_this()](virConnectPtr connection, Progress&) { return self->ask_for_events(connection); });
  if (asked) return;
  const std::scoped_lock lock(mutex_);
  not_before_ = SteadyClock::now() + kAskAgainAfter;
}

Result<void> Listener::ask_for_events(virConnectPtr connection) {
  const virConnectDomainEventCallback lifecycle = [](virConnectPtr, virDomainPtr domain, int, int, void* opaque) {
    if (const auto listener = static_cast<Address*>(opaque)->lock()) listener->hear(domain);
    return 0;
  };
  const virConnectDomainEventAgentLifecycleCallback agent = [](virConnectPtr, virDomainPtr domain, int, int,
                                                               void* opaque) {
    if (const auto listener = static_cast<Address*>(opaque)->lock()) listener->hear(domain);
  };
  if (!registered(connection, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(lifecycle), weak_from_this())) {
    return last_failure().told("no events of domains are to be had");
  }
  // Not every driver has agents.
  static_cast<void>(
      registered(connection, VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(agent), weak_from_this()));
  const bool tells_changes = ask_for_changes(connection);
  static_cast<void>(virConnectRef(connection));
  Connection replaced(connection, virConnectClose);  // gone after the lock: its end may take a moment
  const std::scoped_lock lock(mutex_);
  connection_.swap(replaced);
  tells_changes_ = tells_changes;
  definitions_->forget_all();  // what happened while nothing was heard
  return {};
}

std::shared_ptr<KnownDefinitions> Listener::definitions() {
  const std::scoped_lock lock(mutex_);
  const bool hears = wanted_ && tells_changes_ && connection_ && virConnectIsAlive(connection_.get()) == 1;
  return hears ? definitions_ : nullptr;
}

void Listener::take_note_of(const HostSnapshot& seen) {
  const std::scoped_lock lock(mutex_);
  foreign_.clear();
  if (!wanted_) return;
  for (const LiveDomain& domain : seen.domains) {
    if (!domain.ownership) foreign_.insert(domain.uuid);
  }
}

void Listener::give_word() {
  {
    const std::scoped_lock lock(mutex_);
    if (!wanted_) return;
  }
  wake_up_->give_word();
}

void Listener::hear_of_change(virDomainPtr domain) {
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  if (virDomainGetUUIDString(domain, uuid) == 0) definitions_->forget(uuid);
}

void Listener::hear(virDomainPtr domain) {
  hear_of_change(domain);
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  if (is_kvm_trial(virDomainGetName(domain)) || virDomainGetUUIDString(domain, uuid) != 0) return;
  {
    const std::scoped_lock lock(mutex_);
    if (!wanted_ || foreign_.contains(uuid)) return;
  }
  wake_up_->give_word();
}

}  // namespace vscale::libvirt
