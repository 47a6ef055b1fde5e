#include "schemas/seed/hook_renderer.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/schemas/reading.h"

namespace vscale::test {
namespace {

const InstanceFacts kFacts{.name = "prod-web-2", .group = "web", .ordinal = 2, .address = "10.0.0.52", .host = "kvm1"};

const KnownAddresses kNeighbours({{{InstanceAddress::Kind::machine, "db", 0}, "10.0.0.60"}});

Variables variables() {
  return {.vars = {{"token", {.value = "hunter2", .sensitive = true}},
                   {"later", {.value = {}, .sensitive = true}},
                   {"domain", {.value = "example.lan", .sensitive = false}}},
          .environment = {{"API_KEY", "key-of-the-api"}, {"MISSING", {}}}};
}

std::string filled(const std::string& text, const InstanceFacts& facts = kFacts) {
  const auto result = HookRenderer(variables()).fill_in({text}, facts, kNeighbours);
  INFO((result ? "" : to_string(result.error())));
  REQUIRE(result);
  return *result;
}

Error refused(const std::string& text, const InstanceFacts& facts = kFacts) {
  const auto result = HookRenderer(variables()).fill_in({text}, facts, kNeighbours);
  REQUIRE_FALSE(result);
  return result.error();
}

std::string told(const std::string& text, const std::string& secret) {
  Variables known;
  known.vars["x"] = {.value = secret, .sensitive = true};
  return HookRenderer(known).without_secrets(text);
}

TEST_CASE("a hook's text is filled in with facts, addresses of others, variables and the environment") {
  CHECK(filled("${name} ${group} ${ordinal} ${address} ${host}") == "prod-web-2 web 2 10.0.0.52 kvm1");
  CHECK(filled("${machine.db.address}") == "10.0.0.60");
  CHECK(filled("${var.token}@${var.domain} ${env.API_KEY}") == "hunter2@example.lan key-of-the-api");
  CHECK(filled("$${name} costs 5$") == "${name} costs 5$");
}

TEST_CASE("what a hook's text asks for and nobody knows is told by its name") {
  InstanceFacts without_address = kFacts;
  without_address.address = "";
  CHECK(refused("${address}", without_address).message ==
        "a hook of prod-web-2: ${address} is not known before the guest has asked for one by DHCP");
  CHECK(refused("${machine.api.address}").hint == "add machine.api to dependsOn");
  CHECK(refused("${var.later}").message == "a hook of prod-web-2: variable \"later\" has no value");
  CHECK(refused("${env.MISSING}").message == "a hook of prod-web-2: the environment has no variable \"MISSING\"");
  for (const char* text : {"${address}", "${var.later}", "${var.nobody}", "${env.MISSING}", "${size}", "${name"}) {
    const Error error = refused(text, without_address);
    CHECK(error.kind == ErrorKind::invalid);
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("a mistake in a text that holds a secret does not tell it") {
  CHECK(to_string(refused("${var.token} ${size}")).find("hunter2") == std::string::npos);
}

TEST_CASE("secrets are taken out of what a command has said, and nothing else is") {
  HookRenderer renderer(variables());
  CHECK(renderer.without_secrets("login hunter2 with key-of-the-api at example.lan failed") ==
        "login *** with *** at example.lan failed");
  CHECK(renderer.without_secrets("hunter2hunter2") == "***");
  CHECK(renderer.without_secrets("Hunter2, hunter") == "Hunter2, hunter");
  CHECK(renderer.without_secrets("").empty());
}

TEST_CASE("of secrets that are parts of each other, or overlap, nothing is left") {
  Variables known;
  known.vars["short"] = {.value = "word", .sensitive = true};
  known.vars["long"] = {.value = "password", .sensitive = true};
  known.vars["other"] = {.value = "wordsmith", .sensitive = true};
  HookRenderer renderer(known);
  CHECK(renderer.without_secrets("a password, a word, a passwordsmith") == "a ***, a ***, a ***");
}

TEST_CASE("a secret of several lines is hidden as a whole, line by line, and without the end of its last line") {
  const std::string key = "-----BEGIN KEY-----\r\n  c2VjcmV0\nab\n-----END KEY-----\n";
  CHECK(told("key: " + key, key) == "key: ***\n");
  CHECK(told("cannot read c2VjcmV0 of it", key) == "cannot read *** of it");
  CHECK(told("about", key) == "about");
  CHECK(told("no hunter2 here", "hunter2\n") == "no *** here");
}

TEST_CASE("a secret of less than four bytes cannot be told from other text, and stays") {
  CHECK(told("port 808 is taken", "808") == "port 808 is taken");
  CHECK(told("port 8080 is taken", "8080") == "port *** is taken");
  CHECK(told("a b", " \n ") == "a b");
}

}  // namespace
}  // namespace vscale::test
