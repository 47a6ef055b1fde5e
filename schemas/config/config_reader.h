#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/values/diagnostic.h"
#include "schemas/text/bounds.h"
#include "schemas/variables/read_input.h"

/// From the text of the configuration files to the value that the engine works with, or to all mistakes at once.

namespace vscale {

/// What came of reading.
struct ReadConfig {
  /// Set exactly if no diagnostic is an error.
  std::optional<Config> config;

  /// Every mistake and warning, ordered by file and place; those about no place come last. At most
  /// kMaxDiagnostics, and then one that tells how many more there are. Never holds a secret.
  Diagnostics diagnostics;

  /// Where each value was written, for messages that come later: "groups.web.template.memory",
  /// "machines.db1.memory", "groups.web.template.disks[0].size", "hosts.kvm1.uri". A value that comes from `defaults`
  /// is found under the group that it was merged into. A path that is not here was not written: ask place_of().
  std::map<std::string, SourceSpan> places;

  Variables variables;

  /// The files that the configuration names and that were read, by absolute path, in the order of their first use.
  std::vector<SourceFile> files_read;
};

/// Reads, merges and checks all of `input`. Never throws and never stops at the first mistake; only a file that is no
/// YAML at all keeps what is in it from being checked. Uses that mean nothing yet are warnings with code "not_yet".
/// Takes time and memory linear in the size of the files, whatever is in them (see schemas/text/bounds.h).
ReadConfig read_config(const ReadInput& input);

/// The place of `path`, or of the nearest thing around it that was written; line 0 if there is none.
SourceSpan place_of(const ReadConfig& read, const std::string& path);

/// The diagnostic for something found out later about what stands at `path`: severity error, with place, snippet.
/// `input` is what `read` was read from.
Diagnostic diagnostic_at(const ReadInput& input, const ReadConfig& read, const std::string& path,
                         const std::string& code, const std::string& summary, const std::string& label,
                         const std::string& hint);

}  // namespace vscale
