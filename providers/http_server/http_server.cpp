#include "providers/http_server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <vector>

#include "providers/file_descriptor.h"
#include "providers/http_server/connection.h"
#include "providers/http_server/page_answers.h"
#include "providers/http_server/request_rate.h"
#include "providers/last_system_error.h"

namespace vscale {
namespace {

/// How long no newcomer is looked at when there are no descriptors left for one.
constexpr Duration kRestWithoutDescriptors{100};
/// Those who have come and were not let in yet: the system keeps them, and a burst is not made to knock again.
constexpr int kBacklog = 128;
/// The longest sleep, with nobody there.
constexpr Duration kLongestSleep{60'000};

Duration uptime() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

/// An address as the system calls take it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress address_of(const ListenEndpoint& endpoint) {
  SocketAddress address;
  in6_addr v6{};
  if (inet_pton(AF_INET6, endpoint.address.c_str(), &v6) == 1) {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
    *in = {};
    in->sin6_family = AF_INET6;
    in->sin6_addr = v6;
    in->sin6_port = htons(endpoint.port);
    address.bytes = sizeof *in;
    return address;
  }
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  *in = {};
  in->sin_family = AF_INET;
  in->sin_port = htons(endpoint.port);
  const int parsed = inet_pton(AF_INET, endpoint.address.c_str(), &in->sin_addr);
  VSCALE_ASSERT(parsed == 1, "an endpoint has a numeric address");
  address.bytes = sizeof *in;
  return address;
}

Error cannot_listen(const ListenEndpoint& endpoint) {
  const int number = errno;
  Error error = last_system_error(fmt::format("cannot listen on {}", to_string(endpoint)));
  if (number == EADDRINUSE) {
    error.kind = ErrorKind::conflict;
    error.hint = fmt::format(
        "another program listens there, which `ss -tlnp sport = :{}` names: end it, or write "
        "another port under watch.listen",
        endpoint.port);
  } else if (number == EADDRNOTAVAIL || number == EAFNOSUPPORT) {
    error.kind = ErrorKind::invalid;
    error.hint = "this machine has no such address: write 127.0.0.1, or one that `ip address` shows";
  } else if (number == EACCES) {
    error.hint = "ports below 1024 are root's: write another one under watch.listen";
  }
  return error;
}

Result<FileDescriptor> listener_on(const ListenEndpoint& endpoint) {
  SocketAddress address = address_of(endpoint);
  FileDescriptor listener(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.is_open()) return cannot_listen(endpoint);
  // Connections of a predecessor that are just ending keep the address for a minute otherwise.
  const int yes = 1;
  ::setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener.number(), address.get(), address.bytes) != 0) return cannot_listen(endpoint);
  if (::listen(listener.number(), kBacklog) != 0) return cannot_listen(endpoint);
  return listener;
}

std::uint16_t port_of(const FileDescriptor& listener) {
  SocketAddress address;
  const int got = ::getsockname(listener.number(), address.get(), &address.bytes);
  VSCALE_ASSERT(got == 0, "a socket that listens has a name");
  return ntohs(address.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port
                                                     : reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

/// What the thread runs: it alone touches all of this, but for what stop() and end() do.
class HttpServer::Loop {
 public:
  Loop(FileDescriptor listener, FileDescriptor wake, HttpRoutes routes, const HttpBounds& bounds, HostNames host_names)
      : listener_(std::move(listener)),
        wake_(std::move(wake)),
        answers_(std::move(routes), bounds, host_names),
        bounds_(bounds),
        rate_(bounds.requests_per_second, uptime()) {}

  void run() {
    while (wait()) {
      const Duration now = uptime();
      for (HttpConnection& connection : connections_) look_after(connection, now);
      leave_those_that_are_over();
      if (now >= accept_from_) accept_newcomers(now);
    }
    connections_.clear();
    listener_ = {};
    ended_.set_value();
  }

  /// From any thread: takes up nothing more.
  void stop() {
    stopping_ = true;
    ::eventfd_write(wake_.number(), 1);
  }
  std::future<void> end() { return ended_.get_future(); }
  const HttpBounds& bounds() const { return bounds_; }

 private:
  /// False: the server is to stop.
  bool wait() {
    std::vector<pollfd> awaited{{.fd = wake_.number(), .events = POLLIN, .revents = 0}};
    const Duration now = uptime();
    Duration until = now + kLongestSleep;
    if (now >= accept_from_) {
      awaited.push_back({.fd = listener_.number(), .events = POLLIN, .revents = 0});
    } else {
      until = accept_from_;
    }
    for (const HttpConnection& connection : connections_) {
      awaited.push_back({.fd = connection.socket(), .events = connection.awaited_events(), .revents = 0});
      until = std::min(until, connection.has_more() ? now : connection.deadline(bounds_));
    }
    const auto sleep_ms = std::max<Duration::rep>(0, (until - now).count());
    ::poll(awaited.data(), awaited.size(), static_cast<int>(sleep_ms));
    return !stopping_;
  }

  void look_after(HttpConnection& connection, Duration now) {
    if (stopping_) return;
    connection.go_on(answers_, rate_, bounds_, now);
    if (now >= connection.deadline(bounds_)) connection.give_up(answers_, now);
  }

  void leave_those_that_are_over() {
    std::erase_if(connections_,
                  [](const auto& connection) { return connection.stage() == HttpConnection::Stage::over; });
  }

  void accept_newcomers(Duration now) {
    for (std::size_t i = 0; i < bounds_.connections; ++i) {
      FileDescriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket.is_open()) {
        // Nothing can be done about one that cannot be let in; without a rest it would be tried without end.
        const bool nobody_waits = errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR;
        if (!nobody_waits) accept_from_ = now + kRestWithoutDescriptors;
        return;
      }
      const int yes = 1;
      ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      if (connections_.size() >= bounds_.connections) make_room();
      connections_.emplace_back(std::move(socket), now);
      // Its request is often there already, and whoever has been heard is not the first to make room.
      look_after(connections_.back(), now);
      leave_those_that_are_over();
    }
  }

  void make_room() {
    const auto rank = [](const HttpConnection& connection) {
      return std::pair(connection.stage() == HttpConnection::Stage::answering, connection.since());
    };
    std::ranges::min_element(connections_, {}, rank)->cut_off();
    leave_those_that_are_over();
  }

  FileDescriptor listener_;
  FileDescriptor wake_;
  PageAnswers answers_;
  HttpBounds bounds_;
  RequestRate rate_;
  std::vector<HttpConnection> connections_;  // oldest first
  Duration accept_from_{0};                  // newcomers are let in again from here on
  std::atomic<bool> stopping_{false};
  std::promise<void> ended_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ListenEndpoint& endpoint, HttpRoutes routes,
                                                      const HttpBounds& bounds) {
  auto listener = listener_on(endpoint);
  if (!listener) return listener.error();
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return cannot_listen(endpoint);
  const ListenEndpoint got{.address = endpoint.address, .port = port_of(*listener)};
  const HostNames host_names = is_loopback(endpoint) ? HostNames::local_only : HostNames::any;
  auto loop = std::make_shared<Loop>(std::move(*listener), std::move(wake), std::move(routes), bounds, host_names);
  return std::unique_ptr<HttpServer>(new HttpServer(got, std::move(loop)));
}

HttpServer::HttpServer(ListenEndpoint endpoint, std::shared_ptr<Loop> loop)
    : endpoint_(std::move(endpoint)), loop_(std::move(loop)), thread_([loop = loop_] { loop->run(); }) {}

HttpServer::~HttpServer() {
  (void)stop();
}

Result<void> HttpServer::stop() {
  if (!thread_.joinable()) return {};
  loop_->stop();
  if (loop_->end().wait_for(loop_->bounds().stop_time) == std::future_status::ready) {
    thread_.join();
    return {};
  }
  thread_.detach();
  return Error{ErrorKind::timed_out,
               fmt::format("a page of {} was still being made after {}", to_string(endpoint_),
                           show_duration(loop_->bounds().stop_time)),
               "", ""};
}

}  // namespace vscale
