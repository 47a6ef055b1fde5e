#pragma once

#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>

namespace vscale::test {

/// A port on which nobody listens: it was free a moment ago.
inline int deserted_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(probe);
  return ntohs(address.sin_port);
}

/// A web server on a free port of this machine.
template <class Kind = httplib::Server>
class WebServer {
 public:
  template <class... Arguments>
  explicit WebServer(const Arguments&... arguments) : server_(arguments...) {
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      const std::lock_guard guard(mutex_);
      asked_ += request.path + " ";
      authorization_ = request.get_header_value("Authorization");
      return httplib::Server::HandlerResponse::Unhandled;
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    REQUIRE(port_ > 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~WebServer() {
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  void serve(const std::string& path, const std::string& bytes) {
    server_.Get(path, [bytes](const httplib::Request&, httplib::Response& response) {
      response.set_content(bytes, "application/octet-stream");
    });
  }
  void lead(const std::string& path, const std::string& to) {
    server_.Get(path, [to](const httplib::Request&, httplib::Response& response) { response.set_redirect(to); });
  }
  Kind& operator*() { return server_; }
  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string asked() {
    const std::lock_guard guard(mutex_);
    return asked_;
  }
  std::string authorization() {
    const std::lock_guard guard(mutex_);
    return authorization_;
  }

 private:
  Kind server_;
  int port_ = 0;
  std::mutex mutex_;
  std::string asked_, authorization_;
  std::thread thread_;
};

}  // namespace vscale::test
