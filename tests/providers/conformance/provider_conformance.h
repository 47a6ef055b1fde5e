#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/ports/clock.h"
#include "engine/ports/domains.h"
#include "engine/ports/events/domain_events.h"
#include "engine/ports/guests.h"
#include "engine/ports/volumes.h"

/// What every implementation of the ports to the hosts has to keep, as one list of checks: run on the fake cluster, on
/// libvirt's test driver and on real QEMU. A check asks for our kinds of errors and never for a library's numbers.

namespace vscale::test {

/// What somebody does and sees on the host by hand, past vscale. What is empty cannot be done there: its checks are
/// left out, and named on the standard error.
struct ByHand {
  std::function<void()> stop_pool;                           ///< Turns off ProviderUnderTest::pool.
  std::function<void()> hide_directory, show_directory;      ///< Takes away what the pool lies in; puts it back.
  std::function<void(const std::string& name)> put_file;     ///< A file of 1 MiB in the pool's directory.
  std::function<void(const std::string& domain)> undefine;   ///< A domain that is up.
  std::function<void(const std::string& volume)> cut_short;  ///< Takes the end off a volume of the pool.
  std::function<void(std::uint64_t left_bytes)> fill_small_pool;
  std::function<void()> empty_small_pool;  ///< Takes away what filled it.
  std::function<void()> define_bare_pool;  ///< Defines ProviderUnderTest::bare_pool and makes no directory for it.
  std::function<bool(const std::string& pool)> starts_with_host;
  std::function<std::string(const std::string& volume)> digest_of;  ///< SHA-256 of a volume of the pool, in hex.
  std::function<void(const std::string& domain)> start_and_stop{};
  std::function<void()> fall_silent{}, answer_again{};  ///< The host takes calls and answers none; and does again.
  std::function<void()> restart_service{};              ///< What answers for the host is ended, and begins anew.
  /// Lets a domain that is off no longer tell of its memory; and whether its definition says that it is to.
  std::function<void(const std::string& domain)> forget_memory{};
  std::function<bool(const std::string& domain)> is_to_tell_memory{};
};

/// An implementation, the host that it is tried on, and what it can do. The host answers, is not used by anybody else
/// meanwhile, and holds one foreign domain.
struct ProviderUnderTest {
  Domains& domains;
  Volumes& volumes;
  Guests& guests;
  DomainEvents& events;
  Clock& clock;  ///< What the checks wait by.

  std::string host;
  std::string foreign_domain;  ///< The name of a domain that does not carry our mark. It stays as it is.
  std::string pool;            ///< A pool that is not there yet, or that one run of the checks made.
  std::string pool_path;       ///< Where it is to be made.
  /// Goes into names, so that a run finds nothing of an earlier one: [a-z0-9-], short.
  std::string run;
  std::string network_bridge = "br0";

  // What is not there with every implementation. false: its checks are left out, and named.
  bool can_resize = true;    ///< Volumes can grow.
  bool can_upload = true;    ///< Bytes can be sent to volumes.
  bool has_counters = true;  ///< It counts what domains use.
  bool has_guests = true;    ///< Guests boot from `image_path`, take a seed, run an agent and listen to ACPI.

  ByHand by_hand{};
  std::string small_pool{};  ///< One that fill_small_pool() can fill, not there yet or made by one run of the checks.
  std::string small_pool_path{};  ///< Where it is to be made.
  std::string bare_pool{};        ///< One that define_bare_pool() defines.
  std::string bare_pool_path{};

  std::string image_path;  ///< A qcow2 file, for uploads.
  std::uint64_t image_virtual_size_bytes = 0;
  std::string guest_address;  ///< What the seed gives the guest, without prefix.
  Duration boot_timeout{120'000};
  Duration word_arrives{200};  ///< What word takes at most, and so what is waited for where none is to come.
};

/// Runs all checks, each in a Catch section of its own: to be called by a TEST_CASE that makes the implementation anew
/// for each of them. Leaves nothing of ours on the host but the pool, unless a check fails.
void run_provider_conformance(ProviderUnderTest& under_test);

}  // namespace vscale::test
