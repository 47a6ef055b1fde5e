#include "engine/domain/instance_facts.h"

#include <fmt/format.h>

namespace vscale {
namespace {

Result<std::string> fact(const std::string& fact_name, const InstanceFacts& facts) {
  if (fact_name == "name") return facts.name;
  if (fact_name == "group") return facts.group;
  if (fact_name == "ordinal") return std::to_string(facts.ordinal);
  if (fact_name == "host") return facts.host;
  if (fact_name == "address") {
    if (!facts.address.empty()) return facts.address;
    return Error{ErrorKind::invalid, fmt::format("the address of {} is not known yet", facts.name), {}, {}};
  }
  return Error{ErrorKind::invalid,
               fmt::format("\"${{{}}}\" is not a fact of an instance", fact_name),
               {},
               "known here: name, group, ordinal, address, host; $${…} is a literal ${…}"};
}

}  // namespace

Result<std::string> expand_instance_facts(const std::string& text, const InstanceFacts& facts) {
  std::string expanded;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      expanded += "${";
      at += 3;
    } else if (text.compare(at, 2, "${") == 0) {
      const std::size_t end = text.find('}', at);
      if (end == std::string::npos) {
        return Error{ErrorKind::invalid, "a \"${\" without its \"}\"", {}, "write $${ for a literal ${"};
      }
      const Result<std::string> value = fact(text.substr(at + 2, end - at - 2), facts);
      if (!value) return value.error();
      expanded += *value;
      at = end + 1;
    } else {
      expanded += text[at++];
    }
  }
  return expanded;
}

}  // namespace vscale
