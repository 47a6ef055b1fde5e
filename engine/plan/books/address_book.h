#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Hands out the static addresses of the networks: the lowest that nobody has, in the order of the ranges. What is
/// recorded, held by a domain that is not recorded, or fixed in the file is taken, and so is what was handed out
/// before. What is taken in one network is taken in every other that is the same segment.
class AddressBook {
 public:
  /// Refers to `config`, which must outlive it.
  explicit AddressBook(const Config& config);

  /// `owner` is whoever has it, as a message names it: the address of a recorded instance or of one that the file gives
  /// it to, or words for a domain that is not recorded. The first one keeps it. Of a network that the file does not
  /// have, which may have another name there, it is taken in every pool that contains it.
  void take(const std::string& network, const std::string& address, const std::string& owner);
  /// Who has it; empty: nobody.
  [[nodiscard]] std::string owner_of(const std::string& network, const std::string& address) const;
  /// Does the network have a pool that addresses are handed out from?
  [[nodiscard]] bool is_static(const std::string& network) const;
  /// The lowest free address, taken for `owner`; nothing if there is none left.
  std::optional<std::string> next_free(const std::string& network, const std::string& owner);
  /// Its owner, an instance of the group, will have gone by the time that others of the same group come: they are given
  /// it where no other is left. For everybody else it stays taken, since nobody tells them when.
  void release(const std::string& network, const std::string& address, const std::string& group);
  /// How many addresses the network's pool has altogether.
  [[nodiscard]] std::uint64_t pool_size(const std::string& network) const;

 private:
  /// Everything before it is taken, or was released.
  struct Cursor {
    std::size_t range = 0;
    std::uint64_t offset = 0;
  };
  struct Pool {
    const Network* network = nullptr;
    std::size_t segment = 0;  ///< Its place in `segments_`.
    Cursor cursor;
  };
  using Owners = std::unordered_map<std::string, std::string>;  // by address

  [[nodiscard]] std::size_t segment_of(const Network& network) const;
  std::optional<std::string> next_released(const Pool& pool, const std::string& owner);

  std::map<std::string, Pool> pools_;  // by network
  std::vector<Owners> segments_;
  /// By segment and group, in the order of their release.
  std::vector<std::map<std::string, std::deque<std::string>>> released_;
};

}  // namespace vscale
