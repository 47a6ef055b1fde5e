#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/inventory_view.h"
#include "cmd/views/text/command_text.h"
#include "engine/values/uri.h"

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

/// "network lan": those whose addresses are handed out by DHCP, and not known for this instance.
std::string unknown_networks(const InstanceRecord& instance) {
  std::vector<std::string> names;
  for (const auto& nic : instance.nics) {
    if (!nic.address) names.push_back(nic.network);
  }
  return fmt::format("network{} {}", names.size() == 1 ? "" : "s", fmt::join(names, ", "));
}

std::string whole_command(const std::string& words, const Found& found, const Invocation& invocation) {
  return command_text(words, invocation.global, {}, secrets_of(found.files.read.variables));
}

/// An address that DHCP hands out is asked for while the instance is waited for, and then no more.
Error no_address(const Found& found, const Invocation& invocation) {
  const InstanceRecord& instance = found.instance;
  const std::string name = short_name(instance.address);
  const std::string apply = whole_command("apply", found, invocation);
  const std::string console = whole_command("console " + name, found, invocation);
  Error error{.kind = ErrorKind::not_found, .message = {}, .detail = {}, .hint = {}};
  if (instance.nics.empty()) {
    error.message = fmt::format("{} has no network: there is no way into it by ssh", name);
    error.hint = fmt::format("look inside: `{}`", console);
    return error;
  }
  error.message = fmt::format("{} has no known address (it is {}): {} gives it by DHCP", name,
                              to_string(instance.phase), unknown_networks(instance));
  const Host* host = find_host(found.config(), instance.host);
  if (instance.phase == Phase::leaving) {
    error.hint = fmt::format("its removal has begun: `{}` finishes it", apply);
  } else if (instance.phase != Phase::ready) {
    error.hint =
        fmt::format("`{}` waits until it is ready, and asks libvirt's leases and the guest agent for it", apply);
  } else if (host != nullptr) {
    error.hint = fmt::format(
        "neither libvirt's leases nor the guest agent told it when the guest got ready; what they tell now: "
        "`virsh -c {0} domifaddr {1}`, `virsh -c {0} domifaddr {1} --source agent`",
        shown_word(without_password(host->uri)), instance.name);
  } else {
    error.hint = fmt::format("its host {} is not in the configuration: add it to `hosts:` again", instance.host);
  }
  error.hint += fmt::format("; or look inside: `{}`", console);
  return error;
}

/// An option of ssh's with a value that is taken as it is: ssh splits at spaces and fills in what follows a `%`.
std::string ssh_option(const std::string& name, const std::string& value) {
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%') quoted += '%';
    quoted += c;
  }
  return fmt::format("{}=\"{}\"", name, quoted);
}

/// The private keys that lie beside public ones which the configuration names for this group: `anna` for `anna.pub`.
std::vector<std::string> private_keys(const Found& found, const Group& group, const Outside& outside) {
  std::vector<std::string> paths;
  for (const SourceFile& file : found.files.read.files_read) {
    const auto is_in_file = [&file](const std::string& key) { return file.text.find(key) != std::string::npos; };
    const auto& keys = group.instance.cloud_init.ssh_keys;
    if (!file.path.ends_with(".pub") || std::none_of(keys.begin(), keys.end(), is_in_file)) continue;
    const std::string path = file.path.substr(0, file.path.size() - std::string_view(".pub").size());
    if (outside.read_file(path)) paths.push_back(path);
  }
  return paths;
}

/// Guests come and go, and their addresses are handed out again: they are known by what they are, not where they are,
/// in a file of their own. One that was made anew is another machine, whose key is taken on first sight; one that was
/// only started again is not, and must show the same key.
std::vector<std::string> known_hosts_options(const InstanceRecord& instance, const std::string& state_path) {
  return {"-o", ssh_option("UserKnownHostsFile", state_path + ".known_hosts"),
          "-o", "StrictHostKeyChecking=accept-new",
          "-o", fmt::format("HostKeyAlias={}.{}", instance.name, instance.uuid)};
}

std::vector<std::string> ssh_command(const Found& found, const std::string& address,
                                     const std::vector<std::string>& command, const Invocation& invocation) {
  std::vector<std::string> argv{"ssh"};
  const auto known = known_hosts_options(found.instance, state_path(invocation, found.config()));
  argv.insert(argv.end(), known.begin(), known.end());
  if (const Group* group = find_group(found.config(), group_address(found.instance.address))) {
    for (const auto& path : private_keys(found, *group, invocation.outside)) {
      argv.insert(argv.end(), {"-o", ssh_option("IdentityFile", path)});
    }
    if (const auto& user = group->instance.cloud_init.user; !user.empty()) argv.insert(argv.end(), {"-l", user});
  }
  argv.insert(argv.end(), {"--", address});
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

/// virsh learns by them which host is meant: the URI may hold a password. It looks at its own variable first.
std::map<std::string, std::string> virsh_variables(const Host& host) {
  return {{"VIRSH_DEFAULT_CONNECT_URI", host.uri}, {"LIBVIRT_DEFAULT_URI", host.uri}};
}

Error not_up(const Found& found, DomainState state, const Invocation& invocation) {
  const InstanceRecord& instance = found.instance;
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("{} is {} on {}: there is no console to look at", short_name(instance.address),
                                 to_string(state), instance.host),
          .detail = {},
          .hint = fmt::format("`{}` shows why; `{}` starts what should run", whole_command("plan", found, invocation),
                              whole_command("apply", found, invocation))};
}

}  // namespace

ExitCode run_command(const SshArguments& arguments, Invocation& invocation) {
  const auto found = find_or_fail(invocation, arguments.instance);
  if (!found) return ExitCode::error;
  for (const auto& nic : found->instance.nics) {
    if (!nic.address || !parse_ipv4(*nic.address)) continue;  // an older vscale recorded whatever a guest said
    const auto argv = ssh_command(*found, *nic.address, arguments.command, invocation);
    return fail(invocation, invocation.outside.become(argv, {}));
  }
  return fail(invocation, no_address(*found, invocation));
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
  if (!is_up(*state)) return fail(invocation, not_up(*found, *state, invocation));
  say(invocation, "A guest that waits says nothing: press Enter. Ctrl-] leaves.");
  return fail(invocation, invocation.outside.become({"virsh", "console", instance.name}, virsh_variables(*host)));
}

ExitCode run_command(const InventoryArguments& arguments, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const ReadConfig& read = told_by->files.read;
  const auto recorded = read_recorded(invocation, *read.config);
  if (!recorded) return fail(invocation, recorded.error());
  const auto format = invocation.global.json ? InventoryFormat::json : arguments.format;
  const auto guests = guests_of(*read.config, recorded->state);
  invocation.streams.out << inventory_text(guests, format);
  if (guests.empty()) {
    const std::string apply = command_text("apply", invocation.global, {}, secrets_of(read.variables));
    say(invocation, with_command("There are no guests yet. To make them:", apply));
  }
  return told_by->code();
}

}  // namespace vscale
