#include "providers/http/trust.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <cstdlib>

namespace vscale {
namespace {

const char* authorities_file() {
  return std::getenv("SSL_CERT_FILE");
}

Distrust distrust_of_certificate(CURL* curl) {
  long reason = 0;
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &reason);
  // What the library begins with stays where it stumbles over the name alone.
  const bool is_vouched_for = reason == X509_V_OK || reason == X509_V_ERR_UNSPECIFIED;
  if (is_vouched_for) {
    return {"has a certificate for another name", "write the name that the certificate is for, or correct the server"};
  }
  return {"has a certificate that is not trusted here",
          "add its authority to the system's (update-ca-certificates), or name it by SSL_CERT_FILE"};
}

Distrust distrust_without_authorities() {
  const char* file = authorities_file();
  return {fmt::format("cannot be trusted: no authorities can be read from {}", file != nullptr ? file : "this system"),
          file != nullptr ? "correct SSL_CERT_FILE" : "install ca-certificates"};
}

}  // namespace

void trust_authorities(CURL* curl) {
  // Certificates and the names in them are verified unless one asks for less.
  if (const char* file = authorities_file()) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
  if (const char* directory = std::getenv("SSL_CERT_DIR")) curl_easy_setopt(curl, CURLOPT_CAPATH, directory);
}

std::optional<Distrust> distrust_of(CURL* curl, CURLcode ended) {
  if (ended == CURLE_PEER_FAILED_VERIFICATION) return distrust_of_certificate(curl);
  if (ended == CURLE_SSL_CACERT_BADFILE) return distrust_without_authorities();
  return std::nullopt;
}

}  // namespace vscale
