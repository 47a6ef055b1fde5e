#include "cmd/operators/operator_word.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cmd/planning/recorded.h"
#include "cmd/views/text/names.h"
#include "engine/recorded/wanted_size.h"
#include "engine/scaling/layers/permit.h"

namespace vscale {
namespace {

Said said_by(const SaidBy& by) {
  return {.at = by.at, .by = by.user, .reason = by.reason};
}

Error means_nothing(std::string message, std::string hint) {
  return {.kind = ErrorKind::invalid, .message = std::move(message), .detail = {}, .hint = std::move(hint)};
}

std::optional<Instant> end_of(const std::optional<Duration>& lasts, Instant now) {
  return lasts ? std::optional(now + *lasts) : std::nullopt;
}

/// " for 1h", or nothing.
std::string lasting(const std::optional<Duration>& lasts) {
  return lasts ? " for " + show_duration(*lasts) : "";
}

}  // namespace

Result<OperatorSaid> operator_word(const ScaleArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& by) {
  const auto address = group_meant(config, recorded, arguments.group);
  if (!address) return address.error();
  const std::string name = shown_group(*address);
  const Group* group = find_group(config, *address);
  if (group == nullptr) {
    return means_nothing(fmt::format("{} is not in the files any more", name), "put it back, or look at `vscale plan`");
  }
  if (!group->scaling) {
    return means_nothing(
        fmt::format("{} has a fixed size of {}: what it is to be is for the file to say", name, group->size),
        "change `size` there and apply; or leave it to operators and policies: scaling: { min: 1, max: 10 }");
  }
  if (arguments.size < group->scaling->min || arguments.size > group->scaling->max) {
    return means_nothing(fmt::format("{} may have {} to {} instances, and {} is outside of that", name,
                                     group->scaling->min, group->scaling->max, arguments.size),
                         "change scaling.min or scaling.max in the file, and apply");
  }
  const int before = wanted_size(*group, recorded, *address);
  const WantedSize size{.group = *address,
                        .size = arguments.size,
                        .owner = WantedSize::Owner::operator_,
                        .by = by.user,
                        .reason = by.reason,
                        .at = by.at,
                        .until = end_of(arguments.lasts, by.at)};
  const bool has_policies = !group->scaling->policies.empty();
  std::string text = fmt::format("{}: {} wanted", name, arguments.size);
  if (before != arguments.size) text += fmt::format(", was {}", before);
  if (const WantedSize* owner = size_owner(*group, recorded, *address); owner != nullptr && is_held(*owner, by.at)) {
    text += fmt::format("; {} had held it for {} more, which is over", owner->by, show_duration(*owner->until - by.at));
  }
  if (arguments.lasts) {
    text += fmt::format("; held for {}", show_duration(*arguments.lasts));
  } else if (has_policies) {
    text += "; its policies may change it at once";
  }
  return OperatorSaid{.address = *address, .changes = {PutWantedSize{size}}, .kind = "scale", .text = std::move(text)};
}

Result<OperatorSaid> operator_word(const SuspendArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by) {
  const auto address = group_meant(config, recorded, arguments.group);
  if (!address) return address.error();
  const Suspension suspension{*address, arguments.process, end_of(arguments.lasts, by.at), said_by(by)};
  return OperatorSaid{.address = *address,
                      .changes = {PutWord{suspension}},
                      .kind = "suspend",
                      .text = fmt::format("{}: {} is suspended{}", shown_group(*address), to_string(arguments.process),
                                          lasting(arguments.lasts)),
                      .is_done = true};
}

Result<OperatorSaid> operator_word(const ResumeArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by) {
  const auto address = group_meant(config, recorded, arguments.group);
  if (!address) return address.error();
  const std::string name = shown_group(*address);
  const auto found = recorded.words.suspensions.find({*address, arguments.process});
  if (found == recorded.words.suspensions.end()) {
    std::vector<std::string> others;
    for (const auto process : suspended(recorded.words, *address, by.at)) others.emplace_back(to_string(process));
    return means_nothing(fmt::format("{}: {} is not suspended", name, to_string(arguments.process)),
                         others.empty() ? "nothing is" : fmt::format("what is: {}", fmt::join(others, ", ")));
  }
  return OperatorSaid{.address = *address,
                      .changes = {RemoveWord{found->second}},
                      .kind = "resume",
                      .text = fmt::format("{}: {} goes on", name, to_string(arguments.process))};
}

Result<OperatorSaid> operator_word(const ProtectArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by) {
  const auto instance = find_instance(config, recorded, arguments.instance);
  if (!instance) return instance.error();
  const Protection protection{instance->address, arguments.from, end_of(arguments.lasts, by.at), said_by(by)};
  const char* from = arguments.from == Protection::From::scale_in ? "scale-in"
                     : arguments.from == Protection::From::update ? "updates"
                                                                  : "scale-in, updates and healing";
  return OperatorSaid{
      .address = to_string(instance->address),
      .changes = {PutWord{protection}},
      .kind = "protect",
      .text = fmt::format("{} is protected from {}{}", short_name(instance->address), from, lasting(arguments.lasts)),
      .is_done = true};
}

Result<OperatorSaid> operator_word(const UnprotectArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& /*by*/) {
  const auto instance = find_instance(config, recorded, arguments.instance);
  if (!instance) return instance.error();
  const auto found = recorded.words.protections.find(instance->address);
  if (found == recorded.words.protections.end()) {
    return means_nothing(short_name(instance->address) + " is not protected", "nothing has to be done");
  }
  return OperatorSaid{.address = to_string(instance->address),
                      .changes = {RemoveWord{found->second}},
                      .kind = "unprotect",
                      .text = short_name(instance->address) + " is not protected any more"};
}

Result<OperatorSaid> operator_word(const RestartArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by) {
  const auto address = group_meant(config, recorded, arguments.group);
  if (!address) return address.error();
  const RestartWord restart{*address, arguments.rolling, said_by(by)};
  return OperatorSaid{.address = *address,
                      .changes = {PutWord{restart}},
                      .kind = "restart",
                      .text = fmt::format("{}: its instances are restarted{}", shown_group(*address),
                                          arguments.rolling ? ", one by one" : ", all at once")};
}

Result<OperatorSaid> operator_word(const StopArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& by) {
  const auto instance = find_instance(config, recorded, arguments.instance);
  if (!instance) return instance.error();
  const StopWord stop{instance->address, said_by(by)};
  return OperatorSaid{.address = to_string(instance->address),
                      .changes = {PutWord{stop}},
                      .kind = "stop",
                      .text = fmt::format("{0} is to be off, until `vscale start {0}`", short_name(instance->address))};
}

Result<OperatorSaid> operator_word(const StartArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& /*by*/) {
  const auto instance = find_instance(config, recorded, arguments.instance);
  if (!instance) return instance.error();
  const std::string name = short_name(instance->address);
  const auto found = recorded.words.stops.find(instance->address);
  if (found == recorded.words.stops.end()) {
    return means_nothing(fmt::format("{} was not stopped by `vscale stop`", name),
                         "if it is off, the next apply starts it");
  }
  return OperatorSaid{.address = to_string(instance->address),
                      .changes = {RemoveWord{found->second}},
                      .kind = "start",
                      .text = name + " is to be on again"};
}

}  // namespace vscale
