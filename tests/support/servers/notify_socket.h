#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "providers/file_descriptor.h"

namespace vscale::test {

/// Who listens there as systemd would: on a path in a folder of its own, or on an abstract name.
class NotifySocket {
 public:
  enum class Name { path, abstract };

  explicit NotifySocket(Name kind) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    std::string folder = std::filesystem::temp_directory_path() / "vscale-notify-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    const std::string path = folder + "/notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path + (kind == Name::abstract ? 1 : 0), path.size());
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    REQUIRE(::bind(socket_.number(), reinterpret_cast<sockaddr*>(&address), bytes) == 0);
    name_ = (kind == Name::abstract ? "@" : "") + path;
  }
  ~NotifySocket() { std::filesystem::remove_all(folder_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& name() const { return name_; }

  /// The next datagram; "" if there is none.
  std::string heard() const {
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : "";
  }

 private:
  FileDescriptor socket_;
  std::filesystem::path folder_;
  std::string name_;
};

}  // namespace vscale::test
