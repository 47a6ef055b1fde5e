#include "cmd/views/watch/size_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/recorded/wanted_size.h"
#include "engine/scaling/layers/permit.h"
#include "schemas/json/scaling/words_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

std::string bound_of(const WantedSize& owner, int size) {
  if (owner.size == size) return "";
  return owner.size < size ? "min" : "max";
}

std::string size_text(const std::optional<WantedSize>& owner, int size, const TimeWords& times) {
  if (!owner) return "";
  const std::string bound = bound_of(*owner, size);
  const std::string held = is_held(owner, times.now) ? until_text(*owner->until, times) : "";
  if (!bound.empty()) {
    return fmt::format("size {}: {} of the file ({} wanted {}{})", size, bound, show_owner(*owner), owner->size,
                       held.empty() ? "" : ", held " + held);
  }
  return held.empty() ? "" : fmt::format("size {}: held by {} {}", size, show_owner(*owner), held);
}

Json size_owner_json(const std::optional<WantedSize>& owner, int size, Instant now) {
  const std::string bound = owner ? bound_of(*owner, size) : "";
  return {{"owner", owner ? wanted_size_json(*owner) : Json(nullptr)},
          {"bound", bound.empty() ? Json(nullptr) : Json(bound)},
          {"held_until", is_held(owner, now) ? Json(rfc3339(*owner->until)) : Json(nullptr)}};
}

}  // namespace vscale
