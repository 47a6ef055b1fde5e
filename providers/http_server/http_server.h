#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "engine/values/result.h"
#include "providers/http_server/http_page.h"
#include "providers/http_server/listen_endpoint.h"

namespace vscale {

/// Serves the pages of a table by HTTP/1.1, on a thread of its own, within bounds: GET only, no encryption, no
/// passwords. It knows nothing of what it serves, and keeps nothing of whom.
class HttpServer {
 public:
  /// Listens from here on. An address that is in use is a `conflict`, a port that needs root `denied`, an address that
  /// this machine does not have `invalid`. SIGPIPE must be ignored by the program, or is from here on.
  static Result<std::unique_ptr<HttpServer>> start(const ListenEndpoint& endpoint, HttpRoutes routes,
                                                   const HttpBounds& bounds = {});
  /// Stops it, if nobody has.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// With the port that it got, where 0 was asked for.
  const ListenEndpoint& endpoint() const { return endpoint_; }

  /// Takes no more requests, and cuts off whoever is connected. After success no route is called any more. `timed_out`
  /// when a page is still being made after HttpBounds::stop_time: its thread is left behind, and what its route refers
  /// to has to stay until the program ends. Once stopped, it stays as it was left.
  Result<void> stop();

 private:
  class Loop;
  HttpServer(ListenEndpoint endpoint, std::shared_ptr<Loop> loop);

  ListenEndpoint endpoint_;
  std::shared_ptr<Loop> loop_;  // also the thread's, which may be left behind
  std::thread thread_;
};

}  // namespace vscale
