#include "schemas/language/language.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"

namespace vscale {
namespace {

using namespace table;

Type without_required(const ObjectType* object_type, const char* name) {
  ObjectType copy = *object_type;
  copy.name = name;
  for (Key& key : copy.keys) {
    key.required = false;
    if (key.name == "template") key.type = without_required(key.type.object, "groupDefaultsTemplate");
  }
  copy.exactly_one.clear();
  return object(std::move(copy));
}

Type defaults_type() {
  return object({.name = "defaults",
                 .title = "the defaults",
                 .doc = "Merged under every host, template and group; a key given there wins.",
                 .keys = {{"hosts", without_required(host_object(), "hostDefaults"), "", "Under every host."},
                          {"template", without_required(template_object(), "templateDefaults"), "",
                           "Under every template, and under every machine."},
                          {"groups", without_required(group_object(), "groupDefaults"), "",
                           "Under every group, and under every machine where it has the key."}}});
}

const ObjectType* make_config_object() {
  const Type moved = object({.name = "move",
                             .title = "a move",
                             .doc = "A rename: instances keep running under the new address.",
                             .keys = {{"from", text(forms::kGroupAddress), "", "The old address.", kRequired},
                                      {"to", text(forms::kGroupAddress), "", "The new address.", kRequired}}});
  const Type removed = object(
      {.name = "removal",
       .title = "a removal",
       .doc = "What becomes of instances that the file no longer wants.",
       .keys = {{"address", text(forms::kThingAddress), "", "The group, instance or machine.", kRequired},
                {"then", choice({"destroy", "forget"}), "", "Destroyed, or left running and forgotten.", kRequired}}});
  const Type survive =
      object({.name = "survive",
              .title = "survive",
              .doc = "The promise: after any so many failures at once, every HA VM still has a place.",
              .keys = {{"failures", integer(1, 100), "", "How many.", kRequired},
                       {"unit", text(forms::kLabelKey), "host", "host, or a host label such as rack."},
                       {"onViolation", choice({"refuse", "warn"}), "refuse", "What a plan that breaks it does."}}});
  return define({.name = "config",
                 .title = "the configuration",
                 .doc = "The whole file.",
                 .keys = {{"version", integer(1, 1), "", "Of this language.", kRequired},
                          {"name", text(forms::kGroupName), "",
                           "Of the installation: instances are called NAME-GROUP-ORDINAL.", kRequired},
                          {"vars", map_of(forms::kVariableName, variable_type()), "", "What `${var.NAME}` stands for."},
                          {"state", state_type(), "", "The statefile."},
                          {"limits", limits_type(), "", "How much may happen at once."},
                          {"metrics", metrics_type(), "", "What is measured."},
                          {"defaults", defaults_type(), "", "Merged under every host, template and group."},
                          {"hosts", map_of(forms::kName, object(host_object())), "", "By name."},
                          {"images", map_of(forms::kName, image_type()), "", "By name."},
                          {"storage", map_of(forms::kName, storage_type()), "", "By name."},
                          {"networks", map_of(forms::kName, network_type()), "", "By name."},
                          {"groups", map_of(forms::kGroupName, object(group_object())), "", "By name."},
                          {"machines", map_of(forms::kGroupName, object(machine_object())), "", "Single VMs, by name."},
                          {"moved", list(moved), "", "Renames."},
                          {"removed", list(removed), "", "What goes."},
                          {"survive", survive, "", "The promise."},
                          {"watch", watch_type(), "", "The loop."}}});
}

void collect(const Type& type, std::vector<const ObjectType*>& into) {
  if (type.object != nullptr && std::find(into.begin(), into.end(), type.object) == into.end()) {
    into.push_back(type.object);
    for (const Key& key : type.object->keys) collect(key.type, into);
  }
  for (const Type& inner : type.of) collect(inner, into);
}

// The first of those that the hint of a form names: "3/5" of "such as 3/5: three of the last five".
std::string first_example(std::string_view hint) {
  constexpr std::string_view kSuchAs = "such as ";
  if (!hint.starts_with(kSuchAs)) return "NAME";
  hint.remove_prefix(kSuchAs.size());
  if (hint.starts_with('"')) return std::string(hint.substr(0, hint.find('"', 1) + 1));
  const std::string_view word = hint.substr(0, hint.find_first_of(" ;,"));
  return std::string(word.ends_with(':') ? word.substr(0, word.size() - 1) : word);
}

}  // namespace

const Key* ObjectType::find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> ObjectType::key_names() const {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  return names;
}

const ObjectType& config_object() {
  static const ObjectType* const definition = make_config_object();
  return *definition;
}

std::vector<const ObjectType*> all_objects() {
  Type whole;
  whole.object = &config_object();
  std::vector<const ObjectType*> all;
  collect(whole, all);
  return all;
}

std::string describe(const Type& type) {
  switch (type.kind) {
    case Type::Kind::text:
      return type.form->name;
    case Type::Kind::boolean:
      return "true or false";
    case Type::Kind::integer:
      return "whole number";
    case Type::Kind::number:
      return "number";
    case Type::Kind::duration:
      return "duration";
    case Type::Kind::size:
      return "size";
    case Type::Kind::percent:
      return "percentage";
    case Type::Kind::amount:
    case Type::Kind::signed_amount:
      return "number or percentage";
    case Type::Kind::choice:
      return type.words.size() == 1 ? type.words[0] : "one of " + listed(type.words);
    case Type::Kind::list:
      return fmt::format("list ({})", describe(type.of[0]));
    case Type::Kind::map:
      return fmt::format("map ({})", describe(type.of[0]));
    case Type::Kind::object:
      return type.object->name;
    case Type::Kind::any_of: {
      std::string all;
      for (const Type& one : type.of) all += (all.empty() ? "" : ", or ") + describe(one);
      return all;
    }
  }
  return "";
}

std::string example_of(const Type& type) {
  switch (type.kind) {
    case Type::Kind::text:
      return first_example(type.form->hint);
    case Type::Kind::boolean:
      return "true";
    case Type::Kind::integer:
      return fmt::format("{}", std::max<std::int64_t>(type.min, 1));
    case Type::Kind::number:
      return "1.0";
    case Type::Kind::duration:
      return "30s";
    case Type::Kind::size:
      return "2GiB";
    case Type::Kind::percent:
      return "50%";
    case Type::Kind::amount:
    case Type::Kind::signed_amount:
      return "1";
    case Type::Kind::choice:
      return type.words[0];
    case Type::Kind::list:
      return fmt::format("[{}]", example_of(type.of[0]));
    case Type::Kind::any_of:
      return example_of(type.of[0]);
    case Type::Kind::map:
      return fmt::format("{{ NAME: {} }}", example_of(type.of[0]));
    case Type::Kind::object:
      break;
  }
  std::string keys;
  for (const Key& key : type.object->keys) {
    if (key.required) keys += fmt::format("{}{}: {}", keys.empty() ? " " : ", ", key.name, example_of(key.type));
  }
  if (keys.empty() && !type.object->keys.empty()) {
    const Key& first = type.object->keys.front();
    keys = fmt::format(" {}: {}", first.name, example_of(first.type));
  }
  return fmt::format("{{{}{}}}", keys, keys.empty() ? "" : " ");
}

}  // namespace vscale
