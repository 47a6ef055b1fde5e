#include "tests/engine/plan/plan_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vscale::test {
namespace {

std::string show(const ReasonValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

std::string show(const Reason& reason) {
  std::string text = fmt::format("    {}: {}", to_string(reason.rule), reason.text);
  std::string values;
  for (const auto& [name, value] : reason.values) values += fmt::format(" {}={}", name, show(value));
  return text + (values.empty() ? "" : " (" + values.substr(1) + ")") + "\n";
}

std::string show(const Change& change) {
  std::string text = fmt::format("  {} {}", to_string(change.action), change.address);
  if (change.disruption != Disruption::none) text += fmt::format(" [{}]", to_string(change.disruption));
  text += fmt::format(" {}>{}", change.from_host, change.host);
  for (const auto& address : change.addresses) text += " " + address;
  text += "\n";
  for (const auto& field : change.fields) {
    text += fmt::format("    {} {} -> {}\n", field.field, field.before.empty() ? "?" : field.before, field.after);
  }
  for (const auto& reason : change.reasons) text += show(reason);
  return text;
}

/// What of the detail a reader of the graph wants to see.
struct Note {
  std::string operator()(const ClaimInstance& claim) const {
    std::string text = fmt::format(" incarnation {} revision {}", claim.instance.incarnation, claim.instance.revision);
    for (const auto& nic : claim.instance.nics) text += " " + nic.address.value_or("dhcp");
    return text;
  }
  std::string operator()(const EnsurePool& pool) const { return " " + pool.pool + " " + pool.path; }
  std::string operator()(const UploadImage& upload) const { return " " + upload.pool + "/" + upload.volume; }
  std::string operator()(const DeleteImage& image) const { return " " + image.pool + "/" + image.volume; }
  std::string operator()(const CreateVolume& create) const {
    return fmt::format(" {}{}{}{}", create.volume.name, create.backing_volume.empty() ? "" : " over ",
                       create.backing_volume, create.replace_existing ? " replacing" : "");
  }
  std::string operator()(const ResizeVolume& resize) const {
    return fmt::format(" {} {}", resize.volume.name, show_bytes(resize.volume.capacity_bytes));
  }
  std::string operator()(const DeleteVolume& gone) const { return " " + gone.volume.name; }
  std::string operator()(const WriteSeed& seed) const { return " " + seed.volume.name; }
  std::string operator()(const DefineDomain& define) const {
    std::string text =
        fmt::format(" {} {} vcpus {}", define.spec.name, define.spec.vcpus, show_bytes(define.spec.memory_bytes));
    for (const auto& disk : define.spec.disks) text += " " + disk.serial + "=" + disk.volume;
    return text;
  }
  std::string operator()(const UpdateDomain& update) const {
    std::string text;
    if (update.vcpus) text += fmt::format(" vcpus {}", *update.vcpus);
    if (update.memory_bytes) text += " memory " + show_bytes(*update.memory_bytes);
    if (update.ownership) text += " mark " + to_string(update.ownership->address);
    return text;
  }
  std::string operator()(const StopDomain& stop) const { return stop.removal ? " for removal" : " for a change"; }
  std::string operator()(const ChangeRecord& record) const {
    return fmt::format(" {} change{}", record.changes.size(), record.changes.size() == 1 ? "" : "s");
  }
  std::string operator()(const StartDomain&) const { return ""; }
  std::string operator()(const UndefineDomain&) const { return ""; }
  std::string operator()(const WaitForGates&) const { return ""; }
  std::string operator()(const ReleaseInstance&) const { return ""; }
  std::string operator()(const Barrier&) const { return ""; }
  std::string operator()(const CheckStop&) const { return ""; }
  std::string operator()(const RunHook& hook) const {
    const auto& argv = hook.hook.command.empty() ? hook.hook.guest : hook.hook.command;
    return fmt::format(" {}{}", to_string(hook.when), argv.empty() ? "" : " " + argv.front().text);
  }
  std::string operator()(const BeginRollout& begin) const {
    return fmt::format(" {} -> {}{}", begin.rollout.from, begin.rollout.to, begin.condemned ? ", back" : "");
  }
  std::string operator()(const RolloutTurn& turn) const { return fmt::format(" {}", turn.number); }
  std::string operator()(const WatchRollout& watch) const {
    if (!watch.step) return fmt::format(" again at {}", watch.watched.size());
    return fmt::format(" step {} for {}, {} watched", *watch.step, show_duration(watch.lasts), watch.watched.size());
  }
  std::string operator()(const HoldRollout& hold) const { return fmt::format(" step {}", hold.step); }
  std::string operator()(const EndRollout& end) const { return fmt::format(" revision {}", end.revision); }
};

std::string show(const Action& action) {
  std::string text = fmt::format("  {} {} {}{}", action.id, kind_of(action.detail), action.address,
                                 action.host.empty() ? "" : "@" + action.host);
  text += std::visit(Note{}, action.detail);
  if (!action.needs.empty()) text += fmt::format(" <- {}", fmt::join(action.needs, ","));
  return text + "\n";
}

std::string show(const Drift& drift) {
  return fmt::format("  {}@{} {}: {} -> {}; {}\n", drift.address, drift.host, drift.what, drift.recorded, drift.live,
                     drift.remedy);
}

std::string show(const Unknown& unknown) {
  return fmt::format("  {}@{}: {}\n", unknown.address, unknown.host, unknown.why);
}

std::string show(const Diagnostic& diagnostic) {
  std::string text = fmt::format("  {} {}: {}", diagnostic.severity == Severity::error ? "error" : "warning",
                                 diagnostic.code, diagnostic.summary);
  if (diagnostic.where.line != 0) text += fmt::format(" [{}:{}]", diagnostic.where.file, diagnostic.where.line);
  return text + "\n    hint: " + diagnostic.hint + "\n";
}

template <class Item>
std::string part(const char* title, const std::vector<Item>& items) {
  if (items.empty()) return "";
  std::string text = std::string(title) + "\n";
  for (const auto& item : items) text += show(item);
  return text;
}

std::string show(const Summary& sum) {
  std::string text;
  const auto add = [&](const char* word, int count) {
    if (count != 0) text += fmt::format(" {} {}", count, word);
  };
  add("create", sum.create);
  add("update", sum.update);
  add("replace", sum.replace);
  add("destroy", sum.destroy);
  add("start", sum.start);
  add("unknown", sum.unknown);
  return text.empty() ? " nothing" : text;
}

}  // namespace

std::string plan_text(const Plan& plan) {
  return part("drift", plan.drift) + part("changes", plan.changes) + part("actions", plan.actions) +
         part("unknown", plan.unknown) + part("diagnostics", plan.diagnostics) +
         fmt::format("summary{}{}{}\n", show(plan.summary), plan.complete ? "" : ", incomplete",
                     plan.errored ? ", errored" : "");
}

}  // namespace vscale::test
