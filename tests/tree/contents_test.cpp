// What the tree may hold: its top level, a manual in every folder, folders that one can take in at a glance, names that
// say something, and no leftovers.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/tree/source_tree.h"

namespace vscale::test {
namespace {

using Violations = std::vector<std::string>;

const std::vector<std::string> kFolders = {"cmd", "engine", "examples", "providers", "schemas", "tests"};

// File names that say nothing about what is inside.
const std::regex kEmptyName(R"((^|[/_-])(utils?|helpers?|managers?|common|misc|stuff)([/_.-]|$))");

// C++ files are written in snake case.
const std::regex kSnakeCase(R"(^[a-z0-9_/-]+/[a-z][a-z0-9_]*\.(cpp|h)$)");

struct Leftover {
  std::regex pattern;
  std::string why;
};

// In two pieces each, so that this file does not find itself.
const std::vector<Leftover> kLeftovers = {
    {std::regex("\\b(TO"
                "DO|FIX"
                "ME|XX"
                "X)\\b"),
     "work left for later: do it, or leave it out"},
    {std::regex("/wo"
                "rk/"),
     "a path of one machine"},
    {std::regex("\\b[Ii]ss"
                "ue #?[0-9]"),
     "a number that says nothing outside of a tracker"},
    {std::regex("(deb|security|snapshot)\\.deb"
                "ian\\.org|archive\\.ubu"
                "ntu\\.com|py"
                "pi\\.org|docker\\.i"
                "o/"),
     "the host of a package registry: which one to use is the machine's affair"},
    {std::regex("TEST_CASE\\(\"-"), "Catch takes a name that begins with a dash for an option of its own"},
    {std::regex("<<<<"
                "<<<|>>>>"
                ">>>"),
     "a merge that was not finished"},
};

Violations leftovers_in(const Line& line) {
  Violations found;
  for (const Leftover& leftover : kLeftovers) {
    if (std::regex_search(line.text, leftover.pattern)) {
      found.push_back(place(line.file, line.number) + ": " + leftover.why + ": " + line.text);
    }
  }
  return found;
}

constexpr int kFolderMaxFiles = 12;

// The folders that hold more C++ files than one takes in at a glance, those of their subfolders not counted.
Violations crowded_folders(const std::vector<std::string>& files) {
  std::map<std::string, int> counts;
  for (const std::string& file : files) ++counts[std::filesystem::path(file).parent_path().generic_string()];
  Violations found;
  for (const auto& [folder, count] : counts) {
    if (count > kFolderMaxFiles) found.push_back(folder + ": " + std::to_string(count) + " files: make a subfolder");
  }
  return found;
}

bool is_text(const std::string& file) {
  for (const char* ending : {".png", ".db", ".qcow2", ".bin"}) {
    if (file.ends_with(ending)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the top level holds what it should and nothing else") {
  CHECK(top_level() == std::vector<std::string>{"CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json", "LICENSE",
                                                "README.md", "cmd", "engine", "examples", "providers", "schemas",
                                                "tests"});
}

TEST_CASE("every folder has a manual") {
  for (const std::string& folder : kFolders) {
    const std::vector<std::string> files = files_below(folder);
    INFO(folder);
    CHECK(std::ranges::count(files, folder + "/README.md") == 1);
  }
}

TEST_CASE("file names say what is inside, in snake case") {
  Violations violations;
  for (const std::string& folder : kFolders) {
    for (const std::string& file : files_below(folder)) {
      if (std::regex_search(file, kEmptyName)) violations.push_back(file + ": this name says nothing");
    }
    for (const std::string& file : cpp_files_below(folder)) {
      if (!std::regex_match(file, kSnakeCase)) violations.push_back(file + ": not in snake case");
    }
  }
  CHECK(violations == Violations{});
}

TEST_CASE("a folder holds at most a dozen C++ files") {
  CHECK(crowded_folders(cpp_files_below("")) == Violations{});
}

TEST_CASE("headers are guarded by #pragma once") {
  Violations violations;
  for (const std::string& file : cpp_files_below("")) {
    if (!file.ends_with(".h")) continue;
    const std::vector<Line> lines = lines_of(file);
    const auto guards = std::ranges::count(lines, "#pragma once", &Line::text);
    if (guards != 1) violations.push_back(file);
  }
  CHECK(violations == Violations{});
}

TEST_CASE("nothing was left lying about") {
  Violations violations;
  for (const std::string& file : files_below("")) {
    if (!is_text(file)) continue;
    for (const Line& line : lines_of(file)) {
      for (const std::string& leftover : leftovers_in(line)) violations.push_back(leftover);
    }
  }
  CHECK(violations == Violations{});
}

/// The name of a type that the line begins to define at the left margin; empty if it does not.
std::string type_defined_in(const std::string& line) {
  static const std::regex kDefinition(R"(^(struct|class|enum class) (\w+)( final)?( :[^:].*)?\s*\{)");
  std::smatch match;
  return std::regex_search(line, match, kDefinition) ? match[2].str() : "";
}

// The linker takes two of one name for one type, and destroys what it did not make.
TEST_CASE("two headers give no type the same name") {
  std::map<std::string, std::string> defined_in;
  Violations violations;
  for (const char* folder : {"cmd", "engine", "providers", "schemas"}) {
    for (const std::string& file : cpp_files_below(folder)) {
      if (!file.ends_with(".h")) continue;
      for (const Line& line : lines_of(file)) {
        const std::string type = type_defined_in(line.text);
        if (type.empty()) continue;
        const auto [first, is_new] = defined_in.emplace(type, file);
        if (!is_new && first->second != file) violations.push_back(type + ": " + first->second + " and " + file);
      }
    }
  }
  CHECK(violations == Violations{});
  CHECK(type_defined_in("class Refusals final : public A {") == "Refusals");
  CHECK(type_defined_in("struct Refusals::Part {").empty());
}

TEST_CASE("what should not be there is seen") {
  CHECK(std::regex_search("engine/string_utils.h", kEmptyName));
  CHECK(std::regex_search("cmd/common/names.h", kEmptyName));
  CHECK_FALSE(std::regex_search("cmd/commands/plan.cpp", kEmptyName));
  CHECK_FALSE(std::regex_match("engine/plan/PlanView.cpp", kSnakeCase));
  std::vector<std::string> files(12, "engine/plan/plan.h");
  files.push_back("engine/plan/steps/creation.h");
  CHECK(crowded_folders(files).empty());
  files.push_back("engine/plan/plan.cpp");
  CHECK(crowded_folders(files) == Violations{"engine/plan: 13 files: make a subfolder"});
  CHECK(leftovers_in({.file = "a.cpp", .number = 1, .text = std::string("// TO") + "DO: later"}).size() == 1);
  CHECK(leftovers_in({.file = "a.sh", .number = 1, .text = "mktemp -d /tmp/vscale.XXXXXX"}).empty());
}

}  // namespace vscale::test
