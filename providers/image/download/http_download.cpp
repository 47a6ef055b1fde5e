#include "providers/image/download/http_download.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "providers/image/download/request_watch.h"

namespace vscale {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What came of one request, whether or not it came to its end.
struct Answer {
  int status = 0;
  std::string location;
  std::uint64_t expected_bytes = 0;  ///< 0: the server did not say.
  std::uint64_t received_bytes = 0;
  SteadyTime last_byte{};
  std::optional<Error> refused;                ///< Why the sink ended it, or it never began.
  std::optional<RequestWatch::Broken> broken;  ///< What the watch ended it for.
  httplib::Error trouble = httplib::Error::Success;
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

std::unique_ptr<httplib::ClientImpl> client_for(const Subject& subject) {
  const Url& url = subject.url;
  std::unique_ptr<httplib::ClientImpl> client;
  if (url.scheme == "https") {
    client = std::make_unique<httplib::SSLClient>(url.host, url.port);
    client->enable_server_certificate_verification(true);
  } else {
    client = std::make_unique<httplib::ClientImpl>(url.host, url.port);
  }
  client->set_connection_timeout(subject.bounds.connect_timeout);
  client->set_read_timeout(subject.bounds.idle_timeout);
  client->set_write_timeout(subject.bounds.idle_timeout);
  client->set_follow_location(false);  // followed by http_download(), which looks where it leads
  client->set_decompress(false);       // the digest is of the bytes as they are published
  client->set_url_encode(false);       // it is encoded already
  return client;
}

httplib::Headers headers_for(const Url& url) {
  httplib::Headers headers{{"Accept-Encoding", "identity"}, {"User-Agent", "vscale"}};
  if (!url.user.empty()) headers.insert(httplib::make_basic_authentication_header(url.user, url.password));
  return headers;
}

/// False ends the request: of anything but success there is no body to read.
bool take_head(const httplib::Response& response, Answer& answer) {
  answer.status = response.status;
  answer.location = response.get_header_value("Location");
  if (response.has_header("Content-Length")) {
    answer.expected_bytes = response.get_header_value<std::uint64_t>("Content-Length");
  }
  return response.status == 200;
}

bool take_bytes(Answer& answer, const BodySink& sink, const char* bytes, std::size_t size) {
  answer.last_byte = std::chrono::steady_clock::now();
  answer.received_bytes += size;
  if (auto taken = sink(bytes, size, answer.expected_bytes); !taken) {
    answer.refused = taken.error();
    return false;
  }
  return true;
}

void get(const Subject& subject, const BodySink& sink, RequestWatch& watch, Answer& answer) {
  const auto client = client_for(subject);
  client->set_socket_options([&](socket_t socket) { watch.follow(socket); });
  const std::string target = subject.url.query.empty() ? subject.url.path : subject.url.path + "?" + subject.url.query;
  const auto result = client->Get(
      target, headers_for(subject.url),
      [&](const httplib::Response& response) {
        watch.got_on();
        return take_head(response, answer);
      },
      [&](const char* bytes, std::size_t size) {
        watch.got_on();
        return take_bytes(answer, sink, bytes, size);
      });
  answer.trouble = result.error();
}

Answer get(const Subject& subject, const BodySink& sink) {
  Answer answer;
  answer.last_byte = std::chrono::steady_clock::now();
  try {
    RequestWatch watch(subject.bounds);
    get(subject, sink, watch, answer);
    answer.broken = watch.broken();
  } catch (const std::system_error& error) {
    answer.refused = error_of(subject, ErrorKind::failed, "cannot be asked: there can be no more threads", "try again");
    answer.refused->detail = error.what();
  }
  return answer;
}

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
  const auto silent = std::chrono::steady_clock::now() - answer.last_byte;
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

Error error_of_trouble(const Subject& subject, const Answer& answer) {
  switch (answer.trouble) {
    case httplib::Error::Connection:
      return error_of(subject, ErrorKind::unreachable, "does not answer: no connection",
                      "check the URL, and that the server runs");
    case httplib::Error::ConnectionTimeout:
      return error_of(subject, ErrorKind::unreachable,
                      fmt::format("does not answer within {}", show_duration(subject.bounds.connect_timeout)),
                      "check the URL, and the way there");
    case httplib::Error::SSLServerVerification:
      return error_of(subject, ErrorKind::denied, "has a certificate that is not trusted here",
                      "add its authority to the system's (update-ca-certificates), or name it by SSL_CERT_FILE");
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
      return error_of(subject, ErrorKind::unreachable, "could not agree on a TLS connection",
                      "check the URL and its port");
    default:
      return error_of_body(subject, answer);
  }
}

Error error_of_broken(const Subject& subject, const Answer& answer) {
  switch (*answer.broken) {
    case RequestWatch::Broken::total:
      return error_of(subject, ErrorKind::timed_out,
                      fmt::format("took longer than {} and sent {} bytes until then",
                                  show_duration(subject.bounds.total_timeout), answer.received_bytes),
                      "fetch it by hand and let images.NAME.source name the file");
    case RequestWatch::Broken::idle:
      return error_of_body(subject, answer);
    case RequestWatch::Broken::size:
      return error_of(subject, ErrorKind::invalid,
                      fmt::format("sent over {} that are no file's", show_bytes(RequestWatch::kMostBeside_bytes)),
                      "check the URL: that is no answer of a web server");
  }
  VSCALE_ASSERT(false, "a bound without words");
}

/// Nothing if everything came.
std::optional<Error> failure_of(const Subject& subject, const Answer& answer) {
  if (answer.refused) return answer.refused;
  // Before anything else: what was cut off may look like an end.
  if (answer.broken) return error_of_broken(subject, answer);
  if (answer.status != 0 && answer.status != 200) return error_of_status(subject, answer.status);
  if (answer.trouble != httplib::Error::Success) return error_of_trouble(subject, answer);
  if (answer.expected_bytes != 0 && answer.received_bytes != answer.expected_bytes)
    return error_of_body(subject, answer);
  return std::nullopt;
}

Result<Url> next_url(const Subject& subject, const Answer& answer) {
  auto next = resolve_url(subject.url, answer.location);
  if (!next) {
    return error_of(subject, ErrorKind::invalid, fmt::format("answered {} and leads nowhere", answer.status),
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
    if (answer.broken || !is_redirect(answer.status)) {
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
