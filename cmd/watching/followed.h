#pragma once

#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"

/// The configuration that watch reconciles towards: what `vscale apply` last accepted, or what the files say now, by
/// watch.follow.

namespace vscale {

/// Keeps the last configuration that was without a mistake: one that has some is told of once, and changes nothing.
class Followed {
 public:
  explicit Followed(const Invocation& invocation) : invocation_(invocation) {}

  /// What came of a look.
  struct News {
    bool changed = false;      ///< There is another configuration from here on.
    Diagnostics rejected;      ///< Mistakes of one that is not taken, the first time that it is seen.
    std::optional<Error> why;  ///< Or why it could not even be read; likewise.
  };

  /// Reads the files of the command line. Where there is nothing to follow yet, it is what they say that tells where
  /// the statefile is.
  News read_files();
  /// Reads what is to be followed: the files again, or what is accepted in the statefile.
  News look(StateStore& store);

  /// nullptr: there has been none without a mistake yet.
  [[nodiscard]] const ConfigurationFiles* files() const { return current_ ? &*current_ : nullptr; }
  /// Has anything been accepted?
  [[nodiscard]] bool has_accepted() const { return has_accepted_; }
  /// Is files() what is to be followed? Else it only tells where the statefile is: nothing has been accepted so far, or
  /// what is accepted cannot be read here.
  [[nodiscard]] bool is_followed() const {
    return current_ && (accepted_at_ || current_->read.config->watch.follow == Watch::Follow::file);
  }

 private:
  News take(Result<ConfigurationFiles> read);
  News look_at_accepted(StateStore& store);
  News look_at_files();

  const Invocation& invocation_;
  std::optional<ConfigurationFiles> current_;
  std::optional<Instant> accepted_at_;  ///< Of what current_ is made from.
  std::string rejected_;                ///< What was told last.
  std::string seen_before_;             ///< In the files, by the last look.
  bool has_accepted_ = false;
};

}  // namespace vscale
