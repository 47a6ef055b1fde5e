#pragma once

#include <string>

#include "engine/ports/network_probe.h"

namespace vscale {

/// NetworkProbe over the sockets of this machine. Holds nothing; safe from several threads at once. Addresses are
/// numeric: no name is ever looked up, and anything else is `invalid`. What listens there is not trusted: however it
/// answers, a call is over soon after its timeout.
class SocketProbe final : public NetworkProbe {
 public:
  Result<void> connect_tcp(const std::string& address, int port, Duration timeout) override;
  Result<int> get_http(const std::string& address, int port, const std::string& path, Duration timeout) override;
};

}  // namespace vscale
