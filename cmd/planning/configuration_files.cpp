#include "cmd/planning/configuration_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/values/digest.h"

namespace vscale {
namespace {

constexpr const char* kNoConfiguration =
    "name the configuration with -f FILE; one to begin with: examples/one-group.yaml";
constexpr const char* kNoVarFile = "name the file of variables with --var-file FILE";

/// Of a configuration that cannot be opened: whoever named one knows -f, and looks for where it was looked up.
std::string hint_for_missing(const Invocation& invocation) {
  const auto& files = invocation.global.files;
  if (files == std::vector<std::string>{"vscale.yaml"}) return kNoConfiguration;
  const auto relative = [](const std::string& path) { return !path.starts_with('/'); };
  if (std::none_of(files.begin(), files.end(), relative)) return "is its name right?";
  return "a relative path is looked up from " + invocation.outside.working_folder;
}

Result<std::vector<SourceFile>> read_all(const Outside& outside, const std::vector<std::string>& paths,
                                         const std::string& hint_if_missing) {
  std::vector<SourceFile> files;
  for (const auto& path : paths) {
    auto text = outside.read_file(absolute_path(outside, path));
    if (!text) {
      Error error = text.error();
      if (error.hint.empty() && error.kind == ErrorKind::not_found) {
        error.hint = hint_if_missing;
      }
      return error;
    }
    files.push_back({.path = path, .text = std::move(*text)});
  }
  return files;
}

/// Schedules in zones that this machine does not know. The reader cannot tell: it would need the machine's zone data.
void check_zones(const Outside& outside, const ReadInput& input, ReadConfig& read) {
  if (!read.config) return;
  const Instant now = outside.clock->now();
  Diagnostics mistakes;
  for (const auto& group : read.config->groups) {
    if (!group.scaling) continue;
    for (const auto& policy : group.scaling->policies) {
      if (policy.kind != ScalingPolicy::Kind::schedule) continue;
      const auto rules = outside.time_zones->rules(policy.zone, now, now);
      if (rules) continue;
      const std::string path = fmt::format("groups.{}.scaling.policies.{}.zone", group.name, policy.name);
      mistakes.push_back(diagnostic_at(input, read, path, "unknown_zone",
                                       fmt::format("group \"{}\": {}", group.name, rules.error().message), "",
                                       rules.error().hint));
    }
  }
  if (mistakes.empty()) return;
  read.config.reset();
  read.diagnostics.insert(read.diagnostics.end(), mistakes.begin(), mistakes.end());
}

}  // namespace

Result<std::vector<SourceFile>> read_var_files(const Invocation& invocation) {
  return read_all(invocation.outside, invocation.global.var_files, kNoVarFile);
}

Result<ConfigurationFiles> read_files(const Invocation& invocation, ReadInput::Secrets secrets) {
  const Outside& outside = invocation.outside;
  auto files = read_all(outside, invocation.global.files, hint_for_missing(invocation));
  if (!files) return files.error();
  auto var_files = read_var_files(invocation);
  if (!var_files) return var_files.error();
  ReadInput input{.files = std::move(*files),
                  .working_folder = outside.working_folder,
                  .assignments = invocation.global.assignments,
                  .var_files = std::move(*var_files),
                  .environment = outside.environment,
                  .read_file = outside.read_file,
                  .secrets = secrets};
  ReadConfig read = read_config(input);
  check_zones(outside, input, read);
  return ConfigurationFiles{std::move(input), std::move(read)};
}

std::optional<ConfigurationFiles> read_files_or_fail(const Invocation& invocation, ReadInput::Secrets secrets,
                                                     JsonOutput output) {
  auto files = read_files(invocation, secrets);
  if (!files) {
    fail(invocation, files.error());
    return std::nullopt;
  }
  const bool usable = files->read.config.has_value();
  if (!usable || invocation.verbosity != Verbosity::quiet) report(invocation, files->read.diagnostics, output);
  if (!usable) return std::nullopt;
  return std::move(*files);
}

std::vector<AcceptedFile> accepted_files(const ConfigurationFiles& files) {
  std::vector<AcceptedFile> accepted;
  for (const auto& file : files.input.files) accepted.push_back({.path = file.path, .text = file.text});
  for (const auto& file : files.read.files_read) {
    accepted.push_back({.path = file.path, .text = file.text, .is_configuration = false});
  }
  return accepted;
}

Result<void> accept(const Invocation& invocation, const ConfigurationFiles& files, const std::string& reason,
                    StateStore& store) {
  const Outside& outside = invocation.outside;
  return store.accept_config({.files = accepted_files(files),
                              .at = outside.clock->now(),
                              .by = outside.user + "@" + outside.machine,
                              .reason = reason});
}

std::vector<MadeFrom> digests_of(const ConfigurationFiles& files, const std::string& key) {
  const auto digest = [&key](const std::string& text) { return "hmac-sha256:" + hmac_sha256_hex(key, text); };
  std::vector<MadeFrom> made_from;
  for (const auto& file : files.input.files) made_from.push_back({file.path, digest(file.text)});
  for (const auto& file : files.read.files_read) made_from.push_back({file.path, digest(file.text)});
  std::string variables;
  for (const auto& [name, variable] : files.read.variables.vars) {
    if (!variable.sensitive) variables += name + "=" + variable.value.value_or("") + "\n";
  }
  made_from.push_back({"variables", digest(variables)});
  return made_from;
}

}  // namespace vscale
