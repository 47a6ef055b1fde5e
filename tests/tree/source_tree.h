#pragma once

#include <string>
#include <vector>

/// The source tree as text, for tests that keep its shape. Every path is relative to the root, with forward slashes,
/// and every list is in alphabetical order. Nothing of git, of a build folder (build*) or of an editor (.*) is ever in
/// it.

namespace vscale::test {

/// One `#include` line of one of our files.
struct Include {
  std::string file;     ///< such as "engine/plan/plan.h"
  int line = 0;         ///< counted from 1
  std::string header;   ///< what stands between the quotes or brackets
  bool quoted = false;  ///< "…" rather than <…>
};

/// One line of a file.
struct Line {
  std::string file;
  int number = 0;  ///< counted from 1
  std::string text;
};

/// Names of files and folders at the top, dotfiles left out.
std::vector<std::string> top_level();

/// Every file below `folder` ("" for all), hidden files and folders left out.
std::vector<std::string> files_below(const std::string& folder);

/// Those of them that are C++ (.cpp, .h).
std::vector<std::string> cpp_files_below(const std::string& folder);

/// The lines of one file; a file that cannot be read fails the test.
std::vector<Line> lines_of(const std::string& file);

/// The `#include` lines of one file.
std::vector<Include> includes_of(const std::string& file);

/// The words of one CMake file that stand inside `target_link_libraries(…)`, comments left out.
std::vector<std::string> linked_in(const std::string& cmake_file);

/// "file:line", as a compiler would write it.
std::string place(const std::string& file, int line);

}  // namespace vscale::test
