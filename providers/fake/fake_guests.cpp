#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "providers/fake/fake_cluster.h"

/// What goes on inside the fake guests, and on their network.

namespace vscale {
namespace {

constexpr Duration kProbeTakes{5};

/// MAC -> address, as a guest reads its network-config: an address with a prefix belongs to the MAC before it.
std::map<std::string, std::string> configured_addresses(const std::string& network_config) {
  static const std::regex pattern(R"(([0-9a-f]{2}(?::[0-9a-f]{2}){5})|(\d+\.\d+\.\d+\.\d+)/\d+)");
  std::map<std::string, std::string> addresses;
  std::string mac;
  for (std::sregex_iterator at(network_config.begin(), network_config.end(), pattern), end; at != end; ++at) {
    if ((*at)[1].matched) {
      mac = (*at)[1];
    } else {
      addresses.emplace(mac, (*at)[2]);
    }
  }
  return addresses;
}

}  // namespace

bool FakeCluster::is_inside_up(const FakeDomain& domain, Duration after) {
  if (!is_up(domain.state) || !domain.started_at || domain.behaviour.never_boots) return false;
  const Duration age = clock_.now() - *domain.started_at;
  return age >= after && (!domain.behaviour.hangs_after || age < *domain.behaviour.hangs_after);
}

Result<void> FakeCluster::agent_answers(Host& host, const DomainRef& domain, Duration timeout) {
  const FakeDomain* found = find_domain(host, domain.uuid);
  if (found == nullptr)
    return Error{ErrorKind::not_found, fmt::format("{}: no domain {}", domain.host, domain.uuid), {}, {}};
  if (!is_up(found->state)) {
    return Error{
        ErrorKind::conflict, fmt::format("{}: {} is {}", domain.host, found->name, to_string(found->state)), {}, {}};
  }
  const bool late = found->behaviour.agent_latency > timeout;
  const bool up = is_inside_up(*found, found->behaviour.agent);
  if (up) clock_.sleep_until(clock_.now() + (late ? timeout : found->behaviour.agent_latency));
  if (up && !late) return {};
  return Error{ErrorKind::timed_out, "no answer from the agent", {}, {}};
}

Result<void> FakeCluster::ping_agent(const DomainRef& domain, Duration timeout) {
  return look(domain.host, [&, this](Host& host) { return agent_answers(host, domain, timeout); });
}

Result<GuestExit> FakeCluster::run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                            const std::string& /*input*/, Duration timeout) {
  GuestExit exit;
  const auto ran = look(domain.host, [&, this](Host& host) -> Result<void> {
    if (const auto found = ours(host, domain); !found) return found.error();
    if (const auto answer = agent_answers(host, domain, timeout); !answer) return answer;
    const FakeDomain& guest = *find_domain(host, domain.uuid);
    const bool finished = is_inside_up(guest, guest.behaviour.cloud_init);
    const std::string command = argv.empty() ? std::string() : argv.front();
    if (command == "systemctl") {
      exit.out = (finished ? guest.behaviour.system_state : "starting") + "\n";
      exit.code = finished && guest.behaviour.system_state == "running" ? 0 : 1;
    } else if (command == "cloud-init") {
      exit.out = "status: " + (finished ? guest.behaviour.cloud_init_status : "running") + "\n";
      exit.code = finished ? guest.behaviour.cloud_init_exit : 0;
    } else {
      exit.code = guest.behaviour.command_exit;
    }
    return {};
  });
  if (!ran) return ran.error();
  return exit;
}

Result<std::vector<GuestAddress>> FakeCluster::guest_addresses(const DomainRef& domain) {
  std::vector<GuestAddress> known;
  const auto asked = look(domain.host, [&, this](Host& host) -> Result<void> {
    const FakeDomain* guest = find_domain(host, domain.uuid);
    if (guest == nullptr)
      return Error{ErrorKind::not_found, fmt::format("{}: no domain {}", domain.host, domain.uuid), {}, {}};
    if (!is_inside_up(*guest, guest->behaviour.boot)) return {};
    for (const auto& [mac, address] : addresses_of(host, *guest)) known.push_back({mac, address});
    return {};
  });
  if (!asked) return asked.error();
  return known;
}

std::map<std::string, std::string> FakeCluster::addresses_of(Host& host, const FakeDomain& domain) {
  std::map<std::string, std::string> configured;
  if (domain.seed) {
    const FakePool* pool = find_pool(host, domain.seed->pool);
    const auto seed =
        pool == nullptr ? std::map<std::string, FakeVolume>::const_iterator{} : pool->volumes.find(domain.seed->name);
    if (pool != nullptr && seed != pool->volumes.end() && seed->second.seed) {
      configured = configured_addresses(seed->second.seed->network_config);
    }
  }
  std::map<std::string, std::string> addresses;
  for (const auto& nic : domain.nics) {
    const auto fixed = configured.find(nic.mac);
    if (fixed != configured.end()) {
      addresses[nic.mac] = fixed->second;
    } else {
      const std::string next = fmt::format("192.168.122.{}", host.leases.size() + 2);
      addresses[nic.mac] = host.leases.emplace(nic.mac, next).first->second;
    }
  }
  return addresses;
}

void FakeCluster::lease_by_hand(const std::string& domain_name, const std::string& address) {
  const std::lock_guard lock(mutex_);
  Host* host = nullptr;
  const FakeDomain& domain = domain_named(domain_name, &host);
  host->leases[domain.nics.at(0).mac] = address;
}

FakeDomain* FakeCluster::guest_at(const std::string& address) {
  for (auto& [name, host] : hosts_) {
    if (host.cut) continue;
    for (auto& [uuid, domain] : domains_now(host)) {
      if (!is_inside_up(domain, domain.behaviour.boot)) continue;
      for (const auto& [mac, own] : addresses_of(host, domain)) {
        if (own == address) return &domain;
      }
    }
  }
  return nullptr;
}

Result<void> FakeCluster::connect_tcp(const std::string& address, int port, Duration timeout) {
  const std::lock_guard lock(mutex_);
  cross();
  const bool answers = guest_at(address) != nullptr;
  clock_.sleep_until(clock_.now() + (answers ? kProbeTakes : timeout));
  if (answers) return {};
  return Error{ErrorKind::unreachable, fmt::format("no connection to {}:{}", address, port), "No route to host", {}};
}

Result<int> FakeCluster::get_http(const std::string& address, int port, const std::string& /*path*/, Duration timeout) {
  const std::lock_guard lock(mutex_);
  cross();
  const FakeDomain* guest = guest_at(address);
  clock_.sleep_until(clock_.now() + (guest != nullptr ? kProbeTakes : timeout));
  if (guest != nullptr) return guest->behaviour.http_status;
  return Error{ErrorKind::unreachable, fmt::format("no connection to {}:{}", address, port), "No route to host", {}};
}

}  // namespace vscale
