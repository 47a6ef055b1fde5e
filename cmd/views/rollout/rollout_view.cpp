#include "cmd/views/rollout/rollout_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/views/image_view.h"
#include "cmd/views/rollout/outline_view.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/names.h"
#include "engine/values/text/listed.h"
#include "schemas/json/rollout_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

using Standing = RolloutStatus::Standing;

constexpr int kBarWidth = 20;
constexpr std::size_t kUnknownListed = 6;
constexpr std::size_t kDigestShown = 8;  // as in a plan

/// "anna" of "anna@ctl1"
std::string user_of(const RolloutIntent& intent) {
  return printable(intent.by.substr(0, intent.by.find('@')));
}

std::string image_text(const ImageLock& image) {
  return printable(fmt::format("{} {}", image.image, short_digest(image.digest).substr(0, kDigestShown)));
}

bool has_two_revisions(const RolloutStatus& status) {
  return status.from != 0 && status.from != status.to;
}

std::string revisions_words(const RolloutStatus& status) {
  if (!has_two_revisions(status)) return fmt::format("revision {}", status.to);
  return fmt::format("{} -> {}", status.from, status.to);
}

std::string bar(const RolloutStatus& status) {
  const int filled = status.size == 0 ? 0 : std::min(status.fresh, status.size) * kBarWidth / status.size;
  return fmt::format("[{:#>{}}{:.>{}}]", "", filled, "", kBarWidth - filled);
}

std::string with_progress(std::string text, const RolloutStatus& status) {
  if (!status.in_progress) return text;
  return text + ", " + progress_words(status);
}

/// "PAUSED by anna 14:06"
std::string paused_text(const RolloutStatus& status, const TimeWords& times) {
  return fmt::format("PAUSED by {} {}", user_of(*status.intent), moment_text(status.intent->at, times));
}

}  // namespace

std::string revision_text(const RolloutStatus& status) {
  if (status.to == 0) return "-";
  const bool leads_on = has_two_revisions(status) && (status.in_progress || status.standing != Standing::none);
  return leads_on ? fmt::format("{}>{}", status.from, status.to) : std::to_string(status.to);
}

std::string rollout_now_text(const RolloutStatus& status, const TimeWords& times) {
  switch (status.standing) {
    case Standing::none:
      return {};
    case Standing::rolling:
      return (status.back ? "rolling back: " : "rolling: ") + progress_words(status);
    case Standing::rests:
      return with_progress(
          fmt::format("rests at {} until {}", step_words(status), moment_text(*status.rests_until, times)), status);
    case Standing::waits:
      return with_progress("waits at " + step_words(status), status);
    case Standing::paused:
      return with_progress(paused_text(status, times), status);
    case Standing::stopped:
      return with_progress("STOPPED: " + failure_words(status), status);
    case Standing::going_back:
      return fmt::format("goes back to revision {}", status.undo_to.value_or(0));
    case Standing::aborted:
      return with_progress("ABORTED", status);
    case Standing::rolled_back:
      return fmt::format("revision {} ROLLED BACK", status.to);
  }
  VSCALE_ASSERT(false, "a Standing without a text");
}

namespace {

std::string heading(const RolloutStatus& status, const RolloutViewOptions& options) {
  const std::string now = rollout_now_text(status, options.times);
  if (now.empty())
    return fmt::format("{}: revision {}, nothing is being rolled out", shown_group(status.group), status.to);
  const std::string since =
      status.started_at ? fmt::format(" (begun {})", moment_text(*status.started_at, options.times)) : "";
  if (!status.in_progress) return fmt::format("{}: {}", shown_group(status.group), now);
  return fmt::format("{}: rollout {}, {}{}", shown_group(status.group), revisions_words(status), now, since);
}

std::string revision_row(std::int64_t number, const std::optional<ImageLock>& image) {
  return image ? fmt::format("revision {}, image {}", number, image_text(*image)) : fmt::format("revision {}", number);
}

/// "step 1 of 3 (first 1, pause 5m), rests since 14:05 until 14:10"
std::string step_row(const RolloutStatus& status, const TimeWords& times) {
  const auto at = static_cast<std::size_t>(status.steps_passed);
  if (at >= status.steps.size()) return fmt::format("all {} passed", status.steps.size());
  std::string text = fmt::format("{} of {}: {}", at + 1, status.steps.size(), step_text(status.steps[at], at == 0));
  if (status.rests_since) text += "; rests since " + moment_text(*status.rests_since, times);
  if (status.rests_until) text += " until " + moment_text(*status.rests_until, times);
  return text;
}

std::string failures_row(const RolloutStatus& status) {
  std::string text = std::to_string(status.failures);
  if (status.forgiven > 0) text += fmt::format(", {} forgiven", status.forgiven);
  text += fmt::format(", {} allowed", status.max_failures);
  if (!status.failure.empty()) text += "; the last: " + printable(status.failure);
  return text;
}

std::string intent_row(const RolloutIntent& intent, const TimeWords& times) {
  const std::string reason = intent.reason.empty() ? "" : ": " + intent.reason;
  return printable(
      fmt::format("{} by {}, {}{}", to_string(intent.kind), intent.by, moment_text(intent.at, times), reason));
}

std::string running_row(const LockHolder& running, const TimeWords& times) {
  return printable(fmt::format("{} by {}@{} (pid {}), since {}", running.operation, running.user, running.host,
                               running.pid, moment_text(running.since, times)));
}

void add_progress(const RolloutStatus& status, const RolloutViewOptions& options, Table& table) {
  table.add({"new", fmt::format("{} {}, {} ready (min {})", bar(status), progress_words(status), status.ready,
                                status.lowest)});
  if (!status.steps.empty()) table.add({"step", step_row(status, options.times)});
  if (status.failures > 0) table.add({"failed", failures_row(status)});
}

std::string next_text(const std::vector<SayableCommand>& next) {
  std::string out = next.empty() ? "" : "\n";
  for (const auto& one : next) out += with_command(pad_right(one.lead, 6), one.command) + "\n";
  return out;
}

}  // namespace

std::string rollout_status_text(const RolloutStatus& status, const RolloutViewOptions& options) {
  std::string out = left_and_right(options.paint.bold(printable(heading(status, options))), "", 2);
  Table table(2);
  if (has_two_revisions(status)) table.add({"from", revision_row(status.from, status.from_image)});
  if (status.to != 0) table.add({has_two_revisions(status) ? "to" : "at", revision_row(status.to, status.to_image)});
  if (status.in_progress) add_progress(status, options, table);
  if (!status.why.empty()) table.add({"why", printable(status.why)});
  if (status.intent) table.add({"said", intent_row(*status.intent, options.times)});
  if (options.running) table.add({"run", running_row(*options.running, options.times)});
  if (!options.unknown.empty()) {
    table.add({"unknown", fmt::format("{}, which {} not answer", listed_up_to(kUnknownListed, options.unknown),
                                      options.unknown.size() == 1 ? "does" : "do")});
  }
  return out + table.text() + next_text(options.next);
}

namespace {

std::string verdict_text(const RevisionLine& line) {
  const std::string why = line.revision.why.empty() ? "" : ": " + printable(line.revision.why);
  switch (line.revision.verdict) {
    case RevisionRecord::Verdict::rolled_back:
      return "rolled back" + why;
    case RevisionRecord::Verdict::aborted:
      return "aborted" + why;
    case RevisionRecord::Verdict::wanted:
      if (line.is_rolled_out) return "is being rolled out";
      return line.is_stable ? "stable" : "-";
  }
  VSCALE_ASSERT(false, "a verdict that nobody can read");
}

}  // namespace

std::string rollout_history_text(const std::string& group, const std::vector<RevisionLine>& lines,
                                 const TimeWords& times) {
  if (lines.empty()) {
    return left_and_right(shown_group(group) + ": no revision is recorded yet.", "", 2);
  }
  Table table(0);
  table.add({"REV", "IMAGE", "CREATED", "COMPLETED", "HAVE", "WHAT BECAME OF IT"});
  for (const auto& line : lines) {
    const auto& completed = line.revision.completed_at;
    table.add({std::to_string(line.revision.number), image_text(line.revision.image),
               moment_text(line.revision.created_at, times), completed ? moment_text(*completed, times) : "-",
               std::to_string(line.instances), verdict_text(line)});
  }
  return table.text();
}

namespace {

std::string what_comes_of(const RolloutIntent& intent, const RolloutStatus& before) {
  const std::string name = shown_group(before.group);
  switch (intent.kind) {
    case RolloutIntent::Kind::pause:
      if (!before.in_progress) return fmt::format("Paused: nothing of {} is rolled out until it is resumed.", name);
      return fmt::format("Paused: no further turn of the rollout {} of {} begins.", revisions_words(before), name);
    case RolloutIntent::Kind::resume: {
      const int forgiven = before.failures - before.forgiven;
      const std::string failures =
          forgiven == 0 ? "" : fmt::format(", and {} failed {} forgiven", forgiven, forgiven == 1 ? "is" : "are");
      if (!before.in_progress) return fmt::format("Resumed: {} may be rolled out again{}.", name, failures);
      return fmt::format("Resumed: the rollout {} of {} goes on{}.", revisions_words(before), name, failures);
    }
    case RolloutIntent::Kind::promote:
      return fmt::format("Promoted: {} of {} is passed, {}.", step_words(before), name, progress_words(before));
    case RolloutIntent::Kind::abort:
      return fmt::format("Aborted: nothing of revision {} of {} is rolled on until the file changes.", before.to, name);
    case RolloutIntent::Kind::undo:
      return fmt::format("Undone: {} goes back to revision {}.", name, before.undo_to.value_or(0));
  }
  VSCALE_ASSERT(false, "an intent of which nobody knows what comes of it");
}

/// What somebody who is at work on it does now.
std::string what_the_run_does(const RolloutIntent& intent, const LockHolder& running) {
  const std::string who =
      fmt::format("The {} of {}@{} (pid {}) ", running.operation, running.user, running.host, running.pid);
  switch (intent.kind) {
    case RolloutIntent::Kind::pause:
    case RolloutIntent::Kind::abort:
      return printable(who + "comes to a rest after what it is doing.");
    case RolloutIntent::Kind::undo:
      return printable(who + "turns back after what it is doing, if it is at this rollout; else the next apply does.");
    case RolloutIntent::Kind::promote:
      return printable(who + "goes on at once, if it rests there.");
    case RolloutIntent::Kind::resume:
      return printable(who + "is at work still; what it leaves, the next one does.");
  }
  VSCALE_ASSERT(false, "an intent that no run heeds");
}

}  // namespace

std::string rollout_word_text(const RolloutIntent& intent, const RolloutStatus& before,
                              const std::optional<LockHolder>& running) {
  std::string out = left_and_right(what_comes_of(intent, before), "", 2);
  if (running) out += left_and_right(what_the_run_does(intent, *running), "", 2);
  return out;
}

namespace {

template <class T, class ToJson>
Json or_null(const std::optional<T>& value, ToJson to_json) {
  return value ? Json(to_json(*value)) : Json(nullptr);
}

Json image_json(const std::optional<ImageLock>& image) {
  return or_null(image, [](const ImageLock& lock) { return Json{{"image", lock.image}, {"digest", lock.digest}}; });
}

}  // namespace

Json rollout_status_json(const RolloutStatus& status) {
  return {{"standing", to_string(status.standing)},
          {"in_progress", status.in_progress},
          {"revision", status.revision},
          {"from", status.from},
          {"to", status.to},
          {"back", status.back},
          {"image", Json{{"from", image_json(status.from_image)}, {"to", image_json(status.to_image)}}},
          {"fresh", status.fresh},
          {"ready", status.ready},
          {"size", status.size},
          {"lowest", status.lowest},
          {"steps_passed", status.steps_passed},
          {"steps", status.steps.size()},
          {"started_at", or_null(status.started_at, rfc3339)},
          {"rests_since", or_null(status.rests_since, rfc3339)},
          {"rests_until", or_null(status.rests_until, rfc3339)},
          {"failures", status.failures},
          {"forgiven", status.forgiven},
          {"max_failures", status.max_failures},
          {"failure", status.failure},
          {"why", status.why},
          {"intent", or_null(status.intent, intent_json)},
          {"undo_to", or_null(status.undo_to, [](std::int64_t number) { return number; })}};
}

Json revision_line_json(const RevisionLine& line) {
  Json json = revision_json(line.revision);
  json["stable"] = line.is_stable;
  json["is_rolled_out"] = line.is_rolled_out;
  json["instances"] = line.instances;
  return json;
}

}  // namespace vscale
