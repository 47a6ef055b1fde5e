#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "schemas/config/config_checks.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/text/ipv4_text.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

std::string show_range(const AddressRange& range) {
  if (range.first == range.last) return show_ipv4(range.first);
  return show_ipv4(range.first) + "-" + show_ipv4(range.last);
}

std::uint32_t mask_of(int prefix) {
  return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
}

// The subnet that its guests are in, as far as the file tells.
std::optional<std::uint32_t> subnet_of(const Network& network) {
  const auto known = network.addresses.empty() ? parse_ipv4(network.gateway) : network.addresses[0].first;
  if (!known) return std::nullopt;
  return *known & mask_of(network.prefix);
}

// The network's own address or its broadcast address. The smallest networks have neither.
bool is_edge(const Network& network, std::uint32_t address) {
  const std::uint32_t broadcast = ~mask_of(network.prefix);
  const std::uint32_t own_part = address & broadcast;
  return network.prefix <= 30 && (own_part == 0 || own_part == broadcast);
}

// What lies between the edges, of a network that has them.
AddressRange usable_range(const Network& network, std::uint32_t address) {
  const std::uint32_t mask = mask_of(network.prefix);
  return {(address & mask) + 1, (address | ~mask) - 1};
}

bool overlap(const AddressRange& a, const AddressRange& b) {
  return a.first <= b.last && b.first <= a.last;
}

std::uint64_t pool_size(const Network& network) {
  std::uint64_t count = 0;
  for (const AddressRange& range : network.addresses) count += std::uint64_t{range.last} - range.first + 1;
  return count;
}

// How many addresses of the network's pool one instance takes.
std::uint64_t pool_addresses_of(const Group& group, const std::string& network) {
  return static_cast<std::uint64_t>(
      std::count_if(group.instance.networks.begin(), group.instance.networks.end(),
                    [&](const NicSpec& nic) { return nic.network == network && !nic.address; }));
}

}  // namespace

void ConfigChecks::check_networks() {
  for (const Network& network : config_.networks) check_network(network);
  check_pools_between_networks();
}

void ConfigChecks::check_network(const Network& network) {
  const std::string path = "networks." + network.name;
  if (network.vlan && network.bridge.empty() && written(path + ".network")) {
    reporter_.error(at(path + ".vlan"), {.code = "exclusive_keys",
                                         .summary = fmt::format("network {}: vlan needs a bridge", quote(network.name)),
                                         .label = "a libvirt network has its own VLANs",
                                         .hint = "write bridge: instead of network:"});
  }
  check_pool(network);
  if (written(path + ".gateway")) check_gateway(network, path + ".gateway");
  for (std::size_t i = 0; i < network.dns.size(); ++i) {
    const std::string server = fmt::format("{}.dns[{}]", path, i);
    if (written(server)) check_name_server(network, network.dns[i], server);
  }
}

void ConfigChecks::check_pool(const Network& network) {
  const std::string subject = fmt::format("network {}", quote(network.name));
  struct Written {
    AddressRange range;
    Place place;
  };
  std::vector<Written> seen;
  const auto& items = TreeView(&root_).view("networks").view(network.name).items("addresses");
  for (const NodePtr& item : items) {
    if (item->kind != Node::Kind::scalar) continue;
    const auto range = parse_ipv4_range(item->text);
    if (!range) {
      reporter_.error(item->place,
                      {.code = "min_above_max",
                       .summary = fmt::format("{}: the range {} ends before it begins", subject, quote(item->text)),
                       .label = "expected FIRST-LAST",
                       .hint = "exchange the two addresses"});
      continue;
    }
    for (const Written& other : seen) {
      if (!overlap(other.range, *range)) continue;
      reporter_.error(item->place, {.code = "overlapping_pools",
                                    .summary = fmt::format("{}: {} overlaps with {}", subject, show_range(*range),
                                                           show_range(other.range)),
                                    .label = "an address may be in a pool once",
                                    .hint = "leave one of the two out",
                                    .also = {other.place}});
    }
    seen.push_back({*range, item->place});
    check_range(network, *range, item->place);
  }
}

void ConfigChecks::check_range(const Network& network, const AddressRange& range, const Place& where) {
  const std::string subject = fmt::format("network {}", quote(network.name));
  const std::uint32_t mask = mask_of(network.prefix);
  const std::uint32_t net = network.addresses.empty() ? 0 : network.addresses[0].first & mask;
  const bool one_subnet = (range.first & mask) == net && (range.last & mask) == net;
  const bool takes_edge = is_edge(network, range.first) || is_edge(network, range.last);
  if (!one_subnet) {
    reporter_.error(where, {.code = "bad_address",
                            .summary = fmt::format("{}: {} is not all within {}/{}", subject, show_range(range),
                                                   show_ipv4(net), network.prefix),
                            .label = "one pool lies in one subnet",
                            .hint = "look at `prefix`"});
  } else if (takes_edge) {
    reporter_.error(
        where,
        {.code = "bad_address",
         .summary = fmt::format("{}: {} holds the network's own or its broadcast address", subject, show_range(range)),
         .label = fmt::format("{} and {} cannot be handed out", show_ipv4(net), show_ipv4(net | ~mask)),
         .hint = fmt::format("hand out {} at most", show_range(usable_range(network, net)))});
  }
}

// Whose pool on its segment holds the address, be it the network's own or another's; nullptr if none does.
const Network* ConfigChecks::pool_around(const Network& network, std::uint32_t address) const {
  const auto found = std::find_if(config_.networks.begin(), config_.networks.end(), [&](const Network& other) {
    return same_segment(other, network) && in_pool(other, address);
  });
  return found == config_.networks.end() ? nullptr : &*found;
}

void ConfigChecks::check_gateway(const Network& network, const std::string& path) {
  const auto gateway = parse_ipv4(network.gateway);
  if (!gateway) return;
  const std::uint32_t net = *subnet_of(network);
  const std::string subject = fmt::format("network {}: gateway {}", quote(network.name), network.gateway);
  if ((*gateway & mask_of(network.prefix)) != net) {
    reporter_.error(at(path),
                    {.code = "bad_address",
                     .summary = fmt::format("{} is not within {}/{}", subject, show_ipv4(net), network.prefix),
                     .label = "guests could not reach it",
                     .hint = "look at `prefix`"});
  } else if (is_edge(network, *gateway)) {
    reporter_.error(at(path), {.code = "bad_address",
                               .summary = subject + " is the network's own or its broadcast address",
                               .label = "no router can have it",
                               .hint = "choose one of " + show_range(usable_range(network, net))});
  } else if (const Network* pool = pool_around(network, *gateway)) {
    const std::string whose = pool == &network ? "of addresses" : "of network " + quote(pool->name);
    reporter_.error(at(path), {.code = "bad_address",
                               .summary = fmt::format("{} lies in the pool {}", subject, whose),
                               .label = "it would be given to a guest",
                               .hint = "leave it out of `addresses`"});
  }
}

// A guest may be the name server, and then the pool keeps its address for it.
void ConfigChecks::check_name_server(const Network& network, const std::string& server, const std::string& path) {
  const auto address = parse_ipv4(server);
  const Network* pool = address ? pool_around(network, *address) : nullptr;
  if (pool == nullptr) return;
  for (const Group& group : config_.groups) {
    for (const NicSpec& nic : group.instance.networks) {
      const Network* of_nic = find_network(config_, nic.network);
      if (nic.address == server && of_nic != nullptr && same_segment(*of_nic, network)) return;
    }
  }
  reporter_.warning(at(path),
                    {.code = "bad_address",
                     .summary = fmt::format("network {}: name server {} lies in the pool of network {}",
                                            quote(network.name), server, quote(pool->name)),
                     .label = "it may be given to any guest",
                     .hint = "leave it out of `addresses`, or write it as `address` of the machine that has it"});
}

void ConfigChecks::check_pools_between_networks() {
  for (std::size_t i = 0; i < config_.networks.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Network& a = config_.networks[k];
      const Network& b = config_.networks[i];
      for (const AddressRange& range : b.addresses) {
        const auto clash = std::find_if(a.addresses.begin(), a.addresses.end(),
                                        [&](const AddressRange& other) { return overlap(other, range); });
        if (clash == a.addresses.end()) continue;
        Finding finding{.code = "overlapping_pools",
                        .summary = fmt::format(
                            "networks {} and {} both hand out {}", quote(a.name), quote(b.name),
                            show_range({std::max(clash->first, range.first), std::min(clash->last, range.last)})),
                        .label = "",
                        .hint = "",
                        .also = {at("networks." + a.name + ".addresses")}};
        const Place where = at("networks." + b.name + ".addresses");
        if (same_segment(a, b)) {
          finding.label = "both are the same segment";
          finding.hint = "leave it out of one of them";
          reporter_.error(where, std::move(finding));
        } else {
          finding.hint = "fine only if guests of one never meet guests of the other";
          reporter_.warning(where, std::move(finding));
        }
        break;
      }
    }
  }
}

void ConfigChecks::check_nic(const Group& group, const NicSpec& nic, const std::string& path) {
  const std::string subject = subject_of(group);
  const Network* network = find_network(config_, nic.network);
  if (network == nullptr) {
    const bool by_name = written(path + ".name");
    report_missing(by_name ? path + ".name" : path, subject + ": network", "networks", nic.network,
                   names_of(config_.networks));
  }
  for (const char* key : {".address", ".mac"}) {
    if (is_machine(group) || !written(path + key)) continue;
    reporter_.error(at(path + key), {.code = "machines_only",
                                     .summary = fmt::format("{}: a fixed {} is for machines only", subject, key + 1),
                                     .label = "the instances of a group would all have the same",
                                     .hint = "leave it out, or declare it under `machines`"});
  }
  if (nic.mac && written(path + ".mac")) check_mac(subject, *nic.mac, path + ".mac");
  if (nic.address && network != nullptr && is_machine(group) && written(path + ".address")) {
    check_fixed_address(subject, *network, *nic.address, path + ".address");
  }
}

void ConfigChecks::check_mac(const std::string& subject, const std::string& mac, const std::string& path) {
  const bool multicast = (std::stoi(mac.substr(0, 2), nullptr, 16) & 1) != 0;
  if (!multicast && !mac.starts_with("fe:")) return;
  reporter_.error(at(path),
                  {.code = "bad_address",
                   .summary = fmt::format("{}: {} is {}", subject, mac, multicast ? "a multicast address" : "reserved"),
                   .label = multicast ? "the first pair has to be even" : "libvirt has fe for its own end of a card",
                   .hint = "such as \"52:54:00:00:00:11\""});
}

void ConfigChecks::check_fixed_address(const std::string& subject, const Network& network, const std::string& text,
                                       const std::string& path) {
  const std::uint32_t address = parse_ipv4(text).value_or(0);
  const auto net = subnet_of(network);
  if (net && (address & mask_of(network.prefix)) != *net) {
    reporter_.error(at(path), {.code = "bad_address",
                               .summary = fmt::format("{}: {} is not within {}/{} of network {}", subject, text,
                                                      show_ipv4(*net), network.prefix, quote(network.name)),
                               .label = "other guests could not reach it",
                               .hint = "choose an address there, or look at `prefix`"});
  } else if (is_edge(network, address)) {
    reporter_.error(at(path), {.code = "bad_address",
                               .summary = fmt::format("{}: {} is the own or the broadcast address of network {}",
                                                      subject, text, quote(network.name)),
                               .label = fmt::format("its prefix is {}", network.prefix),
                               .hint = "choose one of " + show_range(usable_range(network, address))});
  } else if (text == network.gateway) {
    reporter_.error(at(path),
                    {.code = "bad_address",
                     .summary = fmt::format("{}: {} is the gateway of network {}", subject, text, quote(network.name)),
                     .label = "it would take the router's place",
                     .hint = "choose another; the network of the router itself has no `gateway`"});
  } else {
    check_beside_others(subject, network, text, path);
  }
}

// Two that are the same segment: what one of them has, is there for the other too.
void ConfigChecks::check_beside_others(const std::string& subject, const Network& network, const std::string& text,
                                       const std::string& path) {
  for (const Network& other : config_.networks) {
    if (&other == &network || !same_segment(other, network)) continue;
    const std::string theirs = "networks." + other.name;
    if (text == other.gateway) {
      reporter_.warning(
          at(path), {.code = "bad_address",
                     .summary = fmt::format("{}: {} is the gateway of network {}", subject, text, quote(other.name)),
                     .label = fmt::format("network {} is the same segment", quote(network.name)),
                     .hint = "fine only if this machine is that gateway",
                     .also = {at(theirs + ".gateway")}});
    } else if (in_pool(other, parse_ipv4(text).value_or(0))) {
      reporter_.error(
          at(path), {.code = "address_taken",
                     .summary = fmt::format("{}: {} lies in the pool of network {}", subject, text, quote(other.name)),
                     .label = fmt::format("network {} is the same segment", quote(network.name)),
                     .hint = fmt::format("name network {} here, or choose an address outside of its pool", other.name),
                     .also = {at(theirs + ".addresses")}});
    }
  }
}

// The first network of the file that is the same segment, and so one name for all of these.
std::string ConfigChecks::segment_of(const std::string& name) const {
  const Network* network = find_network(config_, name);
  if (network == nullptr) return name;
  return std::find_if(config_.networks.begin(), config_.networks.end(),
                      [&](const Network& other) { return same_segment(other, *network); })
      ->name;
}

void ConfigChecks::check_fixed_addresses() {
  std::map<std::string, std::string> addresses;  // segment and address, or MAC -> path
  for (const Group& group : config_.groups) {
    if (!is_machine(group)) continue;
    for (std::size_t i = 0; i < group.instance.networks.size(); ++i) {
      const NicSpec& nic = group.instance.networks[i];
      const std::string path = fmt::format("{}.networks[{}]", template_path_of(group), i);
      const auto once = [&](const std::string& key, const std::string& value, const std::string& where) {
        const auto [first, is_new] = addresses.emplace(key, where);
        if (is_new || !written(where)) return;
        reporter_.error(at(where), {.code = "address_taken",
                                    .summary = fmt::format("{}: {} is given to two machines", subject_of(group), value),
                                    .label = "second time",
                                    .hint = "give one of them another, or leave it out",
                                    .also = {at(first->second)}});
      };
      if (nic.address) once(segment_of(nic.network) + " " + *nic.address, *nic.address, path + ".address");
      if (nic.mac) once(*nic.mac, *nic.mac, path + ".mac");
    }
  }
}

void ConfigChecks::check_pool_sizes() {
  for (const Network& network : config_.networks) {
    if (network.addresses.empty()) continue;
    std::uint64_t free = pool_size(network);
    std::uint64_t wanted = 0;
    std::vector<std::string> who;
    std::string last_path;
    for (const Group& group : config_.groups) {
      for (const NicSpec& nic : group.instance.networks) {
        const bool taken =
            nic.network == network.name && nic.address && in_pool(network, parse_ipv4(*nic.address).value_or(0));
        if (taken && free > 0) --free;
      }
      const std::uint64_t each = pool_addresses_of(group, network.name);
      if (each == 0 || group.size == 0) continue;
      wanted += each * static_cast<std::uint64_t>(group.size);
      who.push_back(fmt::format("{} {}", address_of(group), each * static_cast<std::uint64_t>(group.size)));
      last_path = written(path_of(group) + ".size") ? path_of(group) + ".size" : path_of(group);
    }
    const std::string addresses_path = "networks." + network.name + ".addresses";
    if (wanted > free && written(addresses_path)) {
      reporter_.error(at(last_path), {.code = "too_few_addresses",
                                      .summary = fmt::format("network {}: {} instances and only {} addresses",
                                                             quote(network.name), wanted, free),
                                      .label = listed(who),
                                      .hint = fmt::format("add at least {} to `addresses`", wanted - free),
                                      .also = {at(addresses_path)}});
      continue;
    }
    for (const Group& group : config_.groups) {
      const std::uint64_t each = pool_addresses_of(group, network.name);
      const std::string path = path_of(group) + ".scaling.max";
      if (!group.scaling || !written(path)) continue;
      const std::uint64_t wanted_at_most = each * static_cast<std::uint64_t>(std::max(0, group.scaling->max));
      if (wanted_at_most <= free) continue;
      reporter_.error(at(path),
                      {.code = "too_few_addresses",
                       .summary = fmt::format("{}: max {} and only {} addresses in network {}", subject_of(group),
                                              group.scaling->max, free, quote(network.name)),
                       .label = fmt::format("allowed: at most {}", free / each),
                       .hint = fmt::format("lower max, or add at least {} to `addresses`", wanted_at_most - free),
                       .also = {at(addresses_path)}});
    }
  }
}

}  // namespace vscale
