#pragma once

#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/diagnostic.h"
#include "schemas/diagnostics/source_text.h"

/// Collects what is wrong with the files being read. Passwords in URLs are not shown, be it in a line or in a message.

namespace vscale {

/// What is said about a mistake. See Diagnostic for the meaning of each part.
struct Finding {
  std::string code;
  std::string summary;
  std::string label = "";
  std::string hint = "";
  std::vector<Place> also = {};
};

class Reporter {
 public:
  /// Adds a file; what it returns is Place::file for places in it.
  int add_file(SourceText file);
  [[nodiscard]] const SourceText& file(int index) const { return files_[static_cast<std::size_t>(index)]; }

  /// A Place without a file (file -1) gives a diagnostic about no place.
  void error(const Place& where, Finding finding) { add(Severity::error, where, std::move(finding)); }
  void warning(const Place& where, Finding finding) { add(Severity::warning, where, std::move(finding)); }

  /// The lines `first_line` to `last_line` of a file hold a secret, and are never quoted.
  void keep_private(int file, int first_line, int last_line);

  [[nodiscard]] SourceSpan span(const Place& place) const;
  /// So far; a warning is not an error.
  [[nodiscard]] std::size_t error_count() const { return errors_; }

  /// All of them, each once, in the order of files and places; at most kMaxDiagnostics, and then one that counts the
  /// rest.
  [[nodiscard]] Diagnostics take();

 private:
  struct Entry {
    Place where;
    Diagnostic diagnostic;
  };

  void add(Severity severity, const Place& where, Finding finding);
  [[nodiscard]] std::string snippet(const Place& place) const;

  std::deque<SourceText> files_;  // a deque: texts stay where they are while files are added
  std::vector<Entry> entries_;
  std::set<std::pair<int, int>> private_lines_;  // file, line
  std::size_t errors_ = 0;
};

}  // namespace vscale
