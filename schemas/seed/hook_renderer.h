#pragma once

#include <cstddef>
#include <vector>

#include "engine/ports/hook_texts.h"
#include "schemas/variables/read_input.h"

namespace vscale {

/// A secret that is shorter cannot be told from other text: `8080` or `yes` would make holes into every message, and
/// the holes would tell what it is.
constexpr std::size_t kLeastSecretBytes = 4;

/// Fills in the texts of hooks: facts of the instance, addresses of others, and variables, secrets among them. Holds a
/// copy; safe to call from several threads.
class HookRenderer final : public HookTexts {
 public:
  explicit HookRenderer(Variables variables);

  Result<std::string> fill_in(const TemplateText& text, const InstanceFacts& facts,
                              const KnownAddresses& known_addresses) override;
  /// Secrets are the values of sensitive variables and of `${env.X}`, and each of their lines, from kLeastSecretBytes
  /// on; without the white space around them. What a command has made of one (its base64, a part of it) is not
  /// recognized.
  std::string without_secrets(std::string text) override;

 private:
  Variables variables_;
  std::vector<std::string> secrets_;
};

}  // namespace vscale
