#include "providers/http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/values/text/lower_case.h"
#include "engine/values/uri.h"

namespace vscale {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

int usual_port(const std::string& scheme) {
  return scheme == "https" ? kHttpsPort : kHttpPort;
}

void take_user(Url& url, std::string_view user_and_password) {
  const std::size_t colon = user_and_password.find(':');
  url.user = percent_decoded(user_and_password.substr(0, colon));
  if (colon != std::string_view::npos) url.password = percent_decoded(user_and_password.substr(colon + 1));
}

/// An IPv6 address stands in brackets.
std::string host_text(const Url& url) {
  return url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool take_port(Url& url, std::string_view digits) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  return error == std::errc{} && end == digits.data() + digits.size() && url.port > 0 && url.port <= 65535;
}

bool take_host_and_port(Url& url, std::string_view text) {
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    url.host = text.substr(1, bracket - 1);
    end = bracket + 1;
    if (end < text.size() && text[end] != ':') return false;
  } else {
    url.host = text.substr(0, end);
  }
  if (url.host.empty()) return false;
  if (end == std::string_view::npos || end >= text.size()) return true;
  return take_port(url, text.substr(end + 1));
}

}  // namespace

std::optional<Url> parse_url(const std::string& text) {
  const auto has_no_place_in_a_url = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), has_no_place_in_a_url)) return std::nullopt;
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return std::nullopt;
  Url url;
  url.scheme = lower_case(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  url.port = usual_port(url.scheme);

  std::string_view rest = std::string_view(text).substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    take_user(url, authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (!take_host_and_port(url, authority)) return std::nullopt;
  const std::size_t question = rest.find('?');
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

std::optional<Url> resolve_url(const Url& base, const std::string& text) {
  if (text.find("://") < text.find_first_of("/?#")) return parse_url(text);
  if (text.starts_with("//")) return parse_url(base.scheme + ":" + text);
  const std::string directory = text.starts_with("/") ? "" : base.path.substr(0, base.path.rfind('/') + 1);
  return parse_url(base.scheme + "://" + host_text(base) + ":" + std::to_string(base.port) + directory + text);
}

std::string without_login(const Url& url) {
  return fmt::format("{}://{}:{}{}{}{}", url.scheme, host_text(url), url.port, url.path, url.query.empty() ? "" : "?",
                     url.query);
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    encoded += is_unreserved(c) ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string encoded_path(std::string_view path) {
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += byte <= ' ' || byte >= 0x7f ? fmt::format("%{:02X}", byte) : std::string(1, c);
  }
  return encoded;
}

bool same_server(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

std::string show_url(const Url& url) {
  std::string text = url.scheme + "://" + host_text(url);
  if (url.port != usual_port(url.scheme)) text += ":" + std::to_string(url.port);
  return text + url.path;
}

std::string show_url(const std::string& text) {
  const auto url = parse_url(text);
  return url ? show_url(*url) : "(not a URL)";
}

std::string file_name_of(const Url& url) {
  return url.path.substr(url.path.rfind('/') + 1);
}

}  // namespace vscale
