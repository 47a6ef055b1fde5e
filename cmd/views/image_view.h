#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// One digest of one image: where copies of it lie, and who runs on it.
struct ImageStatus {
  std::string image;
  std::string digest;    ///< Empty: not asked for yet.
  bool current = false;  ///< What new instances are made from.
  std::uint64_t size_bytes = 0;
  std::vector<std::string> hosts;    ///< With a copy.
  std::vector<std::string> used_by;  ///< Names of instances.
};

/// Images of the configuration in file order, the current digest first, then older copies that still lie on a host.
std::vector<ImageStatus> images_of(const Config& config, const RecordedState& recorded);

std::string image_list_text(const std::vector<ImageStatus>& images);
nlohmann::ordered_json image_list_json(const std::vector<ImageStatus>& images);

/// `9f86d081ab12` of `sha256:9f86d081ab12…`
std::string short_digest(const std::string& digest);

}  // namespace vscale
