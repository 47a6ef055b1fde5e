#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/values/address.h"

namespace vscale {

/// The IP addresses of the instances that had one at some moment. It never changes and copies share what they hold, so
/// every seed may have one, on whatever thread.
class KnownAddresses {
 public:
  using ByInstance = std::map<InstanceAddress, std::string>;

  KnownAddresses() = default;
  explicit KnownAddresses(ByInstance all) : all_(std::make_shared<const ByInstance>(std::move(all))) {}

  [[nodiscard]] const ByInstance& all() const { return *all_; }

 private:
  std::shared_ptr<const ByInstance> all_ = std::make_shared<const ByInstance>();
};

}  // namespace vscale
