#include "schemas/language/json_schema.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "schemas/diagnostics/diagnostic_text.h"
#include "schemas/language/language.h"
#include "schemas/language/not_yet.h"
#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using nlohmann::json;

// As an editor sees YAML: plain scalars of the core schema, everything else as text.
json as_editors_see(const YAML::Node& node) {
  if (node.IsNull()) return nullptr;
  if (node.IsSequence()) {
    json list = json::array();
    for (const auto& item : node) list.push_back(as_editors_see(item));
    return list;
  }
  if (node.IsMap()) {
    json map = json::object();
    for (const auto& entry : node) map[entry.first.as<std::string>()] = as_editors_see(entry.second);
    return map;
  }
  const std::string text = node.as<std::string>();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  static const std::regex kInteger("-?(0|[1-9][0-9]{0,17})");
  static const std::regex kNumber("-?[0-9]+\\.[0-9]+");
  if (std::regex_match(text, kInteger)) return std::stoll(text);
  if (std::regex_match(text, kNumber)) return std::stod(text);
  return text;
}

const valijson::Schema& schema() {
  static const valijson::Schema* const kSchema = [] {
    auto* parsed = new valijson::Schema;
    const json document = json::parse(config_json_schema().dump());
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(document), *parsed);
    return parsed;
  }();
  return *kSchema;
}

std::string first_complaint(const std::string& yaml) {
  const json document = as_editors_see(YAML::Load(yaml));
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema(), valijson::adapters::NlohmannJsonAdapter(document), &results)) return "";
  valijson::ValidationResults::Error error;
  results.popError(error);
  std::string where;
  for (const std::string& part : error.context) where += part;
  return where + ": " + error.description;
}

bool editor_accepts(const std::string& yaml) {
  return first_complaint(yaml).empty();
}

}  // namespace

TEST_CASE("an editor finds keys, their meaning and their words in the JSON Schema") {
  const json document = json::parse(config_json_schema().dump());
  CHECK(document["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(document["required"] == json::array({"version", "name"}));
  CHECK(document["additionalProperties"] == false);
  const json agent = document["definitions"]["image"]["properties"]["agent"];
  CHECK(agent["anyOf"][0]["enum"] == json::array({"install", "present", "none"}));
  CHECK(agent["description"].get<std::string>().find("Default: install.") != std::string::npos);
}

TEST_CASE("the JSON Schema accepts what the reader accepts") {
  std::vector<std::string> files = source_files_below("examples", ".yaml");
  files.push_back("tests/schemas/data/everything.yaml");
  for (const std::string& file : files) {
    INFO(file);
    CHECK((first_complaint(read_source_file(file)) == "") == (file != "examples/broken.yaml"));
  }
  CHECK(editor_accepts(base()));
  CHECK(editor_accepts(
      with_template("      disk: \"${var.disk}\"\n      vcpus: ${var.n}\n").replace(0, 0, "vars: {}\n")));
  CHECK(editor_accepts(with_group("    ha: true\n    update: { maxSurge: \"50%\", maxUnavailable: 1 }\n")));
}

TEST_CASE("the JSON Schema and the reader refuse the same mistakes of structure") {
  const std::string broken[] = {
      with_group("    sise: 3\n"),
      with_group("    size: many\n"),
      with_group("    size: \"3\"\n"),
      with_group("    size: -1\n"),
      with_group("    size: 1.5\n"),
      with_group("    dependsOn: db\n"),
      with_group("    dependsOn: [Db]\n"),
      with_group("    health: [agent]\n"),
      with_group("    health: { gates: [agent] }\n"),
      with_group("    health: { gates: [{}] }\n"),
      with_group("    health: { gates: [{ agent: {}, domain: {} }] }\n"),
      with_group("    health: { gates: [{ tcp: {} }] }\n"),
      with_group("    health: { gates: [{ tcp: { port: 70000 } }] }\n"),
      with_group("    health: { gates: [{ exec: { guest: [] } }] }\n"),
      with_group("    health: { startupTimeout: 5min }\n"),
      with_group("    health: { startupTimeout: 5 }\n"),
      with_group("    lifecycle: { preventDestroy: yes }\n"),
      with_group("    lifecycle: { ignoreChanges: [size] }\n"),
      with_group("    placement: { strategy: even }\n"),
      with_group("    placement:\n"),
      with_group("    shutdown: { grace: 60 }\n"),
      with_group("    hosts: []\n"),
      with_group("    hosts: { rack: a }\n"),
      with_group("    update: { maxSurge: -1 }\n"),
      with_group("    update: { maxSurge: some }\n"),
      with_group("    scaling: { min: 1 }\n"),
      with_group("    scaling: { min: 1, max: 3, cooldown: 5 }\n"),
      with_group("    hooks: { afterReady: [{ command: [a], guest: [b] }] }\n"),
      with_group("    ha: { onHostLoss: panic }\n"),
      with_template("      disk: 20\n"),
      with_template("      disk: 2G\n"),
      with_template("      firmware: eufi\n"),
      with_template("      networks: lan\n"),
      with_template("      networks: [{ address: 10.0.0.5 }]\n"),
      with_template("      networks: [{ name: lan, mac: 52-54 }]\n"),
      with_template("      disks: [{ name: data }]\n"),
      with_template("      disks: [{ name: ../x, size: 1GiB }]\n"),
      with_template("      cloudInit: { userData: a, userDataFile: b }\n"),
      with_template("      xml: [{ at: /x }]\n"),
      base() + "groups: { Web: { template: { image: debian-12, vcpus: 1, memory: 1GiB } } }\n",
      base() + "removed: [{ address: group.old }]\n",
      base() + "removed: [{ address: old, then: destroy }]\n",
      base() + "survive: { failures: 0 }\n",
      base() + "limits: { parallel: 0 }\n",
      base() + "vars: { x: 3 }\n",
      base() + "vars: { a-b: {} }\n",
      base() + "unknown: {}\n",
      "name: prod\n",
      "version: 2\nname: prod\n",
      "version: 1\nname: Prod\n",
      "version: 1\nname: 12\n",
      "version: 1\nname: prod\nhosts: []\n",
      "version: 1\nname: prod\nhosts: { kvm1: { uri: kvm1 } }\n",
      "version: 1\nname: prod\nimages: { a: {} }\n",
      "version: 1\nname: prod\nimages: { a: { source: { host: kvm1 } } }\n",
      "version: 1\nname: prod\nimages: { a: { source: ftp://x/y } }\n",
      "version: 1\nname: prod\nnetworks: { a: {} }\n",
      "version: 1\nname: prod\nnetworks: { a: { bridge: b, network: c } }\n",
      "version: 1\nname: prod\nnetworks: { a: { bridge: b, addresses: [10.0.0.300] } }\n",
      "version: 1\nname: prod\nnetworks: { a: { bridge: b, vlan: 5000 } }\n",
      "version: 1\nname: prod\nstorage: { a: { pool: default, overcommit: lots } }\n",
      "version: 1\nname: prod\nstorage: { a: { pool: default, overcommit: 1000 } }\n"};
  for (const std::string& yaml : broken) {
    INFO(yaml);
    CHECK_FALSE(editor_accepts(yaml));
    CHECK_FALSE(read(yaml).config.has_value());
  }
}

TEST_CASE("every object of the language has a name of its own, and every key a meaning") {
  std::set<std::string> names;
  for (const ObjectType* object : all_objects()) {
    INFO(object->name);
    CHECK(names.insert(object->name).second);
    CHECK(!object->doc.empty());
    for (const Key& key : object->keys) {
      INFO(key.name);
      CHECK(!key.doc.empty());
      CHECK_FALSE(key.id.empty());
    }
  }
}

TEST_CASE("what does nothing yet is told of keys and words that there are") {
  std::map<std::string, const Key*> keys;
  for (const ObjectType* object : all_objects()) {
    for (const Key& key : object->keys) keys.emplace(key.id, &key);
  }
  for (const NotYet& row : all_not_yet()) {
    INFO(row.key << " " << row.value);
    const auto found = keys.find(std::string(row.key));
    REQUIRE(found != keys.end());
    const Type& type = found->second->type;
    const auto is_word = std::find(type.words.begin(), type.words.end(), row.value) != type.words.end();
    CHECK((row.value.empty() || is_word || type.kind == Type::Kind::boolean || type.kind == Type::Kind::text));
  }
}

TEST_CASE("the reference of the configuration is up to date") {
  check_generated("schemas/README.md", config_reference());
}

TEST_CASE("a default that is written out makes no difference") {
  // For every key of the objects that a small file has, the file with the documented default written into it.
  struct Spot {
    const char* object;
    const char* around;  // %: where KEY: DEFAULT goes, in braces
  };
  const Spot spots[] = {{"limits", "limits: %\n"},
                        {"sqlite", "state: { sqlite: % }\n"},
                        {"backup", "state: { sqlite: { backup: % } }\n"},
                        {"reserved", "defaults: { hosts: { reserved: % } }\n"},
                        {"overcommit", "defaults: { hosts: { overcommit: % } }\n"},
                        {"template", "defaults: { template: % }\n"},
                        {"cloudInit", "defaults: { template: { cloudInit: % } }\n"},
                        {"placement", "defaults: { groups: { placement: % } }\n"},
                        {"update", "defaults: { groups: { update: % } }\n"},
                        {"health", "defaults: { groups: { health: % } }\n"},
                        {"heal", "defaults: { groups: { health: { heal: % } } }\n"},
                        {"shutdown", "defaults: { groups: { shutdown: % } }\n"},
                        {"lifecycle", "defaults: { groups: { lifecycle: % } }\n"},
                        {"group", "defaults: { groups: % }\n"},
                        {"metrics", "metrics: %\n"},
                        {"watch", "watch: %\n"}};
  const Config expected = config_of(with_group(""));
  int tried = 0;
  for (const Spot& spot : spots) {
    for (const ObjectType* object : all_objects()) {
      if (object->name != spot.object) continue;
      for (const Key& key : object->keys) {
        if (key.standard.empty() || key.standard.front() == '(') continue;
        std::string line = spot.around;
        line.replace(line.find('%'), 1, "{ " + key.name + ": " + key.standard + " }");
        INFO(line);
        CHECK(config_of(with_group("") + line) == expected);
        ++tried;
      }
    }
  }
  CHECK(tried > 40);
}

TEST_CASE("documented defaults of scaling, storage, networks and images hold") {
  const auto same = [](const std::string& without, const std::string& from, const std::string& to) {
    std::string with_it = without;
    with_it.replace(with_it.find(from), from.size(), to);
    INFO(with_it);
    CHECK(config_of(without) == config_of(with_it));
  };
  const auto each = [&](const char* name, const std::string& yaml, const std::string& before) {
    for (const ObjectType* object : all_objects()) {
      if (object->name != name) continue;
      for (const Key& key : object->keys) {
        if (key.standard.empty() || key.standard.front() == '(') continue;
        same(yaml, before, before + ", " + key.name + ": " + key.standard);
      }
    }
  };
  each("storage", with_group(""), "pool: default");
  each("network", with_group(""), "bridge: br0");
  each("image", with_group(""), "source: debian-12.qcow2");
  each("scaling", with_group("    scaling: { min: 1, max: 3 }\n"), "max: 3");
}

}  // namespace vscale::test
