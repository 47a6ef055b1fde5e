#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schemas/config_reader.h"
#include "schemas/path.h"
#include "schemas/placeholder.h"
#include "schemas/yaml_tree.h"

/// Fills in `${…}` while the configuration is read, as far as that may be done without a secret.

namespace vscale {

/// A mention of another instance's address, to be checked once all groups are known.
struct AddressMention {
  InstanceAddress of;
  Place where;
  std::string subject;
};

class Substitution {
 public:
  /// Resolves the variables that `vars` declares (nullptr: none; entries that are no proper declarations are left to
  /// the shape check) from `input`. Reports unknown, missing and cyclic ones.
  Substitution(const ReadInput& input, const Node* vars, Reporter& reporter);

  /// `text` of the node with everything filled in, escapes undone. Secrets and instance facts are errors, since it will
  /// be shown and stored. Nothing if anything was wrong; it was reported.
  std::optional<std::string> plain(const Node& node, const std::string& subject);

  /// The text of a TemplateText: what is no secret and no fact is filled in, the rest is checked and left.
  std::optional<std::string> for_instance(const Node& node, const std::string& subject);

  /// As for_instance(), for the contents of a file: `base` is the place of its first byte.
  std::optional<std::string> for_instance(const std::string& text, int file, const std::string& subject);

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

  std::optional<std::string> fill(const std::string& text, const Origin& origin, const std::string& subject,
                                  bool keep_for_instance);
  bool fill_piece(const Piece& piece, const Spot& where, const std::string& subject, bool keep_for_instance,
                  std::vector<Piece>& into);
  std::optional<std::string> kept_for_instance(const std::vector<Piece>& pieces, const Spot& where,
                                               const std::string& subject);
  bool check_variable(const std::string& name, const Spot& where, const std::string& subject);
  bool check_environment(const std::string& name, const Spot& where);
  void report_cycle(const std::string& name, const Spot& where, const std::vector<std::string>& chain);
  void report_unclosed(const Spot& where, const std::string& subject);
  void report_unknown(const Piece& piece, const Spot& where, const std::string& subject);
  void report_secret(const std::string& what, const Spot& where, const std::string& subject);
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
