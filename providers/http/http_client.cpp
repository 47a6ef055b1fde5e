#include "providers/http/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "providers/curl_request.h"
#include "providers/http/trust.h"
#include "providers/http/url.h"

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// Asking
// ----------------------------------------------------------------------------------------------------------------

/// A question, and what has come of it. The library keeps its address, and calls back from C, where no exception may
/// pass: running out of memory in there ends the program.
struct Asking {
  const HttpQuestion& question;
  std::size_t place;  ///< Among all questions.
  Url url;
  HeaderList headers{nullptr, curl_slist_free_all};
  CurlRequest request{nullptr, curl_easy_cleanup};  ///< Nothing before it has begun.
  Duration timeout{};
  AnswerHead head{};
  std::string body{};
  bool is_too_long = false;

  static std::size_t on_head_line(const char* bytes, std::size_t, std::size_t size, void* asking) noexcept {
    Asking& self = *static_cast<Asking*>(asking);
    self.head.take_line(self.request.get(), {bytes, size});
    return self.head.too_long ? 0 : size;
  }
  static std::size_t on_body(const char* bytes, std::size_t, std::size_t size, void* asking) noexcept {
    Asking& self = *static_cast<Asking*>(asking);
    self.is_too_long = size > self.question.max_bytes - self.body.size();
    if (self.is_too_long) return 0;
    self.body.append(bytes, size);
    return size;
  }
};

bool has_control_character(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

std::optional<Error> check(const HttpQuestion& question) {
  if (!parse_url(question.url)) {
    return Error{ErrorKind::invalid, "there is no http or https URL to ask", "", "such as http://10.0.0.1:9090"};
  }
  for (const HttpHeader& header : question.headers) {
    if (!has_control_character(header.name) && !has_control_character(header.value)) continue;
    return Error{ErrorKind::invalid,
                 fmt::format("{}: the header {} holds a line break or another control character",
                             show_url(question.url), has_control_character(header.name) ? "" : header.name),
                 "", "correct what it is made of: a token read from a file may end in a line break"};
  }
  return std::nullopt;
}

void set_login(CURL* curl, const Asking& asking) {
  const HttpQuestion& question = asking.question;
  const std::string& user = question.user.empty() ? asking.url.user : question.user;
  if (user.empty()) return;
  curl_easy_setopt(curl, CURLOPT_USERNAME, user.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, (question.user.empty() ? asking.url.password : question.password).c_str());
}

void set_headers(CURL* curl, Asking& asking) {
  for (const auto& [name, value] : asking.question.headers) {
    curl_slist* longer = curl_slist_append(asking.headers.get(), fmt::format("{}: {}", name, value).c_str());
    VSCALE_ASSERT(longer != nullptr, "there is no memory for a header");
    static_cast<void>(asking.headers.release());
    asking.headers.reset(longer);
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, asking.headers.get());
}

void set_up(Asking& asking) {
  asking.request = new_curl_request();
  CURL* curl = asking.request.get();
  curl_easy_setopt(curl, CURLOPT_URL, without_login(asking.url).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set_login(curl, asking);
  set_headers(curl, asking);
  trust_authorities(curl);
  if (asking.question.names == HttpQuestion::Names::any) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  // A server with few threads gives each to a connection: one that is kept would have others wait.
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a look-up of a name that hangs is not waited for
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, Asking::on_head_line);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &asking);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Asking::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &asking);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, &asking);
}

// What went wrong
// ------------------------------------------------------------------------------------------------------------

Error error_of(const Asking& asking, ErrorKind kind, const std::string& found, std::string hint) {
  return {.kind = kind,
          .message = fmt::format("{} {}", show_url(asking.url), found),
          .detail = "",
          .hint = std::move(hint)};
}

Error error_of_time(const Asking& asking) {
  curl_off_t connected_after = 0;
  curl_easy_getinfo(asking.request.get(), CURLINFO_CONNECT_TIME_T, &connected_after);
  const ErrorKind kind = connected_after > 0 ? ErrorKind::timed_out : ErrorKind::unreachable;
  return error_of(asking, kind, fmt::format("did not answer within {}", show_duration(asking.timeout)),
                  "check that it is up, and the way there");
}

Error error_of_connection(const Asking& asking, CURLcode ended) {
  long number = 0;
  curl_easy_getinfo(asking.request.get(), CURLINFO_OS_ERRNO, &number);
  Error error = error_of(asking, ErrorKind::unreachable, "does not take connections",
                         "check the address and the port, and that something listens there");
  error.detail = number != 0 ? std::strerror(static_cast<int>(number)) : curl_easy_strerror(ended);
  return error;
}

Error error_of_trouble(const Asking& asking, CURLcode ended) {
  if (const auto distrust = distrust_of(asking.request.get(), ended)) {
    return error_of(asking, ErrorKind::denied, distrust->found, distrust->hint);
  }
  switch (ended) {
    case CURLE_OPERATION_TIMEDOUT:
      return error_of_time(asking);
    case CURLE_COULDNT_RESOLVE_HOST:
      return error_of(asking, ErrorKind::unreachable, "has a name that cannot be looked up",
                      "correct the name, or write an address");
    case CURLE_COULDNT_CONNECT:
      return error_of_connection(asking, ended);
    case CURLE_SSL_CONNECT_ERROR:
      return error_of(asking, ErrorKind::unreachable, "could not agree on a TLS connection",
                      "check the port, and whether it is http there");
    case CURLE_OK:  // the library is content with an end inside the head
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return error_of(asking, ErrorKind::unreachable,
                      fmt::format("broke its answer off after {} bytes", asking.body.size()), "see what it logs");
    default:
      Error error = error_of(asking, ErrorKind::invalid, "gave no answer of a web server", "check what listens there");
      error.detail = curl_easy_strerror(ended);
      return error;
  }
}

Result<HttpAnswer> result_of(Asking& asking, CURLcode ended) {
  if (asking.is_too_long) {
    return error_of(asking, ErrorKind::invalid,
                    fmt::format("answered with more than {}", show_bytes(asking.question.max_bytes)),
                    "ask for the number alone");
  }
  if (asking.head.too_long) {
    return error_of(asking, ErrorKind::invalid, fmt::format("sent a header of over {}", show_bytes(kMostHead_bytes)),
                    "check what listens there");
  }
  if (ended != CURLE_OK || asking.head.status == 0) return error_of_trouble(asking, ended);
  return HttpAnswer{asking.head.status, std::move(asking.body)};
}

// All of them
// ----------------------------------------------------------------------------------------------------------------

/// With less time left no question is begun: that it was not answered would say nothing.
constexpr Duration kLeastTime{100};

/// Questions that run side by side, by one thread.
class Batch {
 public:
  Batch(const std::vector<HttpQuestion>& questions, Duration within)
      : least_(std::min(kLeastTime, within / 2)), results_(questions.size()) {
    VSCALE_ASSERT(multi_, "libcurl cannot be used");
    for (std::size_t place = 0; place < questions.size(); ++place) {
      if (auto wrong = check(questions[place])) {
        results_[place] = *std::move(wrong);
      } else {
        waiting_.push_back(std::make_unique<Asking>(Asking{questions[place], place, *parse_url(questions[place].url)}));
      }
    }
  }
  ~Batch() {
    for (const auto& asking : running_) curl_multi_remove_handle(multi_.get(), asking->request.get());
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  std::vector<Result<HttpAnswer>> run(SteadyClock::time_point until, const std::function<bool()>& stopped) {
    bool is_stopped = stopped();
    for (Duration left = left_until(until); !is_over() && left > Duration{0} && !is_stopped; left = left_until(until)) {
      begin(left);
      step(std::min(left, kHttpStopLook));
      is_stopped = stopped();
    }
    give_up_the_rest(is_stopped);
    std::vector<Result<HttpAnswer>> all;
    all.reserve(results_.size());
    for (auto& result : results_) all.push_back(*std::move(result));
    return all;
  }

 private:
  using AskingPtr = std::unique_ptr<Asking>;

  static Duration left_until(SteadyClock::time_point until) {
    return std::chrono::ceil<Duration>(until - SteadyClock::now());
  }
  [[nodiscard]] bool is_over() const { return running_.empty() && waiting_.empty(); }

  /// Begins all that may run by now, in their order: one server with many questions keeps no other one waiting.
  void begin(Duration left) {
    if (left < least_) return;
    std::vector<AskingPtr> still_waiting;
    for (AskingPtr& asking : waiting_) {
      const bool may_run = running_.size() < kHttpQuestionsAtOnce &&
                           std::count_if(running_.begin(), running_.end(), [&](const AskingPtr& other) {
                             return same_server(other->url, asking->url);
                           }) < std::ptrdiff_t{kHttpQuestionsPerServer};
      if (may_run) {
        begin(std::move(asking), left);
      } else {
        still_waiting.push_back(std::move(asking));
      }
    }
    waiting_ = std::move(still_waiting);
  }

  void begin(AskingPtr next, Duration left) {
    Asking& asking = *running_.emplace_back(std::move(next));
    asking.timeout = std::min(asking.question.timeout, left);
    set_up(asking);
    curl_easy_setopt(asking.request.get(), CURLOPT_TIMEOUT_MS, curl_milliseconds(asking.timeout));
    curl_easy_setopt(asking.request.get(), CURLOPT_CONNECTTIMEOUT_MS, curl_milliseconds(asking.timeout));
    VSCALE_ASSERT(curl_multi_add_handle(multi_.get(), asking.request.get()) == CURLM_OK, "libcurl cannot be used");
  }

  void step(Duration longest) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const bool some_ended = take_ended();
    if (!some_ended) curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(curl_milliseconds(longest)), nullptr);
  }

  bool take_ended() {
    bool some = false;
    int left = 0;
    for (CURLMsg* message = curl_multi_info_read(multi_.get(), &left); message != nullptr;
         message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      some = true;
      Asking* ended = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ended);
      const CURLcode code = message->data.result;  // the message goes with its request
      curl_multi_remove_handle(multi_.get(), ended->request.get());
      results_[ended->place] = result_of(*ended, code);
      std::erase_if(running_, [&](const AskingPtr& asking) { return asking.get() == ended; });
    }
    return some;
  }

  void give_up_the_rest(bool is_stopped) {
    const auto give_up = [&](const Asking& asking, bool has_begun) {
      results_[asking.place] =
          is_stopped  ? error_of(asking, ErrorKind::timed_out, "was not waited for: we are to stop", "")
          : has_begun ? error_of_time(asking)
                      : error_of(asking, ErrorKind::timed_out, "was not asked: all time went to others before it",
                                 fmt::format("{} are asked at once, {} of one server", kHttpQuestionsAtOnce,
                                             kHttpQuestionsPerServer));
    };
    for (const auto& asking : running_) give_up(*asking, true);
    for (const auto& asking : waiting_) give_up(*asking, false);
  }

  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_{curl_multi_init(), curl_multi_cleanup};
  Duration least_;
  std::vector<std::optional<Result<HttpAnswer>>> results_;
  std::vector<AskingPtr> waiting_;
  std::vector<AskingPtr> running_;
};

}  // namespace

std::vector<Result<HttpAnswer>> HttpClient::get_all(const std::vector<HttpQuestion>& questions, Duration within,
                                                    const std::function<bool()>& stopped) {
  const SteadyClock::time_point until = SteadyClock::now() + within;
  return Batch(questions, within).run(until, stopped);
}

}  // namespace vscale
