#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/ports/clock.h"
#include "engine/ports/domains.h"
#include "engine/ports/events/domain_events.h"
#include "engine/ports/guests.h"
#include "engine/ports/network_probe.h"
#include "engine/ports/volumes.h"
#include "providers/fake/crash_point.h"

/// A cluster that exists only in memory and in virtual time: it keeps the contracts of the ports as real hosts do, and
/// misbehaves where it is told to. Everything that it does follows from its seed and the calls made to it.

namespace vscale {

struct FakeVolume {
  std::uint64_t capacity_bytes = 0;
  std::string format;
  std::string backing_volume;
  bool complete = true;           ///< false: an upload or a creation broke off. A guest does not boot from it.
  std::optional<SeedFiles> seed;  ///< What write_seed() put there.
  bool seen = true;               ///< false: put there by hand since the host last looked into the pool.
};

struct FakePool {
  std::string name = "default";
  std::string type = "dir";
  std::string path = "/var/lib/libvirt/images";
  std::uint64_t capacity_bytes = 500 * kGiB;
  bool active = true;
  std::map<std::string, FakeVolume> volumes{};
};

/// A host to add.
struct FakeHost {
  std::string name;
  int vcpus = 16;
  std::uint64_t memory_bytes = 64 * kGiB;
  bool kvm = true;
  bool kvm_dies = false;  ///< Guests die under KVM: found out, and the host told so by its traits, at the first define.
  std::set<std::string> traits{"arch:x86_64", "kvm", "machine:q35"};
  std::set<std::string> networks{"default"};
  std::vector<FakePool> pools{FakePool{}};
  HostIdentity identity{};
};

/// How a guest behaves from one start to its end. Times count from the start.
struct GuestBehaviour {
  Duration boot{4000};         ///< Until its network answers, and it listens to a request to shut down.
  Duration agent{6000};        ///< Until its agent answers.
  Duration agent_latency{20};  ///< What each answer of the agent takes; longer than a try waits: timed_out.
  Duration cloud_init{8000};   ///< Until cloud-init and systemd are done.
  Duration shutdown{2000};     ///< What a shutdown takes.
  bool ignores_shutdown = false;
  bool never_boots = false;  ///< Up for the host, and nothing inside ever answers.
  std::optional<Duration> crashes_after{};
  std::optional<Duration> hangs_after{};  ///< From then on nothing inside answers or works, while the domain runs.
  int http_status = 200;
  std::string system_state = "running";  ///< What systemctl says once it is up; "starting" before.
  std::string cloud_init_status = "done";
  int cloud_init_exit = 0;  ///< Of `cloud-init status`, once it is done; 2: with errors that it could recover from.
  int command_exit = 0;     ///< Of every other command.
};

/// What a guest uses while it is up inside.
struct GuestLoad {
  double cpu_percent = 0;                                   ///< Of its vCPUs.
  double memory_percent = 25;                               ///< Of what it has.
  double disk_iops = 0, disk_bytes = 0, network_bytes = 0;  ///< A second.
};

/// What a guest has used since it was started.
struct GuestUsage {
  double cpu_ns = 0, disk_requests = 0, disk_bytes = 0, network_bytes = 0;
};

/// How often something goes wrong by chance, in permille of the calls (of the starts, for guests).
struct FaultRates {
  int call_fails = 0;        ///< Nothing happens, and the answer is `failed`.
  int half_way = 0;          ///< It happens, or half of it does, and the answer is `failed`.
  int connection_drops = 0;  ///< The host is `unreachable` for drop_lasts; the call itself may have had its effect.
  Duration drop_lasts{15'000};
  int guest_stalls = 0;      ///< This boot never comes up.
  int guest_crashes = 0;     ///< This boot crashes soon.
  int shutdown_ignored = 0;  ///< This boot will not listen to a shutdown.
};

/// A domain as somebody sees it who walks up to the host.
struct FakeDomain {
  std::string host, name, uuid;
  DomainState state = DomainState::shut_off;
  bool transient = false;
  std::optional<Ownership> ownership;  ///< Nothing: foreign.
  int vcpus = 0, max_vcpus = 0;
  std::uint64_t memory_bytes = 0, max_memory_bytes = 0;
  std::vector<LiveNic> nics;
  std::vector<VolumeRef> disks;  ///< The first boots.
  std::optional<VolumeRef> seed;
  std::optional<Instant> started_at;  ///< While it is up.
  GuestBehaviour behaviour;
  GuestUsage used{};  ///< Up to the last call that looked or changed something.
};

/// Implements the ports to hosts and guests. A host that was not added is unreachable. Files to upload are imaginary:
/// one is there if its name ends in .qcow2. Calls are safe from several threads; the rest is for one.
class FakeCluster final : public Domains, public Volumes, public Guests, public NetworkProbe, public DomainEvents {
 public:
  /// `clock` must outlive it, and passes time by being slept on (virtual_clock.h).
  FakeCluster(std::uint64_t seed, Clock& clock);

  // ---- The ports ----
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

  Result<void> connect_tcp(const std::string& address, int port, Duration timeout) override;
  Result<int> get_http(const std::string& address, int port, const std::string& path, Duration timeout) override;

  void listen_to(const std::set<std::string>& hosts) override;
  /// Ends at the moment at which something that is due comes to pass: a crash, an agent that is up, what was said by
  /// happens_at().
  bool sleep_between(Instant earliest, Instant latest) override;

  // ---- What the world is like ----
  void add_host(const FakeHost& host);
  /// For every guest that starts from now on and has no behaviour of its own.
  void behave(const GuestBehaviour& behaviour);
  /// For the guest of this domain, from its next start on.
  void behave(const std::string& domain_name, const GuestBehaviour& behaviour);
  /// For the guest of this domain, at once and from its next start on: one that is up is another from now on, as if
  /// it had been so since it started.
  void behave_from_now(const std::string& domain_name, const GuestBehaviour& behaviour);
  /// What every guest uses from now on that was not spoken of by name, and what that one uses.
  void use(const GuestLoad& load);
  void use(const std::string& domain_name, const GuestLoad& load);
  /// What a group has to do from now on, in vCPUs that are busy: shared out evenly to those of its guests that serve
  /// (network up, not hung, http_status 200), beside what each uses itself. None does more than its vCPUs can; what
  /// nobody does is lost.
  void use_by_group(const std::string& group, double busy_vcpus);
  /// Lets it happen when time has come there: in sleep_between() at that very moment, else at the next call to a port.
  void happens_at(Instant at, std::function<void(FakeCluster&)> what);
  /// Chance from now on. `FaultRates{}` ends all of it, and heals connections that have dropped.
  void set_faults(const FaultRates& rates);
  /// Pulls the host's network cable: nothing is known of it, nor of its guests, which go on.
  void cut(const std::string& host);
  void heal(const std::string& host);
  /// Takes every call from now on and answers none, until heal(): observe() costs its patience once, and nothing
  /// afterwards. Other calls are `unreachable` at once.
  void fall_silent(const std::string& host);
  /// Where vscale dies; null: nowhere. Must outlive the cluster.
  void crash_at(CrashPoint* crash);

  // ---- What others do to it ----
  void add_foreign_domain(const std::string& host, const std::string& name, int vcpus, std::uint64_t memory_bytes);
  void add_foreign_volume(const VolumeRef& volume, std::uint64_t capacity_bytes);
  /// The host does not know of it, nor that there is less room, until it is to refresh the pool.
  void put_file_by_hand(const VolumeRef& volume, std::uint64_t size_bytes);
  /// ensure_pool() turns it on again.
  void stop_pool_by_hand(const std::string& host, const std::string& pool);
  /// As a connection that is lost in the middle of an upload leaves it.
  void cut_short_by_hand(const VolumeRef& volume);
  /// What DHCP gives to the first card of that domain from now on. Else each host hands out its own 192.168.122.2 and
  /// so on, as the stock network of libvirt does.
  void lease_by_hand(const std::string& domain_name, const std::string& address);
  void start_by_hand(const std::string& domain_name);
  void power_off_by_hand(const std::string& domain_name);
  /// One that is up, until its next start.
  void hang_by_hand(const std::string& domain_name);
  /// One that is up runs on, and is gone once it is off.
  void undefine_by_hand(const std::string& domain_name);
  /// Off and undefined.
  void remove_by_hand(const std::string& domain_name);
  /// With its volumes and a copy of what they stand on, and while it runs.
  void move_by_hand(const std::string& domain_name, const std::string& to_host);
  void set_memory_by_hand(const std::string& domain_name, std::uint64_t memory_bytes);
  /// A power loss: the host is back at once, with guests of others, which start with their host, and ours off.
  void power_loss(const std::string& host);

  // ---- What is there ----
  [[nodiscard]] std::vector<FakeDomain> domains();  ///< By host, then name.
  [[nodiscard]] std::vector<VolumeRef> volumes();
  [[nodiscard]] std::optional<FakeVolume> volume(const VolumeRef& volume);
  /// Static addresses of the guests that are up, sorted: one that stands twice is a conflict on the network.
  [[nodiscard]] std::vector<std::string> addresses_in_use();
  /// Everything that had an effect: "14:00:12.350 kvm1 defined prod-web-0".
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

 private:
  struct Host {
    FakeHost spec;
    std::map<std::string, FakePool> pools;
    std::map<std::string, FakeDomain> domains;    ///< By uuid.
    std::map<std::string, std::string> leases{};  ///< By MAC: what DHCP gave.
    bool cut = false;
    bool silent = false;
    std::optional<Instant> silent_since{};  ///< When the first look lost its patience.
    bool listened_to = false;               ///< From the first look on after listen_to().
    Instant dropped_until{};
  };
  /// What chance has decided about one call.
  enum class Fate { well, fails, half_way, lost_before, lost_after };

  using Effect = std::function<Result<void>(Host&)>;
  /// A call with an effect; `half` is what is left when it breaks off, where that is not the whole effect.
  Result<void> change(const std::string& host, const std::string& what, Duration takes, const Effect& effect,
                      const Effect& half = {});
  /// A call that changes nothing.
  Result<void> look(const std::string& host, const Effect& at);

  Fate draw_fate();
  bool chance(int permille);
  std::optional<Error> unreachable(const std::string& host);
  Host& host_named(const std::string& name);
  FakeDomain& domain_named(const std::string& name, Host** host = nullptr);
  std::string name_of(const DomainRef& domain);
  FakeDomain* find_domain(Host& host, const std::string& uuid);
  Result<FakeDomain*> ours(Host& host, const DomainRef& domain);
  Result<void> agent_answers(Host& host, const DomainRef& domain, Duration timeout);
  void start_guest(Host& host, FakeDomain& domain);
  void let_time_work(Host& host, FakeDomain& domain);
  /// Lets time work on all of them: those without a definition that are off are gone.
  std::map<std::string, FakeDomain>& domains_now(Host& host);
  bool is_inside_up(const FakeDomain& domain, Duration after);
  bool disks_complete(Host& host, const FakeDomain& domain);
  std::map<std::string, std::string> addresses_of(Host& host, const FakeDomain& domain);
  FakeDomain* guest_at(const std::string& address);
  HostSnapshot snapshot(Host& host, const ObserveRequest& request);
  std::map<std::string, DomainCounters> counters(Host& host, const ObserveRequest& request);
  std::optional<Error> silent_error(const std::string& host);
  // fake_load.cpp
  bool serves(const FakeDomain& domain, Instant at) const;
  bool shares_load(const FakeDomain& domain, Instant at) const;
  const GuestLoad& load_of(const FakeDomain& domain) const;
  void count_usage();
  void count_usage(Instant at, Duration over);
  // fake_events.cpp
  void give_word(const Host& host, const FakeDomain& domain);
  std::vector<Instant> due_of(const FakeDomain& domain) const;
  std::optional<Instant> next_due();
  void hear();
  void let_happen();
  FakePool* find_pool(Host& host, const std::string& name);
  Result<FakePool*> active_pool(Host& host, const std::string& name);
  /// The pool of a volume that should be there: without the pool nobody knows that it is gone, so never `not_found`.
  Result<FakePool*> pool_holding(Host& host, const std::string& name);
  Result<FakePool*> pool_with_room(Host& host, const std::string& name, std::uint64_t bytes);
  void cross();
  void note(const std::string& host, const std::string& what);

  std::mutex mutex_;
  std::mt19937_64 random_;
  Clock& clock_;
  CrashPoint* crash_ = nullptr;
  FaultRates faults_;
  GuestBehaviour default_behaviour_;
  std::map<std::string, GuestBehaviour> behaviours_;  ///< By the domain's name.
  std::map<std::string, Host> hosts_;
  std::vector<std::string> log_;
  GuestLoad default_load_;
  std::map<std::string, GuestLoad> loads_;     ///< By the domain's name.
  std::map<std::string, double> group_loads_;  ///< Busy vCPUs.
  bool is_used_ = false;  ///< Somebody has said what guests use: until then there is nothing to count.
  Instant usage_counted_until_;
  std::set<std::string> listening_to_;
  bool word_ = false;
  Instant heard_until_;
  std::multimap<Instant, std::function<void(FakeCluster&)>> happenings_;
};

}  // namespace vscale
