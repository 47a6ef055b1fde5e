#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "schemas/config/config_reader.h"
#include "schemas/variables/substitution.h"
#include "schemas/yaml/yaml_tree.h"

/// Turns a checked tree into the Config.

namespace vscale {

/// Reads files that the configuration names, each once.
class NamedFiles {
 public:
  NamedFiles(const ReadInput& input, Reporter& reporter) : input_(input), reporter_(reporter) {}

  /// `path` as it is written at `where`: absolute, below the home folder (`~/`), or beside the file that names it.
  [[nodiscard]] std::string absolute(const std::string& path, const Place& where) const;

  struct File {
    const std::string* text;
    int index;  ///< In the Reporter.
  };
  /// The contents of a text file; nothing if they cannot be had, or are no text; it was reported at `where`.
  std::optional<File> read(const std::string& path, const Place& where, const std::string& subject);

  [[nodiscard]] const std::vector<SourceFile>& all() const { return all_; }

 private:
  [[nodiscard]] std::string home_of(const std::string& path) const;

  const ReadInput& input_;
  Reporter& reporter_;
  std::vector<SourceFile> all_;
  std::map<std::string, int> known_;  // absolute path -> index in the Reporter; -1: cannot be read
};

struct BuildContext {
  const ReadInput& input;
  Reporter& reporter;
  Substitution& substitution;
  NamedFiles& files;
};

/// `root`: the whole file, merged, checked by Shape and with the defaults merged in. What was reported there is left at
/// its default; what can only be seen here is reported. References are not checked yet: see config_checks.h.
Config build_config(const Node& root, BuildContext& context);

/// Will there be an agent in the guest, as far as the file tells: in the image, or installed by vscale?
bool expects_agent(const Config& config, const Template& made);

/// Parts of it.
Group build_group(const std::string& name, const Node& node, const Config& config, BuildContext& context);
Group build_machine(const std::string& name, const Node& node, const Config& config, BuildContext& context);
Scaling build_scaling(const Node& node);

}  // namespace vscale
