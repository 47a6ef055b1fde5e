#include "schemas/json/scaling/decision_json.h"

#include <fmt/format.h>

#include "schemas/json/parts/json_values.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

using Kind = Recommendation::Kind;
using Layer = LayerResult::Layer;

constexpr std::array kKinds{Kind::size, Kind::bounds, Kind::none, Kind::error};
constexpr std::array kLayers{Layer::combine,  Layer::said,    Layer::stabilise, Layer::rate,
                             Layer::cooldown, Layer::project, Layer::increment, Layer::clamp,
                             Layer::room,     Layer::hold,    Layer::protect,   Layer::limit};

/// Of the enum values that have a word.
template <class Enum, std::size_t count>
auto from_all(const std::array<Enum, count>& all) {
  return [&all](const std::string& word) -> std::optional<Enum> {
    for (const Enum one : all) {
      if (word == to_string(one)) return one;
    }
    return std::nullopt;
  };
}

Json figures_json(const Figures& figures) {
  Json json = Json::object();
  for (const auto& [name, value] : figures) json[name] = value;
  return json;
}

Figures figures_from(const JsonCursor& json) {
  Figures figures;
  for (const auto& [name, value] : json.members()) figures.emplace_back(name, value.number());
  return figures;
}

Json recommendation_json(const Recommendation& one) {
  Json json{{"policy", one.policy}, {"kind", to_string(one.kind)}};
  if (one.kind == Kind::size) json["size"] = one.size;
  if (one.exact) json["exact"] = true;
  if (one.floor) json["floor"] = *one.floor;
  if (one.ceiling) json["ceiling"] = *one.ceiling;
  json["text"] = one.text;
  json["figures"] = figures_json(one.figures);
  return json;
}

Recommendation recommendation_from(const JsonCursor& json) {
  Recommendation one;
  one.policy = json["policy"].text();
  one.kind = json["kind"].word(from_all(kKinds));
  one.size = optional_int_from(json, "size").value_or(0);
  one.exact = truth_if_any(json, "exact");
  one.floor = optional_int_from(json, "floor");
  one.ceiling = optional_int_from(json, "ceiling");
  one.text = json["text"].text();
  one.figures = figures_from(json["figures"]);
  return one;
}

Json layer_json(const LayerResult& layer) {
  return {{"layer", to_string(layer.layer)},
          {"before", layer.before},
          {"after", layer.after},
          {"text", layer.text},
          {"figures", figures_json(layer.figures)}};
}

LayerResult layer_from(const JsonCursor& json) {
  return {.layer = json["layer"].word(from_all(kLayers)),
          .before = json["before"].small(),
          .after = json["after"].small(),
          .text = json["text"].text(),
          .figures = figures_from(json["figures"])};
}

ScalingDecision decision_from(const JsonCursor& json) {
  ScalingDecision decision;
  decision.group = json["group"].text();
  decision.at = json["at"].instant();
  decision.current = json["current"].small();
  decision.size = json["size"].small();
  decision.ready = json["ready"].small();
  decision.there = json["there"].small();
  decision.winner = json["winner"].text();
  decision.text = json["text"].text();
  decision.recommendations = list_from<Recommendation>(json["recommendations"], recommendation_from);
  decision.terminating = list_if_any<InstanceAddress>(json, "terminating", instance_address_from);
  decision.layers = list_from<LayerResult>(json["layers"], layer_from);
  return decision;
}

Json capacity_json(const CapacityMemory& one) {
  return {{"address", to_string(one.address)}, {"uuid", one.uuid},
          {"available", one.available},        {"silent", one.silent},
          {"terminate", one.terminate},        {"terminate_at", rfc3339(one.terminate_at)}};
}

CapacityMemory capacity_from(const JsonCursor& json) {
  return {.address = instance_address_from(json["address"]),
          .uuid = json["uuid"].text(),
          .available = json["available"].number(),
          .silent = json["silent"].small(),
          .terminate = json["terminate"].truth(),
          .terminate_at = json["terminate_at"].instant()};
}

Json policy_json(const PolicyMemory& policy) {
  Json json = Json::object();
  if (!policy.beyond.empty()) json["beyond"] = policy.beyond;
  if (policy.fired_at) json["fired_at"] = rfc3339(*policy.fired_at);
  if (!policy.capacity.empty()) json["capacity"] = list_json(policy.capacity, capacity_json);
  return json;
}

PolicyMemory policy_from(const JsonCursor& json) {
  PolicyMemory policy;
  if (json.has("beyond")) {
    for (const auto& one : json["beyond"].items()) policy.beyond.push_back(one.truth());
  }
  policy.fired_at = optional_instant_from(json, "fired_at");
  policy.capacity = list_if_any<CapacityMemory>(json, "capacity", capacity_from);
  return policy;
}

Json memory_json(const ScalingMemory& memory) {
  Json policies = Json::object();
  for (const auto& [name, policy] : memory.policies) policies[name] = policy_json(policy);
  const auto opinion = [](const SizeOpinion& one) {
    return Json{{"from", rfc3339(one.from)}, {"to", rfc3339(one.to)}, {"size", one.size}};
  };
  const auto change = [](const SizeChange& one) {
    return Json{{"at", rfc3339(one.at)}, {"from", one.from}, {"to", one.to}};
  };
  return {{"group", memory.group},
          {"evaluated_at", or_null(memory.evaluated_at)},
          {"opinions", list_json(memory.opinions, opinion)},
          {"changes", list_json(memory.changes, change)},
          {"out_ready_at", or_null(memory.out_ready_at)},
          {"flapping_until", or_null(memory.flapping_until)},
          {"policies", std::move(policies)}};
}

ScalingMemory memory_from(const JsonCursor& json) {
  ScalingMemory memory;
  memory.group = json["group"].text();
  memory.evaluated_at = optional_instant_from(json, "evaluated_at");
  memory.opinions = list_from<SizeOpinion>(json["opinions"], [](const JsonCursor& one) {
    return SizeOpinion{one["from"].instant(), one["to"].instant(), one["size"].small()};
  });
  memory.changes = list_from<SizeChange>(json["changes"], [](const JsonCursor& one) {
    return SizeChange{one["at"].instant(), one["from"].small(), one["to"].small()};
  });
  memory.out_ready_at = optional_instant_from(json, "out_ready_at");
  memory.flapping_until = optional_instant_from(json, "flapping_until");
  for (const auto& [name, policy] : json["policies"].members()) memory.policies[name] = policy_from(policy);
  return memory;
}

template <class From>
auto read_text(const std::string& text, From from) -> Result<decltype(from(std::declval<JsonCursor>()))> {
  const Json document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return Error{ErrorKind::invalid, "it is not JSON", {}, {}};
  std::string mistake;
  auto value = from(JsonCursor(document, mistake));
  if (!mistake.empty()) return Error{ErrorKind::invalid, mistake, {}, {}};
  return value;
}

}  // namespace

Json decision_json(const ScalingDecision& decision) {
  return {
      {"group", decision.group},
      {"at", rfc3339(decision.at)},
      {"current", decision.current},
      {"size", decision.size},
      {"ready", decision.ready},
      {"there", decision.there},
      {"winner", decision.winner},
      {"text", decision.text},
      {"recommendations", list_json(decision.recommendations, recommendation_json)},
      {"terminating", list_json(decision.terminating, [](const InstanceAddress& one) { return Json(to_string(one)); })},
      {"layers", list_json(decision.layers, layer_json)}};
}

std::string decision_text(const ScalingDecision& decision) {
  return decision_json(decision).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ScalingDecision> decision_from_text(const std::string& text) {
  return read_text(text, decision_from);
}

std::string memory_text(const ScalingMemory& memory) {
  return memory_json(memory).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ScalingMemory> memory_from_text(const std::string& text) {
  return read_text(text, memory_from);
}

}  // namespace vscale
