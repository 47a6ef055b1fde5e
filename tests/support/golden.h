#pragma once

#include <string>

/// Golden files: whole texts that a person reads, kept as files so that a change is reviewed like code.

namespace vscale::test {

/// Checks (in Catch's sense) that `text` is, to the byte, what `tests/golden/PATH` holds. A difference is reported with
/// the first line that differs. With VSCALE_UPDATE_GOLDEN=1 in the environment the file is written instead (folders are
/// made as needed) and the check passes: look at `git diff` before you commit.
///
/// `path` is relative to tests/golden, such as "plan/one_group.txt"; one that begins with "tests/" is relative to the
/// source tree, for golden files that stand beside their test.
void check_golden(const std::string& path, const std::string& text);

/// The same for a file that is generated and lives elsewhere in the source tree: `path` is relative to its root.
void check_generated(const std::string& path, const std::string& text);

/// The contents of a file of the source tree, `path` relative to its root; a missing file fails the test.
std::string read_source_file(const std::string& path);

}  // namespace vscale::test
