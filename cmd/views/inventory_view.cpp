#include "cmd/views/inventory_view.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

/// A value of Ansible's INI form: quoted unless it is plain.
std::string ini_value(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':';
  };
  bool quote = text.empty();
  std::string out;
  for (const char c : text) {
    quote = quote || !plain(c);
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return quote ? '"' + out + '"' : out;
}

std::string ansible_group(const std::string& name) {
  std::string out = name;  // Ansible wants variable names
  for (char& c : out) c = c == '-' ? '_' : c;
  return out;
}

std::string ansible_text(const std::vector<Guest>& guests) {
  std::string out = "# made by vscale inventory --format ansible\n";
  std::string group;
  for (const auto& guest : guests) {
    if (guest.address.group != group) {
      group = guest.address.group;
      out += fmt::format("\n[{}]\n", ansible_group(group));
    }
    out += guest.name;
    if (!guest.ip_addresses.empty()) out += " ansible_host=" + ini_value(guest.ip_addresses.front());
    if (!guest.user.empty()) out += " ansible_user=" + ini_value(guest.user);
    out +=
        fmt::format(" vscale_address={} vscale_host={}\n", ini_value(to_string(guest.address)), ini_value(guest.host));
  }
  return out;
}

/// A word of ssh_config: quoted; it knows no escape for a quote, and no user name has one.
std::string ssh_word(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out.find(' ') == std::string::npos ? out : '"' + out + '"';
}

std::string ssh_config_text(const std::vector<Guest>& guests) {
  std::string out = "# made by vscale inventory --format ssh-config\n";
  for (const auto& guest : guests) {
    if (guest.ip_addresses.empty()) {
      out += fmt::format("\n# {}: no address is known yet\n", guest.name);
      continue;
    }
    out +=
        fmt::format("\nHost {} {}\n  HostName {}\n", guest.name, short_name(guest.address), guest.ip_addresses.front());
    if (!guest.user.empty()) out += fmt::format("  User {}\n", ssh_word(guest.user));
  }
  return out;
}

std::string json_text(const std::vector<Guest>& guests) {
  Json list = Json::array();
  for (const auto& guest : guests) {
    list.push_back(Json{{"address", to_string(guest.address)},
                        {"group", guest.address.group},
                        {"ordinal", guest.address.ordinal},
                        {"name", guest.name},
                        {"host", guest.host},
                        {"phase", guest.phase},
                        {"user", guest.user},
                        {"ip_addresses", guest.ip_addresses}});
  }
  const Json document{{"format_version", "1.0"}, {"instances", std::move(list)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::vector<Guest> guests_of(const Config& config, const RecordedState& recorded) {
  std::vector<Guest> guests;
  for (const auto& [address, instance] : recorded.instances) {
    if (instance.phase == Phase::leaving) continue;
    Guest guest{.address = address,
                .name = instance.name,
                .host = instance.host,
                .phase = to_string(instance.phase),
                .user = {},
                .ip_addresses = {}};
    if (const Group* group = find_group(config, group_address(address))) guest.user = group->instance.cloud_init.user;
    for (const auto& nic : instance.nics) {
      // What other tools execute is looked at once more, however old the state is.
      if (nic.address && parse_ipv4(*nic.address)) guest.ip_addresses.push_back(*nic.address);
    }
    guests.push_back(std::move(guest));
  }
  return guests;
}

std::string inventory_text(const std::vector<Guest>& guests, InventoryFormat format) {
  switch (format) {
    case InventoryFormat::ansible:
      return ansible_text(guests);
    case InventoryFormat::ssh_config:
      return ssh_config_text(guests);
    case InventoryFormat::json:
      return json_text(guests);
  }
  VSCALE_ASSERT(false, "an inventory format without a text");
}

}  // namespace vscale
