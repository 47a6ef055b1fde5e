#include <fmt/core.h>

#include <algorithm>
#include <map>

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
  const std::string subject = fmt::format("network {}", quote(network.name));
  if (network.vlan && network.bridge.empty() && written(path + ".network")) {
    reporter_.error(at(path + ".vlan"), {.code = "exclusive_keys",
                                         .summary = subject + ": vlan needs a bridge",
                                         .label = "a libvirt network has its own VLANs",
                                         .hint = "write bridge: instead of network:"});
  }
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
  if (!network.addresses.empty() && !network.gateway.empty()) check_gateway(network, path);
}

void ConfigChecks::check_range(const Network& network, const AddressRange& range, const Place& where) {
  const std::string subject = fmt::format("network {}", quote(network.name));
  const std::uint32_t mask = mask_of(network.prefix);
  const std::uint32_t net = network.addresses.empty() ? 0 : network.addresses[0].first & mask;
  const bool one_subnet = (range.first & mask) == net && (range.last & mask) == net;
  const bool has_edges = network.prefix <= 30;
  const bool takes_edge = has_edges && (range.first == net || range.last == (net | ~mask));
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
         .hint = fmt::format("hand out {}-{} at most", show_ipv4(net + 1), show_ipv4((net | ~mask) - 1))});
  }
}

void ConfigChecks::check_gateway(const Network& network, const std::string& path) {
  const auto gateway = parse_ipv4(network.gateway);
  if (!gateway) return;
  const std::uint32_t mask = mask_of(network.prefix);
  const std::uint32_t net = network.addresses[0].first & mask;
  const std::string subject = fmt::format("network {}: gateway {}", quote(network.name), network.gateway);
  const bool in_pool = std::any_of(network.addresses.begin(), network.addresses.end(), [&](const AddressRange& range) {
    return range.first <= *gateway && *gateway <= range.last;
  });
  if ((*gateway & mask) != net) {
    reporter_.error(at(path + ".gateway"),
                    {.code = "bad_address",
                     .summary = fmt::format("{} is not within {}/{}", subject, show_ipv4(net), network.prefix),
                     .label = "guests could not reach it",
                     .hint = "look at `prefix`"});
  } else if (in_pool) {
    reporter_.error(at(path + ".gateway"), {.code = "bad_address",
                                            .summary = subject + " lies in the pool of addresses",
                                            .label = "it would be given to a guest",
                                            .hint = "leave it out of `addresses`"});
  }
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
  if (nic.mac && written(path + ".mac")) {
    const bool multicast = (std::stoi(nic.mac->substr(0, 2), nullptr, 16) & 1) != 0;
    if (multicast) {
      reporter_.error(at(path + ".mac"), {.code = "bad_address",
                                          .summary = fmt::format("{}: {} is a multicast address", subject, *nic.mac),
                                          .label = "the first pair has to be even",
                                          .hint = "such as \"52:54:00:00:00:11\""});
    }
  }
  if (!nic.address || network == nullptr || network->addresses.empty() || !written(path + ".address")) return;
  const std::uint32_t address = parse_ipv4(*nic.address).value_or(0);
  const std::uint32_t mask = mask_of(network->prefix);
  if ((address & mask) == (network->addresses[0].first & mask)) return;
  reporter_.error(
      at(path + ".address"),
      {.code = "bad_address",
       .summary = fmt::format("{}: {} is not within {}/{} of network {}", subject, *nic.address,
                              show_ipv4(network->addresses[0].first & mask), network->prefix, quote(network->name)),
       .label = "other guests could not reach it",
       .hint = "choose an address there, or look at `prefix`"});
}

void ConfigChecks::check_fixed_addresses() {
  std::map<std::string, std::string> addresses;  // network and address, or MAC -> path
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
      if (nic.address) once(nic.network + " " + *nic.address, *nic.address, path + ".address");
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
