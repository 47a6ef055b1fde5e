#pragma once

#include <map>
#include <string>
#include <vector>

#include "schemas/config/config_reader.h"

/// What the tests of the reader have in common: a small world of files and variables, and pieces of YAML.

namespace vscale::test {

/// Reads files from memory. The first file is `vscale.yaml` in `/config`.
struct World {
  std::map<std::string, std::string> environment = {};
  std::map<std::string, std::string> files = {};  ///< By absolute path.
  std::vector<std::string> assignments = {};
  std::vector<SourceFile> var_files = {};
  ReadInput::Secrets secrets = ReadInput::Secrets::demanded;
};

ReadInput input_of(const std::string& yaml, const World& world = {});
ReadConfig read(const std::string& yaml, const World& world = {});
/// The whole text that a person sees for `yaml`, and a last line `no configuration` or `a configuration`.
std::string messages_for(const std::string& yaml, const World& world = {});
/// The configuration of a file that has no mistakes; fails the test otherwise.
Config config_of(const std::string& yaml, const World& world = {});
/// The codes of all diagnostics, in order.
std::vector<std::string> codes_of(const std::string& yaml, const World& world = {});

/// A file that is right: one host, image, storage and network of 50 addresses, no group.
std::string base();
/// base() and a group `web` of one whose other keys are `keys`, indented by four spaces.
std::string with_group(const std::string& keys);
/// The same with `keys` of its template, indented by six.
std::string with_template(const std::string& keys);

/// The files below a folder of the source tree whose names end so, in order; paths relative to the tree's root.
std::vector<std::string> source_files_below(const std::string& folder, const std::string& ending);

/// What is said of the file is as in the golden file of that name.
void check_messages(const std::string& golden, const std::string& yaml, const World& world = {});

}  // namespace vscale::test
