#include "cmd/views/run/again_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cmd/views/text/command_text.h"
#include "cmd/views/text/names.h"
#include "engine/execution/record_changes.h"
#include "engine/values/text/listed.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
namespace {

constexpr std::size_t kUnreadyNamed = 3;

std::string hosts_of(const Plan& plan, const std::vector<FailedAction>& failed, ErrorKind kind) {
  std::set<std::string> hosts;
  for (const auto& one : failed) {
    const Action& action = plan.actions[static_cast<std::size_t>(one.id) - 1];
    if (one.error.kind == kind) hosts.insert(printable(action.host.empty() ? shown_name(action.address) : action.host));
  }
  return fmt::format("{}", fmt::join(hosts, ", "));
}

/// "update, live"; nothing is said of a class that there is none of, or that goes without saying.
std::string action_words(ChangeAction action, Disruption disruption) {
  std::string words = to_string(action);
  const bool more = disruption != Disruption::none && words != to_string(disruption);
  return more ? fmt::format("{} ({})", words, to_string(disruption)) : words;
}

}  // namespace

std::string circumstances_text(const Plan& plan, const std::vector<FailedAction>& failed) {
  std::vector<std::string> parts;
  if (const auto hosts = hosts_of(plan, failed, ErrorKind::unreachable); !hosts.empty()) {
    parts.push_back(hosts + " did not answer");
  }
  std::vector<FailedAction> others;
  std::vector<std::string> unready, not_stayed;
  for (const auto& one : failed) {
    const Action& action = plan.actions[static_cast<std::size_t>(one.id) - 1];
    if (std::holds_alternative<WatchRollout>(action.detail) && is_failure_of_rollout(action, one.error)) {
      not_stayed.push_back(shown_group(action.address));
    } else if (is_failure_of_rollout(action, one.error)) {
      unready.push_back(shown_name(action.address));
    } else {
      others.push_back(one);
    }
  }
  if (const auto hosts = hosts_of(plan, others, ErrorKind::timed_out); !hosts.empty()) {
    parts.push_back(hosts + " took too long");
  }
  const auto of_record = std::partition(others.begin(), others.end(), [&](const FailedAction& one) {
    return !only_changes_record(plan.actions[static_cast<std::size_t>(one.id) - 1]);
  });
  const std::vector<FailedAction> booked(of_record, others.end());
  others.erase(of_record, others.end());
  if (!hosts_of(plan, booked, ErrorKind::conflict).empty()) parts.emplace_back("somebody else was first");
  if (const auto hosts = hosts_of(plan, others, ErrorKind::conflict); !hosts.empty()) {
    parts.push_back(hosts + " was not as planned");
  }
  if (!unready.empty()) {
    parts.push_back(fmt::format("{} did not become available", listed_up_to(kUnreadyNamed, unready)));
  }
  if (!not_stayed.empty()) {
    parts.push_back(fmt::format("what has come of {} did not stay available", listed_up_to(kUnreadyNamed, not_stayed)));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string intents_text(const std::vector<RolloutIntent>& held) {
  std::vector<std::string> parts;
  for (const auto& said : held) {
    const char* what = said.kind == RolloutIntent::Kind::undo      ? "undone"
                       : said.kind == RolloutIntent::Kind::abort   ? "aborted"
                       : said.kind == RolloutIntent::Kind::promote ? "promoted"
                                                                   : "paused";
    std::string part = fmt::format("the rollout of {} was {} by {}", shown_group(said.group), what, printable(said.by));
    if (!said.reason.empty()) part += " (" + printable(said.reason) + ")";
    parts.push_back(std::move(part));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string rolled_back_text(const Plan& plan) {
  std::string text;
  for (const auto& back : ways_back(plan)) {
    text += left_and_right(
        fmt::format(
            "Rolled back: {} is of revision {} again. Revision {} is not tried again until the template changes, "
            "or by --force.",
            shown_group(back.group), back.to, back.from),
        "", 2);
  }
  return text;
}

std::string going_on_text(const std::string& because, const Plan& approved, const Plan& again) {
  const std::size_t left = again.actions.size();
  std::string text = left_and_right(fmt::format("Planned again: {}; {} action{} left, within what was approved.",
                                                because, left, left == 1 ? "" : "s"),
                                    "", 2);
  const auto& told = approved.diagnostics;
  for (const auto& diagnostic : again.diagnostics) {
    if (std::find(told.begin(), told.end(), diagnostic) == told.end()) text += render_diagnostic(diagnostic);
  }
  return text;
}

std::string left_alone_text(const Plan& plan, const std::string& again) {
  std::set<std::string> hosts;
  for (const auto& unknown : plan.unknown) {
    if (!unknown.host.empty()) hosts.insert(printable(unknown.host));
  }
  return with_command(fmt::format("Left alone: what is on {}. With an answer from there:", fmt::join(hosts, ", ")),
                      again) +
         "\n";
}

std::string beyond_words(const Beyond& beyond) {
  const std::string would =
      shown_name(beyond.address) + ": " + action_words(beyond.action, beyond.disruption) + ", but ";
  switch (beyond.why) {
    case Beyond::Why::other_address:
      return would + "nothing was to be done to it";
    case Beyond::Why::other_action:
    case Beyond::Why::worse_class:
      return would + "only " + action_words(beyond.approved, beyond.allowed) + " was approved";
    case Beyond::Why::loses_data:
      return would + "its disk " + beyond.disk + " was to stay as it is";
  }
  VSCALE_ASSERT(false, "a Beyond::Why that nobody can read");
}

std::string beyond_text(const std::vector<Beyond>& beyond, const Paint& paint) {
  std::string out = paint.bold("Beyond what was approved, so none of it was done:") + "\n";
  const std::size_t listed = std::min(beyond.size(), kBeyondListed);
  for (std::size_t i = 0; i < listed; ++i) out += left_and_right("  " + beyond_words(beyond[i]), "", 2);
  if (beyond.size() > listed) out += fmt::format("  and {} more\n", beyond.size() - listed);
  return out;
}

}  // namespace vscale
