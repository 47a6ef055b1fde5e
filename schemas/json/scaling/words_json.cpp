#include "schemas/json/scaling/words_json.h"

#include "engine/values/variants/overloaded.h"
#include "schemas/json/parts/json_values.h"
#include "schemas/json/state_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

Json said_json(const char* kind, const std::string& about, const std::optional<Instant>& until, const Said& said) {
  return {{"kind", kind},           {"about", about}, {"until", or_null(until)},
          {"at", rfc3339(said.at)}, {"by", said.by},  {"reason", said.reason}};
}

}  // namespace

Json wanted_size_json(const WantedSize& size) {
  return {{"group", size.group},   {"size", size.size},      {"owner", to_string(size.owner)}, {"by", size.by},
          {"reason", size.reason}, {"at", rfc3339(size.at)}, {"until", or_null(size.until)}};
}

WantedSize wanted_size_from(const JsonCursor& json) {
  return {.group = json["group"].text(),
          .size = json["size"].small(),
          .owner = json["owner"].word(size_owner_from),
          .by = json["by"].text(),
          .reason = json["reason"].text(),
          .at = json["at"].instant(),
          .until = optional_instant_from(json, "until")};
}

Json operator_word_json(const OperatorWord& word) {
  return std::visit(Overloaded{[](const Suspension& one) -> Json {
                                 Json json = said_json("suspend", one.group, one.until, one.said);
                                 json["process"] = to_string(one.process);
                                 return json;
                               },
                               [](const Protection& one) -> Json {
                                 Json json = said_json("protect", to_string(one.instance), one.until, one.said);
                                 json["from"] = to_string(one.from);
                                 return json;
                               },
                               [](const StopWord& one) -> Json {
                                 return said_json("stop", to_string(one.instance), std::nullopt, one.said);
                               },
                               [](const RestartWord& one) -> Json {
                                 Json json = said_json("restart", one.group, std::nullopt, one.said);
                                 json["rolling"] = one.rolling;
                                 return json;
                               }},
                    word);
}

OperatorWord operator_word_from(const JsonCursor& json) {
  const std::string kind = json["kind"].text();
  const Said said{json["at"].instant(), json["by"].text(), json["reason"].text()};
  const auto until = optional_instant_from(json, "until");
  const auto about = json["about"];
  if (kind == "suspend") return Suspension{about.text(), json["process"].word(process_from), until, said};
  if (kind == "protect") {
    return Protection{instance_address_from(about), json["from"].word(protection_from), until, said};
  }
  if (kind == "stop") return StopWord{instance_address_from(about), said};
  if (kind != "restart") json.wrong("an unknown word of an operator");
  return RestartWord{about.text(), json["rolling"].truth(), said};
}

Json operator_words_json(const OperatorWords& words) {
  Json all = Json::array();
  for (const auto& [about, one] : words.suspensions) all.push_back(operator_word_json(one));
  for (const auto& [about, one] : words.protections) all.push_back(operator_word_json(one));
  for (const auto& [about, one] : words.stops) all.push_back(operator_word_json(one));
  for (const auto& [about, one] : words.restarts) all.push_back(operator_word_json(one));
  return all;
}

Json health_json(const HealthRecord& health) {
  return {{"address", to_string(health.address)},
          {"uuid", health.uuid},
          {"failures", health.failures},
          {"failure", health.failure},
          {"failing_since", or_null(health.failing_since)},
          {"healthy_since", or_null(health.healthy_since)},
          {"looked_at", or_null(health.looked_at)},
          {"healed_at", list_json(health.healed_at, [](Instant at) { return Json(rfc3339(at)); })},
          {"backoff_step", health.backoff_step},
          {"retry_at", or_null(health.retry_at)}};
}

}  // namespace vscale
