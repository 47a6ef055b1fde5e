#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/plan/fates/fates.h"
#include "engine/values/text/listed.h"

/// What the file says now about networks and storage, and what was made before does not follow: a guest learns of its
/// network when it is made, and a pool stays where it is. Nothing is done about it, so it is said.

namespace vscale {
namespace {

/// More of them than this are counted in a message, and not named.
constexpr std::size_t kNamed = 5;

/// Instances of one group whose cards on one network are not as the file says.
struct Strays {
  std::vector<std::string> addresses;                    ///< "web-0 10.0.0.50"
  std::vector<std::string> cards;                        ///< "web-0 on br0"
  std::map<std::string, std::vector<std::string>> told;  ///< By what guests were told of the network: "web-0"
};

const LiveNic* live_card(const Decision& decision, const std::string& mac) {
  const LiveDomain* domain = decision.where->domain;
  if (domain == nullptr) return nullptr;
  const auto found =
      std::find_if(domain->nics.begin(), domain->nics.end(), [&](const LiveNic& nic) { return nic.mac == mac; });
  return found == domain->nics.end() || found->source.empty() ? nullptr : &*found;
}

bool is_fixed(const Group& group, const GuestNic& nic) {
  return std::any_of(group.instance.networks.begin(), group.instance.networks.end(),
                     [&](const NicSpec& card) { return card.network == nic.network && card.address == nic.address; });
}

/// Handed out from a pool of the network that the file has changed since. One that was learned belongs to no pool.
bool is_outside(const Group& group, const Network& network, const GuestNic& nic) {
  if (network.addresses.empty() || !nic.address || nic.learned || is_fixed(group, nic)) return false;
  const auto address = parse_ipv4(*nic.address);
  return address && !in_pool(network, *address);
}

const std::string& source_of(const Network& network) {
  return network.bridge.empty() ? network.network : network.bridge;
}

void look_at_cards(const Planning& planning, const Group& group, const Decision& decision,
                   std::map<std::string, Strays>& strays) {
  const std::string name = short_name(decision.address);
  for (const auto& nic : decision.record->nics) {
    const Network* network = find_network(planning.config, nic.network);
    if (network == nullptr) continue;  // a card that goes is a change of the template
    if (is_outside(group, *network, nic)) strays[nic.network].addresses.push_back(name + " " + *nic.address);
    const bool was_told = !nic.settings.empty() && !decision.recreate;
    if (was_told && nic.settings != show_settings(*network)) strays[nic.network].told[nic.settings].push_back(name);
    const LiveNic* live = live_card(decision, nic.mac);
    if (live == nullptr || live->source == source_of(*network)) continue;
    strays[nic.network].cards.push_back(name + " on " + live->source);
  }
}

void report_strays(Planning& planning, const GroupPlan& plan, const std::string& network, const Strays& strays) {
  const std::string hint = "to bring them there, make them anew: vscale plan --replace " + plan.address;
  for (const auto& [settings, names] : strays.told) {
    planning.warn(
        "settings_kept",
        fmt::format("{}: network {} has {} in the file, and guests made with {} keep that: {}", plan.address, network,
                    show_settings(*find_network(planning.config, network)), settings, listed_up_to(kNamed, names)),
        "a guest learns of its network when it is made: vscale plan --replace " + plan.address,
        fmt::format("networks.{}", network));
  }
  if (!strays.addresses.empty()) {
    planning.warn("address_outside",
                  fmt::format("{}: outside the addresses of network {}, and kept: {}", plan.address, network,
                              listed_up_to(kNamed, strays.addresses)),
                  hint, fmt::format("networks.{}.addresses", network));
  }
  if (!strays.cards.empty()) {
    planning.warn(
        "card_elsewhere",
        fmt::format("{}: network {} is {} in the file, and these stay where they are: {}", plan.address, network,
                    source_of(*find_network(planning.config, network)), listed_up_to(kNamed, strays.cards)),
        hint, fmt::format("networks.{}", network));
  }
}

/// Why each host is none of those that the group allows; those that are, and those that do not answer or have left the
/// file, are not among them.
std::map<std::string, std::string> hosts_not_allowed(const Planning& planning, const Group& group) {
  std::map<std::string, std::string> why;
  const auto& required = group.placement.requires_traits;
  if (group.hosts == HostSelection{} && required.empty()) return why;
  const auto allowed = selected_hosts(planning.config, group.hosts);
  for (const auto& host : planning.config.hosts) {
    const auto view = planning.input.live.find(host.name);
    if (view == planning.input.live.end() || !view->second.snapshot) continue;
    if (std::find(allowed.begin(), allowed.end(), host.name) == allowed.end()) {
      why[host.name] = "not in its `hosts`";
      continue;
    }
    std::string traits = why_traits_forbid(traits_of(host, *view->second.snapshot), required);
    if (!traits.empty()) why[host.name] = std::move(traits);
  }
  return why;
}

/// Hosts are chosen for what is new: nobody is moved because the file allows less than it did.
void report_hosts_not_allowed(Planning& planning, const GroupPlan& plan) {
  const auto why = hosts_not_allowed(planning, *plan.group);
  if (why.empty()) return;
  std::vector<std::string> there, replaces;
  for (const auto& decision : plan.decisions) {
    if (decision.fate != Fate::keep || decision.record == nullptr) continue;
    const auto found = why.find(decision.where->host);
    if (found == why.end()) continue;
    replaces.push_back("--replace " + decision.name);
    there.push_back(fmt::format("{} on {} ({})", short_name(decision.address), found->first, found->second));
  }
  if (there.empty()) return;
  planning.warn("host_not_allowed",
                fmt::format("{}: on hosts that the file does not allow for it, and left there: {}", plan.address,
                            listed_up_to(kNamed, there)),
                fmt::format("to bring them elsewhere, make them anew: vscale plan {}", fmt::join(replaces, " ")),
                place_of(*plan.group, "hosts"));
}

std::string without_slashes_at_end(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void report_pools(Planning& planning) {
  for (const auto& storage : planning.config.storage) {
    std::vector<std::string> elsewhere;
    for (const auto& [host, view] : planning.input.live) {
      if (!view.snapshot || storage.path.empty()) continue;
      for (const auto& pool : view.snapshot->pools) {
        const bool moved = pool.name == storage.pool && !pool.path.empty() &&
                           without_slashes_at_end(pool.path) != without_slashes_at_end(storage.path);
        if (moved) elsewhere.push_back(fmt::format("{} at {}", host, pool.path));
      }
    }
    if (elsewhere.empty()) continue;
    planning.warn("pool_elsewhere",
                  fmt::format("storage {}: pool {} is there already, and is used where it is: {}", storage.name,
                              storage.pool, listed_up_to(kNamed, elsewhere)),
                  fmt::format("write that path, or another pool's name: the file says {}", storage.path),
                  fmt::format("storage.{}.path", storage.name));
  }
}

/// Disks are made in the pool of their storage, and stay there.
void report_disks_elsewhere(Planning& planning, const GroupPlan& plan) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> there;  // by storage and pool: "web-0"
  for (const auto& decision : plan.decisions) {
    if (decision.fate != Fate::keep || decision.record == nullptr) continue;
    for (const auto& volume : planning.volumes.of(decision.address)) {
      const Storage* storage = find_storage(planning.config, volume.storage);
      if (storage != nullptr && storage->pool != volume.pool) {
        there[{storage->name, volume.pool}].insert(short_name(decision.address));
      }
    }
  }
  for (const auto& [place, names] : there) {
    const auto& [storage, pool] = place;
    planning.warn("disks_elsewhere",
                  fmt::format("{}: storage {} is pool {} in the file, and the disks of these stay in pool {}: {}",
                              plan.address, storage, find_storage(planning.config, storage)->pool, pool,
                              listed_up_to(kNamed, {names.begin(), names.end()})),
                  "to bring them there, make them anew: vscale plan --replace " + plan.address,
                  fmt::format("storage.{}.pool", storage));
  }
}

}  // namespace

void report_not_followed(Planning& planning) {
  for (const auto& plan : planning.groups) {
    if (plan.group == nullptr) continue;
    std::map<std::string, Strays> strays;  // by network
    for (const auto& decision : plan.decisions) {
      if (decision.fate != Fate::keep || decision.record == nullptr) continue;
      look_at_cards(planning, *plan.group, decision, strays);
    }
    report_hosts_not_allowed(planning, plan);
    report_disks_elsewhere(planning, plan);
    for (const auto& [network, found] : strays) report_strays(planning, plan, network, found);
  }
  report_pools(planning);
}

}  // namespace vscale
