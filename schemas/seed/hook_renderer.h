#pragma once

#include "engine/ports/hook_texts.h"
#include "schemas/variables/read_input.h"

namespace vscale {

/// Fills in the texts of hooks: facts of the instance, and variables, secrets among them. Holds a copy; safe to call
/// from several threads.
class HookRenderer final : public HookTexts {
 public:
  explicit HookRenderer(Variables variables);

  Result<std::string> fill_in(const TemplateText& text, const InstanceFacts& facts) override;
  std::string without_secrets(std::string text) override;

 private:
  Variables variables_;
};

}  // namespace vscale
