#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/invocation/exit_code.h"
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

/// Where the statefile is of files that have a mistake: by --state, or beside the first of them, as if they said
/// nothing of it.
std::string statefile_of_mistaken(const Invocation& invocation);

/// `accepted` as it was accepted, to be read here: what it names is read from what was accepted with it. It is read as
/// if it lay where the command line's files lie, where these have its names: what is beside them counts, and not what
/// is in somebody else's checkout, from which it was applied.
ReadInput input_of(const Invocation& invocation, const AcceptedConfig& accepted, std::vector<SourceFile> var_files,
                   ReadInput::Secrets secrets);

/// A configuration for a command that only tells how things stand.
struct FilesToTellBy {
  ConfigurationFiles files;  ///< Without a mistake.
  Diagnostics mistakes;      ///< Of the files as they lie there, where `files` is what was accepted; else empty.

  /// What the command ends with that has told all it was asked for.
  [[nodiscard]] ExitCode code() const { return mistakes.empty() ? ExitCode::ok : ExitCode::error; }
};
/// As read_files_or_fail, but where the files have a mistake, what was last accepted stands in for them, if the
/// statefile has that: the mistakes are said on stderr all the same, and the command ends with 1.
std::optional<FilesToTellBy> read_files_to_tell_by(const Invocation& invocation);

/// Do the files want something else than what was accepted, and nobody has applied them, as they are to be?
bool are_files_to_be_applied(const Invocation& invocation, const ConfigurationFiles& files);

/// What is wanted from here on, as `watch` follows it: their texts as they stand, with nothing filled in, and where
/// they lie.
std::vector<AcceptedFile> accepted_files(const ConfigurationFiles& files);
/// Remembers them as that, with who accepted them now, and why (may be empty).
Result<void> accept(const Invocation& invocation, const ConfigurationFiles& files, const std::string& reason,
                    StateStore& store);

/// Nothing is wanted from here on, until something is accepted again: all of it was destroyed, and no watch is to make
/// it anew.
Result<void> withdraw(const Invocation& invocation, const std::string& reason, StateStore& store);
bool is_withdrawn(const AcceptedConfig& accepted);

/// What a plan is made from, as digests: every file, and the variables that are not sensitive. Keyed, since the plan
/// may be shown to people who are not to find out by trying what stands in them.
std::vector<MadeFrom> digests_of(const ConfigurationFiles& files, const std::string& key);

}  // namespace vscale
