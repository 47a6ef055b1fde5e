#include "cmd/planning/configuration_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "cmd/planning/fresh_plan.h"
#include "cmd/views/text/moment_text.h"
#include "cmd/views/text/text_layout.h"
#include "engine/values/digest.h"
#include "schemas/diagnostics/diagnostic_text.h"

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

/// nullopt: there is none, or it cannot be told.
std::optional<AcceptedConfig> accepted_in(const Invocation& invocation, const std::string& statefile) {
  const auto opened = invocation.outside.open_state(statefile, OpenMode::read_only);
  if (!opened) return std::nullopt;
  auto accepted = opened->store->accepted_config();
  if (!accepted || !*accepted || is_withdrawn(**accepted)) return std::nullopt;
  return std::move(*accepted);
}

std::filesystem::path folder_of(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().parent_path();
}

/// What the accepted configuration names, by where that was.
std::map<std::string, std::string> named_by(const AcceptedConfig& accepted) {
  std::map<std::string, std::string> named;
  for (const auto& file : accepted.files) {
    if (!file.is_configuration) named.emplace(file.path, file.text);
  }
  return named;
}

/// What was named from a file in the folder `then` is looked for from `now`.
void move_named(const AcceptedConfig& accepted, const std::filesystem::path& then, const std::filesystem::path& now,
                std::map<std::string, std::string>& named) {
  if (then == now || !then.is_absolute()) return;
  for (const auto& file : accepted.files) {
    if (file.is_configuration) continue;
    const auto moved = now / std::filesystem::path(file.path).lexically_relative(then);
    named.insert_or_assign(moved.lexically_normal().string(), file.text);
  }
}

/// nullopt: it cannot be read here, as a variable is missing.
std::optional<ConfigurationFiles> read_accepted(const Invocation& invocation, const AcceptedConfig& accepted) {
  auto var_files = read_var_files(invocation);
  if (!var_files) return std::nullopt;
  ReadInput input = input_of(invocation, accepted, std::move(*var_files), ReadInput::Secrets::not_demanded);
  ReadConfig read = read_config(input);
  if (!read.config) return std::nullopt;
  return ConfigurationFiles{std::move(input), std::move(read)};
}

/// Was it accepted from files of these names? Another configuration may have its statefile where this one's would be,
/// if this one did not name its own. The folders tell nothing: one may have been in another then.
bool is_accepted_from(const AcceptedConfig& accepted, const std::vector<std::string>& files) {
  const auto name = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  std::vector<std::string> then;
  for (const auto& file : accepted.files) {
    if (file.is_configuration) then.push_back(name(file.path));
  }
  return std::equal(then.begin(), then.end(), files.begin(), files.end(),
                    [&](const std::string& left, const std::string& right) { return left == name(right); });
}

Diagnostic unread(const Error& error) {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::error;
  diagnostic.code = "unreadable";
  diagnostic.summary = error.detail.empty() ? error.message : fmt::format("{} [{}]", error.message, error.detail);
  return diagnostic;
}

/// Says what is wrong only if it has something to show instead.
std::optional<FilesToTellBy> accepted_instead_of(const Invocation& invocation, Diagnostics mistakes) {
  const std::string statefile = statefile_of_mistaken(invocation);
  const auto accepted = accepted_in(invocation, statefile);
  if (!accepted || !is_accepted_from(*accepted, invocation.global.files)) return std::nullopt;
  auto files = read_accepted(invocation, *accepted);
  if (!files) return std::nullopt;
  files->read.config->state.path = statefile;
  invocation.streams.err << render_diagnostics(mistakes) << "\n";
  const TimeWords words{.now = invocation.outside.clock->now(), .time_of_day = invocation.outside.time_of_day};
  // Also with -q: it belongs to the mistakes.
  invocation.streams.err << left_and_right(printable(fmt::format("Shown by what was last accepted, by {} ({}).",
                                                                 accepted->by, moment_text(accepted->at, words))),
                                           "", 2);
  return FilesToTellBy{.files = std::move(*files), .mistakes = std::move(mistakes)};
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

std::string statefile_of_mistaken(const Invocation& invocation) {
  if (invocation.global.state) return absolute_path(invocation.outside, *invocation.global.state);
  const std::string first = absolute_path(invocation.outside, invocation.global.files.front());
  return first.substr(0, first.rfind('/')) + "/vscale.db";
}

ReadInput input_of(const Invocation& invocation, const AcceptedConfig& accepted, std::vector<SourceFile> var_files,
                   ReadInput::Secrets secrets) {
  const Outside& outside = invocation.outside;
  ReadInput input;
  for (const auto& file : accepted.files) {
    if (file.is_configuration) input.files.push_back({.path = file.path, .text = file.text});
  }
  std::map<std::string, std::string> named = named_by(accepted);
  if (is_accepted_from(accepted, invocation.global.files)) {
    for (std::size_t i = 0; i < input.files.size(); ++i) {
      const std::string then = std::exchange(input.files[i].path, invocation.global.files[i]);
      move_named(accepted, folder_of(then), folder_of(absolute_path(outside, input.files[i].path)), named);
    }
  }
  input.working_folder = outside.working_folder;
  input.assignments = invocation.global.assignments;
  input.var_files = std::move(var_files);
  input.environment = outside.environment;
  input.read_file = [named = std::move(named),
                     read = outside.read_file](const std::string& path) -> Result<std::string> {
    const auto found = named.find(path);
    return found != named.end() ? Result<std::string>(found->second) : read(path);
  };
  input.secrets = secrets;
  return input;
}

std::optional<FilesToTellBy> read_files_to_tell_by(const Invocation& invocation) {
  auto files = read_files(invocation, ReadInput::Secrets::not_demanded);
  if (!files) {
    auto accepted = accepted_instead_of(invocation, {unread(files.error())});
    if (!accepted) fail(invocation, files.error());
    return accepted;
  }
  if (files->read.config) {
    if (invocation.verbosity != Verbosity::quiet) report(invocation, files->read.diagnostics, JsonOutput::document);
    return FilesToTellBy{.files = std::move(*files), .mistakes = {}};
  }
  auto accepted = accepted_instead_of(invocation, files->read.diagnostics);
  if (!accepted) report(invocation, files->read.diagnostics, JsonOutput::document);
  return accepted;
}

bool are_files_to_be_applied(const Invocation& invocation, const ConfigurationFiles& files) {
  const auto accepted = accepted_in(invocation, state_path(invocation, *files.read.config));
  if (!accepted || accepted->files == accepted_files(files)) return false;
  if (!is_accepted_from(*accepted, invocation.global.files)) return false;
  auto then = read_accepted(invocation, *accepted);
  if (!then || then->read.config->watch.follow != Watch::Follow::applied) return false;
  then->read.config->state.path = files.read.config->state.path;  // it may have been applied from another folder
  return then->read.config != files.read.config;
}

std::vector<AcceptedFile> accepted_files(const ConfigurationFiles& files) {
  std::vector<AcceptedFile> accepted;
  for (const auto& file : files.input.files) {
    const auto path = std::filesystem::path(files.input.working_folder) / file.path;
    accepted.push_back({.path = path.lexically_normal().string(), .text = file.text});
  }
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

Result<void> withdraw(const Invocation& invocation, const std::string& reason, StateStore& store) {
  const Outside& outside = invocation.outside;
  return store.accept_config(
      {.files = {}, .at = outside.clock->now(), .by = outside.user + "@" + outside.machine, .reason = reason});
}

bool is_withdrawn(const AcceptedConfig& accepted) {
  return accepted.files.empty();
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
