#pragma once

#include <optional>
#include <string>
#include <string_view>

/// A URL in its parts, and how much of one may be shown.

namespace vscale {

struct Url {
  std::string scheme;          ///< http | https
  std::string user, password;  ///< Decoded; empty: none.
  std::string host;            ///< Without the brackets of an IPv6 address.
  int port = 0;                ///< 80 and 443 where none is written.
  std::string path;            ///< From the first `/`; at least that.
  std::string query;           ///< Without `?`; may be empty. A fragment is dropped.

  bool operator==(const Url&) const = default;
};

/// Nothing for what is not an http or https URL.
std::optional<Url> parse_url(const std::string& text);

/// What `text` means when it stands in a redirect from `base`: a URL, `//host/path`, `/path`, or a path beside it.
/// Without the user and password of `base`.
std::optional<Url> resolve_url(const Url& base, const std::string& text);

/// The whole URL but for its user and password, as it is asked.
std::string without_login(const Url& url);
/// `text` as a part of a path or a query: all but letters, digits and `-._~` is encoded.
std::string percent_encoded(std::string_view text);
/// A path as somebody wrote it, with a query or not: what would end its line is encoded, and what is encoded already
/// stays.
std::string encoded_path(std::string_view path);

/// Scheme, host and port: whoever may see a password there may see it here.
bool same_server(const Url& a, const Url& b);

/// Scheme, host, port if it is not the usual one, and path. User, password and query may be secret and are not there.
std::string show_url(const Url& url);
/// The same of a text; of one that is no URL only that it is none.
std::string show_url(const std::string& text);

/// What follows the last `/` of the path.
std::string file_name_of(const Url& url);

}  // namespace vscale
