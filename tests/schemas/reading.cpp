#include "tests/schemas/reading.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "schemas/diagnostics/diagnostic_text.h"
#include "tests/support/golden.h"

namespace vscale::test {

ReadInput input_of(const std::string& yaml, const World& world) {
  ReadInput input;
  input.files = {{"vscale.yaml", yaml}};
  input.working_folder = "/config";
  input.assignments = world.assignments;
  input.var_files = world.var_files;
  input.secrets = world.secrets;
  input.environment = [environment = world.environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  input.read_file = [files = world.files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found != files.end()) return found->second;
    return Error{ErrorKind::not_found, "there is no such file", "", ""};
  };
  return input;
}

ReadConfig read(const std::string& yaml, const World& world) {
  return read_config(input_of(yaml, world));
}

std::string messages_for(const std::string& yaml, const World& world) {
  const ReadConfig found = read(yaml, world);
  return render_diagnostics(found.diagnostics) + (found.config ? "a configuration\n" : "no configuration\n");
}

Config config_of(const std::string& yaml, const World& world) {
  const ReadConfig found = read(yaml, world);
  INFO(render_diagnostics(found.diagnostics));
  REQUIRE(found.config.has_value());
  return *found.config;
}

std::vector<std::string> codes_of(const std::string& yaml, const World& world) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : read(yaml, world).diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

std::string base() {
  return R"(version: 1
name: prod
hosts:
  kvm1: { uri: "qemu:///system", labels: { rack: a } }
images:
  debian-12: { source: debian-12.qcow2 }
storage:
  local: { pool: default }
networks:
  lan: { bridge: br0, addresses: [10.0.0.50-10.0.0.99], gateway: 10.0.0.1 }
)";
}

std::string with_group(const std::string& keys) {
  return base() + "groups:\n  web:\n    template: { image: debian-12, vcpus: 1, memory: 1GiB }\n" + keys;
}

std::string with_template(const std::string& keys) {
  return base() + "groups:\n  web:\n    template:\n      image: debian-12\n      vcpus: 1\n      memory: 1GiB\n" + keys;
}

std::vector<std::string> source_files_below(const std::string& folder, const std::string& ending) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(VSCALE_SOURCE_DIR) / folder)) {
    const std::string path = entry.path().lexically_relative(VSCALE_SOURCE_DIR).string();
    if (entry.is_regular_file() && path.ends_with(ending)) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_messages(const std::string& golden, const std::string& yaml, const World& world) {
  check_golden("schemas/" + golden + ".txt", messages_for(yaml, world));
}

}  // namespace vscale::test
