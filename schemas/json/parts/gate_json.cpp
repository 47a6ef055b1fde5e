#include "schemas/json/parts/gate_json.h"

#include "schemas/json/parts/json_values.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array kGateWords{Word<Gate::Kind>{Gate::Kind::domain, "domain"},
                                Word<Gate::Kind>{Gate::Kind::agent, "agent"},
                                Word<Gate::Kind>{Gate::Kind::cloud_init, "cloudInit"},
                                Word<Gate::Kind>{Gate::Kind::systemd, "systemd"},
                                Word<Gate::Kind>{Gate::Kind::tcp, "tcp"},
                                Word<Gate::Kind>{Gate::Kind::http, "http"},
                                Word<Gate::Kind>{Gate::Kind::exec, "exec"},
                                Word<Gate::Kind>{Gate::Kind::check_in, "checkIn"},
                                Word<Gate::Kind>{Gate::Kind::k8s_node, "k8sNode"}};

constexpr std::array kOnFailureWords{Word<Hook::OnFailure>{Hook::OnFailure::abort, "abort"},
                                     Word<Hook::OnFailure>{Hook::OnFailure::proceed, "continue"}};

Json template_texts_json(const std::vector<TemplateText>& argv) {
  return list_json(argv, [](const TemplateText& word) { return Json(word.text); });
}

std::vector<TemplateText> template_texts_from(const JsonCursor& json) {
  return list_from<TemplateText>(json, [](const JsonCursor& word) { return TemplateText{word.text()}; });
}

}  // namespace

Json gate_json(const Gate& gate) {
  return {{"kind", word_for(kGateWords, gate.kind)},
          {"allow_degraded", gate.allow_degraded},
          {"port", gate.port},
          {"path", gate.path},
          {"status", gate.status},
          {"timeout_ms", or_null(gate.timeout)},
          {"every_ms", or_null(gate.every)},
          {"guest", template_texts_json(gate.guest)},
          {"kubeconfig", gate.kubeconfig}};
}

Gate gate_from(const JsonCursor& json) {
  Gate gate;
  gate.kind = json["kind"].word(from_words(kGateWords));
  gate.allow_degraded = json["allow_degraded"].truth();
  gate.port = json["port"].small();
  gate.path = json["path"].text();
  gate.status = json["status"].small();
  gate.timeout = optional_duration_from(json, "timeout_ms");
  gate.every = optional_duration_from(json, "every_ms");
  gate.guest = template_texts_from(json["guest"]);
  gate.kubeconfig = json["kubeconfig"].text();
  return gate;
}

Json hook_json(const Hook& hook) {
  return {{"command", template_texts_json(hook.command)},
          {"guest", template_texts_json(hook.guest)},
          {"undo", template_texts_json(hook.undo)},
          {"stdin_text", hook.stdin_text ? Json(hook.stdin_text->text) : Json(nullptr)},
          {"stdin_from", template_texts_json(hook.stdin_from)},
          {"timeout_ms", or_null(hook.timeout)},
          {"on_failure", word_for(kOnFailureWords, hook.on_failure)}};
}

Hook hook_from(const JsonCursor& json) {
  Hook hook;
  hook.command = template_texts_from(json["command"]);
  hook.guest = template_texts_from(json["guest"]);
  hook.undo = template_texts_from(json["undo"]);
  if (json.has("stdin_text")) hook.stdin_text = TemplateText{json["stdin_text"].text()};
  hook.stdin_from = template_texts_from(json["stdin_from"]);
  hook.timeout = optional_duration_from(json, "timeout_ms");
  hook.on_failure = json["on_failure"].word(from_words(kOnFailureWords));
  return hook;
}

}  // namespace vscale
