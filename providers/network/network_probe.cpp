#include "providers/network/network_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// How often a request that is past its time is cut off, until it notices.
constexpr std::chrono::milliseconds kCutOffInterval{20};

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

/// One GET on a thread of its own, so that a server which answers drop by drop can be cut off.
class Request {
 public:
  Request(const std::string& address, int port, std::string path, Duration timeout)
      : client_(address, port), path_(std::move(path)) {
    // Later than ours, so that it is always we who say that it is too late.
    client_.set_connection_timeout(2 * timeout);
    client_.set_read_timeout(2 * timeout);
    client_.set_write_timeout(2 * timeout);
    client_.set_follow_location(false);
  }

  /// The status; nothing if there was no answer by the deadline, 0 if there was one that is not HTTP.
  std::optional<int> run(SteadyClock::time_point deadline) {
    std::thread worker([this] { get(); });
    std::unique_lock lock(mutex_);
    const bool in_time = ended_.wait_until(lock, deadline, [this] { return done_; });
    while (!done_) {
      lock.unlock();
      client_.stop();
      lock.lock();
      ended_.wait_for(lock, kCutOffInterval, [this] { return done_; });
    }
    lock.unlock();
    worker.join();
    if (status_ > 0) return status_;
    if (!in_time) return std::nullopt;
    return 0;
  }

 private:
  void get() {
    int status = 0;
    const auto result = client_.Get(
        path_.c_str(), httplib::Headers{},
        [&](const httplib::Response& response) {
          status = response.status;
          return false;  // The body is not wanted.
        },
        [](const char*, std::size_t) { return false; });
    const std::scoped_lock lock(mutex_);
    // An answer that has no body, as 204, is not handed to the first of these.
    status_ = result ? result->status : status;
    done_ = true;
    ended_.notify_all();
  }

  httplib::Client client_;
  std::string path_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  int status_ = 0;
};

}  // namespace

Result<void> SocketProbe::connect_tcp(const std::string& address, int port, Duration timeout) {
  AddressList to;
  if (std::optional<Error> wrong = check(address, port, to)) return *wrong;
  const auto deadline = SteadyClock::now() + timeout;
  const Socket socket(::socket(to.first->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) {
    return Error{ErrorKind::failed, "no socket can be opened on this machine", std::strerror(errno), ""};
  }
  if (::connect(socket.fd(), to.first->ai_addr, to.first->ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return not_reached(address, port, errno);

  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd wait{.fd = socket.fd(), .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(0, left)));
    if (ready == 0) return too_late(address, port, timeout);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return not_reached(address, port, errno);
    int number = 0;
    socklen_t size = sizeof number;
    ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &number, &size);
    if (number == 0) return {};
    return not_reached(address, port, number);
  }
}

Result<int> SocketProbe::get_http(const std::string& address, int port, const std::string& path, Duration timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  // Tells "refused" from "late", and leaves only the talking to the HTTP library.
  if (Result<void> reached = connect_tcp(address, port, timeout); !reached) return reached.error();
  try {
    const std::optional<int> status = Request(address, port, path, timeout).run(deadline);
    if (!status) return too_late(address, port, timeout);
    if (*status > 0) return *status;
    return Error{ErrorKind::invalid, fmt::format("{} port {} did not answer by HTTP", address, port), "",
                 "check what listens there"};
  } catch (const std::system_error& error) {
    return Error{ErrorKind::failed, "no thread can be started on this machine", error.what(), ""};
  }
}

}  // namespace vscale
