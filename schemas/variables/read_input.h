#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/values/result.h"

/// What a configuration is read from, and what its variables stand for.

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

  /// The environment: VSCALE_VAR_x, `${env.X}`, VSCALE_ALLOW_UNVERIFIED_HOSTS=1, and HOME for paths that begin with ~/.
  /// Empty function: no environment.
  std::function<std::optional<std::string>(const std::string& name)> environment;

  /// The contents of a file that the configuration names (userDataFile, a path in sshKeys), by absolute path. Never
  /// asked for images or pools. Empty function: naming such a file is an error.
  std::function<Result<std::string>(const std::string& absolute_path)> read_file;

  /// demanded: a sensitive variable or `${env.X}` without a value is an error (plan, apply, watch).
  /// not_demanded: it stays without one (validate, status, destroy).
  enum class Secrets { demanded, not_demanded } secrets = Secrets::demanded;
};

}  // namespace vscale
