#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/values/text/lower_case.h"
#include "engine/values/uri.h"
#include "schemas/config/config_checks.h"
#include "schemas/text/units_text.h"

namespace vscale {
namespace {

constexpr std::size_t kEnoughToAgree = 3;  // hosts: two of them see that it is the third which is gone
constexpr int kMaxNestedUris = 3;

// As libvirt reads it: a %00 ends the text.
std::string decoded(std::string_view text) {
  const std::string all = percent_decoded(text);
  return all.substr(0, all.find('\0'));
}

struct UriParameter {
  std::string name;  // small letters: libvirt does not ask for case
  std::string value;
};

// libvirt separates them by & and, where there is none left, by ;. Both always count here: rather one too many.
std::vector<UriParameter> parameters_of(std::string_view uri) {
  std::vector<UriParameter> all;
  std::size_t begin = uri.find('?');
  while (begin != uri.npos) {
    const std::string_view rest = uri.substr(begin + 1);
    const std::size_t end = rest.find_first_of("&;");
    const std::string_view one = rest.substr(0, end);
    const std::size_t equals = one.find('=');
    const std::string_view value = equals == one.npos ? "" : one.substr(equals + 1);
    all.push_back({lower_case(decoded(one.substr(0, equals))), decoded(value)});
    begin = end == rest.npos ? uri.npos : begin + 1 + end;
  }
  return all;
}

std::string_view transport_of(std::string_view uri) {
  const std::string_view scheme = uri.substr(0, uri.find("://"));
  const std::size_t plus = scheme.find('+');
  return plus == scheme.npos ? "" : scheme.substr(plus + 1);
}

Finding runs_commands(const std::string& what, const std::string& hint) {
  return {.code = "runs_commands",
          .summary = what + " would run a program to reach the host",
          .label = "looking at a host must not run what a file says",
          .hint = hint};
}

Finding unverified_host(const std::string& what) {
  return {.code = "unverified_host",
          .summary = what + " would take anybody for the host",
          .label = "whoever answers in its place gets the guests and their secrets",
          .hint = "leave it out, and make the host's key known by `ssh HOST`, or install the CA's certificate"};
}

// What makes a URI unfit to be opened, if anything; the summary lacks its subject.
std::optional<Finding> objection_to(const std::string& uri, UnverifiedHosts unverified, int depth = 0) {
  if (lower_case(transport_of(uri)) == "ext") {
    return runs_commands("transport ext", "use qemu+ssh:// or qemu+tls://");
  }
  for (const UriParameter& parameter : parameters_of(uri)) {
    const std::string what = "parameter " + parameter.name;
    if (parameter.name == "command")
      return runs_commands(what, "leave it out; ~/.ssh/config can tell ssh what it needs");
    if (parameter.name == "netcat") {
      return runs_commands(what,
                           "leave it out; install virt-ssh-helper (libvirt-daemon) there, or put nc into the PATH");
    }
    // `auto` takes any key of a host that is new, without a word.
    const std::string value = lower_case(parameter.value);
    const bool ignores_key = parameter.name == "known_hosts_verify" && (value == "ignore" || value == "auto");
    const bool verifies_nothing = parameter.name == "no_verify" && parameter.value != "0";
    if ((ignores_key || verifies_nothing) && unverified == UnverifiedHosts::refused) return unverified_host(what);
    // The host's libvirtd opens what `name` says.
    if (parameter.name != "name") continue;
    if (depth == kMaxNestedUris) return runs_commands(what, "leave it out");
    if (auto inner = objection_to(parameter.value, unverified, depth + 1)) return inner;
  }
  return std::nullopt;
}

}  // namespace

void ConfigChecks::check_hosts(UnverifiedHosts unverified) {
  for (const Host& host : config_.hosts) {
    const std::string path = "hosts." + host.name + ".uri";
    if (!written(path)) continue;
    auto objection = objection_to(host.uri, unverified);
    if (!objection) continue;
    objection->summary = fmt::format("host {}: uri: {}", quote(host.name), objection->summary);
    reporter_.error(at(path), std::move(*objection));
  }
}

// Only from a disk that others see as well can an instance start elsewhere.
void ConfigChecks::check_host_loss(const Group& group) {
  const std::string path = path_of(group) + ".ha";
  if (!group.ha || group.ha->on_host_loss || !written(path) || written(path + ".onHostLoss")) return;
  std::vector<std::string> names{group.instance.storage};
  for (const DataDisk& disk : group.instance.disks) names.push_back(disk.storage);
  const auto is_local = [&](const std::string& name) {
    const Storage* storage = find_storage(config_, name);
    return storage != nullptr && !storage->shared;
  };
  const auto local = std::find_if(names.begin(), names.end(), is_local);
  if (local == names.end()) return;
  reporter_.error(at(path),
                  {.code = "missing_key",
                   .summary = fmt::format("{}: ha does not say what happens when a host is lost", subject_of(group)),
                   .label = fmt::format("storage {} is not shared, so it cannot start elsewhere", quote(*local)),
                   .hint = "write ha: { onHostLoss: rebuild } for a new instance, or wait"});
}

// Two that do not hear from each other cannot tell which one is cut off.
void ConfigChecks::check_witness() {
  const bool enough = config_.hosts.size() >= kEnoughToAgree || !config_.watch.witness.empty();
  if (enough || config_.hosts.empty() || section_is_broken("hosts") || section_is_broken("watch")) return;
  const bool alone = config_.hosts.size() == 1;
  for (const Group& group : config_.groups) {
    const bool waits = !group.ha || group.ha->on_host_loss == HighAvailability::OnHostLoss::wait;
    if (waits || !written(path_of(group) + ".ha")) continue;
    reporter_.warning(
        at(path_of(group) + ".ha"),
        {.code = "no_witness",
         .summary = fmt::format("{}: with {} no host is ever known to be lost", subject_of(group),
                                alone ? "one host" : "two hosts"),
         .label = alone ? "there is no other host to start it on" : "nobody can tell a lost host from a lost network",
         .hint = alone ? "add a second host" : "add watch: { witness: [ADDRESS] }, such as the gateway's"});
    return;
  }
}

}  // namespace vscale
