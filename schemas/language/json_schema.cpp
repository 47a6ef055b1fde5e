#include "schemas/language/json_schema.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "engine/values/text/lower_case.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/language/language.h"
#include "schemas/language/not_yet.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDurationPattern = "^[0-9]{1,18}(ms|s|m|h|d)$";
constexpr const char* kSizePattern = "^[0-9]{1,18}(\\.[0-9]{1,3})?([KMGTP]i?B)$";
constexpr const char* kPercentPattern = "^[0-9]{1,7}%$";
constexpr const char* kSignedPercentPattern = "^-?[0-9]{1,7}%$";
// A text with a placeholder may become anything.
constexpr const char* kPlaceholderPattern = "\\$\\{";

Json with_placeholder(Json schema) {
  return {{"anyOf", Json::array({std::move(schema), {{"type", "string"}, {"pattern", kPlaceholderPattern}}})}};
}

Json text_pattern(const char* pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

Json text_schema(const Type& type) {
  const TextForm& form = *type.form;
  // Where any text will do, a plain number is the text that it is written as.
  const Json types = form.loose ? Json::array({"string", "number", "boolean"}) : Json("string");
  Json schema{{"type", types}};
  if (form.pattern == nullptr || type.fill != Type::Fill::plain) return schema;
  schema["pattern"] = form.pattern;
  return with_placeholder(std::move(schema));
}

Json schema_of(const Type& type);

Json any_of_schema(const Type& type) {
  Json all = Json::array();
  for (const Type& one : type.of) all.push_back(schema_of(one));
  return {{"anyOf", std::move(all)}};
}

Json map_schema(const Type& type) {
  Json schema{{"type", "object"}};
  if (type.form->pattern != nullptr) schema["propertyNames"] = {{"pattern", type.form->pattern}};
  schema["additionalProperties"] = schema_of(type.of[0]);
  return schema;
}

Json schema_of(const Type& type) {
  switch (type.kind) {
    case Type::Kind::text:
      return text_schema(type);
    case Type::Kind::boolean:
      return with_placeholder({{"type", "boolean"}});
    case Type::Kind::integer:
      return with_placeholder({{"type", "integer"}, {"minimum", type.min}, {"maximum", type.max}});
    case Type::Kind::number:
      return with_placeholder({{"type", "number"}, {"minimum", type.number_min}, {"maximum", type.number_max}});
    case Type::Kind::duration:
      return with_placeholder(text_pattern(kDurationPattern));
    case Type::Kind::size:
      return with_placeholder(text_pattern(kSizePattern));
    case Type::Kind::percent:
      return with_placeholder(text_pattern(kPercentPattern));
    case Type::Kind::amount:
      return with_placeholder(
          {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 0}}, text_pattern(kPercentPattern)})}});
    case Type::Kind::signed_amount:
      return with_placeholder({{"anyOf", Json::array({{{"type", "integer"}}, text_pattern(kSignedPercentPattern)})}});
    case Type::Kind::choice:
      return with_placeholder({{"enum", type.words}});
    case Type::Kind::list: {
      Json schema{{"type", "array"}, {"items", schema_of(type.of[0])}};
      if (type.at_least > 0) schema["minItems"] = type.at_least;
      return schema;
    }
    case Type::Kind::map:
      return map_schema(type);
    case Type::Kind::object:
      return {{"$ref", "#/definitions/" + type.object->name}};
    case Type::Kind::any_of:
      return any_of_schema(type);
  }
  return {};
}

std::string meaning(const Key& key) {
  std::string text = key.doc;
  if (!key.standard.empty()) text += fmt::format(" Default: {}.", key.standard);
  return text;
}

// Required keys are asked for only where no default can bring them.
bool may_come_from_defaults(const ObjectType& object) {
  return object.name == "host" || object.name == "template" || object.name == "group" || object.name == "machine" ||
         object.name == "groupDefaultsTemplate";
}

Json object_schema(const ObjectType& object) {
  Json schema{{"type", "object"}, {"description", object.doc}, {"additionalProperties", false}};
  schema["properties"] = Json::object();
  Json required = Json::array();
  for (const Key& key : object.keys) {
    Json property = schema_of(key.type);
    if (property.contains("$ref")) property = {{"allOf", Json::array({property})}};
    property["description"] = meaning(key);
    schema["properties"][key.name] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  if (!required.empty() && !may_come_from_defaults(object)) schema["required"] = std::move(required);
  Json conditions = Json::array();
  for (const auto& set : object.exactly_one) {
    Json one_of = Json::array();
    for (const std::string& key : set) one_of.push_back({{"required", Json::array({key})}});
    conditions.push_back({{"oneOf", std::move(one_of)}});
  }
  for (const auto& set : object.at_most_one) {
    conditions.push_back({{"not", {{"required", set}}}});
  }
  if (!conditions.empty()) schema["allOf"] = std::move(conditions);
  return schema;
}

// ---- the reference ----

std::string escaped_for_table(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

// Under `defaults` stand the same objects, with nothing required.
std::string section_of(const ObjectType& object) {
  if (object.name == "groupDefaultsTemplate") return "template";
  return object.name.substr(0, object.name.find("Defaults"));
}

std::string anchor(const ObjectType& object) {
  const std::string section = section_of(object);
  return fmt::format("[{}](#{})", section, lower_case(section));  // GitHub writes anchors in lower case
}

std::string type_words(const Type& type) {
  switch (type.kind) {
    case Type::Kind::object:
      return anchor(*type.object);
    case Type::Kind::list:
      return "list of " + type_words(type.of[0]);
    case Type::Kind::map:
      return fmt::format("map of {} to {}", type.form->name, type_words(type.of[0]));
    case Type::Kind::integer:
      return type.min == type.max ? fmt::format("{}", type.min) : fmt::format("number, {} to {}", type.min, type.max);
    case Type::Kind::number:
      return fmt::format("number, {} to {}", type.number_min, type.number_max);
    case Type::Kind::choice: {
      std::string words;
      for (const std::string& word : type.words) words += (words.empty() ? "`" : ", `") + word + "`";
      return words;
    }
    case Type::Kind::any_of: {
      std::string words;
      for (const Type& one : type.of) words += (words.empty() ? "" : ", or ") + type_words(one);
      return words;
    }
    case Type::Kind::text:
    case Type::Kind::boolean:
    case Type::Kind::duration:
    case Type::Kind::size:
    case Type::Kind::percent:
    case Type::Kind::amount:
    case Type::Kind::signed_amount:
      break;
  }
  return describe(type);
}

std::string default_words(const Key& key) {
  if (key.required) return "**required**";
  if (key.standard.empty()) return "";
  const bool is_literal = !key.standard.starts_with('(');
  return is_literal ? fmt::format("`{}`", key.standard) : key.standard.substr(1, key.standard.size() - 2);
}

std::string not_yet_words(const Key& key) {
  const NotYet* row = find_not_yet(key.id, "");
  std::string value;
  for (const std::string& word : {std::string("true"), std::string("uefi"), std::string("baseline")}) {
    if (row == nullptr && find_not_yet(key.id, word) != nullptr) value = word;
  }
  if (row != nullptr) return fmt::format(" *Does nothing yet: {}.*", row->meanwhile);
  if (value.empty()) return "";
  return fmt::format(" *`{}` does nothing yet: {}.*", value, find_not_yet(key.id, value)->meanwhile);
}

std::string object_reference(const ObjectType& object) {
  std::string out = fmt::format("\n## {}\n\n{}\n", object.name, object.doc);
  for (const auto& set : object.exactly_one) out += fmt::format("Exactly one of: {}.\n", listed(set));
  for (const auto& set : object.at_most_one) out += fmt::format("At most one of: {}.\n", listed(set));
  if (object.keys.empty()) return out + "\nNo keys: write `{}`.\n";
  out += "\n| key | what | default | meaning |\n|---|---|---|---|\n";
  for (const Key& key : object.keys) {
    out += fmt::format("| `{}` | {} | {} | {}{} |\n", key.name, escaped_for_table(type_words(key.type)),
                       escaped_for_table(default_words(key)), escaped_for_table(key.doc), not_yet_words(key));
  }
  return out;
}

constexpr const char* kIntroduction = R"(# schemas: from bytes to values and back

This folder turns the configuration files into the `Config` that the engine works with, or into all their mistakes at
once (`config_reader.h`); makes the seed of an instance (`seed_renderer.h`); and keeps the formats of what is printed
and stored. It is the only place that knows YAML.

What follows is the reference of the configuration language. It is generated from the table in `language/table`, which
the reader and `vscale schema` use as well; a test keeps it up to date (`VSCALE_UPDATE_GOLDEN=1` rewrites it).

## How it is written

- **Durations**: `250ms` `30s` `5m` `2h` `7d`. **Sizes**: `512MiB` `20GiB` `1TiB` (binary) or `20GB` (decimal). A bare
  number is an error.
- **Several files** (`-f` repeated): maps are merged; a scalar or a list given twice is an error, but for an equal
  `version` and `name`. Paths are relative to the file that names them; `~/` is the home folder of who runs vscale.
- **Variables**: `${var.NAME}` is filled in inside texts: from `--var NAME=VALUE`, else `--var-file`, else
  `VSCALE_VAR_NAME`, else the default under `vars`. `${env.X}` is the environment, and always sensitive. In user-data,
  gates and hooks also `${name}` `${group}` `${ordinal}` `${address}` `${host}` and `${group.cp[0].address}`,
  `${machine.db1.address}`. `$${X}` is a literal `${X}`. Inside `[ ]` and `{ }` a placeholder needs quotes.
- **Secrets** (`sensitive: true`, and `${env.X}`) reach the guest and the commands of hooks, and nothing else: they can
  stand in user-data, hooks, tokens and passwords; anywhere else they are an error. In what a hook says they are `***`,
  from four characters on.
- **Names**: groups and machines are lower-case letters, digits and `-`, beginning with a letter, at most 40; hosts,
  images, storage, networks, disks also take upper case, `.` and `_`, at most 63.
- YAML tags, merge keys (`<<`), duplicate keys and cyclic aliases are errors. A text that begins with `!` needs quotes.
- A group's `defaults`: what stands under `defaults.groups` and `defaults.template` is merged under every group, and, as
  far as it has the keys, under every machine; `defaults.hosts` under every host. A key given there wins.
)";

}  // namespace

Json config_json_schema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "vscale configuration"}};
  Json definitions = Json::object();
  for (const ObjectType* object : all_objects()) {
    if (object == &config_object()) {
      schema.update(object_schema(*object));
    } else {
      definitions[object->name] = object_schema(*object);
    }
  }
  schema["definitions"] = std::move(definitions);
  return schema;
}

std::string config_reference() {
  std::string out = kIntroduction;
  for (const ObjectType* object : all_objects()) {
    if (section_of(*object) == object->name) out += object_reference(*object);
  }
  return out;
}

}  // namespace vscale
