#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/amount.h"
#include "engine/values/units.h"

/// What one instance is made of, as the user wants it: image, size, disks, networks, cloud-init.

namespace vscale {

/// Text in which `${…}` is filled in for each instance, when it is needed and not before. What the reader could
/// resolve without a secret (`${var.x}` that is not sensitive) is filled in already; what is left are instance facts
/// (`${name}`, `${address}`, …), sensitive variables and the escape `$${`. Safe to store and to hash.
struct TemplateText {
  std::string text;

  bool operator==(const TemplateText&) const = default;
};

enum class Firmware { bios, uefi };

/// An extra disk beside the root disk.
struct DataDisk {
  std::string name;  ///< Unique in the template; part of the volume's name.
  std::uint64_t size_bytes = 0;
  std::string storage;  ///< A name in Config::storage.
  bool keep = false;    ///< Never destroyed without --allow-data-loss; stays with its ordinal and host.

  bool operator==(const DataDisk&) const = default;
};

/// One network card.
struct NicSpec {
  std::string network;                 ///< A name in Config::networks.
  std::optional<std::string> address;  ///< Fixed IPv4 address; machines only.
  std::optional<std::string> mac;      ///< Fixed MAC, lower case; machines only.

  bool operator==(const NicSpec&) const = default;
};

struct CloudInit {
  enum class OnChange { roll, next_create };
  enum class Seed { keep, eject };

  std::optional<TemplateText> user_data;  ///< From userData or the contents of userDataFile.
  std::string user_data_file;             ///< The path as written, for messages; empty for userData.
  bool substitute = true;                 ///< false: `${…}` in user_data is left as it is.
  std::string user;
  std::vector<std::string> ssh_keys;  ///< Public keys themselves; paths have been read.
  bool vendor_data = true;
  OnChange on_change = OnChange::roll;
  Seed seed = Seed::keep;

  bool operator==(const CloudInit&) const = default;
};

/// A change to the domain's XML for what has no key of its own.
struct XmlPatch {
  enum class Op { set, add, remove };

  std::string at;  ///< XPath.
  Op op = Op::set;
  std::string value;

  bool operator==(const XmlPatch&) const = default;
};

struct Template {
  std::string image;  ///< A name in Config::images.
  int vcpus = 0;      ///< 1 or more.
  int max_vcpus = 0;  ///< >= vcpus; vcpus where it is not given.
  std::uint64_t memory_bytes = 0;
  std::uint64_t max_memory_bytes = 0;  ///< >= memory_bytes; memory_bytes where it is not given.
  std::uint64_t disk_bytes = 0;        ///< Root disk; 0: the image's own size.
  std::string storage;                 ///< A name in Config::storage.
  std::vector<DataDisk> disks;
  std::vector<NicSpec> networks;
  Firmware firmware = Firmware::bios;
  std::string machine = "q35";
  std::string cpu = "host-model";
  CloudInit cloud_init;
  int network_mbps = 0;  ///< 0: not counted.
  std::vector<XmlPatch> xml;

  bool operator==(const Template&) const = default;
};

}  // namespace vscale
