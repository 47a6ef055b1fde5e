#include "providers/network/network_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;

// HTTP is spoken by hand here: of an answer only the status is wanted, and the less of what a guest says is looked at,
// the better.

/// The most that is read of an answer's first line and headers, and of what goes before it.
constexpr std::size_t kMaxHeadBytes = 64UL * 1024;
/// What poll() can be asked to wait at once; it is asked again.
constexpr std::int64_t kLongestPoll_ms = 60'000;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct AddressList {
  addrinfo* first = nullptr;

  AddressList() = default;
  AddressList(const AddressList&) = delete;
  AddressList& operator=(const AddressList&) = delete;
  ~AddressList() {
    if (first != nullptr) ::freeaddrinfo(first);
  }
};

Error not_reached(const std::string& address, int port, int number) {
  return Error{ErrorKind::unreachable, fmt::format("{} port {} does not take connections", address, port),
               std::strerror(number), "check that the guest listens there"};
}

Error too_late(const std::string& address, int port, Duration timeout) {
  return Error{ErrorKind::timed_out,
               fmt::format("{} port {} did not answer within {}", address, port, show_duration(timeout)), "",
               "check that the guest is up and its network is in order"};
}

std::optional<Error> check(const std::string& address, int port, AddressList& resolved) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  const bool numeric = port >= 1 && port <= 65535 &&
                       ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &resolved.first) == 0;
  if (numeric) return std::nullopt;
  return Error{ErrorKind::invalid, fmt::format("\"{}\" port {} is not an address and a port", address, port), "",
               "expected a numeric address and a port from 1 to 65535"};
}

bool is_past(SteadyClock::time_point deadline) {
  return SteadyClock::now() >= deadline;
}

/// Waits until the socket can be read or written. False if that was not before the deadline.
bool wait_for(const Socket& socket, short events, SteadyClock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd wait{.fd = socket.fd(), .events = events, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestPoll_ms)));
    // What cannot be polled says why when it is used.
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (is_past(deadline)) return false;
  }
}

/// Whom to reach, and until when.
struct Call {
  const std::string& address;
  int port = 0;
  Duration timeout;
  SteadyClock::time_point deadline = SteadyClock::now() + timeout;
};

Result<std::unique_ptr<Socket>> open_connection(const Call& call) {
  AddressList to;
  if (std::optional<Error> wrong = check(call.address, call.port, to)) return *wrong;
  auto socket = std::make_unique<Socket>(::socket(to.first->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket->fd() < 0) {
    return Error{ErrorKind::failed, "no socket can be opened on this machine", std::strerror(errno), ""};
  }
  if (::connect(socket->fd(), to.first->ai_addr, to.first->ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return not_reached(call.address, call.port, errno);
  if (!wait_for(*socket, POLLOUT, call.deadline)) return too_late(call.address, call.port, call.timeout);
  int number = 0;
  socklen_t size = sizeof number;
  ::getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &number, &size);
  if (number != 0) return not_reached(call.address, call.port, number);
  return socket;
}

/// A path cannot end its line, whatever it holds. What is encoded already stays.
std::string encoded(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte <= ' ' || byte >= 0x7f ? fmt::format("%{:02X}", byte) : std::string(1, c);
  }
  return text;
}

std::string request_for(const Call& call, const std::string& path) {
  const bool is_ipv6 = call.address.find(':') != std::string::npos;
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: vscale\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                     encoded(path), is_ipv6 ? "[" + call.address + "]" : call.address, call.port);
}

/// True once everything is sent or the other end takes no more of it, which it may answer all the same.
bool send_all(const Socket& socket, const std::string& text, SteadyClock::time_point deadline) {
  for (std::size_t sent = 0; sent < text.size();) {
    if (!wait_for(socket, POLLOUT, deadline)) return false;
    const ssize_t count = ::send(socket.fd(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR && errno != EAGAIN) return true;
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
  return true;
}

/// The status that a first line names: `HTTP/1.1 204 No Content`. Nothing if it is not one of HTTP.
std::optional<int> status_in(std::string_view line) {
  constexpr std::string_view kStart = "HTTP/1.";
  constexpr std::size_t kDigitsAt = kStart.size() + 2;
  constexpr std::size_t kDigitsEnd = kDigitsAt + 3;
  const auto is_digit = [&](std::size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  if (line.size() < kDigitsEnd || !line.starts_with(kStart) || line[kDigitsAt - 1] != ' ') return std::nullopt;
  if (line.size() > kDigitsEnd && line[kDigitsEnd] != ' ' && line[kDigitsEnd] != '\r') return std::nullopt;
  int status = 0;
  for (std::size_t at = kDigitsAt; at < kDigitsEnd; ++at) {
    if (!is_digit(at)) return std::nullopt;
    status = 10 * status + (line[at] - '0');
  }
  return status;
}

/// What has arrived of an answer. It says nothing until it is known how it ends.
class Answer {
 public:
  /// Takes more bytes. True when there is nothing more to be waited for.
  bool take(std::string_view bytes) {
    bytes_ += bytes;
    while (!ended_ && look_at_one_head()) continue;
    return ended_ || bytes_.size() >= kMaxHeadBytes;
  }
  /// Nothing if it was not HTTP, or not all of it.
  std::optional<int> status() const { return status_; }

 private:
  /// True if it was one before the answer (1xx), so that another follows.
  bool look_at_one_head() {
    const std::size_t line_end = bytes_.find('\n', begin_);
    if (line_end == std::string::npos) return false;
    const std::optional<int> status = status_in(std::string_view(bytes_).substr(begin_, line_end - begin_));
    ended_ = !status;
    std::size_t end = std::min(bytes_.find("\n\r\n", line_end), bytes_.find("\n\n", line_end));
    if (!status || end == std::string::npos) return false;
    const bool goes_before = *status >= 100 && *status < 200;
    end = bytes_.find('\n', end + 1) + 1;
    begin_ = end;
    ended_ = !goes_before;
    if (!goes_before) status_ = status;
    return goes_before;
  }

  std::string bytes_;
  std::size_t begin_ = 0;  ///< Of the head that is looked at.
  bool ended_ = false;
  std::optional<int> status_;
};

/// False if the deadline came first.
bool read_answer(const Socket& socket, SteadyClock::time_point deadline, Answer& answer) {
  std::array<char, 4096> buffer{};
  // A server that always has more to say is no reason not to look at the clock.
  while (!is_past(deadline) && wait_for(socket, POLLIN, deadline)) {
    const ssize_t count = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return true;
    if (answer.take({buffer.data(), static_cast<std::size_t>(count)})) return true;
  }
  return false;
}

}  // namespace

Result<void> SocketProbe::connect_tcp(const std::string& address, int port, Duration timeout) {
  const auto socket = open_connection({.address = address, .port = port, .timeout = timeout});
  if (!socket) return socket.error();
  return {};
}

Result<int> SocketProbe::get_http(const std::string& address, int port, const std::string& path, Duration timeout) {
  const Call call{.address = address, .port = port, .timeout = timeout};
  const auto socket = open_connection(call);
  if (!socket) return socket.error();
  Answer answer;
  const bool in_time =
      send_all(**socket, request_for(call, path), call.deadline) && read_answer(**socket, call.deadline, answer);
  if (!in_time) return too_late(address, port, timeout);
  if (answer.status()) return *answer.status();
  return Error{ErrorKind::invalid, fmt::format("{} port {} did not answer by HTTP", address, port), "",
               "check what listens there"};
}

}  // namespace vscale
