#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "providers/libvirt/domains/domain_xml.h"

namespace vscale::libvirt {

/// The definitions of one host's domains, as they were read before, for who looks again and again at a host that gives
/// word of what changes: reading and parsing them all is most of what a look at a large host costs. Word of a domain
/// makes it unknown. A few changes come without word, such as a network card taken out of the definition only: so each
/// look reads some again, those that were read longest ago, and in kAllReadWithin all of them have their turn. A host
/// with no more than kReadAtEveryLook domains is read anew each time. Safe from several threads. Internal to
/// providers/libvirt.
class KnownDefinitions {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kReadAtEveryLook = 16;
  static constexpr std::chrono::minutes kAllReadWithin{10};

  struct Listed {
    std::string uuid, name;
  };

  /// To be called before the domains are listed, and given to keep(). One look at a time.
  std::uint64_t begin_look();
  /// What is known of these, which are all whose definitions are wanted, in their order; nothing: it is to be read.
  /// What is known of a domain that has another name by now, or is not among them, is not any more.
  std::vector<std::optional<DomainReading>> recall(const std::vector<Listed>& all, Time now);
  /// Takes what was just read, but not of those of whom there was word since the look began.
  void keep(std::uint64_t look, std::vector<DomainReading> read, Time now);

  void forget(const std::string& uuid);
  void forget_all();  ///< Word may have been missed.

 private:
  struct Known {
    DomainReading reading;
    Time read_at;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;                 ///< By uuid.
  std::uint64_t words_ = 0;                                      ///< How often something was forgotten.
  std::uint64_t all_forgotten_at_ = 0;                           ///< The same, when it was everything.
  std::unordered_map<std::string, std::uint64_t> forgotten_at_;  ///< Since the last look began.
  Time last_look_{};
};

}  // namespace vscale::libvirt
