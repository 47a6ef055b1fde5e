#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "providers/image/download/http_download.h"
#include "providers/image/file_descriptor.h"

/// A second pair of eyes on one request.

namespace vscale {

/// Ends a request from the side when it breaks its bounds. The HTTP library waits for each byte and keeps whatever it
/// takes for a header for as long as it comes: it looks neither at the clock nor at the size in between, so a thread of
/// our own does, and shuts the socket down.
///
/// A request that gets on calls got_on(). It is ended
///  - after total_timeout,
///  - when it has not got on for idle_timeout, and connect_timeout more at its beginning, whatever has come meanwhile,
///  - when kMostBeside_bytes have come since it last got on.
class RequestWatch {
 public:
  enum class Broken { total, idle, size };

  /// More than any socket holds that is not read at once, and nothing that a machine would miss.
  static constexpr std::uint64_t kMostBeside_bytes = 64ULL * 1024 * 1024;

  /// Throws std::system_error if there are no more threads.
  explicit RequestWatch(const DownloadBounds& bounds);
  ~RequestWatch();
  RequestWatch(const RequestWatch&) = delete;
  RequestWatch& operator=(const RequestWatch&) = delete;

  /// The socket that the request goes by from now on; it stays the caller's. From any thread.
  void follow(int socket);
  /// Its answer has begun, or more of the body has come. From any thread; cheap.
  void got_on() { steps_.fetch_add(1, std::memory_order_relaxed); }
  /// What it was ended for, if it was.
  std::optional<Broken> broken() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void watch();
  std::optional<Broken> look();
  std::uint64_t received_bytes() const;

  const DownloadBounds bounds_;
  const SteadyTime begun_;
  std::atomic<std::uint64_t> steps_{0};

  mutable std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  FileDescriptor socket_;  ///< A second name of it, so that it is shut down and never one that came after it.
  std::optional<Broken> broken_;
  SteadyTime idle_since_;
  std::uint64_t steps_seen_ = 0;
  std::uint64_t received_then_bytes_ = 0;
  std::thread thread_;  ///< Last: it uses all the others.
};

}  // namespace vscale
