#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/desired/field_table.h"
#include "schemas/language/table/sections.h"

namespace vscale::test {
namespace {

TEST_CASE("every field that a plan compares is written under a key of the template, so that it can be ignored") {
  const auto keys = table::template_object()->key_names();
  for (const auto& field : field_table()) {
    INFO(field.name);
    CHECK(std::find(keys.begin(), keys.end(), field.key) != keys.end());
  }
}

}  // namespace
}  // namespace vscale::test
