#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/libvirt/link/host_link.h"
#include "tests/providers/libvirt/libvirt_test_world.h"
#include "tests/providers/sqlite/state_store_fixture.h"

using namespace vscale::libvirt;

namespace vscale::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A libvirtd that takes connections and never says a word.
class SilentServer {
 public:
  SilentServer() {
    std::string name = "/tmp/vscale-silent.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
  }
  ~SilentServer() {
    // Whoever still waits for a word is told that there will be none.
    ::close(fd_);
    std::filesystem::remove_all(directory_);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  std::string uri() const { return "qemu+unix:///system?socket=" + path(); }

 private:
  std::string path() const { return (directory_ / "socket").string(); }

  std::filesystem::path directory_;
  int fd_ = -1;
};

LibvirtOptions quick() {
  LibvirtOptions options;
  options.open_timeout = Duration{300};
  options.call_timeout = Duration{300};
  options.refresh_timeout = Duration{300};
  options.reopen_after = Duration{10};
  options.close_timeout = Duration{200};
  return options;
}

LibvirtOptions patient() {
  LibvirtOptions options;
  options.call_timeout = Duration{20'000};
  return options;
}

/// Opens, once, for all who wait.
class Latch {
 public:
  void open() { promise_.set_value(); }
  std::shared_future<void> passed() const { return future_; }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

std::function<Result<int>(virConnectPtr)> blocked_by(const Latch& latch) {
  return [passed = latch.passed()](virConnectPtr) -> Result<int> {
    passed.wait();
    return 1;
  };
}

std::function<Result<int>(virConnectPtr)> answer(int value) {
  return [value](virConnectPtr) -> Result<int> { return value; };
}

HostLink::Work<int> until(const Latch& latch) {
  return [passed = latch.passed()](virConnectPtr, Progress&) -> Result<int> {
    passed.wait();
    return 1;
  };
}

HostLink::Work<int> at_once(int value) {
  return [value](virConnectPtr, Progress&) -> Result<int> { return value; };
}

/// As guests do that were asked to shut down and whose agents never answer.
std::vector<HostLink::Pending<int>> hold_all_agents(HostLink& link, const Latch& latch) {
  std::vector<HostLink::Pending<int>> held;
  for (int i = 0; i < link.options().agent_requests_in_flight; ++i) {
    held.push_back(link.start_at_agent<int>("shut a guest down", Duration::zero(), until(latch)));
    REQUIRE(held.back().started());
  }
  return held;
}

/// In a process that has used libvirt, its event loop runs already, and a fork could inherit a lock that nobody opens:
/// there is nothing to be seen then. ctest gives each test a process of its own.
bool may_fork() {
  const auto threads = std::filesystem::directory_iterator("/proc/self/task");
  return std::distance(begin(threads), end(threads)) == 1;
}

}  // namespace

TEST_CASE("a host that never answers is unreachable at its deadline, and keeps no other waiting") {
  const SilentServer silent;
  const LibvirtTestWorld world;
  SystemClock clock;
  LibvirtOptions options = quick();
  options.refresh_timeout = Duration{20'000};
  LibvirtHosts hosts({{"mute", silent.uri()}, {"fine", world.uri()}}, options, clock);
  const auto started = SteadyClock::now();

  const auto seen = hosts.observe({{"mute", {}}, {"fine", {}}});

  CHECK(SteadyClock::now() - started < std::chrono::seconds(10));
  REQUIRE_FALSE(seen.at("mute").ok());
  CHECK(seen.at("mute").error().kind == ErrorKind::unreachable);
  CHECK(seen.at("mute").error().message == "host \"mute\" did not open a connection within 300 ms");
  CHECK(seen.at("fine").ok());
}

TEST_CASE("while an opening has not come back, nobody waits for it again") {
  const SilentServer silent;
  auto link = std::make_shared<HostLink>(HostConnection{"mute", silent.uri()}, quick());
  REQUIRE_FALSE(link->call<int>("count", answer(1)).ok());
  const auto started = SteadyClock::now();

  const Result<int> again = link->call<int>("count", answer(1));

  CHECK(SteadyClock::now() - started < quick().open_timeout);
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().kind == ErrorKind::unreachable);
}

TEST_CASE("a host that nobody listens on is unreachable, and the error says how to see it oneself") {
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", "qemu+unix:///system?socket=/nowhere/sock"}, quick());

  const Result<int> result = link->call<int>("count", answer(1));

  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::unreachable);
  CHECK(result.error().message == "host \"kvm1\" cannot be reached");
  CHECK(result.error().hint == "check that `virsh -c 'qemu+unix:///system?socket=/nowhere/sock' list` answers");
  CHECK(result.error().detail.find("/nowhere/sock") != std::string::npos);
}

TEST_CASE("a password in a host's URI is in none of its errors") {
  auto link =
      std::make_shared<HostLink>(HostConnection{"kvm1", "qemu+tcp://anna:s3cret@127.0.0.1:1/system"}, patient());

  const Result<int> result = link->call<int>("count", answer(1));

  REQUIRE_FALSE(result.ok());
  CHECK(result.error().hint == "check that `virsh -c 'qemu+tcp://anna:***@127.0.0.1:1/system' list` answers");
  CHECK(to_string(result.error()).find("s3cret") == std::string::npos);
}

TEST_CASE("a password is not in what libvirt says of a URI that it cannot read") {
  const std::string uri = GENERATE(as<std::string>{}, "qemu+tcp://root:s3c%zzret@h/system",
                                   "qemu+ssh://root:s3c%zzret@h/system", "qemu+tcp://root:s3?[c/ret@h:x/system");
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", uri}, patient());

  const Result<int> result = link->call<int>("count", answer(1));

  REQUIRE_FALSE(result.ok());
  INFO(to_string(result.error()));
  CHECK(result.error().detail.find("root:***@h") != std::string::npos);
  CHECK(to_string(result.error()).find("s3") == std::string::npos);
  CHECK(to_string(result.error()).find("ret@") == std::string::npos);
}

TEST_CASE("a call that hangs is left behind with its host, and its late return harms nobody") {
  const LibvirtTestWorld world;
  Latch latch;
  {
    auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, quick());

    const Result<int> hung = link->call<int>("hang", blocked_by(latch));
    const Result<int> after = link->call<int>("count", answer(1));

    REQUIRE_FALSE(hung.ok());
    CHECK(hung.error().kind == ErrorKind::unreachable);
    CHECK(hung.error().message == "host \"kvm1\" did not answer within 300 ms when asked to hang");
    REQUIRE_FALSE(after.ok());
    CHECK(after.error() == hung.error());
  }
  latch.open();
}

TEST_CASE("a call that moves is not left behind, however long it takes") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, quick());
  const Duration step = quick().call_timeout / 3;

  const Result<int> result = link->call<int>(Lane::request, "walk", quick().call_timeout,
                                             [step](virConnectPtr, Progress& progress) -> Result<int> {
                                               for (int i = 0; i < 6; ++i) {
                                                 std::this_thread::sleep_for(step);
                                                 ++progress;
                                               }
                                               return 6;
                                             });

  REQUIRE(result.ok());
  CHECK(*result == 6);
}

TEST_CASE("a program that was stopped for longer than a host may take hears the answer that came meanwhile") {
  if (!may_fork()) {
    WARN("not tried: this process has used libvirt");
    return;
  }
  const LibvirtTestWorld world;
  std::array<int, 2> begun{};
  std::array<int, 2> reply{};
  REQUIRE(::pipe(begun.data()) == 0);
  REQUIRE(::pipe(reply.data()) == 0);
  Child child([&] {
    auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, quick());
    const Result<int> result = link->call<int>("count", [begun, reply](virConnectPtr) -> Result<int> {
      char word = 'b';
      if (::write(begun[1], &word, 1) != 1 || ::read(reply[0], &word, 1) != 1) return 0;
      std::this_thread::sleep_for(quick().call_timeout / 10);  // whoever waits is awake before this
      return 1;
    });
    return result ? std::to_string(*result) : to_string(result.error());
  });
  char word = 0;
  REQUIRE(::read(begun[0], &word, 1) == 1);

  REQUIRE(::kill(child.pid(), SIGSTOP) == 0);
  REQUIRE(::waitpid(child.pid(), nullptr, WUNTRACED) == child.pid());
  REQUIRE(::write(reply[1], &word, 1) == 1);
  std::this_thread::sleep_for(2 * quick().call_timeout);
  REQUIRE(::kill(child.pid(), SIGCONT) == 0);

  CHECK(child.result() == "1");
  for (const int end : {begun[0], begun[1], reply[0], reply[1]}) ::close(end);
}

TEST_CASE("two calls at once never share a connection, and calls one after the other do") {
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", "test:///default"}, patient());
  const auto which = [](virConnectPtr connection) -> Result<virConnectPtr> { return connection; };
  Latch latch;
  std::promise<virConnectPtr> first;

  auto held = link->start<int>(Lane::request, "hold",
                               [&first, passed = latch.passed()](virConnectPtr connection, Progress&) -> Result<int> {
                                 first.set_value(connection);
                                 passed.wait();
                                 return 1;
                               });
  const virConnectPtr in_use = first.get_future().get();
  const Result<virConnectPtr> beside = link->call<virConnectPtr>("tell", which);
  const Result<virConnectPtr> later = link->call<virConnectPtr>("tell", which);
  latch.open();

  REQUIRE(held.wait(patient().call_timeout));
  REQUIRE(beside);
  REQUIRE(later);
  CHECK(*beside != in_use);
  CHECK(*later == *beside);
}

TEST_CASE("a connection that is refused while another is lent is asked for again, and not waited for") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri_of_many_connections()}, quick());
  Latch latch;
  std::promise<void> lent;
  auto upload = link->start<int>(Lane::stream, "upload",
                                 [&lent, passed = latch.passed()](virConnectPtr, Progress&) -> Result<int> {
                                   lent.set_value();
                                   passed.wait();
                                   return 1;
                                 });
  lent.get_future().wait();
  // The next opening reads what is written here and refuses it; those after it find the world again.
  std::filesystem::rename(world.file(), world.file() + ".aside");
  REQUIRE(::mkfifo(world.file().c_str(), 0600) == 0);
  auto asked = std::async(std::launch::async, [&] { return link->call<int>("count", answer(1)); });
  std::ofstream refusal(world.file());
  std::filesystem::rename(world.file() + ".aside", world.file());
  refusal << "busy, come back later";
  refusal.close();

  const Result<int> counted = asked.get();
  latch.open();

  INFO((counted ? "" : to_string(counted.error())));
  CHECK(counted.ok());
  CHECK(upload.wait(patient().call_timeout).ok());
}

TEST_CASE("a connection never carries more requests than it may, and agents leave room for the rest") {
  constexpr int kCalls = 24;
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, patient());
  struct Counts {
    std::atomic<int> now{0}, most{0}, agents_now{0}, agents_most{0};
  };
  auto counts = std::make_shared<Counts>();
  const auto raise = [](std::atomic<int>& most, int value) {
    for (int seen = most; value > seen && !most.compare_exchange_weak(seen, value);) continue;
  };
  std::vector<std::thread> callers;
  std::vector<char> ok(kCalls, 0);

  for (std::size_t i = 0; i < kCalls; ++i) {
    const Lane lane = i % 2 == 0 ? Lane::agent : Lane::request;
    callers.emplace_back([&, i, lane] {
      const HostLink::Work<int> work = [=](virConnectPtr, Progress&) -> Result<int> {
        raise(counts->most, ++counts->now);
        if (lane == Lane::agent) raise(counts->agents_most, ++counts->agents_now);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (lane == Lane::agent) --counts->agents_now;
        --counts->now;
        return 1;
      };
      const Duration bound = patient().call_timeout;
      const Result<int> answer = lane == Lane::agent ? link->start_at_agent<int>("count", bound, work).wait(bound)
                                                     : link->call<int>(lane, "count", bound, work);
      ok[i] = answer ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();

  CHECK(std::count(ok.begin(), ok.end(), 1) == kCalls);
  CHECK(counts->most <= patient().requests_in_flight);
  CHECK(counts->agents_most <= patient().agent_requests_in_flight);
}

TEST_CASE("guests whose agents hang leave another one unasked, of which nothing is known then, and cost no host") {
  const LibvirtTestWorld world;
  const LibvirtOptions options = quick();
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, options);
  Latch latch;
  const auto hung = hold_all_agents(*link, latch);
  const auto started = SteadyClock::now();
  const Duration patience = 3 * options.call_timeout;  // no request comes back meanwhile

  const Result<int> asked = link->start_at_agent<int>("ask an agent", patience, at_once(1)).wait(options.call_timeout);
  const auto waited = SteadyClock::now() - started;
  const Result<int> counted = link->call<int>("count", answer(1));
  latch.open();

  REQUIRE_FALSE(asked.ok());
  CHECK(asked.error().kind == ErrorKind::unreachable);
  CHECK(asked.error().message == "host \"kvm1\" had no room within 900 ms to ask an agent");
  CHECK(asked.error().detail == "2 of its 2 requests in flight wait for guest agents");
  CHECK(waited >= patience);
  INFO((counted ? "" : to_string(counted.error())));
  CHECK(counted.ok());
}

TEST_CASE("whoever waits for room at the agents of a busy host gives up in time") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, patient());
  Latch latch;
  const auto hung = hold_all_agents(*link, latch);
  std::atomic<bool> given_up{false};
  std::thread busy([&] {
    while (!given_up && link->call<int>("count", answer(1))) continue;
  });
  const auto started = SteadyClock::now();

  const Result<int> asked =
      link->start_at_agent<int>("ask an agent", Duration{200}, at_once(1)).wait(patient().call_timeout);
  const auto waited = SteadyClock::now() - started;
  given_up = true;
  busy.join();
  latch.open();

  REQUIRE_FALSE(asked.ok());
  CHECK(asked.error().kind == ErrorKind::unreachable);
  CHECK(waited < patient().call_timeout);
}

TEST_CASE("of many who ask an agent only if there is room now, as many as there is room for do, and nobody waits") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, patient());
  REQUIRE(link->call<int>("open a connection", answer(1)));
  Latch latch;
  constexpr int kAsking = 16;
  std::atomic<int> started{0};
  std::vector<std::thread> callers;

  for (int i = 0; i < kAsking; ++i) {
    callers.emplace_back([&] {
      const auto asking = link->start_at_agent<int>("shut down", Duration::zero(), until(latch));
      if (asking.started()) ++started;
    });
  }
  for (std::thread& caller : callers) caller.join();
  latch.open();

  CHECK(started == patient().agent_requests_in_flight);
}

TEST_CASE("two who want the same turn have it one after the other") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, patient());
  int unguarded = 0;
  std::vector<std::thread> threads;

  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        const Result<HostLink::Turn> turn = link->take_turn("pool default");
        if (turn) ++unguarded;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(unguarded == 8 * 500);
}

TEST_CASE("who waits for a turn is told when the host is given up") {
  const LibvirtTestWorld world;
  Latch latch;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, quick());
  Result<HostLink::Turn> held = link->take_turn("pool default");
  REQUIRE(held.ok());
  auto waiting = std::async(std::launch::async, [&] { return link->take_turn("pool default").ok(); });

  CHECK_FALSE(link->call<int>("hang", blocked_by(latch)).ok());

  CHECK_FALSE(waiting.get());
  latch.open();
}

TEST_CASE("one connection serves all calls of a host") {
  const LibvirtTestWorld world;
  auto link = std::make_shared<HostLink>(HostConnection{"kvm1", world.uri()}, patient());
  const std::function<Result<void*>(virConnectPtr)> whose = [](virConnectPtr connection) -> Result<void*> {
    return static_cast<void*>(connection);
  };

  const Result<void*> first = link->call<void*>("count", whose);
  const Result<void*> second = link->call<void*>("count", whose);

  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(*first == *second);
}

TEST_CASE("threads that run out while a host is being opened cost the host, and not the program") {
  if (!may_fork()) {
    WARN("not tried: this process has used libvirt");
    return;
  }

  const std::string said = as_nobody([] {
    // Other processes of this user count too: from none at all to as many as it takes, one after the other is missing.
    constexpr rlim_t kEnough = 1'000;
    rlimit limit{};
    if (getrlimit(RLIMIT_NPROC, &limit) != 0) return std::string("the limit cannot be read");
    for (limit.rlim_cur = 0; limit.rlim_cur < std::min(kEnough, limit.rlim_max); ++limit.rlim_cur) {
      if (setrlimit(RLIMIT_NPROC, &limit) != 0) return std::string("the limit cannot be set");
      auto link = std::make_shared<HostLink>(HostConnection{"kvm1", "test:///default"}, patient());
      const Result<int> counted = link->call<int>("count", answer(1));
      if (counted) return std::string("opened in the end");
      const bool is_told_so = counted.error().message.find("thread") != std::string::npos;
      if (!is_told_so || counted.error().kind != ErrorKind::unreachable) return to_string(counted.error());
    }
    return std::string("never opened");
  });

  CHECK(said == "opened in the end");
}

TEST_CASE("a host for which there is no thread is an error, and takes nobody down") {
  const std::string said = as_nobody([] {
    const rlimit no_more{0, 0};
    if (setrlimit(RLIMIT_NPROC, &no_more) != 0) return std::string("the limit cannot be set");
    SystemClock clock;
    LibvirtHosts hosts({{"kvm1", "test:///default"}, {"kvm2", "test:///default"}}, quick(), clock);
    std::string told;
    for (const auto& [name, answer] : hosts.observe({{"kvm1", {}}, {"kvm2", {}}})) {
      told += name + ": " + (answer ? "seen" : answer.error().message) + "\n";
    }
    return told;
  });

  CHECK(said ==
        "kvm1: host \"kvm1\" cannot be read: there can be no more threads\n"
        "kvm2: host \"kvm2\" cannot be read: there can be no more threads\n");
}

}  // namespace vscale::test
