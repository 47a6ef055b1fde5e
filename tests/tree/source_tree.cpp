#include "tests/tree/source_tree.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace vscale::test {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = VSCALE_SOURCE_DIR;

bool is_ours(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool is_top = path.parent_path() == kRoot;
  return !name.starts_with(".") && !(is_top && name.starts_with("build"));
}

void collect(const fs::path& folder, std::vector<std::string>& into) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!is_ours(entry.path())) continue;
    if (entry.is_directory()) {
      collect(entry.path(), into);
    } else {
      into.push_back(entry.path().lexically_relative(kRoot).generic_string());
    }
  }
}

}  // namespace

std::vector<std::string> top_level() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kRoot)) {
    if (is_ours(entry.path())) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  collect(kRoot / folder, files);
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> cpp_files_below(const std::string& folder) {
  std::vector<std::string> files = files_below(folder);
  std::erase_if(files, [](const std::string& file) { return !file.ends_with(".cpp") && !file.ends_with(".h"); });
  return files;
}

std::vector<Line> lines_of(const std::string& file) {
  std::ifstream stream(kRoot / file);
  if (!stream) FAIL("cannot read " << file);
  std::vector<Line> lines;
  for (std::string text; std::getline(stream, text);) {
    lines.push_back({.file = file, .number = static_cast<int>(lines.size()) + 1, .text = text});
  }
  return lines;
}

std::vector<Include> includes_of(const std::string& file) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  for (const Line& line : lines_of(file)) {
    std::smatch match;
    if (std::regex_search(line.text, match, kInclude)) {
      includes.push_back({.file = file, .line = line.number, .header = match[2], .quoted = match[1] == "\""});
    }
  }
  return includes;
}

std::vector<std::string> linked_in(const std::string& cmake_file) {
  std::string text;
  for (const Line& line : lines_of(cmake_file)) text += line.text.substr(0, line.text.find('#')) + " ";
  static const std::regex kLink(R"(target_link_libraries\s*\(([^)]*)\))");
  std::vector<std::string> words;
  for (auto call = std::sregex_iterator(text.begin(), text.end(), kLink); call != std::sregex_iterator(); ++call) {
    std::istringstream arguments((*call)[1].str());
    std::string target;
    arguments >> target;  // what is linked, not what it is linked to
    for (std::string word; arguments >> word;) words.push_back(word);
  }
  return words;
}

std::string place(const std::string& file, int line) {
  return file + ":" + std::to_string(line);
}

}  // namespace vscale::test
