#pragma once

#include <functional>
#include <string>

#include "engine/values/result.h"
#include "engine/values/units.h"
#include "providers/http_server/http_page.h"

/// The pages that a running watch serves under `watch.listen`.

namespace vscale {

/// How the loop stands just now. By uptime, as nobody can set that.
struct LoopPulse {
  /// Since the loop began, completed a tick, looked for the lock that another has, or brought something to its end to
  /// give its own: whichever was last.
  Duration since_it_got_on{};
  Duration limit{};         ///< A loop that does not get on for longer is stuck.
  bool has_ticked = false;  ///< A tick has been completed.
  bool holds_lock = false;

  bool operator==(const LoopPulse&) const = default;
};

/// Where the pages come from. Each is called on the server's thread while the loop runs on its own: what they share is
/// theirs to guard. One that is empty is not served.
struct ServedPages {
  /// JSON as the command of that name prints it, or why there is none.
  using Json = std::function<Result<std::string>(const PageRequest&)>;

  std::function<LoopPulse()> pulse;
  std::function<std::string()> metrics;
  Json status, events, groups, hosts;
};

/// /metrics, /healthz, /readyz, /api/v1/status, /api/v1/events, /api/v1/groups, /api/v1/hosts
HttpRoutes routes_of(ServedPages pages);

/// Is the program to be left alone? 200, or 503 with why: it has not got on for longer than the limit. One that waits
/// for the lock is well as long as it looks for it.
PageAnswer healthz(const LoopPulse& pulse);
/// Does it do its work? 200 once a tick has been completed, while it holds the lock; else 503 with why.
PageAnswer readyz(const LoopPulse& pulse);

/// 404 not_found, 400 invalid, 503 for what may be there another time, 500 for the rest; {"error": {kind, message,
/// detail, hint}}.
PageAnswer error_answer(const Error& error);

}  // namespace vscale
