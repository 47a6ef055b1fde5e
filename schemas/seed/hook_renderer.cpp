#include "schemas/seed/hook_renderer.h"

#include <utility>

namespace vscale {

HookRenderer::HookRenderer(Variables variables) : variables_(std::move(variables)) {}

Result<std::string> HookRenderer::fill_in(const TemplateText& text, const InstanceFacts& facts) {
  return expand_instance_facts(text.text, facts);
}

std::string HookRenderer::without_secrets(std::string text) {
  return text;
}

}  // namespace vscale
