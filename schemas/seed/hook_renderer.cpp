#include "schemas/seed/hook_renderer.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "schemas/seed/instance_text.h"

namespace vscale {
namespace {

constexpr const char* kHidden = "***";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

/// The value itself and each of its lines: a key in many lines may be told line by line.
void add_secret(std::string_view value, std::vector<std::string>& secrets) {
  const auto add = [&](std::string_view piece) {
    if (const auto bare = trimmed(piece); bare.size() >= kLeastSecretBytes) secrets.emplace_back(bare);
  };
  add(value);
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find('\n', at), value.size());
    add(value.substr(at, end - at));
    at = end + 1;
  }
}

std::vector<std::string> secrets_of(const Variables& variables) {
  std::vector<std::string> secrets;
  for (const auto& [name, variable] : variables.vars) {
    if (variable.sensitive && variable.value) add_secret(*variable.value, secrets);
  }
  for (const auto& [name, value] : variables.environment) {
    if (value) add_secret(*value, secrets);
  }
  return secrets;
}

}  // namespace

HookRenderer::HookRenderer(Variables variables) : variables_(std::move(variables)), secrets_(secrets_of(variables_)) {}

Result<std::string> HookRenderer::fill_in(const TemplateText& text, const InstanceFacts& facts,
                                          const KnownAddresses& known_addresses) {
  return fill_in_for_instance(text.text, fmt::format("a hook of {}", facts.name), {facts, known_addresses, variables_});
}

std::string HookRenderer::without_secrets(std::string text) {
  // Marked first: a secret may be a part of another, or begin within one.
  std::vector<bool> hidden(text.size(), false);
  for (const auto& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 1)) {
      std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(at), secret.size(), true);
    }
  }
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!hidden[at]) {
      shown += text[at];
    } else if (at == 0 || !hidden[at - 1]) {
      shown += kHidden;
    }
  }
  return shown;
}

}  // namespace vscale
