#pragma once

#include "engine/ports/metrics/number_sources.h"

namespace vscale {

/// How soon it is seen that nobody waits any more.
constexpr Duration kHttpStopLook{100};

/// NumberSources over libcurl, in the thread that calls. Holds nothing: every call makes its own connections and closes
/// them. Who answers is not trusted: an answer is read up to its bounds and no further, and a name whose look-up hangs
/// is left behind.
class HttpClient final : public NumberSources {
 public:
  std::vector<Result<HttpAnswer>> get_all(const std::vector<HttpQuestion>& questions, Duration within,
                                          const std::function<bool()>& stopped) override;
};

}  // namespace vscale
