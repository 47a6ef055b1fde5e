#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/domain/domain_spec.h"
#include "engine/domain/ownership.h"
#include "engine/live/host_snapshot.h"
#include "engine/values/result.h"

/// Domains as libvirt's XML, and back. Pure: no host is asked. Internal to providers/libvirt.

namespace vscale::libvirt {

/// The namespace of our mark in a domain's <metadata>, and the prefix it is written with.
constexpr const char* kMarkNamespace = "https://vscale.dev/xmlns/1";
constexpr const char* kMarkPrefix = "vscale";

/// How often a guest is asked for what it uses of its memory. Of the balloon of every domain.
constexpr int kMemoryStatsPeriodS = 10;

/// What the host adds to a DomainSpec so that it can be written down.
struct DomainSite {
  std::string virt_type;                ///< kvm | qemu | test
  std::string arch;                     ///< x86_64, aarch64, …
  bool host_passthrough = false;        ///< Offered for this virt_type.
  bool host_model = false;              ///< Likewise.
  std::vector<std::string> disk_paths;  ///< Of DomainSpec::disks, in the same order.
  std::string seed_path;                ///< Of DomainSpec::seed, if there is one.
};

/// The XML of a persistent domain. `invalid` if a text of the spec holds a control character, which XML cannot hold;
/// `unsupported` for what is not to be had from a single host (the cpu `baseline`).
Result<std::string> write_domain_xml(const DomainSpec& spec, const DomainSite& site);

/// What is read from a domain's XML.
struct DomainReading {
  std::string uuid, name;
  std::string virt_type;
  int vcpus = 0, max_vcpus = 0;
  std::uint64_t memory_bytes = 0, max_memory_bytes = 0;
  SharedOptional<Ownership> ownership;   ///< Nothing also if the mark is there and cannot be understood.
  SharedVector<LiveNic> nics;            ///< Empty without ownership, as are the disks.
  SharedVector<std::string> disk_paths;  ///< Files behind disks and CD-ROMs, the root disk first.
  bool tells_memory = false;             ///< Its balloon asks the guest every few seconds.

  bool operator==(const DomainReading&) const = default;
};

/// Reads a domain's XML and overwrites `text` while doing so. `invalid` if it is not a domain's XML.
Result<DomainReading> read_domain_xml(char* text, std::size_t length);
/// The same for a text that is kept.
Result<DomainReading> read_domain_xml(std::string text);

/// The mark as an element of its own, without a namespace: libvirt puts it into the one it is given with it. `invalid`
/// as above.
Result<std::string> write_mark_xml(const Ownership& ownership);
/// Reads it as libvirt gives it back. Nothing if it cannot be understood.
std::optional<Ownership> read_mark_xml(const std::string& text);

}  // namespace vscale::libvirt
