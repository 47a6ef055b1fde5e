#pragma once

#include <memory>
#include <string>

#include "providers/http_server/http_page.h"

namespace vscale {

/// Whom a request may say it is for.
enum class HostNames {
  any,
  /// A numeric address or localhost. Of a loopback endpoint nothing else is true, but for a page in somebody's browser
  /// that had its own name lead to 127.0.0.1, to read what is served here.
  local_only,
};

/// What is sent back for a request: bytes to bytes, by cpp-httplib's reading and writing and without its sockets and
/// threads. Not for several threads.
class PageAnswers {
 public:
  PageAnswers(HttpRoutes routes, const HttpBounds& bounds, HostNames host_names);
  ~PageAnswers();
  PageAnswers(const PageAnswers&) = delete;
  PageAnswers& operator=(const PageAnswers&) = delete;

  enum class After { stay_open, close };
  struct Reply {
    std::string bytes;
    After after = After::close;
  };

  /// `head` is whole by look_at_head(). Anything but a GET without a body for a path of the table is answered by an
  /// error, and the connection is then to be closed.
  Reply reply_to(const std::string& head, After after);
  /// The answer to a request that is not looked at any further.
  Reply refuse(const PageAnswer& answer);

 private:
  struct Http;
  std::unique_ptr<Http> http_;
};

}  // namespace vscale
