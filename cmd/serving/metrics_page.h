#pragma once

#include <string>

#include "cmd/serving/watch_figures.h"

namespace vscale {

/// The page /metrics, in Prometheus' text format 0.0.4. Pure. Names and units as Prometheus has them: seconds, `_total`
/// for what only grows. Labels are `host`, `group` and words of vscale, never an instance. What is not known is left
/// out.
std::string metrics_page(const WatchFigures& figures);

constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace vscale
