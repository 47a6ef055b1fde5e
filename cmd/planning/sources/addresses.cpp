#include "cmd/planning/sources/addresses.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {
namespace {

/// Every name that a person may use for something in the plan, and its address.
std::map<std::string, std::string> known_names(const Config& config, const RecordedState& recorded) {
  std::map<std::string, std::string> names;
  const auto add = [&names](const std::string& name, const std::string& address) { names.emplace(name, address); };
  for (const auto& group : config.groups) {
    add(address_of(group), address_of(group));
    add(group.name, address_of(group));
  }
  for (const auto& host : config.hosts) add("host." + host.name, "host." + host.name);
  const auto add_instance = [&](const InstanceAddress& address) {
    add(to_string(address), to_string(address));
    add(short_name(address), to_string(address));
    add(domain_name(config.name, address), to_string(address));
    add(group_address(address), group_address(address));
    add(address.group, group_address(address));
  };
  for (const auto& [address, instance] : recorded.instances) add_instance(address);
  for (const auto& volume : recorded.volumes) add_instance(volume.owner);  // a kept disk outlives its instance
  for (const auto& group : config.groups) {
    for (int ordinal = 0; ordinal < group.size; ++ordinal) add_instance({group.kind, group.name, ordinal});
  }
  return names;
}

}  // namespace

Result<std::string> resolve_address(const Config& config, const RecordedState& recorded, const std::string& written) {
  const auto names = known_names(config, recorded);
  if (const auto found = names.find(written); found != names.end()) return found->second;
  // An instance that is neither recorded nor wanted is still an address.
  if (const auto address = parse_instance_address(written)) return to_string(*address);
  std::vector<std::string> candidates;
  for (const auto& [name, address] : names) candidates.push_back(name);
  std::vector<std::string> groups;
  for (const auto& group : config.groups) groups.push_back(address_of(group));
  const std::string guess = did_you_mean(written, candidates);
  return Error{.kind = ErrorKind::not_found,
               .message = fmt::format("there is no \"{}\" in {}", written, config.name),
               .detail = {},
               .hint = guess.empty() ? "there is: " + listed(groups) : guess};
}

Result<PlanOptions> with_addresses(const Config& config, const RecordedState& recorded, PlanOptions options) {
  for (auto* list : {&options.targets, &options.excludes, &options.replaces}) {
    for (auto& written : *list) {
      auto address = resolve_address(config, recorded, written);
      if (!address) return address.error();
      written = std::move(*address);
    }
  }
  return options;
}

}  // namespace vscale
