#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schemas/text/placeholder.h"
#include "schemas/variables/read_input.h"
#include "schemas/yaml/path.h"
#include "schemas/yaml/yaml_tree.h"

/// Fills in `${…}` while the configuration is read, as far as that may be done without a secret.

namespace vscale {

/// A mention of another instance's address, to be checked once all groups are known.
struct AddressMention {
  InstanceAddress of;
  Place where;
  std::string subject;
};

/// What of a text may be left for later.
enum class Keep {
  nothing,  ///< The text is shown and stored: a secret or a fact of an instance in it is an error.
  facts,    ///< `${name}` and the like; secrets and other instances' addresses are not known where it is used.
  all       ///< Also secrets and addresses of other instances.
};

class Substitution {
 public:
  /// Resolves the variables that `vars` declares (nullptr: none; entries that are no proper declarations are left to
  /// the shape check) from `input`. Reports unknown, missing and cyclic ones.
  Substitution(const ReadInput& input, const Node* vars, Reporter& reporter);

  /// The node's text with all filled in that may be now. With Keep::nothing escapes are undone; otherwise it is the
  /// text of a TemplateText. Nothing if anything was wrong; it was reported.
  std::optional<std::string> fill(const Node& node, const std::string& subject, Keep keep);

  /// The same for the contents of a file.
  std::optional<std::string> fill(const std::string& text, int file, const std::string& subject, Keep keep);

  [[nodiscard]] const Variables& variables() const { return variables_; }
  [[nodiscard]] const std::vector<AddressMention>& mentions() const { return mentions_; }

 private:
  struct Declared {
    enum class State { untouched, open, done, broken } state = State::untouched;
    Place where;                     // of its name
    const Node* standard = nullptr;  // the default
  };
  // Where a text was written: the node, or the whole of a file.
  struct Origin {
    const Node* node;
    int file;
  };
  // A stretch of a text; its place is looked for only if something is said about it.
  struct Spot {
    const Origin& origin;
    const std::string& text;
    std::size_t offset, length;
  };

  void declare(const Node* vars);
  void take_assignments();
  void take_var_files();
  void take_environment();
  void resolve(const std::string& name, std::vector<std::string>& chain);
  bool take_default(const std::string& name, const Node& node, std::vector<std::string>& chain);
  bool fill_default(const std::string& name, const Piece& piece, const Spot& where, std::vector<std::string>& chain,
                    std::optional<std::string>& value);
  bool append(const std::optional<std::string>& part, std::optional<std::string>& value, const std::string& name,
              const Spot& where);

  std::optional<std::string> fill(const std::string& text, const Origin& origin, const std::string& subject, Keep keep);
  bool fill_piece(const Piece& piece, const Spot& where, const std::string& subject, Keep keep,
                  std::vector<Piece>& into);
  std::optional<std::string> kept_for_instance(const std::vector<Piece>& pieces, const Spot& where,
                                               const std::string& subject);
  bool check_variable(const std::string& name, const Spot& where, const std::string& subject);
  bool check_environment(const std::string& name, const Spot& where);
  void report_cycle(const std::string& name, const Spot& where, const std::vector<std::string>& chain);
  void report_unclosed(const Spot& where, const std::string& subject);
  void report_unknown(const Piece& piece, const Spot& where, const std::string& subject);
  void report_secret(const std::string& what, const Spot& where, const std::string& subject);
  void report_fact(const std::string& what, const Spot& where, const std::string& subject, Keep keep);
  [[nodiscard]] Place place_of(const Spot& spot) const;
  [[nodiscard]] std::vector<std::string> variable_names() const;

  const ReadInput& input_;
  Reporter& reporter_;
  Variables variables_;
  std::map<std::string, Declared> declared_;
  std::vector<AddressMention> mentions_;
  std::set<InstanceAddress> mentioned_here_;  // in the text that is being filled
};

}  // namespace vscale
