#include "providers/image/download/request_watch.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace vscale {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

}  // namespace

RequestWatch::RequestWatch(const DownloadBounds& bounds)
    : bounds_(bounds),
      begun_(std::chrono::steady_clock::now()),
      idle_since_(begun_ + bounds.connect_timeout),
      thread_([this] { watch(); }) {}

RequestWatch::~RequestWatch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void RequestWatch::follow(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = FileDescriptor(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  received_then_bytes_ = 0;
}

std::optional<RequestWatch::Broken> RequestWatch::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void RequestWatch::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kLookEvery, [this] { return ended_; })) {
    if (!broken_) broken_ = look();
    // Again and again: the library may have gone on to another address of the server.
    if (broken_ && socket_.is_open()) ::shutdown(socket_.number(), SHUT_RDWR);
  }
}

std::optional<RequestWatch::Broken> RequestWatch::look() {
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::uint64_t steps = steps_.load(std::memory_order_relaxed);
  const std::uint64_t received = received_bytes();
  if (now - begun_ > bounds_.total_timeout) return Broken::total;
  if (steps != steps_seen_) {
    steps_seen_ = steps;
    idle_since_ = now;
    received_then_bytes_ = received;
  }
  if (received > received_then_bytes_ + kMostBeside_bytes) return Broken::size;
  if (now - idle_since_ > bounds_.idle_timeout) return Broken::idle;
  return std::nullopt;
}

std::uint64_t RequestWatch::received_bytes() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (!socket_.is_open() || ::getsockopt(socket_.number(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

}  // namespace vscale
