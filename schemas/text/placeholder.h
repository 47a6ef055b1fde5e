#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/values/address.h"

/// `${…}` in texts. `$${` is a literal `${`; any other `$` is itself.

namespace vscale {

/// A stretch of a text.
struct Piece {
  bool literal = true;
  std::string text;        ///< literal: as it is meant, escapes undone. Otherwise what stands between the braces.
  std::size_t offset = 0;  ///< Where it begins in the text that was parsed.

  bool operator==(const Piece&) const = default;
};

struct Pieces {
  std::vector<Piece> all;               ///< Neighbouring literals are one.
  std::optional<std::size_t> unclosed;  ///< Offset of a `${` without its `}`; what follows it is not in `all`.
};

Pieces parse_placeholders(std::string_view text);

/// The text that parse_placeholders() takes apart into `pieces`: literals are escaped, so that nothing in them is
/// filled in. Nothing if that cannot be written: a literal that ends in $ directly before a placeholder.
std::optional<std::string> template_text_of(const std::vector<Piece>& pieces);

/// What stands between the braces of a placeholder.
struct Reference {
  enum class Kind {
    variable,     ///< var.x
    environment,  ///< env.X
    name,         ///< The domain's name.
    group,
    ordinal,
    address,  ///< IPv4 address of the first network card.
    host,
    other_address,  ///< group.cp[0].address, machine.db1.address
    unknown
  };

  Kind kind = Kind::unknown;
  std::string word;       ///< The variable's name.
  InstanceAddress other;  ///< other_address

  bool operator==(const Reference&) const = default;
};

Reference parse_reference(std::string_view inside);

/// The names of all that is known of an instance, for "did you mean".
std::vector<std::string> fact_names();

}  // namespace vscale
