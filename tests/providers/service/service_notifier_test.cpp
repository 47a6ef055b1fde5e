// What systemd is told, on sockets such as it listens on.

#include "providers/service/service_notifier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

#include "tests/support/servers/notify_socket.h"

namespace vscale::test {

TEST_CASE("systemd is told when the program is ready, how it is, that it is not stuck, and that it ends") {
  for (const auto kind : {NotifySocket::Name::path, NotifySocket::Name::abstract}) {
    const NotifySocket systemd(kind);
    const ServiceNotifier notifier({.notify_socket = systemd.name()});

    CHECK(notifier.ready().ok());
    CHECK(notifier.status("3 groups, 12 instances, all ready").ok());
    CHECK(notifier.alive().ok());
    CHECK(notifier.stopping().ok());

    CHECK(systemd.heard() == "READY=1");
    CHECK(systemd.heard() == "STATUS=3 groups, 12 instances, all ready");
    CHECK(systemd.heard() == "WATCHDOG=1");
    CHECK(systemd.heard() == "STOPPING=1");
    CHECK(systemd.heard().empty());
  }
}

TEST_CASE("a status of several lines is told as one, and says nothing else") {
  const NotifySocket systemd(NotifySocket::Name::path);
  const ServiceNotifier notifier({.notify_socket = systemd.name()});

  CHECK(notifier.status("kvm1 is silent\nSTOPPING=1").ok());

  CHECK(systemd.heard() == "STATUS=kvm1 is silent STOPPING=1");
}

TEST_CASE("without a service manager nothing is told, and that is no error") {
  const ServiceNotifier notifier(ServiceEnvironment{});

  CHECK(notifier.ready().ok());
  CHECK(notifier.alive().ok());
  CHECK(notifier.alive_interval() == std::nullopt);
}

TEST_CASE("a service manager that is not there is an error that names its socket") {
  const ServiceNotifier gone({.notify_socket = "/nowhere/notify"});
  const ServiceNotifier nonsense({.notify_socket = "notify"});
  const ServiceNotifier endless({.notify_socket = "/" + std::string(200, 'x')});

  CHECK(gone.ready().error().kind == ErrorKind::not_found);
  CHECK(gone.ready().error().message == "the service manager at /nowhere/notify was not told");
  CHECK(nonsense.ready().error().kind == ErrorKind::invalid);
  CHECK(endless.ready().error().kind == ErrorKind::invalid);
}

TEST_CASE("a service manager that does not listen holds nobody up for longer than the bound") {
  const NotifySocket systemd(NotifySocket::Name::path);
  const ServiceNotifier notifier({.notify_socket = systemd.name()});
  // As many as the system keeps for it; there is a bound to that, though which is the machine's affair.
  constexpr int kMost = 100'000;
  int told = 0;
  Result<void> last;
  auto began = std::chrono::steady_clock::now();
  while (last.ok() && ++told < kMost) {
    began = std::chrono::steady_clock::now();
    last = notifier.alive();
  }

  REQUIRE(!last.ok());
  CHECK(last.error().kind == ErrorKind::timed_out);
  CHECK(std::chrono::steady_clock::now() - began < 2 * kNotifyTimeout);
  while (!systemd.heard().empty()) continue;
  CHECK(notifier.alive().ok());
}

TEST_CASE("the watchdog is told twice as often as it asks for, if it waits for this process") {
  const std::string self = std::to_string(::getpid());
  const auto interval = [](ServiceEnvironment environment) {
    return ServiceNotifier(std::move(environment)).alive_interval();
  };

  CHECK(interval({.watchdog_usec = "30000000", .watchdog_pid = self}) == Duration{15'000});
  CHECK(interval({.watchdog_usec = "30000000"}) == Duration{15'000});
  CHECK(interval({.watchdog_usec = "30000000", .watchdog_pid = "1"}) == std::nullopt);
  CHECK(interval({.watchdog_usec = "1", .watchdog_pid = self}) == Duration{1});
  for (const char* nonsense : {"", "0", "-1", "soon", "30s", "99999999999999999999"}) {
    CHECK(interval({.watchdog_usec = nonsense, .watchdog_pid = self}) == std::nullopt);
  }
}

TEST_CASE("what systemd has said is read from the environment") {
  ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  const ServiceEnvironment environment = service_environment();
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");

  CHECK(environment.notify_socket == "/run/notify");
  CHECK(environment.watchdog_usec == "30000000");
  CHECK(service_environment().notify_socket.empty());
}

TEST_CASE("a descriptor leads to the journal if it is what systemd said") {
  const FileDescriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  struct stat file {};
  REQUIRE(::fstat(null.number(), &file) == 0);
  const std::string stream = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);

  CHECK(leads_to_journal({.journal_stream = stream}, null.number()));
  CHECK_FALSE(leads_to_journal({.journal_stream = stream + "0"}, null.number()));
  CHECK_FALSE(leads_to_journal({}, null.number()));
  CHECK_FALSE(leads_to_journal({.journal_stream = stream}, -1));
}

}  // namespace vscale::test
