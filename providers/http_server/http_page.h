#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "engine/values/units.h"

/// What the HTTP server serves, as a table, and how much of everything it puts up with.

namespace vscale {

/// A GET, as a route sees it. Both are decoded.
struct PageRequest {
  std::string path;                          ///< "/metrics": without the query.
  std::map<std::string, std::string> query;  ///< Of a name that is given twice, the first value.

  bool operator==(const PageRequest&) const = default;
};

struct PageAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};

  bool operator==(const PageAnswer&) const = default;
};

/// What is served, by exact path. The server's one thread calls the functions one after the other, so that a page needs
/// no lock against another; what it shares with the rest of the program does. While one is at work nobody else is
/// served: it hands out what is there, in milliseconds, and asks no host. What it throws is answered by 500.
using HttpRoutes = std::map<std::string, std::function<PageAnswer(const PageRequest&)>>;

/// The bounds of a server. What is beyond is answered by the status that stands here, or cut off without an answer.
struct HttpBounds {
  /// At once. A newcomer takes the place of whoever has waited longest, those first that are being sent no answer.
  std::size_t connections = 16;
  int requests_per_second = 50;         ///< Of all clients together, and as many at once. 429
  std::size_t head_bytes = 8 * 1024;    ///< Request line and headers. 431
  std::size_t target_bytes = 2 * 1024;  ///< Path and query. 414
  std::size_t header_lines = 64;        ///< 431
  std::size_t answer_bytes = 8 * kMiB;  ///< The body of an answer. 500
  int requests_per_connection = 100;    ///< Then it is closed: keep-alive.
  Duration request_time{5'000};         ///< From the first byte of a request to the last of its answer. 408, or cut off
  Duration idle_time{60'000};           ///< Between two requests of a connection.
  Duration parting_time{1'000};         ///< For the client to close, once it has its last answer.
  Duration stop_time{2'000};            ///< For a page that is being made when the server is stopped.
};

}  // namespace vscale
