#pragma once

#include <map>
#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"

/// The configuration that watch reconciles towards: what `vscale apply` last accepted, or what the files say now, by
/// watch.follow.

namespace vscale {

/// Files are followed as long as they say `follow: file` themselves; else what was last accepted is, from where it goes
/// on to the files only once both say so. So nothing is carried out that nobody applied, unless the very file wants
/// that.
///
/// Keeps the last configuration that was without a mistake: one that has some is told of once, and changes nothing. For
/// one thread.
class Followed {
 public:
  explicit Followed(const Invocation& invocation) : invocation_(invocation) {}

  /// What came of a look.
  struct News {
    bool changed = false;      ///< There is another configuration from here on.
    bool mended = false;       ///< What was not taken before is without a mistake now.
    bool files_left = false;   ///< The files are followed no more: they say `follow: applied`.
    Diagnostics rejected;      ///< Mistakes of one that is not taken, the first time that it is seen.
    std::optional<Error> why;  ///< Or why it could not even be read; likewise.
  };

  /// Reads the files of the command line, at the beginning. Where there is nothing to follow yet, it is what they say
  /// that tells where the statefile is.
  News read_files();
  /// Reads what is to be followed: the files again, or what is accepted in the statefile. Files that have changed count
  /// once two looks have seen the same in them, and in all files that they name.
  News look(StateStore& store);

  /// nullptr: there has been none without a mistake yet.
  [[nodiscard]] const ConfigurationFiles* files() const { return current_ ? &*current_ : nullptr; }
  /// Has anything been accepted?
  [[nodiscard]] bool has_accepted() const { return has_accepted_; }
  /// Was all of it destroyed, and nothing accepted since?
  [[nodiscard]] bool was_destroyed() const { return is_withdrawn_; }
  /// Is files() what is to be followed? Else nothing is: nothing has been accepted so far, or what is accepted cannot
  /// be read here.
  [[nodiscard]] bool is_followed() const { return source_ != Source::none; }
  /// Are they the files as they lie there, and not what was accepted?
  [[nodiscard]] bool follows_files() const { return source_ == Source::files; }

 private:
  /// Where what is followed comes from.
  enum class Source { none, files, accepted };

  News take(Result<ConfigurationFiles> read, Source source);
  News look_at_accepted(StateStore& store);
  News look_at_files();
  void leave_files(ConfigurationFiles read);
  [[nodiscard]] bool may_go_on_to_files() const;

  const Invocation& invocation_;
  std::optional<ConfigurationFiles> current_;
  Source source_ = Source::none;
  std::optional<Instant> accepted_at_;      ///< Of what current_ is made from; nothing: it is not accepted.
  std::map<Source, std::string> rejected_;  ///< What was told last, of each of them.
  std::string seen_before_;                 ///< In the files, by the last look.
  bool has_accepted_ = false;
  bool is_withdrawn_ = false;
};

}  // namespace vscale
