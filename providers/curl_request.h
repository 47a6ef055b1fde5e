#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/values/result.h"
#include "engine/values/units.h"

/// What all requests of ours over HTTP have in common. Internal to providers.

namespace vscale {

using CurlRequest = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

/// What a server may say before the body, all of its headers together. The library ends a single line at 100 KiB.
constexpr std::size_t kMostHead_bytes = 64UL * 1024;

/// A request of the library's that speaks HTTP/1.1 to whom it is sent, and to nobody else: it asks no proxy, not even
/// one that the environment names, and follows no redirect. Signals stay the program's.
inline CurlRequest new_curl_request() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CurlRequest request(ready ? curl_easy_init() : nullptr, curl_easy_cleanup);
  VSCALE_ASSERT(request, "libcurl cannot be used");
  CURL* curl = request.get();
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "vscale");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  return request;
}

/// Never 0, which the library takes for no bound.
inline long curl_milliseconds(Duration duration) {
  return duration.count() < 1 ? 1 : static_cast<long>(duration.count());
}

/// What has come of the head of an answer.
struct AnswerHead {
  std::size_t bytes = 0;
  int status = 0;  ///< 0: it has not come to its end.
  bool too_long = false;

  /// Takes a line of it, as the library hands them out. True when there is no more to take: it has come to its end, or
  /// is too long. A head that goes before the answer (1xx) is none.
  bool take_line(CURL* curl, std::string_view line) {
    bytes += line.size();
    too_long = bytes > kMostHead_bytes;
    if (too_long || (line != "\r\n" && line != "\n")) return too_long;
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    const bool goes_before = code >= 100 && code < 200;
    if (!goes_before) status = static_cast<int>(code);
    return !goes_before;
  }
};

}  // namespace vscale
