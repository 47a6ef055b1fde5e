#pragma once

#include <cstdint>
#include <string>

#include "engine/values/result.h"

/// Pools and volumes as libvirt's XML. Pure. Internal to providers/libvirt.

namespace vscale::libvirt {

/// A pool that is a directory. `invalid` if a text cannot be written in XML.
Result<std::string> write_dir_pool_xml(const std::string& name, const std::string& path);

struct PoolReading {
  std::string type, path;
};
/// `invalid` if it is not a pool's XML.
Result<PoolReading> read_pool_xml(const std::string& xml);

struct VolumeText {
  std::string name;
  std::uint64_t capacity_bytes = 0;
  std::string format;                        ///< qcow2 | raw
  std::string backing_path, backing_format;  ///< Empty: none.
};
/// A sparse volume. `invalid` if its name is not a plain file name, or a text cannot be written in XML.
Result<std::string> write_volume_xml(const VolumeText& volume);

}  // namespace vscale::libvirt
