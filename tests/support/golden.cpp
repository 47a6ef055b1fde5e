#include "tests/support/golden.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace vscale::test {
namespace {

namespace fs = std::filesystem;

bool updating() {
  const char* value = std::getenv("VSCALE_UPDATE_GOLDEN");
  return value != nullptr && std::string_view(value) == "1";
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string first_difference(const std::string& expected, const std::string& found) {
  std::istringstream left(expected);
  std::istringstream right(found);
  std::string expected_line;
  std::string found_line;
  for (int line = 1;; ++line) {
    const bool more_left = static_cast<bool>(std::getline(left, expected_line));
    const bool more_right = static_cast<bool>(std::getline(right, found_line));
    if (!more_left && !more_right) return "they differ in their last newline only";
    if (more_left && more_right && expected_line == found_line) continue;
    std::ostringstream text;
    text << "first difference in line " << line << "\n  golden: " << (more_left ? expected_line : "(end)")
         << "\n  found:  " << (more_right ? found_line : "(end)");
    return text.str();
  }
}

void check_file(const fs::path& file, const std::string& text) {
  if (updating()) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    SUCCEED("wrote " << file);
    return;
  }
  INFO("golden file " << file << " (VSCALE_UPDATE_GOLDEN=1 writes it)");
  if (!fs::exists(file)) {
    FAIL_CHECK("it does not exist; found text:\n" << text);
    return;
  }
  const std::string expected = read_all(file);
  if (expected == text) {
    SUCCEED();
    return;
  }
  FAIL_CHECK(first_difference(expected, text) << "\nwhole text:\n" << text);
}

}  // namespace

void check_golden(const std::string& path, const std::string& text) {
  const bool beside_its_test = path.rfind("tests/", 0) == 0;
  check_file(fs::path(VSCALE_SOURCE_DIR) / (beside_its_test ? "" : "tests/golden") / path, text);
}

void check_generated(const std::string& path, const std::string& text) {
  check_file(fs::path(VSCALE_SOURCE_DIR) / path, text);
}

std::string read_source_file(const std::string& path) {
  const fs::path file = fs::path(VSCALE_SOURCE_DIR) / path;
  INFO("source file " << file);
  REQUIRE(fs::exists(file));
  return read_all(file);
}

}  // namespace vscale::test
