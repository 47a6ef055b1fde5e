#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/group.h"
#include "engine/recorded/health_record.h"
#include "engine/recorded/operator_words.h"
#include "engine/scaling/scaling_decision.h"

/// Which instances of a group are ill, and which of them are to be healed now: a pure function of what was found, what
/// is remembered, and now.

namespace vscale {

/// A place that was healed so often within so long is in a crash loop: it waits before it is healed again, and twice as
/// long each time, until it was healthy for kBackoffReset.
constexpr int kCrashLoopHeals = 3;
constexpr Duration kCrashLoopWindow{std::chrono::hours{1}};
constexpr Duration kBackoffFirst{std::chrono::minutes{5}};
constexpr Duration kBackoffMost{std::chrono::minutes{30}};
constexpr int kBackoffStepMost = 4;  ///< 5, 10, 20, 30 minutes: from here on it stays at kBackoffMost.
constexpr Duration kBackoffReset{std::chrono::hours{1}};

/// scaling.provisionTimeout of a group without `scaling`.
constexpr Duration kProvisionTimeout{std::chrono::minutes{15}};

/// What was found of one instance, just now.
struct HealthFinding {
  enum class State {
    alive,    ///< It runs, and what is asked of it by heal.when answers.
    failing,  ///< It runs, and does not answer; or it is paused or crashed.
    off,      ///< It is shut off or gone, and nobody has wanted that: the plan starts it or makes it anew.
    booting,  ///< It was started and has not been ready since.
    making,   ///< It is being made, and was not started yet.
    stopped,  ///< An operator has said `stop`.
    unknown,  ///< Its host does not answer, or it was not asked this time. Says nothing: no failure, and no success.
    leaving,  ///< It is being removed.
  };

  InstanceAddress address;
  std::string uuid;
  State state = State::alive;
  std::string what;                               ///< "the agent did not answer within 10s"; empty if alive.
  std::optional<Instant> created_at, started_at;  ///< Nothing: not known, and no timeout that counts from it passes.
  bool was_ready = false;                         ///< Since it was created.
  bool protected_from_all = false;
};

struct HealthInput {
  const Group* group = nullptr;
  std::vector<HealthFinding> members;  ///< In order of addresses; all of this group.
  std::set<Suspension::Process> suspended{};
  bool healing = false;  ///< One of its members is being healed, or made, by a run that goes on.
  Instant now{};
};

/// One that is to be healed.
struct Healing {
  enum class By { start, restart, replace };
  enum class Why { off, failing, startup_timeout, provision_timeout };

  InstanceAddress address;
  By by = By::restart;
  Why why = Why::failing;
  std::string text;  ///< "3 failures in a row, 3 allowed: the agent did not answer within 10s"
  Figures figures;

  bool operator==(const Healing&) const = default;
};
const char* to_string(Healing::By by);
const char* to_string(Healing::Why why);

/// One that is ill, and is left as it is for now: what is off is not started by the plan either.
struct HeldHeal {
  InstanceAddress address;
  std::string text;  ///< "crash loop: healed 3 times within 1h, again in 12m"
  Figures figures;

  bool operator==(const HeldHeal&) const = default;
};

struct HealthOutcome {
  std::vector<HealthRecord> records;  ///< Afterwards, in order of addresses; of those that are worth remembering.
  std::vector<Healing> heals;         ///< In order of addresses; of restarts and replacements at most one.
  std::vector<HeldHeal> held;         ///< In order of addresses.
  std::string breaker;                ///< Why nothing more is changed in this group; empty: nothing stands against it.

  bool operator==(const HealthOutcome&) const = default;
};

/// `records` are those of the last outcome for this group. In the new ones every heal of this outcome has begun: they
/// are to be stored before it is carried out, so that one which never gets anywhere counts for a crash loop, too. The
/// same input gives the same outcome. A clock that was set back makes nobody wait longer than kBackoffMost.
/// The rules, with their reasons: engine/README.md, "Who is healed".
HealthOutcome decide_health(const HealthInput& input, const std::vector<HealthRecord>& records);

}  // namespace vscale
