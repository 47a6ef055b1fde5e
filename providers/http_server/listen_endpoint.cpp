#include "providers/http_server/listen_endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace vscale {
namespace {

bool is_ipv4(const std::string& address) {
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1;
}

bool is_ipv6(const std::string& address) {
  in6_addr parsed{};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

std::optional<std::uint16_t> port_from(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
  return port;
}

}  // namespace

Result<ListenEndpoint> parse_listen_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, colon);
  const auto port = colon == std::string::npos ? std::nullopt : port_from(std::string_view(text).substr(colon + 1));
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  const bool numeric = bracketed ? is_ipv6(address) : is_ipv4(address) || is_ipv6(address);
  if (port && numeric) return ListenEndpoint{.address = address, .port = *port};
  return Error{ErrorKind::invalid, fmt::format("\"{}\" is nowhere to listen: no name is looked up", text), "",
               "write a numeric address of this machine and a port, such as 127.0.0.1:9188 or [::1]:9188"};
}

std::string to_string(const ListenEndpoint& endpoint) {
  const bool has_colons = endpoint.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", has_colons ? "[" : "", endpoint.address, has_colons ? "]" : "", endpoint.port);
}

bool is_loopback(const ListenEndpoint& endpoint) {
  if (is_ipv4(endpoint.address)) return endpoint.address.starts_with("127.");
  in6_addr parsed{};
  if (inet_pton(AF_INET6, endpoint.address.c_str(), &parsed) != 1) return false;
  // ::ffff:127.0.0.1 is an IPv4 address in other clothes.
  return IN6_IS_ADDR_LOOPBACK(&parsed) || (IN6_IS_ADDR_V4MAPPED(&parsed) && parsed.s6_addr[12] == 127);
}

}  // namespace vscale
