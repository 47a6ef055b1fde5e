#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/domain_xml.h"
#include "providers/libvirt/handle.h"
#include "providers/libvirt/libvirt_hosts.h"

/// Reading a host with many domains, and such a host.
///   refresh hold URI N      defines N domains of ours, starts every other, says "ready" and stays until its input
///   ends:
///                           the test driver's world lives as long as somebody is connected
///   refresh observe URI     prints: milliseconds, domains, peak memory in KiB

using namespace vscale;

namespace {

DomainSpec instance(int ordinal) {
  DomainSpec spec;
  spec.name = fmt::format("bench-web-{}", ordinal);
  spec.uuid = fmt::format("c0ffee00-0000-4000-8000-{:012}", ordinal);
  spec.ownership = Ownership{.installation = "bench",
                             .address = {InstanceAddress::Kind::group, "web", ordinal},
                             .revision = 1,
                             .incarnation = 1,
                             .lineage = "11111111-2222-4333-8444-555555555555",
                             .spec_hash = "0123456789abcdef"};
  spec.memory_bytes = spec.max_memory_bytes = 128 * kMiB;
  spec.disks = {DomainDisk{.pool = "default", .volume = spec.name + ".qcow2", .serial = "root"}};
  spec.nics = {DomainNic{
      .mac = fmt::format("52:54:00:{:02x}:{:02x}:{:02x}", ordinal >> 16 & 255, ordinal >> 8 & 255, ordinal & 255),
      .bridge = "br0",
      .network = {},
      .vlan = {}}};
  return spec;
}

int hold(const std::string& uri, int count) {
  virConnectPtr connection = virConnectOpen(uri.c_str());
  if (connection == nullptr) return EXIT_FAILURE;
  libvirt::DomainSite site{
      .virt_type = "test", .arch = "i686", .host_model = true, .disk_paths = {""}, .seed_path = {}};
  for (int i = 0; i < count; ++i) {
    const DomainSpec spec = instance(i);
    site.disk_paths[0] = "/var/lib/libvirt/images/" + spec.disks[0].volume;
    const Result<std::string> xml = libvirt::write_domain_xml(spec, site);
    if (!xml) return EXIT_FAILURE;
    const libvirt::Domain domain{virDomainDefineXML(connection, xml->c_str())};
    if (!domain || (i % 2 == 0 && virDomainCreate(domain.get()) != 0)) return EXIT_FAILURE;
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  return EXIT_SUCCESS;
}

int observe(const std::string& uri) {
  SystemClock clock;
  const auto start = std::chrono::steady_clock::now();
  LibvirtHosts hosts({{"host", uri}}, LibvirtOptions{}, clock);
  const Result<HostSnapshot> seen = hosts.observe({{"host", {}}}).at("host");
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (!seen) {
    std::cerr << to_string(seen.error()) << '\n';
    return EXIT_FAILURE;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << fmt::format("{:.1f} {} {}\n", took.count(), seen->domains.size(), usage.ru_maxrss);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "hold" && argc == 4) return hold(argv[2], std::atoi(argv[3]));
  if (mode == "observe" && argc == 3) return observe(argv[2]);
  std::cerr << "usage: refresh hold URI N | refresh observe URI\n";
  return 2;
}
