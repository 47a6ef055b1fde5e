#include "engine/plan/books/address_book.h"

#include <algorithm>

namespace vscale {

AddressBook::AddressBook(const Config& config) {
  for (const auto& network : config.networks) {
    const std::size_t segment = segment_of(network);
    if (segment == segments_.size()) segments_.emplace_back();
    released_.resize(segments_.size());
    pools_[network.name] = {&network, segment, {}};
  }
}

/// As many as there are, if it is one that no network was in before.
std::size_t AddressBook::segment_of(const Network& network) const {
  const auto same = std::find_if(pools_.begin(), pools_.end(),
                                 [&](const auto& pool) { return same_segment(*pool.second.network, network); });
  return same == pools_.end() ? segments_.size() : same->second.segment;
}

void AddressBook::take(const std::string& network, const std::string& address, const std::string& owner) {
  if (const auto own = pools_.find(network); own != pools_.end()) {
    segments_[own->second.segment].try_emplace(address, owner);
    return;
  }
  const auto parsed = parse_ipv4(address);
  for (const auto& [name, pool] : pools_) {
    const bool contains = parsed && in_pool(*pool.network, *parsed);
    if (contains) segments_[pool.segment].try_emplace(address, owner);
  }
}

std::string AddressBook::owner_of(const std::string& network, const std::string& address) const {
  const auto pool = pools_.find(network);
  if (pool == pools_.end()) return "";
  const Owners& owners = segments_[pool->second.segment];
  const auto owner = owners.find(address);
  return owner == owners.end() ? "" : owner->second;
}

bool AddressBook::is_static(const std::string& network) const {
  return pool_size(network) != 0;
}

std::optional<std::string> AddressBook::next_free(const std::string& network, const std::string& owner) {
  const auto found = pools_.find(network);
  if (found == pools_.end()) return std::nullopt;
  Pool& pool = found->second;
  Owners& owners = segments_[pool.segment];
  const auto& ranges = pool.network->addresses;
  for (Cursor& at = pool.cursor; at.range < ranges.size(); ++at.range, at.offset = 0) {
    const AddressRange& range = ranges[at.range];
    while (std::uint64_t{range.first} + at.offset <= range.last) {
      std::string address = show_ipv4(static_cast<std::uint32_t>(range.first + at.offset++));
      if (owners.try_emplace(address, owner).second) return address;
    }
  }
  return next_released(pool, owner);
}

std::optional<std::string> AddressBook::next_released(const Pool& pool, const std::string& owner) {
  const auto instance = parse_instance_address(owner);
  const auto released = released_[pool.segment].find(instance ? group_address(*instance) : "");
  if (released == released_[pool.segment].end()) return std::nullopt;
  for (auto at = released->second.begin(); at != released->second.end(); ++at) {
    const auto parsed = parse_ipv4(*at);
    if (!parsed || !in_pool(*pool.network, *parsed)) continue;
    std::string address = std::move(*at);
    released->second.erase(at);
    segments_[pool.segment][address] = owner;
    return address;
  }
  return std::nullopt;
}

void AddressBook::release(const std::string& network, const std::string& address, const std::string& group) {
  const auto pool = pools_.find(network);
  if (pool != pools_.end()) released_[pool->second.segment][group].push_back(address);
}

std::uint64_t AddressBook::pool_size(const std::string& network) const {
  const auto pool = pools_.find(network);
  if (pool == pools_.end()) return 0;
  std::uint64_t size = 0;
  for (const auto& range : pool->second.network->addresses) size += std::uint64_t{range.last} - range.first + 1;
  return size;
}

}  // namespace vscale
