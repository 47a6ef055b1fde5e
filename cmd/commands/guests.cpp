#include <fmt/format.h>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/inventory_view.h"

/// ssh, console and inventory: from the record to a way into the guests.

namespace vscale {
namespace {

struct Found {
  ConfigurationFiles files;
  RecordedState recorded;
  InstanceRecord instance;

  [[nodiscard]] const Config& config() const { return *files.read.config; }
};

/// The instance that a person named, or nothing, and why has been said.
std::optional<Found> find_or_fail(const Invocation& invocation, const std::string& written) {
  auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return std::nullopt;
  auto recorded = read_recorded(invocation, *files->read.config);
  if (!recorded) {
    fail(invocation, recorded.error());
    return std::nullopt;
  }
  auto instance = find_instance(*files->read.config, recorded->state, written);
  if (!instance) {
    fail(invocation, instance.error());
    return std::nullopt;
  }
  return Found{std::move(*files), std::move(recorded->state), std::move(*instance)};
}

Error no_address(const InstanceRecord& instance) {
  const std::string name = short_name(instance.address);
  return {.kind = ErrorKind::not_found,
          .message = fmt::format("{} has no known address (it is {})", name, to_string(instance.phase)),
          .detail = {},
          .hint = fmt::format("vscale apply waits until it is ready; or look inside: vscale console {}", name)};
}

/// The guest's key is filed under its incarnation: a replacement at the same address is a new machine to ssh, not an
/// impostor of the old one.
std::vector<std::string> ssh_command(const InstanceRecord& instance, const std::string& address,
                                     const std::string& user, const std::vector<std::string>& command) {
  std::vector<std::string> argv{"ssh", "-o", fmt::format("HostKeyAlias={}.{}", instance.name, instance.incarnation)};
  if (!user.empty()) argv.insert(argv.end(), {"-l", user});
  argv.insert(argv.end(), {"--", address});
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

Error not_up(const InstanceRecord& instance, DomainState state) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("{} is {} on {}: there is no console to look at", short_name(instance.address),
                                 to_string(state), instance.host),
          .detail = {},
          .hint = "vscale plan shows why; vscale apply starts what should run"};
}

}  // namespace

ExitCode run_command(const SshArguments& arguments, Invocation& invocation) {
  const auto found = find_or_fail(invocation, arguments.instance);
  if (!found) return ExitCode::error;
  const InstanceRecord& instance = found->instance;
  for (const auto& nic : instance.nics) {
    if (!nic.address) continue;
    const Group* group = find_group(found->config(), group_address(instance.address));
    const std::string user = group == nullptr ? "" : group->instance.cloud_init.user;
    return fail(invocation, invocation.outside.become(ssh_command(instance, *nic.address, user, arguments.command)));
  }
  return fail(invocation, no_address(instance));
}

ExitCode run_command(const ConsoleArguments& arguments, Invocation& invocation) {
  const auto found = find_or_fail(invocation, arguments.instance);
  if (!found) return ExitCode::error;
  const InstanceRecord& instance = found->instance;
  const Host* host = find_host(found->config(), instance.host);
  if (host == nullptr) {
    return fail(invocation, {.kind = ErrorKind::not_found,
                             .message = fmt::format("{} is on {}, which is not in the configuration",
                                                    short_name(instance.address), instance.host),
                             .detail = {},
                             .hint = "add the host to `hosts:` again"});
  }
  const HostPorts hosts = reach_hosts(invocation, found->config());
  const auto state =
      hosts.domains->domain_state({.host = instance.host, .uuid = instance.uuid, .lineage = found->recorded.lineage});
  if (!state) return fail(invocation, state.error());
  if (!is_up(*state)) return fail(invocation, not_up(instance, *state));
  return fail(invocation, invocation.outside.become({"virsh", "-c", host->uri, "console", instance.name}));
}

ExitCode run_command(const InventoryArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const auto recorded = read_recorded(invocation, *files->read.config);
  if (!recorded) return fail(invocation, recorded.error());
  const auto format = invocation.global.json ? InventoryFormat::json : arguments.format;
  invocation.streams.out << inventory_text(guests_of(*files->read.config, recorded->state), format);
  return ExitCode::ok;
}

}  // namespace vscale
