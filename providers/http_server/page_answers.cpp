#include "providers/http_server/page_answers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>

#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace vscale {
namespace {

/// A request in memory, and the answer to it.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(const std::string& head) : head_(head) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, std::size_t size) override {
    const std::size_t taken = head_.copy(into, size, read_bytes_);
    read_bytes_ += taken;
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    written.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string written;

 private:
  const std::string& head_;
  std::size_t read_bytes_ = 0;
};

/// "127.0.0.1:9188", "[::1]:9188", "localhost": what stands in the header Host.
bool is_local_host(const std::string& host) {
  std::string name = host.substr(0, host.rfind(':'));
  if (host.ends_with(']')) name = host;
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  in6_addr address{};
  return name == "localhost" || inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

PageAnswer text_answer(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

std::string paths_of(const HttpRoutes& routes) {
  std::string paths;
  for (const auto& [path, unused] : routes) paths += (paths.empty() ? "" : " ") + path;
  return paths;
}

PageRequest request_of(const httplib::Request& request) {
  PageRequest ours{.path = request.path, .query = {}};
  for (const auto& [name, value] : request.params) ours.query.emplace(name, value);
  return ours;
}

}  // namespace

struct PageAnswers::Http final : httplib::Server {
  Http(HttpRoutes pages, const HttpBounds& most, HostNames names)
      : routes(std::move(pages)), bounds(most), host_names(names) {
    set_keep_alive_max_count(static_cast<std::size_t>(most.requests_per_connection));
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(most.idle_time).count());
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const PageAnswer answer = objection ? *objection : answer_to(request);
      response.status = answer.status;
      response.set_content(answer.body, answer.content_type);
      response.set_header("Cache-Control", "no-store");
      response.set_header("X-Content-Type-Options", "nosniff");
      if (answer.status == 405) response.set_header("Allow", "GET");
      if (answer.status == 429) response.set_header("Retry-After", "1");
      is_answered = true;
      return HandlerResponse::Handled;
    });
  }

  /// What has to be true of a request before its page is asked.
  std::optional<PageAnswer> objection_to(const httplib::Request& request) const {
    if (request.method != "GET") return text_answer(405, "Only GET is served here.\n");
    const bool has_body = request.has_header("Transfer-Encoding") ||
                          (request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0");
    if (has_body) return text_answer(400, "A request with a body is not taken here.\n");
    if (request.get_header_value_count("Host") > 1) return text_answer(400, "The request names two hosts.\n");
    if (host_names == HostNames::local_only && request.has_header("Host") &&
        !is_local_host(request.get_header_value("Host"))) {
      return text_answer(403, "This is served to this machine only: ask for localhost or a numeric address.\n");
    }
    return std::nullopt;
  }

  PageAnswer answer_to(const httplib::Request& request) const {
    const auto route = routes.find(request.path);
    if (route == routes.end()) {
      return text_answer(404, fmt::format("There is no such page here. There are: {}\n", paths_of(routes)));
    }
    PageAnswer answer = made_by(route->second, request_of(request));
    if (answer.body.size() <= bounds.answer_bytes) return answer;
    return text_answer(500, fmt::format("The page has {}, and {} are served at most.\n", show_bytes(answer.body.size()),
                                        show_bytes(bounds.answer_bytes)));
  }

  /// A page that fails ends no loop that has run for months.
  static PageAnswer made_by(const HttpRoutes::mapped_type& page, const PageRequest& request) {
    try {
      return page(request);
    } catch (const std::exception&) {
      return text_answer(500, "The page could not be made.\n");
    }
  }

  /// The library would answer ranges by as many copies of the page as a header can ask for, compress at its dearest,
  /// and ask for a body that is not taken.
  void before_routing(httplib::Request& request) {
    request.ranges.clear();
    for (const char* header : {"Range", "Accept-Encoding", "Expect"}) request.headers.erase(header);
    if (!objection) objection = objection_to(request);
    if (!objection) return;
    // What follows may be a body.
    request.headers.erase("Connection");
    request.set_header("Connection", "close");
  }

  Reply run(const std::string& head, After after, std::optional<PageAnswer> refusal) {
    MemoryStream stream(head);
    objection = std::move(refusal);
    is_answered = false;
    bool is_closed = false;
    const bool read =
        process_request(stream, after == After::close, is_closed, [this](auto& request) { before_routing(request); });
    const bool stays = read && is_answered && !objection && !is_closed;
    return {.bytes = std::move(stream.written), .after = stays ? after : After::close};
  }

  HttpRoutes routes;
  HttpBounds bounds;
  HostNames host_names;
  std::optional<PageAnswer> objection;  // of the request at hand
  bool is_answered = false;             // false: the library answered by itself, as to a request that it cannot read
};

PageAnswers::PageAnswers(HttpRoutes routes, const HttpBounds& bounds, HostNames host_names)
    : http_(std::make_unique<Http>(std::move(routes), bounds, host_names)) {}

PageAnswers::~PageAnswers() = default;

PageAnswers::Reply PageAnswers::reply_to(const std::string& head, After after) {
  try {
    return http_->run(head, after, std::nullopt);
  } catch (const std::exception&) {
    // The library reads numbers and ranges by functions that throw.
    return refuse(text_answer(400, "The request is not intelligible.\n"));
  }
}

PageAnswers::Reply PageAnswers::refuse(const PageAnswer& answer) {
  return http_->run("GET / HTTP/1.1\r\n\r\n", After::close, answer);
}

}  // namespace vscale
