#include "schemas/diagnostics/diagnostic_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "schemas/diagnostics/diagnostic_json.h"

namespace vscale::test {
namespace {

Diagnostic at(const std::string& snippet, int column, int length) {
  return {.severity = Severity::error,
          .code = "wrong_type",
          .summary = "group \"web\": memory \"lots\" is not a size",
          .label = "expected a number and a unit",
          .hint = "such as 512MiB",
          .where = {"web.yaml", 5, column, length},
          .snippet = snippet,
          .also = {}};
}

}  // namespace

TEST_CASE("a diagnostic shows its line and points at the place") {
  CHECK(render_diagnostic(at("    memory: lots", 13, 4)) ==
        "error: group \"web\": memory \"lots\" is not a size\n"
        "  --> web.yaml:5:13\n"
        "   |\n"
        " 5 |     memory: lots\n"
        "   |             ^^^^ expected a number and a unit\n"
        "   = hint: such as 512MiB\n");
}

TEST_CASE("a caret behind tabs and wide characters stands where they end") {
  Diagnostic found = at("\tgröße: 大: x", 14, 1);
  found.label = found.hint = "";
  CHECK(render_diagnostic(found).substr(68) == "   |\n 5 |     größe: 大: x\n   |              ^\n");
}

TEST_CASE("a file cannot move the cursor or turn the line round") {
  Diagnostic found = at("name: \x1b[2J\xE2\x80\xAE\xFFx", 7, 1);
  found.summary = "name \"\x1b[2J\" is wrong";
  found.where.file = "a\nb.yaml";
  const std::string shown = render_diagnostic(found);
  CHECK(shown.find('\x1b') == std::string::npos);
  CHECK(shown.find("name: \\x1b[2J\\u202e\\xffx") != std::string::npos);
  CHECK(shown.find("a\\x0ab.yaml") != std::string::npos);
}

TEST_CASE("a long line is cut around the caret, and a long label goes below") {
  Diagnostic found = at(std::string(200, 'a') + " here " + std::string(200, 'b'), 202, 4);
  found.label = std::string("allowed: ") + std::string(30, 'x') + " " + std::string(40, 'y');
  const std::string shown = render_diagnostic(found);
  for (std::size_t start = 0; start < shown.size();) {
    const std::size_t end = shown.find('\n', start);
    CHECK(end - start <= 80);
    start = end + 1;
  }
  CHECK(shown.find("... here bbb") == std::string::npos);
  CHECK(shown.find("aaa here bbb") != std::string::npos);
}

TEST_CASE("a long summary and a long hint are broken between words, and a path stays whole to be copied") {
  const std::string path = "/srv/" + std::string(80, 'x') + "/vscale.yaml";
  Diagnostic found = at("memory: lots", 9, 4);
  found.summary = "group \"web\": the user-data of its template, which is made of several parts, cannot be read";
  found.label.clear();
  found.hint = "see what is there: ls -l " + path;
  CHECK(render_diagnostic(found) ==
        "error: group \"web\": the user-data of its template, which is made of several\n"
        "  parts, cannot be read\n"
        "  --> web.yaml:5:9\n"
        "   |\n"
        " 5 | memory: lots\n"
        "   |         ^^^^\n"
        "   = hint: see what is there: ls -l\n"
        "     " +
            path + "\n");
}

TEST_CASE("a command between backticks is not broken, so that it can be copied") {
  Diagnostic found = at("", 1, 1);
  found.label.clear();
  found.hint = "make the key of the host known to this machine beforehand, such as by `ssh root@kvm1 true`";
  CHECK(render_diagnostic(found).find("\n     `ssh root@kvm1 true`\n") != std::string::npos);
}

TEST_CASE("a place beyond the end of its line, or no line at all, is still shown") {
  CHECK(render_diagnostic(at("ab", 9, 3)).find(" 5 | ab\n   |   ^ expected") != std::string::npos);
  CHECK(render_diagnostic(at("", 9, 3)).find("  --> web.yaml:5:9\n   = expected") != std::string::npos);
}

TEST_CASE("errors and warnings are counted in the last line") {
  Diagnostic warning = at("x", 1, 1);
  warning.severity = Severity::warning;
  CHECK(render_diagnostics({}).empty());
  CHECK(render_diagnostics({warning}).find("\n\n1 warning\n") != std::string::npos);
  CHECK(render_diagnostics({at("x", 1, 1), warning, at("y", 1, 1)}).find("\n\n2 errors, 1 warning\n") !=
        std::string::npos);
}

TEST_CASE("diagnostics as JSON keep every part and are valid UTF-8") {
  Diagnostic found = at("memory: \xFF", 9, 1);
  found.also = {{"web.yaml", 2, 1, 3}};
  const nlohmann::json document = nlohmann::json::parse(diagnostics_json({found}).dump());
  CHECK(document == nlohmann::json::parse(R"({
    "format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 0,
    "diagnostics": [{
      "severity": "error", "code": "wrong_type", "summary": "group \"web\": memory \"lots\" is not a size",
      "label": "expected a number and a unit", "hint": "such as 512MiB", "file": "web.yaml", "line": 5, "column": 9,
      "length": 1, "snippet": "memory: �", "also": [{"file": "web.yaml", "line": 2, "column": 1, "length": 3}]}]})"));
}

}  // namespace vscale::test
