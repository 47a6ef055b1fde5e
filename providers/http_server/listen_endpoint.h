#pragma once

#include <cstdint>
#include <string>

#include "engine/values/result.h"

namespace vscale {

/// Where a server listens.
struct ListenEndpoint {
  std::string address;     ///< Numeric, IPv4 or IPv6, without brackets.
  std::uint16_t port = 0;  ///< 0: one that is free.

  bool operator==(const ListenEndpoint&) const = default;
};

/// Reads `127.0.0.1:9188`, `[::1]:9188` and `localhost:9188`, which is 127.0.0.1. No name is looked up: any other is
/// `invalid`.
Result<ListenEndpoint> parse_listen_endpoint(const std::string& text);

/// As it stands in a URL: "127.0.0.1:9188", "[::1]:9188".
std::string to_string(const ListenEndpoint& endpoint);

/// Only this machine can reach it. Whoever writes another one into the file means it, and is to be warned all the same:
/// the pages need no password.
bool is_loopback(const ListenEndpoint& endpoint);

}  // namespace vscale
