#include "engine/recorded/scaling_memory.h"

#include "engine/values/result.h"

namespace vscale {

const char* to_string(WantedSize::Owner owner) {
  switch (owner) {
    case WantedSize::Owner::policies:
      return "policies";
    case WantedSize::Owner::operator_:
      return "operator";
  }
  VSCALE_ASSERT(false, "an owner of a size without a word");
}

std::optional<WantedSize::Owner> size_owner_from(const std::string& word) {
  for (const auto owner : {WantedSize::Owner::policies, WantedSize::Owner::operator_}) {
    if (word == to_string(owner)) return owner;
  }
  return std::nullopt;
}

}  // namespace vscale
