#include "engine/plan/names/renamed_hosts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/live/host_identity.h"
#include "engine/recorded/apply_change.h"

namespace vscale {
namespace {

const HostSnapshot* answer_of(const Live& live, const std::string& host) {
  const auto view = live.find(host);
  return view == live.end() || !view->second.snapshot ? nullptr : &*view->second.snapshot;
}

/// Is the name no longer the machine's? A host of the file that only does not answer keeps it.
bool has_lost_its_name(const Config& config, const Live& live, const std::string& host) {
  if (find_host(config, host) == nullptr) return true;
  const auto view = live.find(host);
  return view != live.end() && view->second.failure && view->second.failure->error.kind == ErrorKind::conflict;
}

/// The host of the file that answers as this machine; empty if there is none.
std::string found_again(const Config& config, const Live& live, const HostIdentity& machine) {
  for (const auto& host : config.hosts) {
    const HostSnapshot* answer = answer_of(live, host.name);
    if (answer != nullptr && is_same_machine(machine, answer->identity)) return host.name;
  }
  return "";
}

RenamedHost renamed_host(const RecordedState& recorded, const std::string& from, std::string to) {
  RenamedHost renamed{from, std::move(to)};
  for (const auto& [address, instance] : recorded.instances) renamed.instances += instance.host == from ? 1 : 0;
  for (const auto& volume : recorded.volumes) {
    const bool is_kept = volume.host == from && recorded.instances.count(volume.owner) == 0;
    renamed.kept_disks += is_kept ? 1 : 0;
  }
  for (const auto& copy : recorded.image_copies) renamed.image_copies += copy.host == from ? 1 : 0;
  return renamed;
}

void add_count(std::vector<std::string>& parts, int count, const char* one, const char* many) {
  if (count > 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : many));
}

}  // namespace

std::vector<RenamedHost> renamed_hosts(const Config& config, const RecordedState& recorded, const Live& live) {
  std::vector<RenamedHost> all;
  for (const auto& [from, host] : recorded.hosts) {
    if (!host.observed || !has_lost_its_name(config, live, from)) continue;
    std::string to = found_again(config, live, host.observed->identity);
    if (!to.empty()) all.push_back(renamed_host(recorded, from, std::move(to)));
  }
  return all;
}

RecordChange record_of(const RenamedHost& renamed) {
  return RenameHost{renamed.from, renamed.to};
}

RecordedState followed(RecordedState recorded, const std::vector<RenamedHost>& renamed) {
  for (const auto& host : renamed) {
    const RecordChange change = record_of(host);
    apply(recorded, change);
  }
  return recorded;
}

std::string show(const RenamedHost& renamed) {
  std::vector<std::string> parts;
  add_count(parts, renamed.instances, "instance", "instances");
  add_count(parts, renamed.kept_disks, "kept disk", "kept disks");
  add_count(parts, renamed.image_copies, "copy of an image", "copies of images");
  if (parts.empty()) return fmt::format("was {}", renamed.from);
  return fmt::format("was {}: {}", renamed.from, fmt::join(parts, ", "));
}

}  // namespace vscale
