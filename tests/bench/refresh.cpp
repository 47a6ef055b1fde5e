#include <cstdlib>
#include <iostream>
#include <string>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"

/// Reads one host as `vscale plan` does, and nothing else.
///   refresh URI     prints how many domains there are

using namespace vscale;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: refresh URI\n";
    return 2;
  }
  SystemClock clock;
  LibvirtHosts hosts({{"host", argv[1]}}, LibvirtOptions{}, clock);
  const Result<HostSnapshot> seen = hosts.observe({{"host", {}}}).at("host");
  if (!seen) {
    std::cerr << to_string(seen.error()) << '\n';
    return EXIT_FAILURE;
  }
  std::cout << seen->domains.size() << '\n';
  return EXIT_SUCCESS;
}
