#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "schemas/config/config_checks.h"
#include "schemas/text/units_text.h"

namespace vscale {
namespace {

constexpr int kMaxNestedUris = 3;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// As libvirt reads it: %63 is c, a % before anything else is itself, and a %00 ends the text.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    const char c = escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (c == '\0') break;
    decoded += c;
    if (escape) i += 2;
  }
  return decoded;
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
    all.push_back({lower(percent_decoded(one.substr(0, equals))), percent_decoded(value)});
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
  if (lower(std::string(transport_of(uri))) == "ext") {
    return runs_commands("transport ext", "use qemu+ssh:// or qemu+tls://");
  }
  for (const UriParameter& parameter : parameters_of(uri)) {
    const std::string what = "parameter " + parameter.name;
    if (parameter.name == "command")
      return runs_commands(what, "leave it out; ~/.ssh/config can tell ssh what it needs");
    if (parameter.name == "netcat") {
      return runs_commands(what, "leave it out: libvirt finds virt-ssh-helper or nc on the host");
    }
    const bool ignores_key = parameter.name == "known_hosts_verify" && lower(parameter.value) == "ignore";
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

}  // namespace vscale
