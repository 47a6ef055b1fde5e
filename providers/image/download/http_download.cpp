#include "providers/image/download/http_download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "providers/curl_request.h"
#include "providers/http/trust.h"

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// CURLE_TOO_LARGE, by which the library from 8.6 on tells of a line that is too long for it; before, it calls that out
/// of memory.
constexpr int kLineTooLong = 100;

/// What came of one request, whether or not it came to its end.
struct Answer {
  AnswerHead head;
  std::string location;
  std::uint64_t expected_bytes = 0;  ///< 0: the server did not say.
  std::uint64_t received_bytes = 0;
  SteadyClock::time_point last_step{};  ///< A connection is given its own time before the first.
  std::optional<Error> refused;         ///< Why the sink ended it.
  bool connected = false;
  bool cut_by_system = false;  ///< The connection broke, as far as the operating system tells.
  std::optional<Distrust> distrust;
  CURLcode ended = CURLE_OK;
};

/// Whatever one try of a download is about: for messages.
struct Subject {
  const Url& url;
  const std::string& what;
  const DownloadBounds& bounds;
};

Error error_of(const Subject& subject, ErrorKind kind, const std::string& found, std::string hint) {
  return {.kind = kind,
          .message = fmt::format("{}: {} {}", subject.what, show_url(subject.url), found),
          .detail = "",
          .hint = std::move(hint)};
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Asking
// ----------------------------------------------------------------------------------------------------------------

/// A request that runs. The library calls back from C, where no exception may pass: running out of memory in there ends
/// the program.
struct Request {
  const Subject& subject;
  const BodySink& sink;
  CURL* curl;
  Answer& answer;

  static std::size_t on_head_line(const char* bytes, std::size_t, std::size_t size, void* request) noexcept {
    return static_cast<Request*>(request)->take_head_line({bytes, size}) ? size : 0;
  }
  static std::size_t on_body(const char* bytes, std::size_t, std::size_t size, void* request) noexcept {
    return static_cast<Request*>(request)->take_body(bytes, size) ? size : 0;
  }
  static int on_progress(void* request, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<const Request*>(request)->is_idle() ? 1 : 0;
  }

  /// False ends the request: of anything but success there is no body to read.
  bool take_head_line(std::string_view line) {
    if (!answer.head.take_line(curl, line)) return true;
    answer.last_step = SteadyClock::now();
    return answer.head.status == 200;
  }

  bool take_body(const char* bytes, std::size_t size) {
    answer.last_step = SteadyClock::now();
    answer.received_bytes += size;
    answer.expected_bytes = announced_bytes();
    if (auto taken = sink(bytes, size, answer.expected_bytes); !taken) {
      answer.refused = taken.error();
      return false;
    }
    return true;
  }

  bool is_idle() const { return SteadyClock::now() - answer.last_step > subject.bounds.idle_timeout; }

  std::uint64_t announced_bytes() const {
    curl_off_t bytes = -1;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
    return bytes < 0 ? 0 : static_cast<std::uint64_t>(bytes);
  }
};

void set_target(CURL* curl, const Subject& subject) {
  const Url& url = subject.url;
  curl_easy_setopt(curl, CURLOPT_URL, without_login(url).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!url.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, url.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, url.password.c_str());
  }
  trust_authorities(curl);
}

void set_bounds(CURL* curl, const DownloadBounds& bounds) {
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, curl_milliseconds(bounds.connect_timeout));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, curl_milliseconds(bounds.total_timeout));
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a look-up of a name that hangs is not waited for
}

void set_callbacks(Request& request) {
  CURL* curl = request.curl;
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, Request::on_head_line);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &request);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Request::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &request);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, Request::on_progress);  // at least once a second
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &request);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

void run(const Request& request) {
  Answer& answer = request.answer;
  answer.ended = curl_easy_perform(request.curl);
  answer.expected_bytes = request.announced_bytes();
  curl_off_t connected_after = 0;
  curl_easy_getinfo(request.curl, CURLINFO_PRETRANSFER_TIME_T, &connected_after);
  answer.connected = connected_after > 0;
  long number = 0;
  curl_easy_getinfo(request.curl, CURLINFO_OS_ERRNO, &number);
  answer.cut_by_system = number != 0;
  answer.distrust = distrust_of(request.curl, answer.ended);
  curl_header* location = nullptr;
  if (curl_easy_header(request.curl, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK) {
    answer.location = location->value;
  }
}

Answer get(const Subject& subject, const BodySink& sink) {
  const CurlRequest curl = new_curl_request();
  // The digest is of the bytes as they are published.
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Accept-Encoding: identity"), curl_slist_free_all);
  VSCALE_ASSERT(headers, "libcurl cannot be used");
  Answer answer;
  answer.last_step = SteadyClock::now() + subject.bounds.connect_timeout;
  Request request{subject, sink, curl.get(), answer};
  set_target(curl.get(), subject);
  set_bounds(curl.get(), subject.bounds);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  set_callbacks(request);
  run(request);
  return answer;
}

// What went wrong
// ------------------------------------------------------------------------------------------------------------

Error error_of_status(const Subject& subject, int status) {
  const std::string found = fmt::format("answered {}", status);
  if (status == 404 || status == 410) {
    return error_of(subject, ErrorKind::not_found, found + ": it is not there", "correct the URL");
  }
  if (status == 401 || status == 403) {
    return error_of(subject, ErrorKind::denied, found + ": not permitted",
                    "give a user and password in the URL, or correct them");
  }
  return error_of(subject, ErrorKind::unreachable, found + ", expected 200", "try again later, or correct the URL");
}

Error error_of_body(const Subject& subject, const Answer& answer) {
  const auto silent = SteadyClock::now() - answer.last_step;
  const std::string amount = answer.expected_bytes == 0
                                 ? fmt::format("{} bytes", answer.received_bytes)
                                 : fmt::format("{} of {} bytes", answer.received_bytes, answer.expected_bytes);
  if (silent >= subject.bounds.idle_timeout) {
    return error_of(subject, ErrorKind::timed_out,
                    fmt::format("sent {} and then nothing for {}", amount, show_duration(subject.bounds.idle_timeout)),
                    "try again");
  }
  return error_of(subject, ErrorKind::unreachable, fmt::format("ended after {}", amount), "try again");
}

Error error_of_time(const Subject& subject, const Answer& answer) {
  if (!answer.connected) {
    return error_of(subject, ErrorKind::unreachable,
                    fmt::format("does not answer within {}", show_duration(subject.bounds.connect_timeout)),
                    "check the URL, and the way there");
  }
  return error_of(subject, ErrorKind::timed_out,
                  fmt::format("took longer than {} and sent {} bytes until then",
                              show_duration(subject.bounds.total_timeout), answer.received_bytes),
                  "fetch it by hand and let images.NAME.source name the file");
}

/// What came is none of the words of HTTP.
Error error_of_words(const Subject& subject, const Answer& answer) {
  const bool too_long =
      answer.head.too_long || answer.ended == CURLE_OUT_OF_MEMORY || int{answer.ended} == kLineTooLong;
  Error error = error_of(subject, ErrorKind::invalid,
                         too_long ? fmt::format("sent a header of over {}", show_bytes(kMostHead_bytes))
                                  : "gave no answer of a web server",
                         "check the URL and its port");
  if (!too_long) error.detail = curl_easy_strerror(answer.ended);
  return error;
}

Error error_of_trouble(const Subject& subject, const Answer& answer) {
  if (answer.distrust) return error_of(subject, ErrorKind::denied, answer.distrust->found, answer.distrust->hint);
  switch (answer.ended) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return error_of(subject, ErrorKind::unreachable, "does not answer: no connection",
                      "check the URL, and that the server runs");
    case CURLE_OPERATION_TIMEDOUT:
      return error_of_time(subject, answer);
    case CURLE_SSL_CONNECT_ERROR:
      return error_of(subject, ErrorKind::unreachable, "could not agree on a TLS connection",
                      "check the URL and its port");
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
      return error_of_body(subject, answer);
    case CURLE_RECV_ERROR:
      // By this the library also tells of a body whose pieces are not marked as they should be.
      if (answer.cut_by_system || subject.url.scheme == "https") return error_of_body(subject, answer);
      return error_of_words(subject, answer);
    default:
      return error_of_words(subject, answer);
  }
}

/// Nothing if everything came.
std::optional<Error> failure_of(const Subject& subject, const Answer& answer) {
  if (answer.refused) return answer.refused;
  if (answer.head.status != 0 && answer.head.status != 200) return error_of_status(subject, answer.head.status);
  if (answer.ended != CURLE_OK) return error_of_trouble(subject, answer);
  // The library is content with an end inside the head.
  if (answer.head.status == 0) return error_of_body(subject, answer);
  return std::nullopt;
}

Result<Url> next_url(const Subject& subject, const Answer& answer) {
  auto next = resolve_url(subject.url, answer.location);
  if (!next) {
    return error_of(subject, ErrorKind::invalid, fmt::format("answered {} and leads nowhere", answer.head.status),
                    "let the source name the final URL");
  }
  if (subject.url.scheme == "https" && next->scheme == "http") {
    return error_of(subject, ErrorKind::denied, "leads from https to http, where anybody on the way could change it",
                    "let the source name an https URL");
  }
  if (next->user.empty() && same_server(*next, subject.url)) {
    next->user = subject.url.user;
    next->password = subject.url.password;
  }
  return *next;
}

}  // namespace

Result<void> http_download(const Url& url, const std::string& what, const DownloadBounds& bounds,
                           const BodySink& sink) {
  Url here = url;
  for (int redirects = 0; redirects <= bounds.max_redirects; ++redirects) {
    const Subject subject{here, what, bounds};
    const Answer answer = get(subject, sink);
    if (!is_redirect(answer.head.status)) {
      if (auto failure = failure_of(subject, answer)) return *failure;
      return {};
    }
    auto next = next_url(subject, answer);
    if (!next) return next.error();
    here = *next;
  }
  return error_of({url, what, bounds}, ErrorKind::invalid,
                  fmt::format("leads on and on, {} times", bounds.max_redirects), "let the source name the final URL");
}

}  // namespace vscale
