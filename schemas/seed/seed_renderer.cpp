#include "schemas/seed/seed_renderer.h"

#include <fmt/core.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>

#include "schemas/seed/instance_text.h"

namespace vscale {
namespace {

constexpr const char* kBoundary = "==vscale-vendor-data==";

// Installs and starts the agent with whatever package manager there is. Harmless where it is there already.
constexpr const char* kAgentScript = R"(#!/bin/sh
# Written by vscale: the QEMU guest agent tells when this machine is ready.
if ! command -v qemu-ga >/dev/null 2>&1 && ! [ -x /usr/sbin/qemu-ga ]; then
  if command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update && apt-get install -y --no-install-recommends qemu-guest-agent
  elif command -v dnf >/dev/null 2>&1; then
    dnf install -y qemu-guest-agent
  elif command -v yum >/dev/null 2>&1; then
    yum install -y qemu-guest-agent
  elif command -v zypper >/dev/null 2>&1; then
    zypper --non-interactive install qemu-guest-agent
  elif command -v apk >/dev/null 2>&1; then
    apk add qemu-guest-agent
  elif command -v pacman >/dev/null 2>&1; then
    pacman -Sy --noconfirm qemu-guest-agent
  fi
fi
if command -v systemctl >/dev/null 2>&1; then
  systemctl enable qemu-guest-agent >/dev/null 2>&1
  systemctl start qemu-guest-agent
elif command -v rc-service >/dev/null 2>&1; then
  rc-update add qemu-guest-agent default
  rc-service qemu-guest-agent start
fi
)";

Error invalid(const std::string& message, const std::string& hint) {
  return {.kind = ErrorKind::invalid, .message = message, .detail = "", .hint = hint};
}

// Quoted always: 52:54:00:12:34:56 is a number in base 60 to YAML 1.1, and `no` is false.
void emit(YAML::Emitter& out, const char* key, const std::string& value) {
  out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

void emit(YAML::Emitter& out, const char* key, const std::vector<std::string>& values) {
  out << YAML::Key << key << YAML::Value << YAML::BeginSeq;
  for (const std::string& value : values) out << YAML::DoubleQuoted << value;
  out << YAML::EndSeq;
}

std::string text_of(const YAML::Emitter& out) {
  return std::string(out.c_str(), out.size()) + "\n";
}

InstanceFacts facts_of(const SeedRequest& request) {
  InstanceFacts facts{.name = request.name,
                      .group = request.address.group,
                      .ordinal = request.address.ordinal,
                      .address = "",
                      .host = request.host};
  const auto has_address = [](const GuestNic& nic) { return nic.address.has_value(); };
  const auto first = std::find_if(request.nics.begin(), request.nics.end(), has_address);
  if (first != request.nics.end()) facts.address = *first->address;
  return facts;
}

std::string make_meta_data(const SeedRequest& request, const CloudInit& init) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit(out, "instance-id", request.instance_id);
  emit(out, "local-hostname", request.name);
  if (!init.ssh_keys.empty()) emit(out, "public-keys", init.ssh_keys);
  out << YAML::EndMap;
  return text_of(out);
}

void emit_static(YAML::Emitter& out, const GuestNic& nic, const Network& network, bool with_route) {
  emit(out, "addresses", std::vector<std::string>{fmt::format("{}/{}", *nic.address, network.prefix)});
  if (with_route) {
    out << YAML::Key << "routes" << YAML::Value << YAML::BeginSeq << YAML::BeginMap;
    emit(out, "to", "default");
    emit(out, "via", network.gateway);
    out << YAML::EndMap << YAML::EndSeq;
  }
  if (network.dns.empty()) return;
  out << YAML::Key << "nameservers" << YAML::Value << YAML::BeginMap;
  emit(out, "addresses", network.dns);
  out << YAML::EndMap;
}

Result<std::string> make_network_config(const SeedRequest& request, const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "version" << YAML::Value << 2;
  out << YAML::Key << "ethernets" << YAML::Value << YAML::BeginMap;
  bool has_route = false;
  for (std::size_t i = 0; i < request.nics.size(); ++i) {
    const GuestNic& nic = request.nics[i];
    const Network* network = find_network(config, nic.network);
    if (network == nullptr) {
      return invalid(fmt::format("seed of {}: network \"{}\" does not exist", to_string(request.address), nic.network),
                     "");
    }
    const std::string device = fmt::format("eth{}", i);
    out << YAML::Key << device << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "match" << YAML::Value << YAML::BeginMap;
    emit(out, "macaddress", nic.mac);
    out << YAML::EndMap;
    emit(out, "set-name", device);
    if (nic.address) {
      const bool with_route = !has_route && !network->gateway.empty();
      emit_static(out, nic, *network, with_route);
      has_route = has_route || with_route;
    } else {
      out << YAML::Key << "dhcp4" << YAML::Value << true;
    }
    out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
  return text_of(out);
}

std::string default_user_config(const std::string& user) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit(out, "user", user);
  out << YAML::EndMap;
  return "#cloud-config\n" + text_of(out);
}

std::string multi_part(const std::string& cloud_config, const std::string& script) {
  std::string out = fmt::format("Content-Type: multipart/mixed; boundary=\"{}\"\nMIME-Version: 1.0\n", kBoundary);
  const auto part = [&](const char* type, const std::string& text) {
    out += fmt::format("\n--{}\nContent-Type: {}; charset=\"utf-8\"\n\n{}", kBoundary, type, text);
  };
  part("text/cloud-config", cloud_config);
  part("text/x-shellscript", script);
  return out + fmt::format("\n--{}--\n", kBoundary);
}

std::string make_vendor_data(const CloudInit& init, const Image& image) {
  const bool installs_agent = init.vendor_data && image.agent == Image::Agent::install;
  const std::string user = init.user.empty() ? "" : default_user_config(init.user);
  if (!installs_agent) return user;
  return user.empty() ? kAgentScript : multi_part(user, kAgentScript);
}

}  // namespace

SeedRenderer::SeedRenderer(Config config, Variables variables)
    : config_(std::move(config)), variables_(std::move(variables)) {}

Result<SeedFiles> SeedRenderer::seed_for(const SeedRequest& request) {
  const Group* group = find_group(config_, group_address(request.address));
  if (group == nullptr) {
    return invalid(fmt::format("seed of {}: the configuration has no such group", to_string(request.address)), "");
  }
  const Image* image = find_image(config_, group->instance.image);
  if (image == nullptr) {
    return invalid(
        fmt::format("seed of {}: image \"{}\" does not exist", to_string(request.address), group->instance.image), "");
  }
  const CloudInit& init = group->instance.cloud_init;
  SeedFiles files;
  files.meta_data = make_meta_data(request, init);
  Result<std::string> network_config = make_network_config(request, config_);
  if (!network_config) return network_config.error();
  files.network_config = *network_config;
  if (init.user_data && init.substitute) {
    const InstanceFacts facts = facts_of(request);
    Result<std::string> user_data =
        fill_in_for_instance(init.user_data->text, fmt::format("user-data of {}", to_string(request.address)),
                             {facts, request.known_addresses, variables_});
    if (!user_data) return user_data.error();
    files.user_data = *user_data;
  } else if (init.user_data) {
    files.user_data = init.user_data->text;
  }
  files.vendor_data = make_vendor_data(init, *image);
  return files;
}

}  // namespace vscale
