#include "engine/values/text/shell_word.h"

#include <catch2/catch.hpp>

namespace vscale::test {

TEST_CASE("a word is quoted for a shell only where it would read something else") {
  CHECK(shell_word("/srv/vms/web-0.qcow2") == "/srv/vms/web-0.qcow2");
  CHECK(shell_word("qemu+ssh://root@kvm1:22/system") == "qemu+ssh://root@kvm1:22/system");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("my disks") == "'my disks'");
  CHECK(shell_word("group.web[2]") == "'group.web[2]'");
  CHECK(shell_word("$(rm -r ~)") == "'$(rm -r ~)'");
  CHECK(shell_word("o'brien") == R"('o'\''brien')");
}

}  // namespace vscale::test
