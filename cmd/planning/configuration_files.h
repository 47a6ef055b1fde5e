#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/invocation/invocation.h"
#include "engine/ports/state_store.h"
#include "schemas/config/config_reader.h"
#include "schemas/json/plan_json.h"

namespace vscale {

/// The files of the configuration: what was read, and what came of it. Holds secrets.
struct ConfigurationFiles {
  ReadInput input;
  ReadConfig read;
};

/// The files of variables that the command line names.
Result<std::vector<SourceFile>> read_var_files(const Invocation& invocation);

/// Reads the files that the command line names. Mistakes in them are in ReadConfig::diagnostics; an Error means that a
/// file could not be read at all.
Result<ConfigurationFiles> read_files(const Invocation& invocation, ReadInput::Secrets secrets);

/// The same for a command that needs a configuration without a mistake: says what is wrong, and gives nothing then.
/// Warnings are said, too, unless -q. `output`: of that command.
std::optional<ConfigurationFiles> read_files_or_fail(const Invocation& invocation, ReadInput::Secrets secrets,
                                                     JsonOutput output = JsonOutput::document);

/// What is wanted from here on, as `watch` follows it: their texts as they stand, with nothing filled in.
std::vector<AcceptedFile> accepted_files(const ConfigurationFiles& files);
/// Remembers them as that, with who accepted them now, and why (may be empty).
Result<void> accept(const Invocation& invocation, const ConfigurationFiles& files, const std::string& reason,
                    StateStore& store);

/// What a plan is made from, as digests: every file, and the variables that are not sensitive. Keyed, since the plan
/// may be shown to people who are not to find out by trying what stands in them.
std::vector<MadeFrom> digests_of(const ConfigurationFiles& files, const std::string& key);

}  // namespace vscale
