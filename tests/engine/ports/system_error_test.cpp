#include "engine/ports/system_error.h"

#include <catch2/catch.hpp>
#include <cerrno>

namespace vscale::test {

TEST_CASE("what the system says of a file is one of our kinds") {
  CHECK(kind_of_errno(ENOENT) == ErrorKind::not_found);
  CHECK(kind_of_errno(ENOTDIR) == ErrorKind::not_found);
  CHECK(kind_of_errno(EEXIST) == ErrorKind::exists);
  CHECK(kind_of_errno(EACCES) == ErrorKind::denied);
  CHECK(kind_of_errno(EPERM) == ErrorKind::denied);
  CHECK(kind_of_errno(EROFS) == ErrorKind::denied);
  CHECK(kind_of_errno(ENOSPC) == ErrorKind::no_capacity);
  CHECK(kind_of_errno(EDQUOT) == ErrorKind::no_capacity);
  CHECK(kind_of_errno(EFBIG) == ErrorKind::no_capacity);
  CHECK(kind_of_errno(EISDIR) == ErrorKind::invalid);
}

TEST_CASE("a disk that fails, or is asked too much at once, says nothing of what is there") {
  CHECK(kind_of_errno(EIO) == ErrorKind::failed);
  CHECK(kind_of_errno(EMFILE) == ErrorKind::failed);
  CHECK(kind_of_errno(0) == ErrorKind::failed);
}

TEST_CASE("a system error keeps the system's words for the end") {
  CHECK(to_string(system_error(ENOENT, "No such file or directory", "a.yaml: cannot be opened", "name another")) ==
        "a.yaml: cannot be opened [No such file or directory]; name another");
}

}  // namespace vscale::test
