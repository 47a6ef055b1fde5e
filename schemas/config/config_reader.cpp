#include "schemas/config/config_reader.h"

#include <algorithm>

#include "schemas/config/config_builder.h"
#include "schemas/config/config_checks.h"
#include "schemas/language/language.h"
#include "schemas/language/shape.h"
#include "schemas/text/url_password.h"

namespace vscale {
namespace {

constexpr const char* kAllowUnverifiedHosts = "VSCALE_ALLOW_UNVERIFIED_HOSTS";

const Type& type_of(const ObjectType& object, std::string_view key) {
  return object.find(key)->type;
}

Type object_type(const ObjectType& object) {
  Type type;
  type.kind = Type::Kind::object;
  type.object = &object;
  return type;
}

// All files as one tree; nullptr if one of them cannot be read at all, since what it holds would then be missed
// everywhere else.
NodePtr read_files(const ReadInput& input, Reporter& reporter) {
  NodePtr all;
  bool fine = true;
  for (const SourceFile& source : input.files) {
    const int file = reporter.add_file(SourceText(source.path, source.text, false));
    const NodePtr root = parse_yaml(file, reporter);
    if (root == nullptr) {
      fine = false;
    } else if (root->kind != Node::Kind::map) {
      fine = false;
      reporter.error(root->place, {.code = "wrong_type",
                                   .summary = "the file is no map",
                                   .label = "expected keys such as version: and name:",
                                   .hint = "begin with a copy of a file from examples/"});
    } else {
      all = merge_files(all, root, Path(), reporter);
    }
  }
  return fine ? all : nullptr;
}

NodePtr value_of(const NodePtr& map, std::string_view key) {
  const Entry* entry = map == nullptr ? nullptr : map->find(key);
  return entry == nullptr || entry->value->kind == Node::Kind::bad ? nullptr : entry->value;
}

NodePtr without(const NodePtr& map, const std::vector<std::string_view>& keys) {
  if (map == nullptr) return nullptr;
  Node copy = *map;
  std::erase_if(copy.entries,
                [&](const Entry& entry) { return std::find(keys.begin(), keys.end(), entry.key) != keys.end(); });
  return std::make_shared<const Node>(std::move(copy));
}

NodePtr with(const NodePtr& map, const std::string& key, const NodePtr& value) {
  if (map->kind != Node::Kind::map || value == nullptr) return map;
  Node copy = *map;
  const auto found =
      std::find_if(copy.entries.begin(), copy.entries.end(), [&](const Entry& entry) { return entry.key == key; });
  if (found != copy.entries.end()) {
    found->value = value;
  } else {
    copy.entries.push_back({key, value->place, value});
  }
  return std::make_shared<const Node>(std::move(copy));
}

// Lays every entry of `section` over `below`.
NodePtr over_each(const NodePtr& root, const std::string& section, const NodePtr& below) {
  const NodePtr things = value_of(root, section);
  if (things == nullptr || below == nullptr) return root;
  const Type& element = type_of(config_object(), section).of[0];
  Node copy = *things;
  for (Entry& entry : copy.entries) entry.value = merge_defaults(below, entry.value, element);
  return with(root, section, std::make_shared<const Node>(std::move(copy)));
}

NodePtr apply_defaults(const NodePtr& root) {
  const NodePtr defaults = value_of(root, "defaults");
  if (defaults == nullptr) return root;
  const ObjectType& group = *type_of(config_object(), "groups").of[0].object;
  const NodePtr for_groups = value_of(defaults, "groups");
  const NodePtr for_template =
      merge_defaults(value_of(defaults, "template"), value_of(for_groups, "template"), type_of(group, "template"));
  // What a group gets: all that is said of groups, and the template. A machine has the template's keys beside those.
  const NodePtr bare = for_groups != nullptr ? for_groups : empty_map(defaults->place);
  const NodePtr group_below = with(bare, "template", for_template);
  const ObjectType& machine = *type_of(config_object(), "machines").of[0].object;
  const NodePtr machine_below =
      merge_defaults(for_template, without(bare, {"template", "size", "scaling"}), object_type(machine));
  NodePtr merged = over_each(root, "hosts", value_of(defaults, "hosts"));
  merged = over_each(merged, "groups", group_below);
  return over_each(merged, "machines", machine_below);
}

void check_something_to_run_on(const NodePtr& root, Reporter& reporter) {
  const Entry* hosts = root->find("hosts");
  const bool nothing_wanted = root->find("groups") == nullptr && root->find("machines") == nullptr;
  const bool there_are = hosts != nullptr && (hosts->value->kind != Node::Kind::map || !hosts->value->entries.empty());
  if (nothing_wanted || there_are) return;
  reporter.error(root->place, {.code = "missing_key",
                               .summary = "the file names no hosts",
                               .label = "`hosts` is required where there are groups or machines",
                               .hint = "such as hosts: { here: { uri: \"qemu:///system\" } }"});
}

UnverifiedHosts unverified_hosts(const ReadInput& input) {
  const bool allowed = input.environment && input.environment(kAllowUnverifiedHosts) == "1";
  return allowed ? UnverifiedHosts::allowed : UnverifiedHosts::refused;
}

SourceSpan place_in(const std::map<std::string, SourceSpan>& places, std::string path) {
  for (;;) {
    const auto found = places.find(path);
    if (found != places.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return {};
    path.erase(cut);
  }
}

}  // namespace

ReadConfig read_config(const ReadInput& input) {
  ReadConfig read;
  Reporter reporter;
  NodePtr root = read_files(input, reporter);
  if (root == nullptr) {
    read.diagnostics = reporter.take();
    return read;
  }
  Substitution substitution(input, value_of(root, "vars").get(), reporter);
  Shape shape(reporter, substitution);
  const Type whole = object_type(config_object());
  const NodePtr written = root;
  root = apply_defaults(shape.check(written, whole, Path()));
  std::map<std::string, Place> places;
  shape.check_complete(without(root, {"defaults"}), whole, Path(), root->place, places);
  check_something_to_run_on(written, reporter);
  NamedFiles files(input, reporter);
  BuildContext context{input, reporter, substitution, files};
  Config config = build_config(*root, context);
  ConfigChecks(config, *root, places, reporter).run(substitution.mentions(), unverified_hosts(input));
  for (const auto& [path, place] : places) read.places.emplace(path, reporter.span(place));
  read.variables = substitution.variables();
  read.files_read = files.all();
  if (reporter.error_count() == 0) read.config = std::move(config);
  read.diagnostics = reporter.take();
  return read;
}

SourceSpan place_of(const ReadConfig& read, const std::string& path) {
  return place_in(read.places, path);
}

Diagnostic diagnostic_at(const ReadInput& input, const ReadConfig& read, const std::string& path,
                         const std::string& code, const std::string& summary, const std::string& label,
                         const std::string& hint) {
  Diagnostic diagnostic{.severity = Severity::error,
                        .code = code,
                        .summary = hide_passwords(summary),
                        .label = hide_passwords(label),
                        .hint = hide_passwords(hint),
                        .where = place_of(read, path),
                        .snippet = "",
                        .also = {}};
  for (const SourceFile& file : input.files) {
    if (file.path != diagnostic.where.file) continue;
    const SourceText text(file.path, file.text, false);
    diagnostic.snippet = hide_passwords(std::string(text.line(diagnostic.where.line)));
    break;
  }
  return diagnostic;
}

}  // namespace vscale
