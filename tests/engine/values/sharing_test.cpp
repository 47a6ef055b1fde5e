#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "engine/values/sharing/shared_optional.h"
#include "engine/values/sharing/shared_vector.h"

namespace vscale::test {

using Names = SharedVector<std::string>;

TEST_CASE("copies of a shared vector share what is in it until one is changed, and only that one is another then") {
  Names names{"web", "db"};
  const Names copy = names;
  const Names& same = names;
  CHECK(&same.front() == &copy.front());

  names.edit().front() = "cache";

  CHECK(names.get() == std::vector<std::string>{"cache", "db"});
  CHECK(copy.get() == std::vector<std::string>{"web", "db"});
  CHECK_FALSE(names == copy);
}

TEST_CASE("a shared vector that nobody shares is changed in its place") {
  Names names{"web"};
  const std::string* where = &names.edit().front();
  names.edit().front() = "db";
  CHECK(&names.edit().front() == where);
}

TEST_CASE("shared vectors are equal by what is in them, also where nothing is") {
  CHECK(Names{"web"} == Names{"web"});
  CHECK_FALSE(Names{"web"} == Names{"db"});
  Names emptied{"web"};
  emptied.clear();
  CHECK(emptied == Names{});
  emptied.edit();
  CHECK(emptied == Names{});
  CHECK(emptied.empty());
}

TEST_CASE("a shared optional is changed as a whole, and its copies keep what they have") {
  SharedOptional<std::string> name = std::string("web");
  const SharedOptional<std::string> copy = name;
  CHECK(&*name == &*copy);

  name = std::string("db");
  CHECK(*copy == "web");
  CHECK_FALSE(name == copy);
  name = std::string("web");
  CHECK(name == copy);
  name.reset();
  CHECK_FALSE(name.has_value());
  CHECK_FALSE(name == copy);
  CHECK(name == SharedOptional<std::string>{});
}

}  // namespace vscale::test
