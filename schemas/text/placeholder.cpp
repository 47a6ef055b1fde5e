#include "schemas/text/placeholder.h"

#include <utility>

#include "schemas/text/text_form.h"

namespace vscale {
namespace {

constexpr std::pair<std::string_view, Reference::Kind> kFacts[] = {{"name", Reference::Kind::name},
                                                                   {"group", Reference::Kind::group},
                                                                   {"ordinal", Reference::Kind::ordinal},
                                                                   {"address", Reference::Kind::address},
                                                                   {"host", Reference::Kind::host}};

void add_literal(std::vector<Piece>& pieces, std::string_view text, std::size_t offset) {
  if (text.empty()) return;
  if (pieces.empty() || !pieces.back().literal) {
    pieces.push_back({.literal = true, .text = std::string(text), .offset = offset});
  } else {
    pieces.back().text += text;
  }
}

}  // namespace

Pieces parse_placeholders(std::string_view text) {
  Pieces pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t dollar = text.find("${", at);
    if (dollar == std::string_view::npos) {
      add_literal(pieces.all, text.substr(at), at);
      break;
    }
    const bool escaped = dollar > at && text[dollar - 1] == '$';
    if (escaped) {
      add_literal(pieces.all, text.substr(at, dollar - 1 - at), at);
      add_literal(pieces.all, "${", dollar - 1);
      at = dollar + 2;
      continue;
    }
    add_literal(pieces.all, text.substr(at, dollar - at), at);
    const std::size_t end = text.find('}', dollar);
    if (end == std::string_view::npos) {
      pieces.unclosed = dollar;
      break;
    }
    pieces.all.push_back(
        {.literal = false, .text = std::string(text.substr(dollar + 2, end - dollar - 2)), .offset = dollar});
    at = end + 1;
  }
  return pieces;
}

std::optional<std::string> template_text_of(const std::vector<Piece>& pieces) {
  std::string out;
  std::vector<Piece> merged;
  for (const Piece& piece : pieces) {
    if (piece.literal) {
      add_literal(merged, piece.text, piece.offset);
    } else {
      merged.push_back(piece);
    }
  }
  for (std::size_t i = 0; i < merged.size(); ++i) {
    if (!merged[i].literal) {
      out += "${" + merged[i].text + "}";
      continue;
    }
    const std::string& text = merged[i].text;
    if (text.ends_with('$') && i + 1 < merged.size()) return std::nullopt;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text.compare(at, 2, "${") == 0) out += '$';
      out += text[at];
    }
  }
  return out;
}

Reference parse_reference(std::string_view inside) {
  for (const auto& [word, kind] : kFacts) {
    if (inside == word) return {.kind = kind, .word = "", .other = {}};
  }
  if (inside.starts_with("var.") && forms::kVariableName.matches(inside.substr(4))) {
    return {.kind = Reference::Kind::variable, .word = std::string(inside.substr(4)), .other = {}};
  }
  if (inside.starts_with("env.") && forms::kVariableName.matches(inside.substr(4))) {
    return {.kind = Reference::Kind::environment, .word = std::string(inside.substr(4)), .other = {}};
  }
  constexpr std::string_view kAddress = ".address";
  if (inside.ends_with(kAddress)) {
    const auto other = parse_instance_address(inside.substr(0, inside.size() - kAddress.size()));
    if (other) return {.kind = Reference::Kind::other_address, .word = "", .other = *other};
  }
  return {};
}

std::vector<std::string> fact_names() {
  std::vector<std::string> names;
  for (const auto& [word, kind] : kFacts) names.emplace_back(word);
  return names;
}

}  // namespace vscale
