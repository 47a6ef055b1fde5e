#pragma once

#include <cstdint>
#include <functional>

#include "engine/values/result.h"
#include "engine/values/units.h"
#include "providers/http/url.h"

/// One GET, followed to wherever it leads, with a bound on everything.

namespace vscale {

struct DownloadBounds {
  Duration connect_timeout{};
  Duration idle_timeout{};   ///< Until the whole head of an answer is there, and between two pieces of the body.
  Duration total_timeout{};  ///< Of one server's answer.
  int max_redirects = 0;
};

/// Takes the next bytes of the body; an error ends the download with it. `total` is 0 if the server does not say it.
using BodySink = std::function<Result<void>(const char* bytes, std::size_t size, std::uint64_t total)>;

/// Gives the body of `url` to `sink`, as it comes. `what` names it in messages: "image debian-12".
/// `not_found` for 404 and 410; `denied` for 401 and 403, for a certificate that is not trusted and for a redirect from
/// https to http; `unreachable` for no answer, for other server errors and for an answer that ends too early;
/// `timed_out` for one that does not go on; `invalid` for a redirect to nowhere, or too many of them, for what is no
/// HTTP and for a head without end. Whatever the server sends, and however slowly: the bounds hold (an idle server is
/// left a second late at most), and no more than some 100 KiB of what is no body are kept. Proxies that the environment
/// names are not used. From any thread; SIGPIPE must be ignored by the program.
Result<void> http_download(const Url& url, const std::string& what, const DownloadBounds& bounds, const BodySink& sink);

}  // namespace vscale
