#include "providers/network/network_probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "providers/curl_request.h"
#include "providers/http/url.h"

namespace vscale {
namespace {

/// Whom to reach, and within what.
struct Call {
  const std::string& address;
  int port = 0;
  Duration timeout;
};

std::optional<Error> check(const Call& call) {
  in6_addr address{};
  const bool numeric = inet_pton(AF_INET, call.address.c_str(), &address) == 1 ||
                       inet_pton(AF_INET6, call.address.c_str(), &address) == 1;
  if (numeric && call.port >= 1 && call.port <= 65535) return std::nullopt;
  return Error{ErrorKind::invalid, fmt::format("\"{}\" port {} is not an address and a port", call.address, call.port),
               "", "expected a numeric address and a port from 1 to 65535"};
}

CurlRequest request_to(const Call& call) {
  CurlRequest request = new_curl_request();
  const bool is_ipv6 = call.address.find(':') != std::string::npos;
  const std::string url = fmt::format("http://{}:{}/", is_ipv6 ? "[" + call.address + "]" : call.address, call.port);
  curl_easy_setopt(request.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(request.get(), CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(request.get(), CURLOPT_TIMEOUT_MS, curl_milliseconds(call.timeout));
  curl_easy_setopt(request.get(), CURLOPT_CONNECTTIMEOUT_MS, curl_milliseconds(call.timeout));
  return request;
}

Error error_of(const Call& call, CURL* curl, CURLcode ended) {
  if (ended == CURLE_OPERATION_TIMEDOUT) {
    return Error{
        ErrorKind::timed_out,
        fmt::format("{} port {} did not answer within {}", call.address, call.port, show_duration(call.timeout)), "",
        "check that the guest is up and its network is in order"};
  }
  if (ended == CURLE_COULDNT_CONNECT) {
    long number = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    return Error{ErrorKind::unreachable, fmt::format("{} port {} does not take connections", call.address, call.port),
                 number != 0 ? std::strerror(static_cast<int>(number)) : curl_easy_strerror(ended),
                 "check that the guest listens there"};
  }
  return Error{ErrorKind::invalid, fmt::format("{} port {} did not answer by HTTP", call.address, call.port), "",
               "check what listens there"};
}

/// Of an answer only the status is wanted, and the less of what a guest says is looked at, the better: nothing after
/// its head is.
struct Look {
  CURL* curl = nullptr;
  AnswerHead head;

  static std::size_t on_head_line(const char* bytes, std::size_t, std::size_t size, void* look) noexcept {
    Look& self = *static_cast<Look*>(look);
    return self.head.take_line(self.curl, {bytes, size}) ? 0 : size;
  }
  static std::size_t on_body(const char*, std::size_t, std::size_t, void*) noexcept { return 0; }
};

}  // namespace

Result<void> SocketProbe::connect_tcp(const std::string& address, int port, Duration timeout) {
  const Call call{.address = address, .port = port, .timeout = timeout};
  if (std::optional<Error> wrong = check(call)) return *wrong;
  const CurlRequest request = request_to(call);
  curl_easy_setopt(request.get(), CURLOPT_CONNECT_ONLY, 1L);
  if (const CURLcode ended = curl_easy_perform(request.get()); ended != CURLE_OK) {
    return error_of(call, request.get(), ended);
  }
  return {};
}

Result<int> SocketProbe::get_http(const std::string& address, int port, const std::string& path, Duration timeout) {
  const Call call{.address = address, .port = port, .timeout = timeout};
  if (std::optional<Error> wrong = check(call)) return *wrong;
  const CurlRequest request = request_to(call);
  const std::string target = encoded_path(path);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Connection: close"), curl_slist_free_all);
  VSCALE_ASSERT(headers, "there is no memory for a header");
  Look look{.curl = request.get(), .head = {}};
  curl_easy_setopt(request.get(), CURLOPT_REQUEST_TARGET, target.c_str());
  curl_easy_setopt(request.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(request.get(), CURLOPT_HEADERFUNCTION, Look::on_head_line);
  curl_easy_setopt(request.get(), CURLOPT_HEADERDATA, &look);
  curl_easy_setopt(request.get(), CURLOPT_WRITEFUNCTION, Look::on_body);
  const CURLcode ended = curl_easy_perform(request.get());
  if (look.head.status != 0) return look.head.status;
  return error_of(call, request.get(), ended);
}

}  // namespace vscale
