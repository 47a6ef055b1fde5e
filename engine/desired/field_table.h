#pragma once

#include <string>
#include <vector>

#include "engine/desired/group.h"
#include "engine/desired/template.h"

/// What a change of each field of a template costs: the one table that the spec hash, the diff and the plan's words are
/// made from. A new field is one row here and one test.

namespace vscale {

/// What a field is read from.
struct FieldSource {
  const Template& instance;
  const std::string& image_digest;  ///< `sha256:HEX` of what the image stands for.
};

struct Field {
  const char* name;  ///< The word in FieldChange and in messages.
  const char* key;   ///< The template's key that it is written under, which `lifecycle.ignoreChanges` names.
  Disruption
      disruption;  ///< What a change costs at most: `live` is `reboot` beyond what the domain was given room for.
  /// Of a field that replaces: its value as text that neither the order of keys nor a default written out changes, and
  /// empty at the default, so that a field added later leaves every hash as it is. nullptr for all others.
  std::string (*canonical)(const FieldSource& source);
  /// As a person reads it. Never user-data.
  std::string (*show)(const FieldSource& source);
};

/// All fields. The order of those with `canonical` is part of the spec hash: new ones go to the end.
const std::vector<Field>& field_table();

/// The row of that name, which must exist.
const Field& field_named(const std::string& name);

/// Is a change of that field to be left alone, because `ignoreChanges` names its key?
bool is_ignored(const Lifecycle& lifecycle, const std::string& field);

}  // namespace vscale
