#include "providers/libvirt/watching/link_succession.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "tests/providers/libvirt/libvirt_test_world.h"

namespace vscale::test {
namespace {

using libvirt::HostLink;
using libvirt::LinkSuccession;

LibvirtOptions renewed_after(Duration pause) {
  LibvirtOptions options;
  options.call_timeout = Duration{100};
  options.renew_after = pause;
  options.abandoned_links = 2;
  return options;
}

/// Calls that hang until it goes, or is told to let them.
class HangingCalls {
 public:
  ~HangingCalls() { let_go(); }
  void let_go() {
    if (!gone_) gone_ = (gate_.set_value(), true);
  }
  Result<int> hang(LinkSuccession& links) {
    return links.current()->call<int>("hang", [passed = passed_](virConnectPtr) -> Result<int> {
      passed.wait();
      return 1;
    });
  }

 private:
  std::promise<void> gate_;
  std::shared_future<void> passed_{gate_.get_future()};
  bool gone_ = false;
};

Result<int> ask_something(LinkSuccession& links) {
  return links.current()->call<int>("count", [](virConnectPtr) -> Result<int> { return 1; });
}

bool is_answered_within(LinkSuccession& links, std::chrono::milliseconds bound) {
  const auto deadline = std::chrono::steady_clock::now() + bound;
  while (std::chrono::steady_clock::now() < deadline) {
    if (ask_something(links)) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("a host that was left behind is talked to again once all that hung has returned") {
  const LibvirtTestWorld world;
  HangingCalls calls;
  LinkSuccession links({"kvm1", world.uri()}, renewed_after(std::chrono::hours{1}));
  const Result<int> hung = calls.hang(links);
  REQUIRE_FALSE(hung.ok());
  REQUIRE_FALSE(ask_something(links).ok());
  CHECK(ask_something(links).error() == hung.error());

  calls.let_go();

  CHECK(is_answered_within(links, std::chrono::seconds{10}));
}

TEST_CASE("a host that was left behind is talked to again after a pause, though what hung has not returned") {
  const LibvirtTestWorld world;
  HangingCalls calls;
  LinkSuccession links({"kvm1", world.uri()}, renewed_after(Duration{200}));
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE_FALSE(calls.hang(links).ok());

  CHECK(is_answered_within(links, std::chrono::seconds{10}));

  CHECK(std::chrono::steady_clock::now() - begun >= Duration{300});  // the call's bound, and the pause
}

TEST_CASE("calls that never come back are abandoned so many times, then the host stays unreachable and says why") {
  const LibvirtTestWorld world;
  HangingCalls calls;
  const LibvirtOptions options = renewed_after(Duration{0});
  LinkSuccession links({"kvm1", world.uri()}, options);
  for (int i = 0; i <= options.abandoned_links; ++i) {
    const Result<int> hung = calls.hang(links);
    REQUIRE_FALSE(hung.ok());
    CHECK(hung.error().message == "host \"kvm1\" did not answer within 100 ms when asked to hang");
  }

  for (int i = 0; i < 3; ++i) {
    const Result<int> refused = calls.hang(links);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::unreachable);
    CHECK(refused.error().message ==
          "host \"kvm1\" is not asked any more: calls over 3 of its links have not come back");
    CHECK(refused.error().detail == "at most 2 are abandoned");
  }

  calls.let_go();
  CHECK(is_answered_within(links, std::chrono::seconds{10}));
}

TEST_CASE("links that are closed are closed for good") {
  const LibvirtTestWorld world;
  LinkSuccession links({"kvm1", world.uri()}, renewed_after(Duration{0}));
  REQUIRE(ask_something(links).ok());

  links.begin_closing();
  links.wait_until_closed(std::chrono::steady_clock::now() + std::chrono::seconds{10});

  CHECK_FALSE(ask_something(links).ok());
}

TEST_CASE("a link tells when it has begun anew") {
  const LibvirtTestWorld world;
  LinkSuccession links({"kvm1", world.uri_of_many_connections()}, LibvirtOptions{});
  const auto link = links.current();
  CHECK(link->beginnings() == 0);
  REQUIRE(ask_something(links).ok());
  CHECK(link->beginnings() == 1);
  REQUIRE(ask_something(links).ok());

  // A second connection beside the first is no new beginning.
  std::promise<void> go_on;
  auto held = link->start<int>(libvirt::Lane::request, "hold",
                               [passed = go_on.get_future().share()](virConnectPtr, libvirt::Progress&) -> Result<int> {
                                 passed.wait();
                                 return 1;
                               });
  REQUIRE(ask_something(links).ok());
  go_on.set_value();

  CHECK(held.wait(std::chrono::seconds{10}).ok());
  CHECK(link->beginnings() == 1);
}

}  // namespace vscale::test
