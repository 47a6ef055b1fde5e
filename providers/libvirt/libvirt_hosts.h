#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/domains.h"
#include "engine/ports/events/domain_events.h"
#include "engine/ports/guests.h"
#include "engine/ports/volumes.h"

/// The hosts of the configuration, reached through libvirt.

namespace vscale {

/// One host as the configuration names it, and how it is reached.
struct HostConnection {
  std::string name;
  std::string uri;  ///< Any libvirt URI. One over ssh is opened in batch mode: it never asks for a password.
};

/// The bounds of everything that is waited for. The defaults suit real hosts; tests use shorter ones.
struct LibvirtOptions {
  /// From asking for a connection until it is open. libvirt cannot bound this itself: the thread that opens is left
  /// behind, and the host is `unreachable` for as long as it has not come back.
  Duration open_timeout{10'000};
  /// A host whose opening has just failed is not asked again for this long; the same answer is given.
  Duration reopen_after{1'000};
  /// For one operation on a host, or the next sign of progress of a longer one (an upload, a refresh). What takes
  /// longer is left behind and never waited for again; its host is `unreachable` until its link is renewed.
  Duration call_timeout{60'000};
  /// The same for each step of reading a host, for which a person waits.
  Duration refresh_timeout{20'000};
  /// How often a host is asked whether it is still there, and how many answers may be missing before the connection is
  /// given up: a cable that was pulled is noticed after interval * (count + 1).
  Duration keepalive_interval{5'000};
  int keepalive_count = 3;
  /// Requests in flight per connection; 2 or more. libvirtd serves five, and complains in its log when there are more.
  int requests_in_flight = 4;
  /// How many of those may wait for a guest agent, which answers when the guest likes; 1 or more, and fewer than
  /// requests_in_flight, so that guests never keep a host from answering for itself.
  int agent_requests_in_flight = 2;
  /// How long a host that was left behind is not talked to, counted from then, or from when its opening should have
  /// come back; then it gets new connections beside those that hang. At once when all that hung has returned. As long
  /// as the keepalive needs: by then what hung on a dead connection has been told so, and does nothing late.
  Duration renew_after{20'000};
  /// How many links of one host may be abandoned with calls in them that have not come back, each of them a thread or a
  /// few (requests_in_flight, uploads and an opening). With so many, the host stays `unreachable` and says why, until
  /// one of them has come back.
  int abandoned_links = 4;
  /// How often a domain that was asked to shut down is looked at.
  Duration stop_poll_interval{250};
  /// How often a command that runs in a guest is looked at.
  Duration agent_poll_interval{250};
  /// How long a pool that somebody else is working on is tried again for, before the answer is `conflict`.
  Duration pool_busy_timeout{20'000};
  /// How long the guest of the trial that finds out whether KVM works is watched.
  Duration kvm_trial_timeout{5'000};
  /// The same for a second guest, where the first had neither powered off nor failed by then: the host may be busy.
  Duration kvm_trial_last_timeout{30'000};
  /// For closing all connections when the object goes. What is not closed by then is left to the end of the process.
  Duration close_timeout{1'000};
};

/// The ports Domains, Volumes, Guests and DomainEvents over as many connections to a host as it has requests in flight
/// (why not one for all: link/host_link.h): one for work that comes one after another, opened when it is first needed,
/// kept alive, used again, and opened again when lost; and one more for the events of a host that is listened to.
/// Nothing is done on a host before the first call about it.
///
/// A call that hangs is left behind at its deadline: the thread that made it is never joined, what it holds lives as
/// long as it does, and its late return is harmless. The object may be destroyed at any time at which no call of its
/// own callers is running.
class LibvirtHosts final : public Domains, public Volumes, public Guests, public DomainEvents {
 public:
  /// Opens nothing. `clock` says when a host was seen and must outlive the object. `end_sleep` ends the sleep of
  /// whoever sleeps on it, or else the next one, from any thread (SystemClock::interrupt), and may be called until the
  /// end of the process; without it, sleep_between() sleeps on when there is word. Two hosts of one name are a bug.
  LibvirtHosts(const std::vector<HostConnection>& hosts, LibvirtOptions options, Clock& clock,
               std::function<void()> end_sleep = {});
  ~LibvirtHosts() override;
  LibvirtHosts(const LibvirtHosts&) = delete;
  LibvirtHosts& operator=(const LibvirtHosts&) = delete;

  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override;
  Result<void> define_domain(const std::string& host, const DomainSpec& spec) override;
  Result<void> start_domain(const DomainRef& domain) override;
  Result<StopOutcome> stop_domain(const DomainRef& domain, Duration grace) override;
  Result<void> undefine_domain(const DomainRef& domain) override;
  Result<DomainState> domain_state(const DomainRef& domain) override;
  Result<void> change_domain(const DomainRef& domain, const DomainChange& change) override;

  Result<void> ensure_pool(const std::string& host, const std::string& pool, const std::string& path) override;
  Result<void> create_volume(const NewVolume& volume) override;
  Result<void> resize_volume(const VolumeRef& volume, std::uint64_t capacity_bytes,
                             const std::optional<DomainRef>& up_domain) override;
  Result<void> delete_volume(const VolumeRef& volume) override;
  Result<void> upload_file(const FileUpload& upload, const ProgressSink& progress) override;
  Result<void> write_seed(const VolumeRef& volume, const SeedFiles& files) override;

  Result<void> ping_agent(const DomainRef& domain, Duration timeout) override;
  Result<GuestExit> run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                 const std::string& input, Duration timeout) override;
  Result<std::vector<GuestAddress>> guest_addresses(const DomainRef& domain) override;

  void listen_to(const std::set<std::string>& hosts) override;
  bool sleep_between(Instant earliest, Instant latest) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vscale
