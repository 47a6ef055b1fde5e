#include "providers/libvirt/link/host_uri.h"

namespace vscale::libvirt {

std::string uri_to_open(const std::string& configured) {
  const std::size_t scheme_end = configured.find("://");
  if (scheme_end == std::string::npos) return configured;
  const std::string scheme = configured.substr(0, scheme_end);
  const bool runs_ssh = scheme.size() > 4 && scheme.ends_with("+ssh");
  if (!runs_ssh) return configured;

  const std::size_t query = configured.find('?');
  if (query == std::string::npos) return configured + "?no_tty=1";
  const std::string parameters = "&" + configured.substr(query + 1);
  if (parameters.find("&no_tty=") != std::string::npos) return configured;
  return configured + (parameters.size() == 1 ? "no_tty=1" : "&no_tty=1");
}

bool is_world_of_its_own(const std::string& uri) {
  return uri.starts_with("test:///") && uri != "test:///default";  // which is one world for all
}

}  // namespace vscale::libvirt
