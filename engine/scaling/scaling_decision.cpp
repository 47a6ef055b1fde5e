#include "engine/scaling/scaling_decision.h"

#include "engine/values/result.h"

namespace vscale {

const char* to_string(Recommendation::Kind kind) {
  switch (kind) {
    case Recommendation::Kind::size:
      return "size";
    case Recommendation::Kind::bounds:
      return "bounds";
    case Recommendation::Kind::none:
      return "none";
    case Recommendation::Kind::error:
      return "error";
  }
  VSCALE_ASSERT(false, "a kind of recommendation without a word");
}

const char* to_string(LayerResult::Layer layer) {
  using Layer = LayerResult::Layer;
  switch (layer) {
    case Layer::combine:
      return "combine";
    case Layer::said:
      return "said";
    case Layer::stabilise:
      return "stabilise";
    case Layer::rate:
      return "rate";
    case Layer::cooldown:
      return "cooldown";
    case Layer::project:
      return "project";
    case Layer::increment:
      return "increment";
    case Layer::clamp:
      return "clamp";
    case Layer::room:
      return "room";
    case Layer::hold:
      return "hold";
    case Layer::protect:
      return "protect";
    case Layer::limit:
      return "limit";
  }
  VSCALE_ASSERT(false, "a layer without a word");
}

}  // namespace vscale
