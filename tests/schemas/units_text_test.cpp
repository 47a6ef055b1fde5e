#include "schemas/text/units_text.h"

#include <catch2/catch.hpp>
#include <random>
#include <regex>
#include <string>

#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/diagnostics/source_text.h"
#include "schemas/text/ipv4_text.h"
#include "schemas/text/placeholder.h"
#include "schemas/text/text_form.h"

namespace vscale::test {
namespace {

std::string random_text(std::mt19937& random, const std::string& alphabet, std::size_t longest) {
  std::string text(random() % (longest + 1), ' ');
  for (char& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

TEST_CASE("durations are a number and a unit") {
  CHECK(parse_duration("250ms") == Duration(250));
  CHECK(parse_duration("30s") == std::chrono::seconds(30));
  CHECK(parse_duration("5m") == std::chrono::minutes(5));
  CHECK(parse_duration("2h") == std::chrono::hours(2));
  CHECK(parse_duration("7d") == std::chrono::hours(24 * 7));
  CHECK(parse_duration("0s") == Duration(0));
  for (const char* text : {"", "30", "s", "30 s", "-1s", "1.5h", "30S", "1h30m", "999999999999999999d", "3651d"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("sizes are a number and a binary or decimal unit") {
  CHECK(parse_size("512MiB") == 512 * kMiB);
  CHECK(parse_size("20GiB") == 20 * kGiB);
  CHECK(parse_size("1.5GiB") == 1536 * kMiB);
  CHECK(parse_size("1TiB") == kTiB);
  CHECK(parse_size("20GB") == 20'000'000'000);
  CHECK(parse_size("8191PiB") == 8191 * 1024 * kTiB);
  for (const char* text :
       {"", "512", "MiB", "1 GiB", "-1GiB", "1.GiB", "1.2345GiB", "1gib", "1G", "8192PiB", "99999999999999999999GiB"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("numbers, percentages and amounts are exactly what they look like") {
  CHECK(parse_integer("-3") == -3);
  CHECK_FALSE(parse_integer("010").has_value());
  CHECK_FALSE(parse_integer("0x10").has_value());
  CHECK_FALSE(parse_integer("1e3").has_value());
  CHECK_FALSE(parse_integer("9999999999999999999").has_value());
  CHECK(parse_number("0.5") == 0.5);
  CHECK_FALSE(parse_number(".5").has_value());
  CHECK_FALSE(parse_number("1.").has_value());
  CHECK_FALSE(parse_number("nan").has_value());
  CHECK(parse_percent("-30%") == -30);
  CHECK(parse_amount("50%") == Amount{Amount::Unit::percent, 50});
  CHECK(parse_amount("3") == Amount{Amount::Unit::count, 3});
  CHECK_FALSE(parse_amount("-3").has_value());
}

TEST_CASE("addresses are dotted quads without leading zeros") {
  CHECK(parse_ipv4("10.0.0.50") == 0x0A000032U);
  CHECK(parse_ipv4_range("10.0.0.1-10.0.0.3") == AddressRange{0x0A000001, 0x0A000003});
  for (const char* text :
       {"", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.01", "10.0.0.-1", "10.0.0.1 ", "a.b.c.d"}) {
    INFO(text);
    CHECK_FALSE(parse_ipv4(text).has_value());
  }
}

TEST_CASE("every form of text takes what its regular expression takes, and nothing else") {
  const std::string alphabets[] = {"abz09-",    "aA9._/-!", "10.-25", "sha256:0f",   "http://a", "group.machine[12]-a",
                                   "0 *,/MON-", "a:1.",     "fF0:",   "aB \n\r\t:/$"};
  std::random_device device;
  const auto seed = device();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<std::string> samples = {"",
                                      "web",
                                      "web-1",
                                      "-a",
                                      "a-",
                                      std::string(40, 'a'),
                                      std::string(41, 'a'),
                                      std::string(63, 'a'),
                                      std::string(64, 'a'),
                                      "qemu:///system",
                                      "a://b",
                                      "://b",
                                      "https://",
                                      "https://x",
                                      "10.0.0.1",
                                      "10.0.0.1-10.0.0.9",
                                      "256.0.0.1",
                                      "52:54:00:aa:BB:cc",
                                      "52:54:00",
                                      "127.0.0.1:80",
                                      "x:123456",
                                      "x:0",
                                      "x:080",
                                      "x:65535",
                                      "x:65536",
                                      "x:99999",
                                      "group.web",
                                      "group.web[2]",
                                      "machine.db1",
                                      "machine.db[1]",
                                      "0 7 * * MON-FRI",
                                      "0 7 * *",
                                      "59 23 31 12 7",
                                      "60 0 1 1 0",
                                      "0 24 1 1 0",
                                      "0 0 0 1 0",
                                      "0 0 32 1 0",
                                      "0 0 1 13 0",
                                      "0 0 1 1 8",
                                      "99 99 * * *",
                                      "00 07  01,15 jan-Jul/2 sun,Mon,6",
                                      "*/5 0-6/2 * * *",
                                      "*/0 * * * *",
                                      "*/100 * * * *",
                                      "1, * * * *",
                                      "- * * * *",
                                      "* * * ann *",
                                      "* * * * ons",
                                      "MON * * * *",
                                      "* * * * * ",
                                      " * * * * *",
                                      "* * * * *",
                                      "* * * * * *",
                                      "Europe/Berlin",
                                      "/a/b",
                                      "a/b",
                                      "3/5",
                                      "0/5",
                                      "5/3",
                                      "!gpu",
                                      "!!gpu",
                                      "sha256:" + std::string(64, 'a'),
                                      "sha512:" + std::string(128, '0'),
                                      "sha256:" + std::string(63, 'a'),
                                      "a b",
                                      "ftp://x/y",
                                      "/x://y"};
  for (int i = 0; i < 3000; ++i) samples.push_back(random_text(random, alphabets[random() % 10], 20));
  for (int i = 0; i < kTextFormCount; ++i) {
    const TextForm& form = *kAllTextForms[i];
    INFO("form " << form.name << " pattern " << (form.pattern == nullptr ? "any" : form.pattern));
    const std::regex pattern(form.pattern == nullptr ? "" : form.pattern, std::regex::ECMAScript);
    for (const std::string& sample : samples) {
      INFO("sample " << quote(sample));
      REQUIRE(form.matches(sample) == std::regex_search(sample, pattern));
    }
  }
}

TEST_CASE("what is taken apart at its placeholders is put together again") {
  std::random_device device;
  const auto seed = device();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random_text(random, "${}ab", 12);
    INFO("text " << quote(text));
    const Pieces pieces = parse_placeholders(text);
    if (pieces.unclosed) continue;
    const auto again = template_text_of(pieces.all);
    REQUIRE(again.has_value());
    const auto without_offsets = [](std::vector<Piece> all) {
      for (Piece& piece : all) piece.offset = 0;
      return all;
    };
    REQUIRE(without_offsets(parse_placeholders(*again).all) == without_offsets(pieces.all));
  }
}

TEST_CASE("placeholders name variables, the environment, facts and addresses of others") {
  CHECK(parse_reference("var.x").kind == Reference::Kind::variable);
  CHECK(parse_reference("env.HOME").word == "HOME");
  CHECK(parse_reference("ordinal").kind == Reference::Kind::ordinal);
  CHECK(parse_reference("group.cp[0].address").other == InstanceAddress{InstanceAddress::Kind::group, "cp", 0});
  CHECK(parse_reference("machine.db1.address").other == InstanceAddress{InstanceAddress::Kind::machine, "db1", 0});
  for (const char* text : {"", "var.", "var.a-b", "env.", "Name", "group.cp.address", "group.cp[0]", "HOME:-/root"}) {
    INFO(text);
    CHECK(parse_reference(text).kind == Reference::Kind::unknown);
  }
}

TEST_CASE("a slip of the hand is recognised and another word is not") {
  CHECK(nearest("sise", {"size", "update"}) == "size");
  CHECK(nearest("eufi", {"bios", "uefi"}) == "uefi");
  CHECK(nearest("Memory", {"memory"}) == "memory");
  CHECK(nearest("antiafinity", {"antiAffinity"}) == "antiAffinity");
  CHECK(nearest("home", {"name"}).empty());
  CHECK(nearest("x", {"y"}).empty());
  CHECK(nearest("", {"y"}).empty());
  CHECK(listed({"a", "b"}) == "a, b");
}

TEST_CASE("bytes that are no shortest-form UTF-8 are found") {
  CHECK(find_invalid_utf8("größe 大 \xF0\x9F\x98\x80") == std::string::npos);
  CHECK(find_invalid_utf8("a\xC0\x80") == 1);
  CHECK(find_invalid_utf8("\xED\xA0\x80") == 0);
  CHECK(find_invalid_utf8("ab\xE5\xA4") == 2);
  CHECK(find_invalid_utf8("\xF5\x80\x80\x80") == 0);
  CHECK(find_control_character("a\tb\r\n") == std::string::npos);
  CHECK(find_control_character("a\x7F") == 1);
  CHECK(find_control_character("a\xC2\x85") == 1);
}

}  // namespace vscale::test
