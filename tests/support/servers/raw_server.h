#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

/// Servers that are worse than any web server, and what they say.

namespace vscale::test {

/// Listens on the loopback and treats every connection as it is told, until it goes.
class RawServer {
 public:
  explicit RawServer(std::function<void(int fd, const std::atomic<bool>& stop)> serve)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int peer = ::accept(fd_, nullptr, nullptr); peer >= 0; peer = ::accept(fd_, nullptr, nullptr)) {
        serve(peer, stop_);
        ::close(peer);
      }
    });
  }
  ~RawServer() {
    stop_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline void read_request(int fd) {
  char byte = 0;
  std::string seen;
  while (!seen.ends_with("\r\n\r\n") && ::recv(fd, &byte, 1, 0) == 1) seen += byte;
}

inline void say(int fd, const std::string& text) {
  static_cast<void>(::send(fd, text.data(), text.size(), MSG_NOSIGNAL));
}

inline std::function<void(int, const std::atomic<bool>&)> answering(const std::string& text) {
  return [text](int fd, const std::atomic<bool>&) {
    read_request(fd);
    say(fd, text);
  };
}

inline void be_silent(int, const std::atomic<bool>& stop) {
  while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

inline void drip(int fd, const std::atomic<bool>& stop) {
  say(fd, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; !stop; ++i) {
    const std::string line = "X-" + std::to_string(i) + ": y\r\n";
    if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) < 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// Says `start`, and then what has no end, as fast as it is taken.
inline std::function<void(int, const std::atomic<bool>&)> without_an_end(const std::string& start) {
  return [start](int fd, const std::atomic<bool>& stop) {
    read_request(fd);
    say(fd, start);
    const std::string more(4096, 'x');
    while (!stop && ::send(fd, more.data(), more.size(), MSG_NOSIGNAL) > 0) continue;
  };
}

}  // namespace vscale::test
