#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cmd/status.h"
#include "cmd/views/plan_view.h"
#include "cmd/views/text/moment_text.h"
#include "cmd/views/text/text_layout.h"

namespace vscale {

struct StatusViewOptions {
  Paint paint;
  Verbosity verbosity = Verbosity::normal;
  std::optional<std::string> group;  ///< Only this one (`group.web`), with its instances.
  Instant now{};
  std::function<std::string(Instant)> time_of_day{};  ///< "14:05:02", where the person is.
  std::string about_files{};  ///< A sentence on what it goes by, if that is not simply what the files say.
};

/// More instances than this are listed only when they, or one group, are asked for.
constexpr std::size_t kListedInstances = 20;
/// So many detached disks are named.
constexpr std::size_t kDetachedListed = 6;

/// Groups, instances, hosts, what needs a person, with its command, and how many disks are kept of what is gone. At
/// most kTextWidth wide.
std::string status_text(const Status& status, const StatusViewOptions& options);

/// {format_version, timestamp, name, serial, lineage, running, groups: [...], instances: [...], hosts: [...],
/// needs: [...], kept_disks: [...], detached_disks: [...]}. With a `group` (`group.web`) `groups` and `instances` are
/// that one's alone; the rest is of the whole installation.
nlohmann::ordered_json status_json(const Status& status, const std::optional<std::string>& group, Instant now);

}  // namespace vscale
