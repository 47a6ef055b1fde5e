#pragma once

#include <map>
#include <string>

#include "schemas/language/language.h"
#include "schemas/variables/substitution.h"
#include "schemas/yaml/path.h"
#include "schemas/yaml/yaml_tree.h"

/// Holds a tree against the language: known keys, types, units, ranges, words.

namespace vscale {

class Shape {
 public:
  Shape(Reporter& reporter, Substitution& substitution) : reporter_(reporter), substitution_(substitution) {}

  /// The tree with its texts filled in; what was wrong was reported, and is a bad node or left out. Whether required
  /// keys are there is not asked: a default may still bring them.
  NodePtr check(const NodePtr& node, const Type& type, const Path& path);

  /// Once defaults are merged: reports required keys that are missing and keys that exclude each other, and notes where
  /// everything was written. `anchor` is the key before the value.
  void check_complete(const NodePtr& node, const Type& type, const Path& path, const Place& anchor,
                      std::map<std::string, Place>& places);

 private:
  NodePtr check_scalar(const NodePtr& node, const Type& type, const Path& path);
  NodePtr check_list(const NodePtr& node, const Type& type, const Path& path);
  NodePtr check_map(const NodePtr& node, const Type& type, const Path& path);
  NodePtr check_object(const NodePtr& node, const Type& type, const Path& path);
  NodePtr check_any_of(const NodePtr& node, const Type& type, const Path& path);
  NodePtr check_one_of_scalars(const NodePtr& node, const Type& type, const Path& path);
  NodePtr wrong_kind(const Node& node, const Type& type, const Path& path);
  NodePtr fill_in(const NodePtr& node, const Type& type, const Path& path);
  /// Returns the key of the same object that was meant; empty if there is none.
  std::string report_unknown_key(const Entry& entry, const ObjectType& object, const Path& path);
  void warn_of_password(const Node& node, const Type& type, const Path& path);
  void warn_not_yet(const Entry& entry, const Key& key, const Path& path);
  void check_exclusive(const Node& node, const ObjectType& object, const Path& path, const Place& anchor);

  Reporter& reporter_;
  Substitution& substitution_;
};

/// `over` laid over `under`: maps are merged, anything else that `over` has wins. Of keys that exclude each other,
/// those of `under` go if `over` has one. Either may be nullptr.
NodePtr merge_defaults(const NodePtr& under, const NodePtr& over, const Type& type);

/// Merges the maps of several files; a scalar or list given twice is an error, but for equal `version` and `name`.
NodePtr merge_files(const NodePtr& first, const NodePtr& second, const Path& path, Reporter& reporter);

}  // namespace vscale
