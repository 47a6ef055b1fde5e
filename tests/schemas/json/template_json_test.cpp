// What an instance is made of, as the text that the statefile keeps of a revision.

#include "schemas/json/template_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/golden.h"
#include "tests/support/revisions.h"

namespace vscale::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

Template must_read(const std::string& text) {
  auto made_of = template_from_text(text);
  INFO(text << ": " << (made_of ? "" : to_string(made_of.error())));
  REQUIRE(made_of.ok());
  return std::move(made_of).value();
}

/// As one reads it from a text in which this key, at any depth, was not written.
Template without(const std::string& pointer) {
  OrderedJson document = template_json(full_template());
  const OrderedJson::json_pointer place(pointer);
  document[place.parent_pointer()].erase(place.back());
  return must_read(document.dump());
}

/// A template whose lists hold one new value each, so that their fields can be looked at.
Template as_new() {
  Template made_of;
  made_of.disks = {DataDisk{}};
  made_of.networks = {NicSpec{}};
  made_of.xml = {XmlPatch{}};
  return made_of;
}

}  // namespace

TEST_CASE("a template is written and read back, to the last field") {
  CHECK(must_read(template_text(full_template())) == full_template());
  CHECK(must_read(template_text(Template{})) == Template{});
  CHECK(template_text(full_template()).find('\n') == std::string::npos);
}

TEST_CASE("the template that tests write has no field as a new one has it") {
  const OrderedJson full = template_json(full_template()).flatten();
  const OrderedJson plain = template_json(as_new()).flatten();
  CHECK(plain.size() >= 27);
  for (const auto& [pointer, value] : plain.items()) {
    INFO(pointer);
    CHECK((!full.contains(pointer) || full[pointer] != value));
  }
}

TEST_CASE("a template's text has the keys that it had when it was released") {
  check_golden("schemas/template.json", template_json(full_template()).dump(2) + "\n");
}

TEST_CASE("a template of a vscale that did not know a field is read, with that field as a new template has it") {
  CHECK(must_read("{}") == Template{});
  CHECK(without("/machine").machine == "q35");
  CHECK(without("/cpu").cpu == "host-model");
  CHECK(without("/cloud_init/vendor_data").cloud_init.vendor_data);
  CHECK(without("/cloud_init/user_data").cloud_init.user_data == std::nullopt);
  CHECK_FALSE(without("/disks/0/keep").disks.at(0).keep);
  CHECK(without("/xml").xml.empty());
  const OrderedJson keys = template_json(as_new()).flatten();
  for (const auto& [pointer, value] : keys.items()) {
    INFO(pointer);
    CHECK(without(pointer) != full_template());
  }
}

TEST_CASE("a template of a vscale that knew more fields is read without them") {
  OrderedJson document = template_json(full_template());
  document["gpu"] = {{"model", "a100"}};
  document["disks"][0]["cache"] = "none";
  document["networks"][1]["queues"] = 4;
  document["cloud_init"]["locale"] = "de";
  document["xml"][0]["why"] = nullptr;

  CHECK(must_read(document.dump()) == full_template());
}

TEST_CASE("a damaged template is named with its place") {
  struct Row {
    std::string text, mistake;
  };
  const auto row = GENERATE(values<Row>({
      {"", "it is not JSON, or was cut off"},
      {"[]", "the document: not an object"},
      {"null", "the document: not an object"},
      {R"({"vcpus": "many"})", "vcpus: not a whole number"},
      {R"({"vcpus": 99999999999})", "vcpus: too large a number"},
      {R"({"memory_bytes": -1})", "memory_bytes: negative"},
      {R"({"firmware": "coreboot"})", "firmware: an unknown word"},
      {R"({"disks": {}})", "disks: not a list"},
      {R"({"cloud_init": {"seed": 1}})", "cloud_init.seed: not a text"},
      {R"({"xml": [{"op": "burn"}]})", "xml[0].op: an unknown word"},
      {R"({"cloud_init": {"ssh_keys": [1]}})", "cloud_init.ssh_keys[0]: not a text"},
  }));
  const auto refused = template_from_text(row.text);
  INFO(row.text);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().message == "this is not a whole template: " + row.mistake);
}

TEST_CASE("a template's text that was cut off at any byte is refused") {
  const std::string text = template_text(full_template());
  for (std::size_t length = 0; length < text.size(); ++length) {
    INFO("cut to " << length << " of " << text.size() << " bytes");
    CHECK_FALSE(template_from_text(text.substr(0, length)).ok());
  }
}

}  // namespace vscale::test
