#pragma once

#include <string>

#include "engine/desired/template.h"
#include "engine/domain/instance_facts.h"
#include "engine/ports/known_addresses.h"
#include "engine/values/result.h"

namespace vscale {

/// A port: fills in what the texts of hooks leave open, secrets among it.
class HookTexts {
 public:
  virtual ~HookTexts() = default;
  /// `invalid` if a name in the text is unknown, a sensitive variable has no value, or an address is not known. What it
  /// returns may hold a secret: it goes to the command or the guest and nowhere else. Safe from several threads at
  /// once.
  virtual Result<std::string> fill_in(const TemplateText& text, const InstanceFacts& facts,
                                      const KnownAddresses& known_addresses) = 0;
  /// The same text with every secret in it replaced by "***", as far as it can be told from other text: for what a
  /// command has said.
  virtual std::string without_secrets(std::string text) = 0;
};

}  // namespace vscale
