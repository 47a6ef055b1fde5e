#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/diagnostics/reporter.h"

/// YAML as a tree in which every value knows where it was written.

namespace vscale {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// One key of a map with its value.
struct Entry {
  std::string key;
  Place place;  ///< Of the key.
  NodePtr value;
};

/// A value. Aliases have been followed: the node of an anchor occurs at several places, so a tree never changes.
struct Node {
  enum class Kind {
    null,    ///< Nothing written, or ~ or null.
    scalar,  ///< Text; whether it is a number is for the reader to say.
    list,
    map,
    bad,  ///< It was reported already and means nothing.
  };

  Kind kind = Kind::null;
  std::string text;     ///< scalar: what it says, escapes and folding undone.
  bool quoted = false;  ///< scalar: written in quotes or as a block, so never a number.
  Place place;
  std::vector<NodePtr> items;  ///< list
  std::vector<Entry> entries;  ///< map, in file order; keys are unique.
  std::size_t nodes = 1;       ///< This one and all below it.
  std::size_t height = 1;      ///< 1 for a scalar.

  /// The value of `key`; nullptr if the map has none, or if this is no map.
  [[nodiscard]] const Entry* find(std::string_view key) const;
};

/// Reads the text of `reporter.file(file)`. nullptr if there is nothing in it that could be read further; why is
/// reported. Reports bytes that are not UTF-8, control characters, syntax errors, tags, merge keys, duplicate keys,
/// keys that are not text, cyclic aliases, several documents and whatever goes beyond those in schemas/text/bounds.h.
NodePtr parse_yaml(int file, Reporter& reporter);

/// A map whose values stand where `where` does; for what nobody wrote.
NodePtr empty_map(const Place& where);
/// What takes the place of a value that was reported.
NodePtr bad_node(const Place& where);

}  // namespace vscale
