#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/values/diagnostic.h"
#include "engine/values/result.h"

/// From the text of the configuration files to the value that the engine works with, or to all mistakes at once.

namespace vscale {

/// One file, read by whoever calls.
struct SourceFile {
  std::string path;  ///< As the user gave it; messages show it so.
  std::string text;  ///< Its bytes. They need not be UTF-8 or YAML: whatever is wrong with them becomes a diagnostic.

  bool operator==(const SourceFile&) const = default;
};

/// What `${var.x}` and `${env.X}` stand for. Holds secrets: hand it to the SeedRenderer and to nothing that prints,
/// logs or stores.
struct Variables {
  struct Variable {
    std::optional<std::string> value;  ///< Nothing: it has no value, which only a sensitive one may lack.
    bool sensitive = false;            ///< Declared so, or made from one that is, or from `${env.X}`.

    bool operator==(const Variable&) const = default;
  };

  std::map<std::string, Variable> vars;                           ///< Every declared variable.
  std::map<std::string, std::optional<std::string>> environment;  ///< Every `${env.X}` that the files name; sensitive.

  bool operator==(const Variables&) const = default;
};

/// What a configuration is read from. The reader asks the system for nothing; everything comes through here.
struct ReadInput {
  std::vector<SourceFile> files;         ///< In the order of -f; at least one.
  std::string working_folder;            ///< Absolute. Relative paths in `files` start here.
  std::vector<std::string> assignments;  ///< `NAME=VALUE` from --var; the last of a name wins.
  std::vector<SourceFile> var_files;     ///< From --var-file: one YAML map of names to values each; a later one wins.

  /// The environment: VSCALE_VAR_x and `${env.X}`. Empty function: no environment.
  std::function<std::optional<std::string>(const std::string& name)> environment;

  /// The contents of a file that the configuration names (userDataFile, a path in sshKeys), by absolute path. Never
  /// asked for images or pools. Empty function: naming such a file is an error.
  std::function<Result<std::string>(const std::string& absolute_path)> read_file;

  /// demanded: a sensitive variable or `${env.X}` without a value is an error (plan, apply, watch).
  /// not_demanded: it stays without one (validate, status, destroy).
  enum class Secrets { demanded, not_demanded } secrets = Secrets::demanded;
};

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
/// Takes time and memory linear in the size of the files, whatever is in them (see the bounds below).
ReadConfig read_config(const ReadInput& input);

/// The place of `path`, or of the nearest thing around it that was written; line 0 if there is none.
SourceSpan place_of(const ReadConfig& read, const std::string& path);

/// The diagnostic for something found out later about what stands at `path`: severity error, with place, snippet.
/// `input` is what `read` was read from.
Diagnostic diagnostic_at(const ReadInput& input, const ReadConfig& read, const std::string& path,
                         const std::string& code, const std::string& summary, const std::string& label,
                         const std::string& hint);

/// Bounds on what is read; beyond each of them is an error that says so.
constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;
constexpr std::size_t kMaxNesting = 64;     ///< Lists and maps within each other, aliases followed.
constexpr std::size_t kMaxNodes = 300'000;  ///< Values in one file, each alias counted with all that it stands for.
constexpr std::size_t kMaxValueBytes = 1024 * 1024;  ///< One text with its variables filled in.
constexpr std::size_t kMaxDiagnostics = 200;
constexpr int kMaxGroupSize = 100'000;

}  // namespace vscale
