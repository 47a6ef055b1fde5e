#include "schemas/diagnostics/reporter.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "schemas/text/bounds.h"
#include "schemas/text/url_password.h"

namespace vscale {
namespace {

// More than ever are shown, so that the order of places decides which ones are.
constexpr std::size_t kMaxCollected = 50 * kMaxDiagnostics;

// A place outside of every file sorts after all of them.
std::tuple<bool, int, int, int> order(const Place& place) {
  return {place.file < 0, place.file, place.line, place.column};
}

}  // namespace

int Reporter::add_file(SourceText file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

void Reporter::keep_private(int file, int first_line, int last_line) {
  for (int line = first_line; line <= last_line; ++line) private_lines_.emplace(file, line);
}

SourceSpan Reporter::span(const Place& place) const {
  if (place.file < 0) return {};
  return {
      .file = file(place.file).path(), .line = place.line, .column = place.column, .length = std::max(1, place.length)};
}

std::string Reporter::snippet(const Place& place) const {
  if (place.file < 0 || file(place.file).private_contents()) return "";
  if (private_lines_.contains({place.file, place.line})) return "";
  return hide_passwords(std::string(file(place.file).line(place.line)));
}

void Reporter::add(Severity severity, const Place& where, Finding finding) {
  if (severity == Severity::error) ++errors_;
  if (entries_.size() >= kMaxCollected) return;
  Diagnostic diagnostic{.severity = severity,
                        .code = std::move(finding.code),
                        .summary = hide_passwords(std::move(finding.summary)),
                        .label = hide_passwords(std::move(finding.label)),
                        .hint = hide_passwords(std::move(finding.hint)),
                        .where = span(where),
                        .snippet = "",
                        .also = {}};
  for (const Place& place : finding.also) diagnostic.also.push_back(span(place));
  entries_.push_back({where, std::move(diagnostic)});
}

Diagnostics Reporter::take() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return order(a.where) < order(b.where); });
  Diagnostics all;
  for (Entry& entry : entries_) {
    // Only now are all the lines known that hold a secret.
    entry.diagnostic.snippet = snippet(entry.where);
    const bool repeated =
        std::any_of(all.rbegin(), all.rend(), [&](const Diagnostic& d) { return d == entry.diagnostic; });
    if (!repeated) all.push_back(std::move(entry.diagnostic));
    if (all.size() > kMaxDiagnostics) break;
  }
  if (all.size() <= kMaxDiagnostics) return all;
  // An error must never be among those that are cut off behind warnings: without it the file would count as right.
  all.resize(kMaxDiagnostics);
  all.push_back({.severity = errors_ > 0 ? Severity::error : Severity::warning,
                 .code = "too_many",
                 .summary = fmt::format("more than {} mistakes and warnings; the rest is not shown", kMaxDiagnostics),
                 .label = "",
                 .hint = "correct these and run it again",
                 .where = {},
                 .snippet = "",
                 .also = {}});
  return all;
}

}  // namespace vscale
