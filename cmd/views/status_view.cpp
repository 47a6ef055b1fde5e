#include "cmd/views/status_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/views/rollout/rollout_view.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/watch/size_text.h"
#include "engine/values/text/listed.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

std::string ago(Instant now, const std::optional<Instant>& since) {
  return since ? show_duration(std::max(now - *since, Duration{0})) : "-";
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string head_text(const Status& status, const StatusViewOptions& options) {
  std::string text = fmt::format("serial {}", status.serial);
  if (status.running) {
    const LockHolder& holder = *status.running;
    text += printable(fmt::format(", {} by {}@{} pid {} for {}", holder.operation, holder.user, holder.host, holder.pid,
                                  ago(options.now, holder.since)));
  }
  const std::string about = options.about_files.empty() ? "" : hanging("", printable(options.about_files), "", 2);
  return hanging(printable(status.name) + "  ", text, "", 2) + about + "\n";
}

std::string joined(const std::string& left, const std::string& right) {
  return left.empty() || right.empty() ? left + right : left + ", " + right;
}

/// "waits at step 1 of 3, 1 of 3 new, 1 booting"
std::string now_of(const GroupStatus& group, const TimeWords& times) {
  return joined(rollout_now_text(group.rollout, times), group.now);
}

std::string groups_text(const Status& status, const StatusViewOptions& options) {
  Table table(0);
  const TimeWords times{.now = options.now, .time_of_day = options.time_of_day};
  table.add({"GROUP", "READY", "WANT", "RANGE", "REV", "NOW"});
  for (const auto& group : status.groups) {
    if (options.group && *options.group != group.address) continue;
    const std::string ready = fmt::format("{}/{}", group.ready, std::max(group.have, group.want));
    const std::string now = now_of(group, times);
    const std::string size = printable(size_text(group.owner, group.want, times));  // by which nothing is amiss
    table.add({printable(group.name), now.empty() ? options.paint.green(ready) : options.paint.yellow(ready),
               std::to_string(group.want), group.range, revision_text(group.rollout), or_dash(joined(now, size))});
  }
  return table.text() + "\n";
}

std::string state_text(const Paint& paint, const std::string& state) {
  if (state == "ready") return paint.green(state);
  if (state == "booting" || state == "leaving" || state == "stopped") return paint.yellow(state);
  return paint.red(state);
}

std::string instances_text(const Status& status, const StatusViewOptions& options) {
  const bool all = options.group || options.verbosity == Verbosity::verbose;
  if (status.instances.empty()) return {};
  if (!all && status.instances.size() > kListedInstances) {
    return fmt::format("{} instances; each of them with -v, or: vscale status GROUP\n\n", status.instances.size());
  }
  Table table(0);
  table.add({"INSTANCE", "HOST", "STATE", "FOR", "ADDRESS"});
  bool any = false;
  for (const auto& instance : status.instances) {
    if (options.group && *options.group != group_address(instance.address)) continue;
    any = true;
    table.add({short_name(instance.address), printable(instance.host), state_text(options.paint, instance.state),
               ago(options.now, instance.since),
               or_dash(printable(fmt::format("{}", fmt::join(instance.addresses, " "))))});
  }
  return any ? table.text() + "\n" : "";
}

/// "22/62 GiB": both in the unit that suits the total.
std::string usage_text(const Usage& usage, std::uint64_t unit_bytes) {
  const std::uint64_t total = usage.total * unit_bytes;
  const std::uint64_t unit = total >= 10 * kTiB ? kTiB : total >= kGiB ? kGiB : kMiB;
  const char* name = unit == kTiB ? "TiB" : unit == kGiB ? "GiB" : "MiB";
  const auto in_unit = [&](std::uint64_t amount) {
    const double value = static_cast<double>(amount * unit_bytes) / static_cast<double>(unit);
    return value < 10 && value != static_cast<double>(static_cast<std::uint64_t>(value)) ? fmt::format("{:.1f}", value)
                                                                                         : fmt::format("{:.0f}", value);
  };
  return fmt::format("{}/{} {}", in_unit(usage.used), in_unit(usage.total), name);
}

std::string hosts_text(const Status& status, const StatusViewOptions& options) {
  if (options.group) return {};
  Table table(0);
  table.add({"HOST", "STATE", "VCPU", "MEMORY", "DISK", "OURS", "FOREIGN"});
  for (const auto& host : status.hosts) {
    if (!host.reachable) {
      table.add({printable(host.name), options.paint.red("UNREACHABLE"), "-", "-", "-", fmt::format("{}?", host.ours),
                 fmt::format("no answer for {}", ago(options.now, host.since))});
      continue;
    }
    table.add({printable(host.name), options.paint.green("up"), fmt::format("{}/{}", host.vcpus.used, host.vcpus.total),
               usage_text(host.memory_mib, kMiB), host.disk_gib.total == 0 ? "-" : usage_text(host.disk_gib, kGiB),
               std::to_string(host.ours), std::to_string(host.foreign)});
  }
  std::string out = table.text();
  for (const auto& host : status.hosts) {
    if (host.emulated_because.empty()) continue;
    out +=
        hanging("", printable(fmt::format("Guests on {} are emulated: {}.", host.name, host.emulated_because)), "", 2);
  }
  return out;
}

std::string needs_text(const Status& status, const Paint& paint) {
  if (status.needs.empty()) return {};
  std::string out = "\n" + paint.bold("NEEDS YOU") + "\n";
  int number = 0;
  for (const auto& need : status.needs) {
    out += hanging(fmt::format("{:>2} ", ++number), printable(need.text), "", 3);
    for (const auto& command : need.commands) out += command_lines(printable(command), 3) + "\n";
  }
  return out;
}

/// Nobody has to do anything about them, but they take room, and no instance shows them.
std::string kept_disks_text(const Status& status) {
  if (status.kept_disks.empty()) return {};
  const std::size_t count = status.kept_disks.size();
  std::uint64_t bytes = 0;
  for (const auto& disk : status.kept_disks) bytes += disk.capacity_bytes;
  const bool one = count == 1;
  const auto awaited = static_cast<std::size_t>(status.awaited_disks);
  std::string text = fmt::format("{} kept disk{} ({}) ", count, one ? "" : "s", show_bytes(bytes));
  if (awaited == count) {
    text += fmt::format("wait{} for an instance that the file has. To see {}:", one ? "s" : "", one ? "it" : "them");
  } else if (awaited > 0) {
    text += fmt::format(
        "belong to no instance, and {} of them wait{} for one that the file has. To see, and to delete "
        "the others:",
        awaited, awaited == 1 ? "s" : "");
  } else {
    text += fmt::format("belong{} to no instance. To see, and to delete {}:", one ? "s" : "", one ? "it" : "them");
  }
  std::string out = "\n" + left_and_right(text, "", 2);
  for (const auto& command : status.about_kept_disks) out += command_lines(printable(command), 3) + "\n";
  return out;
}

std::string detached_disks_text(const Status& status) {
  if (status.detached_disks.empty()) return {};
  std::vector<std::string> names;
  for (const auto& disk : status.detached_disks) {
    names.push_back(fmt::format("{} of {} on {}", disk.disk, short_name(disk.owner), disk.host));
  }
  return "\n" + hanging("",
                        printable(fmt::format("Kept beside an instance that does without: {}. What comes back into the "
                                              "file is attached again.",
                                              listed_up_to(kDetachedListed, names))),
                        "", 2);
}

Json instance_status_json(const InstanceStatus& instance) {
  return {{"address", to_string(instance.address)},
          {"name", instance.name},
          {"host", instance.host},
          {"state", instance.state},
          {"since", instance.since ? Json(rfc3339(*instance.since)) : Json(nullptr)},
          {"addresses", instance.addresses},
          {"revision", instance.revision}};
}

Json group_status_json(const GroupStatus& group, Instant now) {
  Json json{{"address", group.address},
            {"ready", group.ready},
            {"have", group.have},
            {"want", group.want},
            {"range", group.range}};
  json.update(size_owner_json(group.owner, group.want, now));
  json.update({{"now", group.now}, {"revision", group.revision}, {"rollout", rollout_status_json(group.rollout)}});
  return json;
}

Json usage_json(const Usage& usage) {
  return {{"used", usage.used}, {"total", usage.total}};
}

Json host_status_json(const HostStatus& host) {
  return {{"host", host.name},
          {"reachable", host.reachable},
          {"since", host.since ? Json(rfc3339(*host.since)) : Json(nullptr)},
          {"why", host.why},
          {"emulated_because", host.emulated_because.empty() ? Json(nullptr) : Json(host.emulated_because)},
          {"vcpus", usage_json(host.vcpus)},
          {"memory_mib", usage_json(host.memory_mib)},
          {"disk_gib", usage_json(host.disk_gib)},
          {"ours", host.ours},
          {"foreign", host.foreign}};
}

Json running_json(const std::optional<LockHolder>& holder) {
  if (!holder) return nullptr;
  return {{"id", holder->id},   {"operation", holder->operation}, {"user", holder->user}, {"host", holder->host},
          {"pid", holder->pid}, {"since", rfc3339(holder->since)}};
}

}  // namespace

std::string status_text(const Status& status, const StatusViewOptions& options) {
  return head_text(status, options) + groups_text(status, options) + instances_text(status, options) +
         hosts_text(status, options) + needs_text(status, options.paint) + kept_disks_text(status) +
         detached_disks_text(status);
}

Json status_json(const Status& status, const std::optional<std::string>& group, Instant now) {
  const auto is_asked_for = [&group](const std::string& address) { return !group || *group == address; };
  Json groups = Json::array();
  for (const auto& one : status.groups) {
    if (is_asked_for(one.address)) groups.push_back(group_status_json(one, now));
  }
  Json instances = Json::array();
  for (const auto& instance : status.instances) {
    if (is_asked_for(group_address(instance.address))) instances.push_back(instance_status_json(instance));
  }
  Json hosts = Json::array();
  for (const auto& host : status.hosts) hosts.push_back(host_status_json(host));
  Json needs = Json::array();
  for (const auto& need : status.needs) needs.push_back(Json{{"text", need.text}, {"commands", need.commands}});
  Json kept_disks = Json::array();
  for (const auto& volume : status.kept_disks) kept_disks.push_back(volume_json(volume));
  Json detached_disks = Json::array();
  for (const auto& volume : status.detached_disks) detached_disks.push_back(volume_json(volume));
  return {{"format_version", "1.0"},
          {"timestamp", rfc3339(now)},
          {"name", status.name},
          {"serial", status.serial},
          {"lineage", status.lineage},
          {"running", running_json(status.running)},
          {"groups", std::move(groups)},
          {"instances", std::move(instances)},
          {"hosts", std::move(hosts)},
          {"needs", std::move(needs)},
          {"kept_disks", std::move(kept_disks)},
          {"detached_disks", std::move(detached_disks)}};
}

}  // namespace vscale
