#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/invocation/version.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/planning/running/carry_out.h"
#include "cmd/views/image_view.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/command_text.h"
#include "engine/plan/images/image_pull.h"
#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {
namespace {

/// The images that the user named, or all that a group uses.
Result<std::vector<std::string>> chosen_images(const Config& config, const std::vector<std::string>& named) {
  if (named.empty()) return images_in_use(config);
  std::vector<std::string> known;
  for (const auto& image : config.images) known.push_back(image.name);
  std::vector<std::string> chosen;
  for (const auto& name : named) {
    const std::string bare = name.starts_with("image.") ? name.substr(6) : name;
    if (find_image(config, bare) == nullptr) {
      const std::string guess = did_you_mean(bare, known);
      return Error{.kind = ErrorKind::not_found,
                   .message = fmt::format("there is no image \"{}\" in {}", bare, config.name),
                   .detail = {},
                   .hint = guess.empty() ? "there is: " + listed(known) : guess};
    }
    chosen.push_back(bare);
  }
  return chosen;
}

/// Who would be made anew from the newer image.
std::vector<ImageUpdate::Roll> rolls_of(const Config& config, const RecordedState& recorded, const ImageLock& lock) {
  std::vector<ImageUpdate::Roll> rolls;
  for (const auto& group : config.groups) {
    if (group.instance.image != lock.image) continue;
    const auto older = std::count_if(recorded.instances.begin(), recorded.instances.end(), [&](const auto& entry) {
      return group_address(entry.first) == address_of(group) && entry.second.image_digest != lock.digest;
    });
    if (older > 0) rolls.push_back({.group = group.name, .instances = static_cast<std::size_t>(older)});
  }
  return rolls;
}

ImageUpdate update_of(const Config& config, const RecordedState& before, const ImageLock& lock) {
  const auto known = before.image_locks.find(lock.image);
  return {.image = lock.image,
          .before = known == before.image_locks.end() ? "" : known->second.digest,
          .after = lock.digest,
          .rolls = rolls_of(config, before, lock)};
}

/// What other runs have left open is not for a pull to look at.
bool is_about_any(const std::vector<std::string>& images, const OpenAction& open) {
  return std::any_of(images.begin(), images.end(),
                     [&](const std::string& image) { return open.address == "image." + image; });
}

std::string pull_command(const Invocation& invocation, const ConfigurationFiles& files,
                         const ImagePullArguments& arguments) {
  std::string words = "image pull";
  for (const auto& image : arguments.images) words += " " + shown_word(image);
  return command_text(words, invocation.global, {}, secrets_of(files.read.variables));
}

}  // namespace

ExitCode run_command(const ImageListArguments&, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const Config& config = *told_by->files.read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  const auto images = images_of(config, recorded->state);
  invocation.streams.out << (invocation.global.json ? line_of(image_list_json(images)) : image_list_text(images));
  return told_by->code();
}

ExitCode run_command(const ImageUpdateArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto names = chosen_images(config, arguments.images);
  if (!names) return fail(invocation, names.error());
  const auto state = open_state(invocation, config, OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  const auto before = state->store->read();
  if (!before) return fail(invocation, before.error());
  const auto locks = resolve_images(invocation, config, *names, Newer::take_newer, *state->store, *before);
  if (!locks) return fail(invocation, locks.error());
  std::vector<ImageUpdate> updates;
  for (const auto& name : *names) updates.push_back(update_of(config, *before, locks->at(name)));
  if (invocation.global.json) {
    invocation.streams.out << line_of(image_updates_json(updates));
    return ExitCode::ok;
  }
  for (const auto& update : updates) invocation.streams.out << image_update_text(update);
  return ExitCode::ok;
}

ExitCode run_command(const ImagePullArguments& arguments, Invocation& invocation) {
  if (invocation.global.json) invocation.streams.out << line_of(version_event_json(kVersion));
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded, JsonOutput::stream);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto names = chosen_images(config, arguments.images);
  if (!names) return fail(invocation, names.error());
  const auto state = open_state(invocation, config, OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  StateStore& store = *state->store;
  const auto lock = take_lock(invocation, store, "image pull", Duration{0});
  if (!lock) return fail(invocation, lock.error());
  auto recorded = store.read();
  if (!recorded) return fail(invocation, recorded.error());
  const auto locks = resolve_images(invocation, config, *names, Newer::keep_lock, store, *recorded);
  if (!locks) return fail(invocation, locks.error());
  recorded = store.read();
  if (!recorded) return fail(invocation, recorded.error());

  const HostPorts hosts = reach_hosts(invocation, config);
  const Instant began = invocation.outside.clock->now();
  Live live = observe_hosts(*hosts.domains, config, *recorded, began);
  look_into_pools(*hosts.domains, config, *recorded, began, live);
  Plan plan = plan_image_pull(config, *recorded, live, *locks, invocation.outside.clock->now());
  std::erase_if(recorded->open_actions, [&](const OpenAction& open) { return !is_about_any(*names, open); });
  recorded->open_actions = open_actions_seen(*recorded, plan, {});
  const PlanHeading heading{
      .files = invocation.global.files, .hosts = static_cast<int>(config.hosts.size()), .read_in = {}};
  const FreshPlan fresh{.plan = std::move(plan), .heading = heading, .recorded = std::move(*recorded)};
  if (invocation.global.json) {
    invocation.streams.out << line_of(plan_event_json(fresh.plan, invocation.outside.clock->now()));
  }
  if (fresh.plan.actions.empty()) {
    say(invocation, "Every host that needs them has the images.");
    return tell_nothing_done(invocation, fresh);
  }
  const Run run = carry_out(invocation, *files, fresh, hosts, store, std::nullopt);
  return tell_ending(invocation, {.plan = fresh.plan,
                                  .summary = run.summary,
                                  .totals = {.took = run.took, .plans = 1},
                                  .code = code_of_run(fresh.plan, run.summary),
                                  .ways = {.again = pull_command(invocation, *files, arguments), .command = {}}});
}

}  // namespace vscale
