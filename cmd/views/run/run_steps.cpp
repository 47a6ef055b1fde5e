#include "cmd/views/run/run_steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "cmd/views/text/names.h"
#include "cmd/views/text/text_layout.h"
#include "engine/gates/gates.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

std::string addresses_text(const std::vector<GuestNic>& nics) {
  std::string text;
  for (const auto& nic : nics) {
    if (nic.address) text += ", " + *nic.address;
  }
  return text;
}

std::string update_label(const UpdateDomain& update) {
  std::vector<std::string> parts;
  if (update.vcpus) parts.push_back(fmt::format("vcpus {}", *update.vcpus));
  if (update.memory_bytes) parts.push_back("memory " + show_bytes(*update.memory_bytes));
  if (parts.empty()) parts.emplace_back("mark");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string gates_label(const WaitForGates& wait) {
  std::vector<std::string> gates;
  for (const auto& gate : wait.gates) gates.push_back(printable(show(gate)));
  return gates.empty() ? "wait until it runs" : fmt::format("wait until ready: {}", fmt::join(gates, ", "));
}

std::string hook_label(const RunHook& hook) {
  const std::vector<TemplateText>& argv = hook.when == RunHook::When::undo ? hook.hook.undo
                                          : hook.hook.command.empty()      ? hook.hook.guest
                                                                           : hook.hook.command;
  return fmt::format("hook {}: {}{}", to_string(hook.when), argv.empty() ? "" : printable(argv.front().text),
                     hook.hook.guest.empty() ? "" : ", in the guest");
}

/// Does the action belong to bringing an instance into being, up to its first start?
bool creates(const ActionDetail& detail) {
  return std::visit(Overloaded{[](const ClaimInstance&) { return true; }, [](const CreateVolume&) { return true; },
                               [](const WriteSeed&) { return true; }, [](const DefineDomain&) { return true; },
                               [](const StartDomain&) { return true; }, [](const auto&) { return false; }},
                    detail);
}

/// Does it belong to removing one?
bool removes(const ActionDetail& detail) {
  return std::visit(Overloaded{[](const StopDomain& stop) { return stop.removal; },
                               [](const UndefineDomain&) { return true; }, [](const DeleteVolume&) { return true; },
                               [](const ReleaseInstance&) { return true; }, [](const auto&) { return false; }},
                    detail);
}

bool is_bookkeeping(const ActionDetail& detail) {
  // That what was just created is the stable revision goes without saying.
  if (const auto* end = std::get_if<EndRollout>(&detail)) return end->created.has_value();
  if (const auto* watch = std::get_if<WatchRollout>(&detail)) return !watch->step;
  return std::holds_alternative<Barrier>(detail) || std::holds_alternative<ChangeRecord>(detail) ||
         std::holds_alternative<EnsurePool>(detail) || std::holds_alternative<RolloutTurn>(detail) ||
         std::holds_alternative<CheckStop>(detail);
}

bool takes_long(const ActionDetail& detail) {
  return std::holds_alternative<UploadImage>(detail) || std::holds_alternative<WaitForGates>(detail) ||
         std::holds_alternative<StopDomain>(detail) || std::holds_alternative<RunHook>(detail) ||
         (std::holds_alternative<WatchRollout>(detail) && std::get<WatchRollout>(detail).step);
}

bool rests(const ActionDetail& detail) {
  const auto* watch = std::get_if<WatchRollout>(&detail);
  return (watch != nullptr && watch->step) || std::holds_alternative<HoldRollout>(detail);
}

std::string begin_label(const BeginRollout& begin) {
  if (begin.condemned) return fmt::format("roll back to revision {}", begin.rollout.to);
  if (begin.rollout.from == 0) return fmt::format("rollout of revision {}", begin.rollout.to);
  return fmt::format("rollout {} -> {}", begin.rollout.from, begin.rollout.to);
}

std::string watch_label(const WatchRollout& watch) {
  if (!watch.step) return fmt::format("look again at {} new", watch.watched.size());
  return fmt::format("step {}: rest for {}, {} new watched", *watch.step + 1, show_duration(watch.lasts),
                     watch.watched.size());
}

/// Gathers actions into steps, one plan at a time.
class Folder {
 public:
  explicit Folder(StepSize size) : size_(size) {}

  void add(const Action& action) {
    const bool claim = std::holds_alternative<ClaimInstance>(action.detail);
    if (size_ == StepSize::folded && removes(action.detail)) {
      join(removals_, action, "destroy on " + printable(action.host));
    } else if (size_ == StepSize::folded && (claim || creations_.contains(action.address)) && creates(action.detail)) {
      const auto* begun = std::get_if<ClaimInstance>(&action.detail);
      join(creations_, action,
           "create on " + printable(action.host) + (begun ? addresses_text(begun->instance.nics) : ""));
    } else {
      open(action, action_label(action));
    }
  }

  Steps take() { return std::move(out_); }

 private:
  void open(const Action& action, std::string label) {
    out_.of_action.push_back(out_.steps.size());
    out_.steps.push_back({.name = short_of(action.address),
                          .label = std::move(label),
                          .actions = 1,
                          .shown = !is_bookkeeping(action.detail),
                          .is_long = takes_long(action.detail),
                          .is_rest = rests(action.detail)});
  }

  void join(std::map<std::string, std::size_t>& known, const Action& action, std::string label) {
    const auto found = known.find(action.address);
    if (found == known.end()) {
      known.emplace(action.address, out_.steps.size());
      open(action, std::move(label));
      return;
    }
    out_.of_action.push_back(found->second);
    ++out_.steps[found->second].actions;
  }

  static std::string short_of(const std::string& address) {
    constexpr std::string_view prefixes[] = {"image.", "group.", "host."};
    const std::string name = shown_name(address);
    for (const auto prefix : prefixes) {
      if (name.starts_with(prefix)) return name.substr(prefix.size());
    }
    return name;
  }

  StepSize size_;
  Steps out_;
  std::map<std::string, std::size_t> creations_, removals_;
};

}  // namespace

std::string action_label(const Action& action) {
  const std::string host = printable(action.host);
  const auto disk = [](const VolumeRecord& volume) { return printable(volume.disk) + " disk"; };
  return std::visit(
      Overloaded{[&](const ClaimInstance& claim) {
                   return "claim a place on " + host + printable(addresses_text(claim.instance.nics));
                 },
                 [&](const EnsurePool& ensure) { return fmt::format("pool {} on {}", printable(ensure.pool), host); },
                 [&](const UploadImage& upload) {
                   return fmt::format("send {} to {}", show_bytes(upload.image.size_bytes), host);
                 },
                 [&](const DeleteImage&) { return "delete the copy on " + host; },
                 [&](const CreateVolume& create) {
                   return fmt::format("{}, {}, on {}", disk(create.volume), show_bytes(create.volume.capacity_bytes),
                                      host);
                 },
                 [&](const ResizeVolume& resize) {
                   return fmt::format("grow {} to {}", disk(resize.volume), show_bytes(resize.volume.capacity_bytes));
                 },
                 [&](const DeleteVolume& remove) { return fmt::format("delete {} on {}", disk(remove.volume), host); },
                 [&](const WriteSeed&) { return "write seed on " + host; },
                 [&](const DefineDomain&) { return "define on " + host; },
                 [&](const UpdateDomain& update) { return update_label(update) + ", on " + host; },
                 [&](const StartDomain&) { return "start on " + host; },
                 [&](const StopDomain&) { return "shut down on " + host; },
                 [&](const UndefineDomain& undefine) {
                   return (undefine.was_gone ? "make sure that it is gone from " : "undefine on ") + host;
                 },
                 [&](const WaitForGates& wait) { return gates_label(wait); },
                 [&](const ReleaseInstance&) { return std::string("give back address and place"); },
                 [&](const ChangeRecord&) { return std::string("change the record"); },
                 [&](const Barrier&) { return std::string("all of it"); },
                 [&](const CheckStop&) { return "see that it may be stopped on " + host; },
                 [&](const RunHook& hook) { return hook_label(hook); },
                 [&](const BeginRollout& begin) { return begin_label(begin); },
                 [&](const RolloutTurn& turn) { return fmt::format("turn {}", turn.number); },
                 [&](const WatchRollout& watch) { return watch_label(watch); },
                 [&](const HoldRollout& hold) { return fmt::format("step {}: wait until promoted", hold.step + 1); },
                 [&](const EndRollout& end) { return fmt::format("revision {} is complete", end.revision); }},
      action.detail);
}

Steps steps_of(const Plan& plan, StepSize size) {
  Folder folder(size);
  for (const auto& action : plan.actions) folder.add(action);
  return folder.take();
}

}  // namespace vscale
