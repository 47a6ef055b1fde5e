#pragma once

#include <string>
#include <vector>

#include "cmd/views/text/text_layout.h"
#include "engine/plan/plan.h"
#include "engine/values/units.h"

/// A plan as a person reads it before it is carried out.

namespace vscale {

/// How much is said: -q, nothing, -v.
enum class Verbosity { quiet, normal, verbose };

/// What stands in the first line: what was compared with what.
struct PlanHeading {
  std::vector<std::string> files;  ///< As given with -f; or the plan file.
  int hosts = 0;
  std::optional<Duration> read_in;  ///< How long reading the hosts took; nothing: they were not asked.
  bool destroy = false;             ///< What there is is to go: `vscale destroy`, plan --destroy.
  std::size_t kept_disks = 0;       ///< Recorded of instances that are gone.
};

struct PlanViewOptions {
  Paint paint;
  Verbosity verbosity = Verbosity::normal;  ///< verbose: also every one of many equal changes.
};

/// More equal changes of one group than this are summed up in one line.
constexpr std::size_t kListedChanges = 10;
/// And so are more lines of drift, and of what is unknown.
constexpr std::size_t kListedLines = 20;

/// The whole text, at most kTextWidth columns wide; the same plan gives the same bytes. What needs a person's hand
/// comes last, and the summary line after it.
std::string plan_text(const Plan& plan, const PlanHeading& heading, const PlanViewOptions& options);

/// What is asked below the text, before it is carried out; the answer comes on the same line.
std::string question_text(const PlanHeading& heading);

/// "2 create, 0 update, 1 replace, 0 destroy": the numbers of the summary line.
std::string summary_text(const Summary& summary);

/// " (2 disks kept)": disks that outlive the instances which the plan destroys; empty if there are none.
std::string kept_disks_text(const Plan& plan);

}  // namespace vscale
