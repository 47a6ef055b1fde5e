#include "engine/execution/perform.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/execution/hooks/run_hook.h"
#include "engine/gates/gates.h"

namespace vscale {
namespace {

VolumeRef ref_of(const VolumeRecord& volume) {
  return {volume.host, volume.pool, volume.name};
}

Result<ActionOutcome> outcome_of(const Result<void>& result) {
  if (!result) return result.error();
  return ActionOutcome{};
}

std::string note_of(StopOutcome outcome, Duration grace) {
  switch (outcome) {
    case StopOutcome::was_off:
      return "was off";
    case StopOutcome::shut_down:
      return "shut down";
    case StopOutcome::powered_off:
      return fmt::format("powered off after {}", show_duration(grace));
  }
  VSCALE_ASSERT(false, "a StopOutcome without a word");
}

bool is_off(DomainState state) {
  return state == DomainState::shut_off || state == DomainState::crashed;
}

constexpr const char* kOffOrGone = "is off or gone, and was up";

/// Lets progress through at most every kProgressInterval, measured by Clock::uptime().
class Pace {
 public:
  [[nodiscard]] bool due(Duration uptime) {
    if (told_at_ && uptime - *told_at_ < kProgressInterval) return false;
    told_at_ = uptime;
    return true;
  }

 private:
  std::optional<Duration> told_at_;
};

struct Performer {
  const Action& action;
  const ActionInput& input;
  const Config& config;
  WorldPorts ports;
  const ActionProgressSink& progress;
  const std::function<bool()>& stopped;

  Result<ActionOutcome> operator()(const EnsurePool& pool) const {
    return outcome_of(ports.volumes.ensure_pool(action.host, pool.pool, pool.path));
  }

  Result<ActionOutcome> operator()(const UploadImage& upload) const {
    const Image* image = find_image(config, upload.image.image);
    if (image == nullptr) {
      return Error{ErrorKind::not_found,
                   fmt::format("image \"{}\" is no longer in the configuration", upload.image.image),
                   {},
                   "plan again"};
    }
    // The end is always told.
    Pace pace;
    const auto tell = [this, &pace](std::uint64_t done, std::uint64_t total) {
      if (!pace.due(ports.clock.uptime()) && done != total) return;
      progress(RunEvent{ports.clock.now(), TransferProgress{action.id, done, total}});
    };
    const auto file = ports.images.local_file(*image, upload.image, tell);
    if (!file) return file.error();
    return outcome_of(ports.volumes.upload_file({.volume = {action.host, upload.pool, upload.volume},
                                                 .format = upload.image.format,
                                                 .virtual_size_bytes = upload.image.virtual_size_bytes,
                                                 .path = *file,
                                                 .replace_existing = upload.replace_existing},
                                                tell));
  }

  Result<ActionOutcome> operator()(const DeleteImage& image) const {
    return outcome_of(ports.volumes.delete_volume({action.host, image.pool, image.volume}));
  }

  Result<ActionOutcome> operator()(const CreateVolume& create) const {
    const VolumeRef volume = ref_of(create.volume);
    if (create.replace_existing) {
      if (const auto deleted = ports.volumes.delete_volume(volume); !deleted) return deleted.error();
    }
    return outcome_of(ports.volumes.create_volume({.volume = volume,
                                                   .capacity_bytes = create.volume.capacity_bytes,
                                                   .format = create.format,
                                                   .backing_volume = create.backing_volume,
                                                   .backing_format = create.backing_format}));
  }

  /// Through the guest only where there is one that is up: the disk of a domain that is off is a plain file. That of
  /// one that has left its host is not.
  Result<ActionOutcome> operator()(const ResizeVolume& resize) const {
    std::optional<DomainRef> guest;
    if (!resize.uuid.empty()) {
      const auto state = ports.domains.domain_state(domain(resize.uuid));
      if (!state) return state.error().kind == ErrorKind::not_found ? changed_since("is gone") : state.error();
      if (is_off(*state) && resize.was_up) return changed_since("is off, and was up");
      if (!is_off(*state)) guest = domain(resize.uuid);
    }
    return outcome_of(ports.volumes.resize_volume(ref_of(resize.volume), resize.volume.capacity_bytes, guest));
  }

  Result<ActionOutcome> operator()(const DeleteVolume& gone) const {
    return outcome_of(ports.volumes.delete_volume(ref_of(gone.volume)));
  }

  Result<ActionOutcome> operator()(const WriteSeed& seed) const {
    const auto address = parse_instance_address(action.address);
    VSCALE_ASSERT(address.has_value(), "a seed.write that names no instance");
    const auto files = ports.seeds.seed_for({.address = *address,
                                             .name = seed.name,
                                             .instance_id = seed.instance_id,
                                             .host = action.host,
                                             .nics = seed.nics,
                                             .known_addresses = input.known_addresses});
    if (!files) return files.error();
    if (seed.replace_existing) {
      if (const auto deleted = ports.volumes.delete_volume(ref_of(seed.volume)); !deleted) return deleted.error();
    }
    return outcome_of(ports.volumes.write_seed(ref_of(seed.volume), *files));
  }

  Result<ActionOutcome> operator()(const DefineDomain& define) const {
    return outcome_of(ports.domains.define_domain(action.host, define.spec));
  }

  Result<ActionOutcome> operator()(const UpdateDomain& update) const {
    return outcome_of(ports.domains.change_domain(
        domain(update.uuid),
        {.vcpus = update.vcpus, .memory_bytes = update.memory_bytes, .ownership = update.ownership}));
  }

  Result<ActionOutcome> operator()(const StartDomain& start) const {
    return outcome_of(ports.domains.start_domain(domain(start.uuid)));
  }

  Result<ActionOutcome> operator()(const StopDomain& stop) const {
    auto stopped_domain = stop_or_refuse(stop);
    if (stopped_domain) return stopped_domain;
    return take_back(stop.undo, stopped_domain.error(), hook_subject(stop.uuid), hook_ports());
  }

  [[nodiscard]] Result<ActionOutcome> stop_or_refuse(const StopDomain& stop) const {
    const auto outcome = ports.domains.stop_domain(domain(stop.uuid), stop.grace);
    if (!outcome) return outcome.error();
    if (stop.was_up && *outcome == StopOutcome::was_off) return changed_since(kOffOrGone);
    // Asked for last: a migration that somebody began before may have taken it away in the meantime.
    const auto state = ports.domains.domain_state(domain(stop.uuid));
    const bool is_gone = !state && state.error().kind == ErrorKind::not_found;
    if (is_gone && !stop.transient) return changed_since("is gone");
    if (!state && !is_gone) return state.error();
    return ActionOutcome{.addresses = {}, .note = note_of(*outcome, stop.grace)};
  }

  Result<ActionOutcome> operator()(const UndefineDomain& undefine) const {
    if (!undefine.was_gone) return outcome_of(ports.domains.undefine_domain(domain(undefine.uuid)));
    const auto state = ports.domains.domain_state(domain(undefine.uuid));
    if (state) return changed_since("is back, and was gone");
    if (state.error().kind != ErrorKind::not_found) return state.error();
    return ActionOutcome{};
  }

  Result<ActionOutcome> operator()(const WaitForGates& wait) const {
    Pace pace;
    auto passed = wait_for_gates({action.address, input.name, domain(wait.uuid), input.started_at}, wait, gate_ports(),
                                 tell_of_gates(pace), stopped);
    if (!passed) return passed.error();
    return ActionOutcome{std::move(passed->addresses), std::move(passed->note)};
  }

  Result<ActionOutcome> operator()(const CheckStop& check) const {
    const auto state = ports.domains.domain_state(domain(check.uuid));
    const bool is_gone = !state && state.error().kind == ErrorKind::not_found;
    if (!state && !is_gone) return state.error();
    if (check.was_up && (is_gone || is_off(*state))) return changed_since(kOffOrGone);
    if (is_gone) return changed_since("is gone");
    return ActionOutcome{};
  }

  Result<ActionOutcome> operator()(const RunHook& hook) const {
    // What the record has by now comes first: the plan may be older than the guest's lease.
    const auto has_address = [](const GuestNic& nic) { return nic.address.has_value(); };
    HookSubject subject = hook_subject(hook.uuid);
    if (std::none_of(input.nics.begin(), input.nics.end(), has_address)) subject.nics = hook.nics;
    subject.name = hook.name;
    subject.reason = hook.reason;
    return run_hook(hook, subject, hook_ports(), stopped);
  }

  Result<ActionOutcome> operator()(const WatchRollout& watch) const {
    Pace pace;
    return outcome_of(watch_rollout(watch, input.lineage, gate_ports(), tell_of_gates(pace), stopped));
  }

  // These have nothing outside the record; the executor does not ask for them.
  Result<ActionOutcome> operator()(const ClaimInstance&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const ReleaseInstance&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const ChangeRecord&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const Barrier&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const BeginRollout&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const RolloutTurn&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const HoldRollout&) const { return ActionOutcome{}; }
  Result<ActionOutcome> operator()(const EndRollout&) const { return ActionOutcome{}; }

  [[nodiscard]] HookSubject hook_subject(const std::string& uuid) const {
    return {.address = action.address,
            .domain = domain(uuid),
            .name = input.name,
            .nics = input.nics,
            .reason = {},
            .known_addresses = input.known_addresses};
  }

  [[nodiscard]] HookPorts hook_ports() const { return {ports.domains, ports.guests, ports.commands, ports.hook_texts}; }

  [[nodiscard]] DomainRef domain(const std::string& uuid) const { return {action.host, uuid, input.lineage}; }

  [[nodiscard]] GatePorts gate_ports() const { return {ports.domains, ports.guests, ports.probe, ports.clock}; }

  /// For as long as `pace` is there.
  [[nodiscard]] GateTrySink tell_of_gates(Pace& pace) const {
    return [this, &pace](const GateTry& look) {
      if (!pace.due(ports.clock.uptime())) return;
      progress(RunEvent{ports.clock.now(),
                        GateProgress{action.id, look.gate, look.found, look.tries, look.waited, look.limit}});
    };
  }

  /// It may run somewhere else by now, on the disks that the plan is about.
  [[nodiscard]] Error changed_since(const char* what) const {
    return {ErrorKind::conflict,
            fmt::format("host \"{}\": {} {} when the plan was made: somebody may have moved it", action.host,
                        input.name.empty() ? action.address : input.name, what),
            {},
            "plan again"};
  }
};

}  // namespace

Result<ActionOutcome> perform(const Action& action, const ActionInput& input, const Config& config, WorldPorts ports,
                              const ActionProgressSink& progress, const std::function<bool()>& stopped) {
  return std::visit(Performer{action, input, config, ports, progress, stopped}, action.detail);
}

}  // namespace vscale
