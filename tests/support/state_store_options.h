#pragma once

#include "providers/sqlite/sqlite_state_store.h"
#include "schemas/json/scaling/decision_json.h"
#include "schemas/json/template_json.h"

namespace vscale::test {

/// As the program opens its statefile.
inline StateStoreOptions store_options() {
  StateStoreOptions options;
  options.templates = {.write = template_text, .read = template_from_text};
  options.scaling = {.write_memory = memory_text,
                     .read_memory = memory_from_text,
                     .write_decision = decision_text,
                     .read_decision = decision_from_text};
  return options;
}

}  // namespace vscale::test
