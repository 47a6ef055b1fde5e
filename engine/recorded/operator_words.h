#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "engine/values/address.h"
#include "engine/values/units.h"

/// What operators have said, with who, when and why. Each is written in a short transaction that needs no lock; the
/// next apply or a running watch heeds it. What was said of rollouts: RolloutIntent.

namespace vscale {

/// Who said something, and why.
struct Said {
  Instant at{};
  std::string by;        ///< user@host
  std::string reason{};  ///< --reason; may be empty.

  bool operator==(const Said&) const = default;
};

/// Something that is not done in a group until somebody says `resume`, or until a moment comes.
struct Suspension {
  /// launch: nothing is created. terminate: nothing is destroyed or scaled in. heal: nothing is restarted or replaced
  /// for its health. scale: the policies have no say. schedule: nor have those of kind schedule. update: no rolling
  /// update begins or goes on.
  enum class Process { launch, terminate, heal, scale, schedule, update };

  std::string group;  ///< `group.web`
  Process process = Process::scale;
  std::optional<Instant> until;
  Said said;

  bool operator==(const Suspension&) const = default;
};
const char* to_string(Suspension::Process process);
std::optional<Suspension::Process> process_from(const std::string& word);

/// An instance that is left alone.
struct Protection {
  /// scale_in: it is no victim where the group gets smaller. update: no rolling update takes it. all: both, and it is
  /// not healed.
  enum class From { scale_in, update, all };

  InstanceAddress instance;
  From from = From::scale_in;
  std::optional<Instant> until;
  Said said;

  bool operator==(const Protection&) const = default;
};
const char* to_string(Protection::From from);  ///< "scaleIn", "update", "all"
std::optional<Protection::From> protection_from(const std::string& word);

/// An instance that is to be off until somebody says `start`. It stays a member: nothing is made in its place.
struct StopWord {
  InstanceAddress instance;
  Said said;

  bool operator==(const StopWord&) const = default;
};

/// Every instance of the group that was started before Said::at is to be restarted once.
struct RestartWord {
  std::string group;
  bool rolling = true;  ///< false: all at once.
  Said said;

  bool operator==(const RestartWord&) const = default;
};

using OperatorWord = std::variant<Suspension, Protection, StopWord, RestartWord>;

/// All that holds. Of each, the last that was said about the same counts.
struct OperatorWords {
  std::map<std::pair<std::string, Suspension::Process>, Suspension> suspensions;  ///< By group and process.
  std::map<InstanceAddress, Protection> protections;
  std::map<InstanceAddress, StopWord> stops;
  std::map<std::string, RestartWord> restarts;  ///< By group.

  bool operator==(const OperatorWords&) const = default;
};

void put(OperatorWords& words, const OperatorWord& word);
/// What was said about the same as `word` is, whatever it was. One that is not there is not an error.
void remove(OperatorWords& words, const OperatorWord& word);
/// All that was said about one group and its instances.
void remove_all_of(OperatorWords& words, const std::string& group);
/// All that was said about one instance.
void remove_all_of(OperatorWords& words, const InstanceAddress& instance);
void move_all_of(OperatorWords& words, const InstanceAddress& from, const InstanceAddress& to);
/// What was said about the group alone; its instances move by themselves.
void move_all_of(OperatorWords& words, const std::string& from, const std::string& to);

/// What was said about the group and its instances, and nothing else.
OperatorWords words_of(const OperatorWords& words, const std::string& group);

/// The processes that are suspended in a group by `now`.
std::set<Suspension::Process> suspended(const OperatorWords& words, const std::string& group, Instant now);
/// From what an instance is protected by `now`, if it is.
std::optional<Protection::From> protection_of(const OperatorWords& words, const InstanceAddress& instance, Instant now);

}  // namespace vscale
