#include "engine/plan/books/address_book.h"

namespace vscale {

AddressBook::AddressBook(const Config& config) {
  for (const auto& network : config.networks) books_[network.name].network = &network;
}

void AddressBook::take(const std::string& network, const std::string& address, const std::string& owner) {
  Book& own = books_[network];
  own.owners.try_emplace(address, owner);
  if (own.network != nullptr) return;
  const auto parsed = parse_ipv4(address);
  for (auto& [name, book] : books_) {
    const bool contains = parsed && book.network != nullptr && in_pool(*book.network, *parsed);
    if (contains) book.owners.try_emplace(address, owner);
  }
}

std::string AddressBook::owner_of(const std::string& network, const std::string& address) const {
  const auto book = books_.find(network);
  if (book == books_.end()) return "";
  const auto owner = book->second.owners.find(address);
  return owner == book->second.owners.end() ? "" : owner->second;
}

bool AddressBook::is_static(const std::string& network) const {
  return pool_size(network) != 0;
}

std::optional<std::string> AddressBook::next_free(const std::string& network, const std::string& owner) {
  const auto found = books_.find(network);
  if (found == books_.end() || found->second.network == nullptr) return std::nullopt;
  Book& book = found->second;
  const auto& ranges = book.network->addresses;
  for (Cursor& at = book.cursor; at.range < ranges.size(); ++at.range, at.offset = 0) {
    const AddressRange& range = ranges[at.range];
    while (std::uint64_t{range.first} + at.offset <= range.last) {
      std::string address = show_ipv4(static_cast<std::uint32_t>(range.first + at.offset++));
      if (book.owners.try_emplace(address, owner).second) return address;
    }
  }
  return std::nullopt;
}

std::uint64_t AddressBook::pool_size(const std::string& network) const {
  const auto book = books_.find(network);
  if (book == books_.end() || book->second.network == nullptr) return 0;
  std::uint64_t size = 0;
  for (const auto& range : book->second.network->addresses) size += std::uint64_t{range.last} - range.first + 1;
  return size;
}

}  // namespace vscale
