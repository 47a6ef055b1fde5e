#include "cmd/planning/running/saved_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cmd/invocation/version.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/names.h"
#include "engine/approval/same_plan.h"

namespace vscale {
namespace {

/// Its hint is given where everything is known that the command for it needs.
Error stale(const std::string& why) {
  return {.kind = ErrorKind::conflict, .message = "Saved plan is stale: " + why, .detail = {}, .hint = {}};
}

/// The command that makes such a plan anew.
std::string plan_again_text(const Invocation& invocation, const ConfigurationFiles& files, const PlanOptions& options) {
  return command_text(options.destroy ? "plan --destroy --out FILE" : "plan --out FILE", invocation.global, options,
                      secrets_of(files.read.variables));
}

std::string key_path(const Invocation& invocation, const ConfigurationFiles& files) {
  return state_path(invocation, *files.read.config) + ".key";
}

/// The key is long enough that nobody tries them all: two random ids.
Result<std::string> key_for_saving(const Invocation& invocation, const ConfigurationFiles& files) {
  const Outside& outside = invocation.outside;
  const std::string path = key_path(invocation, files);
  auto key = outside.read_file(path);
  if (key || key.error().kind != ErrorKind::not_found) return key;
  const std::string made = outside.new_id() + outside.new_id() + "\n";
  if (const auto written = outside.write_private_file(path, made); !written) return written.error();
  return made;
}

Result<std::string> key_for_checking(const Invocation& invocation, const ConfigurationFiles& files) {
  const std::string path = key_path(invocation, files);
  auto key = invocation.outside.read_file(path);
  if (key || key.error().kind != ErrorKind::not_found) return key;
  return stale(fmt::format("what it was made from cannot be compared, for {} is gone", path));
}

/// What the plan was made from must be what is there now.
std::optional<Error> refuse_other_files(const SavedPlan& saved, const ConfigurationFiles& files,
                                        const std::string& key) {
  const auto now = digests_of(files, key);
  for (const auto& from : saved.made_from) {
    const auto same_name = [&](const MadeFrom& other) { return other.name == from.name; };
    const auto found = std::find_if(now.begin(), now.end(), same_name);
    if (found == now.end()) return stale(fmt::format("it was made from {}, which is not read now", from.name));
    if (found->digest == from.digest) continue;
    const bool variables = from.name == "variables";
    return stale(fmt::format("{} {} changed after the plan was created", from.name, variables ? "have" : "has"));
  }
  if (now.size() != saved.made_from.size()) return stale("other files are read now than it was made from");
  return std::nullopt;
}

std::optional<Error> refuse_other_state(const Plan& plan, const RecordedState& recorded) {
  if (plan.lineage != recorded.lineage) {
    return Error{.kind = ErrorKind::conflict,
                 .message =
                     "Saved plan does not match the given state: the plan was created from a different state "
                     "lineage",
                 .detail = fmt::format("plan {}, state {}", plan.lineage, recorded.lineage),
                 .hint = "is --state the right file?"};
  }
  if (plan.serial == recorded.serial) return std::nullopt;
  return stale(
      fmt::format("the given plan file can no longer be applied because the state was changed by another "
                  "operation after the plan was created (serial {}, now {})",
                  plan.serial, recorded.serial));
}

std::string difference_text(const PlanDifference& difference) {
  const std::string name = shown_name(difference.address);
  switch (difference.what) {
    case PlanDifference::What::only_before:
      return name + " has no need of it any more, or nothing is known of it";
    case PlanDifference::What::only_now:
      return name + " would be changed too";
    case PlanDifference::What::other_steps:
      return name + " needs other steps";
    case PlanDifference::What::other_order:
      return "the order is another";
  }
  VSCALE_ASSERT(false, "a difference between plans without a word");
}

std::optional<Error> refuse_other_plan(const Plan& saved, const Plan& now) {
  const auto differences = plan_differences(saved, now);
  if (differences.empty()) return std::nullopt;
  std::string text;
  const std::size_t named = std::min(differences.size(), kDifferencesNamed);
  for (std::size_t i = 0; i < named; ++i) text += (i == 0 ? "" : "; ") + difference_text(differences[i]);
  if (differences.size() > named) text += fmt::format("; and {} more", differences.size() - named);
  return stale("the hosts have changed after the plan was created: " + text);
}

/// Why the saved plan may not be carried out, if so, without what the hosts have to say.
Result<void> check_origin(const Invocation& invocation, const ConfigurationFiles& files, const RecordedState& recorded,
                          const SavedPlan& saved) {
  if (auto refused = refuse_other_state(saved.plan, recorded)) return *refused;
  const auto key = key_for_checking(invocation, files);
  if (!key) return key.error();
  if (auto refused = refuse_other_files(saved, files, *key)) return *refused;
  return {};
}

}  // namespace

namespace {

/// A slip of the finger must not cost a statefile, a key or a configuration: only a plan gives way to a plan.
Result<void> check_replaceable(const Invocation& invocation, const std::string& path) {
  const auto text = invocation.outside.read_file(absolute_path(invocation.outside, path));
  if (!text && text.error().kind == ErrorKind::not_found) return {};
  if (text && (text->empty() || saved_plan_from_text(*text))) return {};
  return Error{ErrorKind::exists, path + ": is there already, and is no saved plan: it is not overwritten",
               text ? "" : to_string(text.error()), "name another file, or remove this one"};
}

}  // namespace

Result<void> save_plan(const Invocation& invocation, const ConfigurationFiles& files, const Plan& plan,
                       const PlanOptions& options, const std::string& path) {
  if (auto free = check_replaceable(invocation, path); !free) return free;
  const auto key = key_for_saving(invocation, files);
  if (!key) return key.error();
  const SavedPlan saved{.plan = plan, .version = kVersion, .made_from = digests_of(files, *key), .options = options};
  return invocation.outside.write_private_file(absolute_path(invocation.outside, path), saved_plan_text(saved));
}

Result<SavedPlan> load_plan(const Invocation& invocation, const std::string& path) {
  const auto text = invocation.outside.read_file(absolute_path(invocation.outside, path));
  if (!text) return text.error();
  auto saved = saved_plan_from_text(*text);
  if (saved) return saved;
  Error error = saved.error();
  error.message = path + ": " + error.message;
  return error;
}

Result<FreshPlan> plan_as_saved(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                                Domains& domains, const SavedPlan& saved, Refresh refresh) {
  auto recorded = store.read();
  if (!recorded) return recorded.error();
  const auto with_hint = [&](Error error) {
    if (error.kind != ErrorKind::conflict) return error;
    const std::string again = fmt::format("make a new one: `{}`", plan_again_text(invocation, files, saved.options));
    error.hint += (error.hint.empty() ? "" : " else ") + again;
    return error;
  };
  if (const auto same = check_origin(invocation, files, *recorded, saved); !same) return with_hint(same.error());
  if (refresh == Refresh::as_recorded) {
    const PlanHeading heading{.files = {},
                              .hosts = static_cast<int>(files.read.config->hosts.size()),
                              .read_in = std::nullopt,
                              .destroy = saved.options.destroy};
    recorded->open_actions = open_actions_seen(*recorded, saved.plan, saved.options);
    return FreshPlan{.plan = saved.plan, .heading = heading, .recorded = std::move(*recorded)};
  }
  auto now = make_plan(invocation, files, store, domains, {.options = saved.options, .refresh = refresh});
  if (!now) return now;
  if (auto refused = refuse_other_plan(saved.plan, now->plan)) return with_hint(std::move(*refused));
  return now;
}

}  // namespace vscale
