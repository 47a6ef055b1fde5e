#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "providers/file_descriptor.h"
#include "providers/http_server/http_server.h"

/// Clients that send what they like, and a server for them.

namespace vscale::test {

/// No test waits longer for an answer.
inline constexpr int kPatience_s = 10;

/// A connection to a port of this machine.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = kPatience_s, .tv_usec = 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  bool connected() const { return connected_; }

  /// False: the other side takes no more.
  bool send(const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t one = ::send(socket_.number(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (one <= 0) return false;
      sent += static_cast<std::size_t>(one);
    }
    return true;
  }
  void send_nothing_more() const { ::shutdown(socket_.number(), SHUT_WR); }

  /// What comes until the other side closes.
  std::string rest() const {
    std::string all;
    for (std::string some = receive(); !some.empty(); some = receive()) all += some;
    return all;
  }
  /// What comes until `end` has come, or the other side closes.
  std::string until(const std::string& end) const {
    std::string all;
    while (all.find(end) == std::string::npos) {
      const std::string some = receive();
      if (some.empty()) break;
      all += some;
    }
    return all;
  }

  /// Returns when the other side has cut the connection off, without taking anything of what it has sent.
  void until_reset() const {
    pollfd awaited{.fd = socket_.number(), .events = 0, .revents = 0};
    REQUIRE(::poll(&awaited, 1, kPatience_s * 1'000) == 1);
  }

 private:
  std::string receive() const {
    std::array<char, 65536> bytes{};
    const ssize_t got = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : "";
  }

  FileDescriptor socket_;
  bool connected_ = false;
};

/// A server of the given pages on a free port of 127.0.0.1.
inline std::unique_ptr<HttpServer> server_of(HttpRoutes routes, const HttpBounds& bounds = {}) {
  auto server = HttpServer::start({.address = "127.0.0.1", .port = 0}, std::move(routes), bounds);
  REQUIRE(server.ok());
  return std::move(*server);
}

inline HttpRoutes greeting() {
  return {{"/hello", [](const PageRequest&) { return PageAnswer{.body = "hello\n"}; }}};
}

inline std::string get(const std::string& target, const std::string& headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, headers);
}

/// The answer to what is sent, after which nothing more is sent.
inline std::string answer_to(const HttpServer& server, const std::string& bytes) {
  const RawClient client(server.endpoint().port);
  client.send(bytes);
  client.send_nothing_more();
  return client.rest();
}

/// "200", of the first answer in the bytes; "" if there is none.
inline std::string status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? answer.substr(9, 3) : "";
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

/// A thing that is measured from its making.
class Stopwatch {
 public:
  Duration passed() const { return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - started_); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace vscale::test
