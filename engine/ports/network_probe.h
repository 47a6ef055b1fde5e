#pragma once

#include <string>

#include "engine/values/result.h"
#include "engine/values/units.h"

namespace vscale {

/// A port: can a guest be reached over the network from where vscale runs?
class NetworkProbe {
 public:
  virtual ~NetworkProbe() = default;
  /// Success when a TCP connection is made within `timeout`.
  virtual Result<void> connect_tcp(const std::string& address, int port, Duration timeout) = 0;
  /// The status of a GET, within `timeout`. Redirects are not followed; the body is not kept.
  virtual Result<int> get_http(const std::string& address, int port, const std::string& path, Duration timeout) = 0;
};

}  // namespace vscale
