#include "schemas/seed/instance_text.h"

#include <fmt/core.h>

#include "schemas/text/bounds.h"
#include "schemas/text/placeholder.h"

namespace vscale {
namespace {

class Filler {
 public:
  Filler(const std::string& subject, const InstanceKnowledge& known) : subject_(subject), known_(known) {}

  Result<std::string> fill(const std::string& text) const {
    const Pieces pieces = parse_placeholders(text);
    if (pieces.unclosed) return error("a ${ has no closing }", "write $${ for the two characters themselves");
    std::string out;
    for (const Piece& piece : pieces.all) {
      if (piece.literal) {
        out += piece.text;
        continue;
      }
      Result<std::string> value = value_of(piece.text);
      if (!value) return value;
      out += *value;
      if (out.size() > kMaxValueBytes) {
        return error(fmt::format("it is longer than {} bytes with everything filled in", kMaxValueBytes), "");
      }
    }
    return out;
  }

 private:
  Error error(const std::string& what, const std::string& hint) const {
    return {.kind = ErrorKind::invalid, .message = fmt::format("{}: {}", subject_, what), .detail = "", .hint = hint};
  }

  Result<std::string> value_of(const std::string& inside) const {
    const Reference reference = parse_reference(inside);
    switch (reference.kind) {
      case Reference::Kind::variable:
        return variable(reference.word);
      case Reference::Kind::environment:
        return environment(reference.word);
      case Reference::Kind::name:
        return known_.facts.name;
      case Reference::Kind::group:
        return known_.facts.group;
      case Reference::Kind::ordinal:
        return fmt::format("{}", known_.facts.ordinal);
      case Reference::Kind::host:
        return known_.facts.host;
      case Reference::Kind::address:
        return own_address();
      case Reference::Kind::other_address:
        return other_address(reference.other);
      case Reference::Kind::unknown:
        break;
    }
    return error(fmt::format("${{{}}} is not known", inside),
                 fmt::format("write $${{{}}} for the text itself", inside));
  }

  Result<std::string> variable(const std::string& name) const {
    const auto found = known_.variables.vars.find(name);
    if (found != known_.variables.vars.end() && found->second.value) return *found->second.value;
    return error(fmt::format("variable \"{}\" has no value", name),
                 fmt::format("give --var {0}=VALUE, or set VSCALE_VAR_{0}", name));
  }

  Result<std::string> environment(const std::string& name) const {
    const auto found = known_.variables.environment.find(name);
    if (found != known_.variables.environment.end() && found->second) return *found->second;
    return error(fmt::format("the environment has no variable \"{}\"", name), fmt::format("set {}", name));
  }

  Result<std::string> own_address() const {
    if (!known_.facts.address.empty()) return known_.facts.address;
    return error("${address} is not known before the guest has asked for one by DHCP",
                 "give the network a pool of static `addresses`");
  }

  Result<std::string> other_address(const InstanceAddress& other) const {
    const auto& all = known_.known_addresses.all();
    if (const auto found = all.find(other); found != all.end()) return found->second;
    return error(fmt::format("the address of {} is not known yet", to_string(other)),
                 fmt::format("add {} to dependsOn", group_address(other)));
  }

  const std::string& subject_;
  const InstanceKnowledge& known_;
};

}  // namespace

Result<std::string> fill_in_for_instance(const std::string& text, const std::string& subject,
                                         const InstanceKnowledge& known) {
  return Filler(subject, known).fill(text);
}

}  // namespace vscale
