#include "engine/desired/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace vscale {
namespace {

template <class T>
const T* find_named(const std::vector<T>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const T& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

bool has_labels(const Host& host, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
    const auto label = host.labels.find(wanted.first);
    return label != host.labels.end() && label->second == wanted.second;
  });
}

}  // namespace

const Host* find_host(const Config& config, const std::string& name) {
  return find_named(config.hosts, name);
}
const Image* find_image(const Config& config, const std::string& name) {
  return find_named(config.images, name);
}
const Storage* find_storage(const Config& config, const std::string& name) {
  return find_named(config.storage, name);
}
const Network* find_network(const Config& config, const std::string& name) {
  return find_named(config.networks, name);
}

std::string show_settings(const Network& network) {
  std::string text = fmt::format("prefix {}", network.prefix);
  if (!network.gateway.empty()) text += ", gateway " + network.gateway;
  if (!network.dns.empty()) text += fmt::format(", dns {}", fmt::join(network.dns, " "));
  return text;
}

const Group* find_group(const Config& config, const std::string& address) {
  const auto found = std::find_if(config.groups.begin(), config.groups.end(),
                                  [&](const Group& group) { return address_of(group) == address; });
  return found == config.groups.end() ? nullptr : &*found;
}

std::string address_of(const Group& group) {
  return (group.kind == InstanceAddress::Kind::machine ? "machine." : "group.") + group.name;
}

std::vector<std::string> selected_hosts(const Config& config, const HostSelection& selection) {
  std::vector<std::string> names;
  for (const auto& host : config.hosts) {
    const bool named = selection.names.empty() ||
                       std::find(selection.names.begin(), selection.names.end(), host.name) != selection.names.end();
    if (named && has_labels(host, selection.labels)) names.push_back(host.name);
  }
  return names;
}

std::string show_ipv4(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 0xff, (address >> 8) & 0xff, address & 0xff);
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(0, dot);
    std::uint8_t octet = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (digits.size() > 1 && digits.starts_with('0')) return std::nullopt;  // 010 is eight to some and ten to others
    address = address * 256 + octet;
    text.remove_prefix(part < 3 ? dot + 1 : dot);
  }
  return address;
}

bool in_pool(const Network& network, std::uint32_t address) {
  return std::any_of(network.addresses.begin(), network.addresses.end(),
                     [&](const AddressRange& range) { return range.first <= address && address <= range.last; });
}

bool same_segment(const Network& a, const Network& b) {
  return a.bridge == b.bridge && a.network == b.network && a.vlan == b.vlan;
}

}  // namespace vscale
