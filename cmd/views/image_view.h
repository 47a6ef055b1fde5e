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

/// What `image update` came to for one image.
struct ImageUpdate {
  /// Instances of one group that are made from something older.
  struct Roll {
    std::string group;
    std::size_t instances = 0;
  };
  std::string image;
  std::string before, after;  ///< Digests; `before` is empty where there was none.
  std::vector<Roll> rolls;    ///< What the next apply replaces.
};

/// "image.debian-12: 9f86d081ab12 -> 41c7a2e09b31; the next apply replaces 3 of web"
std::string image_update_text(const ImageUpdate& update);
/// {format_version, images: [{image, before, after}]}
nlohmann::ordered_json image_updates_json(const std::vector<ImageUpdate>& updates);

std::string image_list_text(const std::vector<ImageStatus>& images);
nlohmann::ordered_json image_list_json(const std::vector<ImageStatus>& images);

/// `9f86d081ab12` of `sha256:9f86d081ab12…`
std::string short_digest(const std::string& digest);

}  // namespace vscale
