#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/diagnostics/diagnostic_text.h"
#include "schemas/diagnostics/source_text.h"
#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

constexpr int kMutationsPerFile = 150;

// Another one each time, unless the failure that is looked for said which.
std::uint32_t chosen_seed() {
  if (const char* given = std::getenv("VSCALE_SEED")) return static_cast<std::uint32_t>(std::stoul(given));
  return std::random_device()();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// One small thing that goes wrong with a file: a slip in an editor, a broken disk, ill will.
std::string mutate(std::string text, std::mt19937& random) {
  static const std::string kNul(1, '\0');
  static const std::string kPieces[] = {
      "${",   "}",    "[",    "]",        "{",       ":",    "\n", "- ",   "*a",    "&a ", "<<: *a",
      "!x ",  "\"",   "'",    "\t",       kNul,      "\xFF", "|",  "null", "~",     "-1",  "9999999999999999999",
      "1e99", "true", "0GiB", "${var.x}", "${name}", "$${",  "#",  "? ",   "---\n", "%",   "\xE2\x80\xAE",
      "{}",   "[]",   ", ,"};
  const auto at = [&](std::size_t size) { return size == 0 ? 0 : random() % size; };
  switch (random() % 6) {
    case 0:
      return text.erase(at(text.size()), random() % 12);
    case 1: {
      const std::string& piece = kPieces[random() % std::size(kPieces)];
      return text.insert(at(text.size()), piece);
    }
    case 2:
      if (!text.empty()) text[at(text.size())] = static_cast<char>(random() % 256);
      return text;
    default:
      break;
  }
  std::vector<std::string> lines = lines_of(text);
  const std::size_t one = at(lines.size());
  const std::size_t other = at(lines.size());
  switch (random() % 4) {
    case 0:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(one));
      break;
    case 1:
      std::swap(lines[one], lines[other]);
      break;
    case 2:
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(one), lines[other]);
      break;
    default: {
      // A value taken from elsewhere.
      const std::size_t colon = lines[one].find(": ");
      const std::size_t from = lines[other].find(": ");
      if (colon != std::string::npos && from != std::string::npos) {
        lines[one] = lines[one].substr(0, colon) + lines[other].substr(from);
      }
    }
  }
  return joined(lines);
}

void check_consistent(const std::string& yaml, const ReadConfig& found) {
  REQUIRE(found.config.has_value() == !has_errors(found.diagnostics));
  for (const Diagnostic& diagnostic : found.diagnostics) {
    REQUIRE(!diagnostic.summary.empty());
    REQUIRE(!diagnostic.code.empty());
    REQUIRE(find_control_character(render_diagnostic(diagnostic)) == std::string::npos);
    REQUIRE(find_invalid_utf8(render_diagnostic(diagnostic)) == std::string::npos);
    if (diagnostic.where.line == 0) continue;
    const std::vector<std::string> lines = lines_of(yaml);
    REQUIRE(static_cast<std::size_t>(diagnostic.where.line) <= lines.size() + 1);
    REQUIRE(diagnostic.where.column >= 1);
    REQUIRE(diagnostic.where.length >= 1);
  }
  REQUIRE(!diagnostics_json(found.diagnostics).dump().empty());
  if (!found.config) return;
  for (const Group& group : found.config->groups) {
    REQUIRE(find_image(*found.config, group.instance.image) != nullptr);
    REQUIRE(find_storage(*found.config, group.instance.storage) != nullptr);
    REQUIRE(group.instance.vcpus >= 1);
    REQUIRE(group.instance.max_vcpus >= group.instance.vcpus);
    REQUIRE(group.instance.memory_bytes > 0);
    REQUIRE(!group.health.gates.empty());
    for (const NicSpec& nic : group.instance.networks) REQUIRE(find_network(*found.config, nic.network) != nullptr);
    for (const std::string& other : group.depends_on) REQUIRE(find_group(*found.config, other) != nullptr);
  }
}

}  // namespace

TEST_CASE("a seed makes the same mistakes again") {
  const std::string original = read_source_file("examples/one-group.yaml");
  const auto story = [&](std::uint32_t seed) {
    std::mt19937 random(seed);
    std::string text = original;
    for (int i = 0; i < kMutationsPerFile; ++i) text = mutate(text, random);
    return text;
  };
  CHECK(story(7) == story(7));
  CHECK(story(7) != story(8));
}

TEST_CASE("whatever happens to a file, it is read without a crash, and a configuration comes without errors only") {
  const std::string files[] = {"tests/schemas/data/everything.yaml",
                               "examples/one-group.yaml",
                               "examples/three-hosts.yaml",
                               "examples/secrets.yaml",
                               "examples/defaults.yaml",
                               "examples/broken.yaml"};
  const std::uint32_t seed = chosen_seed();
  std::mt19937 random(seed);
  const World world{.environment = {{"JOIN_TOKEN", "x"}, {"INFLUX_USER", "x"}, {"INFLUX_PASSWORD", "x"}},
                    .assignments = {"adminPassword=x", "joinToken=x"}};
  for (const std::string& file : files) {
    const std::string original = read_source_file(file);
    std::string text = original;
    for (int i = 0; i < kMutationsPerFile; ++i) {
      if (i % 4 == 0) text = original;
      text = mutate(text, random);
      INFO(file << ", mutation " << i << ", seed " << seed << " (the same again: VSCALE_SEED=" << seed
                << " before the test's command):\n"
                << text);
      check_consistent(text, read(text, world));
    }
  }
}

}  // namespace vscale::test
