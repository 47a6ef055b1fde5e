#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/template.h"
#include "engine/domain/ownership.h"

/// A domain as it is to be defined on a host: everything that its XML says, without being XML.

namespace vscale {

/// A disk on a volume of a pool of the same host. The provider finds the path.
struct DomainDisk {
  std::string pool;
  std::string volume;
  std::string format = "qcow2";  ///< qcow2 | raw
  std::string serial;            ///< What the guest sees as the disk's serial: "root", or the data disk's name.

  bool operator==(const DomainDisk&) const = default;
};

struct DomainNic {
  std::string mac;
  std::string bridge;  ///< Exactly one of bridge and network is set.
  std::string network;
  std::optional<int> vlan;

  bool operator==(const DomainNic&) const = default;
};

/// BIOS or UEFI, q35, virtio, agent channel, serial console, balloon with a stats period and RNG are always there.
struct DomainSpec {
  std::string name;
  std::string uuid;
  Ownership ownership;
  int vcpus = 1;
  int max_vcpus = 1;
  std::uint64_t memory_bytes = 0;
  std::uint64_t max_memory_bytes = 0;
  std::string machine = "q35";
  std::string cpu = "host-model";
  Firmware firmware = Firmware::bios;
  std::vector<DomainDisk> disks;   ///< The first is the root disk and boots.
  std::optional<DomainDisk> seed;  ///< Read-only CD-ROM with the NoCloud seed.
  std::vector<DomainNic> nics;

  bool operator==(const DomainSpec&) const = default;
};

}  // namespace vscale
