#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>

/// Which servers are believed to be who they say they are. Internal to providers.

namespace vscale {

/// Certificates are believed that an authority vouches for which this system trusts, or that SSL_CERT_FILE and
/// SSL_CERT_DIR name: where OpenSSL itself looks; the library would not ask.
void trust_authorities(CURL* curl);

/// Why a server is not believed: what is wrong, as the end of a sentence about it, and what to do.
struct Distrust {
  std::string found, hint;
};

/// Nothing where a request ended for another reason.
std::optional<Distrust> distrust_of(CURL* curl, CURLcode ended);

}  // namespace vscale
