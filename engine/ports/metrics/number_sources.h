#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/result.h"
#include "engine/values/units.h"

/// Where scaling policies get numbers from that vscale does not measure itself: monitoring systems, applications and
/// guests that are asked over HTTP. What their answers mean: schemas/metrics.

namespace vscale {

/// How much of an answer is taken where nothing else is said: a number, and all that may stand around it.
constexpr std::size_t kHttpAnswerMaxBytes = 1024 * 1024;
/// So many questions are in flight at once, and so many of them to one server, which may be a small one; further ones
/// wait for their turn.
constexpr std::size_t kHttpQuestionsAtOnce = 256;
constexpr std::size_t kHttpQuestionsPerServer = 4;

/// A line of a question's head. Neither may hold control characters.
struct HttpHeader {
  std::string name, value;  ///< The value may be a secret.

  bool operator==(const HttpHeader&) const = default;
};

/// A GET.
struct HttpQuestion {
  /// Over https an authority that this machine trusts must vouch for the server's certificate, always.
  enum class Names {
    checked,  ///< And it is for the name or the address in the URL.
    any,      ///< Whatever name it is for: of a guest that is called by an address which it got a moment ago.
  };

  std::string url;             ///< http or https. A user and a password in it are taken for those below.
  std::string user, password;  ///< Basic authentication; empty: none.
  std::vector<HttpHeader> headers;
  Names names = Names::checked;
  Duration timeout{};  ///< From its beginning to the last byte of its answer.
  std::size_t max_bytes = kHttpAnswerMaxBytes;

  bool operator==(const HttpQuestion&) const = default;
};

struct HttpAnswer {
  int status = 0;  ///< Any of a final answer: 503 is an answer.
  std::string body;

  bool operator==(const HttpAnswer&) const = default;
};

/// A port: asks over HTTP. Safe from several threads at once. Redirects are not followed: they are answers. No proxy is
/// asked. Errors name the URL without user, password and query, and nothing of the headers: `invalid` for a question
/// that cannot be asked, for an answer that is longer than `max_bytes` and for what is no HTTP; `denied` for a server
/// that is not believed to be who it is.
class NumberSources {
 public:
  virtual ~NumberSources() = default;
  /// All of them side by side, so that a slow one delays nobody; an answer for each, in their order. Ends when the last
  /// one is there, or soon after `within`, or soon after `stopped` begins to answer true: those that have not come by
  /// then are `timed_out`.
  virtual std::vector<Result<HttpAnswer>> get_all(const std::vector<HttpQuestion>& questions, Duration within,
                                                  const std::function<bool()>& stopped) = 0;
  Result<HttpAnswer> get(const HttpQuestion& question) {
    return std::move(get_all({question}, question.timeout, [] { return false; }).front());
  }
};

}  // namespace vscale
