#include "engine/plan/reconcile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_set>

#include "engine/live/emulation.h"
#include "engine/plan/names/renamed_hosts.h"
#include "engine/plan/planning.h"
#include "engine/values/text/listed.h"
#include "engine/values/text/shell_word.h"

namespace vscale {
namespace {

using Seen = UnrecordedDomain::Seen;

void read_identities(Planning& planning) {
  for (const auto& [address, instance] : planning.instances) {
    planning.identities.take_uuid(instance->uuid);
    planning.names.emplace(instance->name, to_string(address));
    for (const auto& nic : instance->nics) {
      planning.identities.take_mac(nic.mac, to_string(address));
    }
  }
  for (const auto& unrecorded : planning.unrecorded) planning.identities.take_uuid(unrecorded.domain->uuid);
  for (const auto& [host, view] : planning.input.live) {
    if (!view.snapshot) continue;
    for (const auto& domain : view.snapshot->domains) planning.identities.take_uuid(domain.uuid);
  }
}

/// Those of networks that the file has come first: the others are taken wherever they may be in use.
void read_recorded_addresses(Planning& planning) {
  for (const bool in_file : {true, false}) {
    for (const auto& [address, instance] : planning.instances) {
      for (const auto& nic : instance->nics) {
        const bool counts = nic.address && !nic.learned;
        if (!counts || (find_network(planning.config, nic.network) != nullptr) != in_file) continue;
        planning.addresses.take(nic.network, *nic.address, to_string(address));
      }
    }
  }
}

/// Addresses and MACs.
void take_cards_of(Planning& planning, const UnrecordedDomain& unrecorded) {
  for (const auto& nic : unrecorded.domain->nics) planning.identities.take_mac(nic.mac, show(unrecorded));
  for (const auto& held : unrecorded.mark().addresses) {
    planning.addresses.take(held.network, held.address, show(unrecorded));
  }
}

/// What the file gives to somebody by name is not handed out to anybody else.
void read_fixed_addresses_of_file(Planning& planning) {
  for (const auto& group : planning.config.groups) {
    const InstanceAddress owner{group.kind, group.name, 0};
    for (const auto& nic : group.instance.networks) {
      if (nic.address) planning.addresses.take(nic.network, *nic.address, to_string(owner));
      if (nic.mac) planning.identities.take_mac(*nic.mac, to_string(owner));
    }
  }
}

/// Of domains that have other cards than are recorded, or that are not ours. The file may fix such a MAC all the same.
void read_live_macs(Planning& planning) {
  for (const auto& [host, view] : planning.input.live) {
    if (!view.snapshot) continue;
    for (const auto& domain : view.snapshot->domains) {
      for (const auto& nic : domain.nics) {
        planning.identities.take_mac(nic.mac, fmt::format("domain {} on {}", domain.name, host));
      }
    }
  }
}

/// What a guest says that it has is not handed out, but nobody who was given it is kept from it.
void read_learned_addresses(Planning& planning) {
  for (const auto& [address, instance] : planning.instances) {
    for (const auto& nic : instance->nics) {
      if (nic.address && nic.learned) planning.addresses.take(nic.network, *nic.address, to_string(address));
    }
  }
}

/// In the order in which they have a right to it, after what is recorded.
void read_fixed_addresses(Planning& planning) {
  const auto take_all = [&](bool former_hosts) {
    for (const auto& unrecorded : planning.unrecorded) {
      if ((unrecorded.seen == Seen::on_former_host) == former_hosts) take_cards_of(planning, unrecorded);
    }
  };
  take_all(false);
  read_fixed_addresses_of_file(planning);
  // A host that the file has given up may be gone for good. What was on it is not handed out, but who writes it down
  // for somebody else knows that it is free.
  take_all(true);
  read_live_macs(planning);
  read_learned_addresses(planning);
}

void read_image_copies(Planning& planning) {
  for (const auto& copy : planning.input.recorded.image_copies) {
    planning.image_copies.emplace(planning.image_copy_key(copy.host, copy.pool, copy.digest), &copy);
    planning.image_names.emplace(copy.digest, copy.image);
  }
}

int wanted_at_most(const Group& group) {
  return group.scaling ? std::max(group.size, group.scaling->max) : group.size;
}

Scope::Known known_words(const Planning& planning) {
  Scope::Known known;
  for (const auto& host : planning.config.hosts) known.hosts.insert(host.name);
  for (const auto& group : planning.config.groups) {
    known.groups.insert(address_of(group));
    for (const auto& dependency : group.depends_on) known.depends_on[address_of(group)].insert(dependency);
    for (int ordinal = 0; ordinal < wanted_at_most(group); ++ordinal) {
      known.instances.insert(to_string(InstanceAddress{group.kind, group.name, ordinal}));
    }
  }
  for (const auto& [address, instance] : planning.instances) {
    known.groups.insert(group_address(address));
    known.standing.insert(group_address(address));
    known.instances.insert(to_string(address));
    for (const auto& dependency : instance->after) known.depends_on[group_address(address)].insert(dependency);
  }
  // An instance that is gone may have left disks behind.
  for (const auto& owner : planning.volumes.owners()) {
    known.groups.insert(group_address(owner));
    known.instances.insert(to_string(owner));
  }
  return known;
}

constexpr std::size_t kGroupsNamed = 10;
constexpr std::size_t kInstancesNamed = 3;

std::string known_groups(const std::set<std::string>& groups) {
  if (groups.empty()) return "nothing is wanted or recorded";
  return "there are: " + listed_up_to(kGroupsNamed, {groups.begin(), groups.end()});
}

void read_scope(Planning& planning) {
  const PlanOptions& options = planning.input.options;
  if (options.targets.empty() && options.excludes.empty() && options.replaces.empty()) return;
  const Scope::Known known = known_words(planning);
  for (const auto& word : planning.scope.read(options, known, options.destroy)) {
    planning.error("unknown_address", fmt::format("\"{}\" is not the address of anything wanted or recorded", word),
                   known_groups(known.groups));
  }
  if (planning.scope.is_narrowed()) {
    planning.warn("narrowed", "the plan is narrowed by --target or --exclude: the rest was not planned",
                  "plan again without them afterwards");
  }
}

void report_silent_hosts(Planning& planning) {
  for (const auto& host : planning.config.hosts) {
    if (planning.live.answers(host.name) || planning.scope.excludes_host(host.name)) continue;
    planning.plan.complete = false;
    const auto view = planning.input.live.find(host.name);
    const auto recorded = planning.input.recorded.hosts.find(host.name);
    const HostFailure* failure = nullptr;
    if (view != planning.input.live.end() && view->second.failure) failure = &*view->second.failure;
    std::optional<Instant> since;
    if (failure != nullptr) since = failure->at;
    if (recorded != planning.input.recorded.hosts.end() && recorded->second.failure) {
      since = recorded->second.failure->at;
    }
    int there = 0;
    for (const auto& [address, instance] : planning.instances) there += instance->host == host.name ? 1 : 0;
    std::string why = failure != nullptr ? to_string(failure->error) : "it was not read";
    if (there != 0) why += fmt::format("; its {} {} left alone", there, there == 1 ? "instance is" : "instances are");
    planning.plan.unknown.push_back(
        {.address = "host." + host.name, .host = host.name, .why = std::move(why), .since = since});
  }
}

/// Names of domains begin with that of the installation, and stay: under another name in the file new guests would be
/// called otherwise than those that are there, and `vscale ssh` would find only some of them.
void refuse_other_installation(Planning& planning) {
  const std::string ours = planning.config.name + "-";
  std::vector<std::string> others;
  for (const auto& [address, instance] : planning.instances) {
    if (!instance->name.starts_with(ours)) others.push_back(instance->name);
  }
  if (others.empty()) return;
  planning.error("other_installation",
                 fmt::format("the file is of \"{}\", and the statefile holds instances of another name: {}",
                             planning.config.name, listed_up_to(kInstancesNamed, others)),
                 "use a statefile of its own (--state FILE, or a file in another directory); an installation keeps its "
                 "name for as long as it has instances",
                 "name");
}

/// Guests there are slow, and their gates may not pass in time, while libvirt says that all is well.
void report_failing_kvm(Planning& planning) {
  std::vector<std::string> failing;
  for (const auto& host : planning.config.hosts) {
    const auto view = planning.input.live.find(host.name);
    if (view == planning.input.live.end() || !view->second.snapshot || !kvm_fails(*view->second.snapshot)) continue;
    failing.push_back(host.name);
  }
  if (!failing.empty()) planning.warn("kvm_fails", emulation_text(failing), emulation_hint());
}

/// By hand, on its host. Its disks are named: what is on them is for a person to judge. Not those that are recorded.
std::string how_to_remove(const LiveDomain& domain, const std::unordered_set<std::string_view>& recorded) {
  const std::string name = shell_word(domain.name);
  std::string how = is_up(domain.state) ? fmt::format("virsh destroy {}, and ", name) : "";
  how += "virsh undefine " + name;
  std::vector<std::string> files;
  for (const std::string& path : domain.disk_paths) {
    const std::string_view file = std::string_view(path).substr(path.rfind('/') + 1);
    if (file.starts_with(domain.name + "-") && !recorded.contains(file)) files.push_back(path);
  }
  return files.empty() ? how : fmt::format("{}; its disks stay: {}", how, fmt::join(files, ", "));
}

/// What was forgotten, or the record of which was lost. One that was only seen in the past is not reported: it says
/// nothing new, and nobody could do anything about it.
void report_orphans(Planning& planning) {
  std::unordered_set<std::string_view> recorded;
  if (planning.unrecorded.empty()) return;
  for (const auto& volume : planning.input.recorded.volumes) recorded.insert(volume.name);
  for (const auto& unrecorded : planning.unrecorded) {
    if (unrecorded.seen != Seen::now) continue;
    const std::string& name = unrecorded.domain->name;
    planning.warn("orphan",
                  fmt::format("domain {} on {} carries this installation's mark as {}, and is not recorded; it is left "
                              "alone",
                              name, *unrecorded.host, to_string(unrecorded.mark().address)),
                  fmt::format("was an older backup of the state restored? then use the newer statefile; if it was "
                              "forgotten and nobody needs it, on {}: {}",
                              *unrecorded.host, how_to_remove(*unrecorded.domain, recorded)));
  }
}

std::string storage_of_pool(const Config& config, const std::string& pool) {
  const auto found = std::find_if(config.storage.begin(), config.storage.end(),
                                  [&](const Storage& storage) { return storage.pool == pool; });
  return found == config.storage.end() ? "" : found->name;
}

/// Two names of one host look like two hosts that share its pools: then the file that is "left over" is the only one.
std::string sharing_hint(const Config& config, const SharingSign& sign) {
  if (find_host(config, sign.recorded_on) == nullptr) {
    return fmt::format(
        "if {0} is {1} by another name, call it {1} again: disks that were kept stay recorded there; "
        "delete nothing on {0} before that is known",
        sign.shown_by, sign.recorded_on);
  }
  const std::string storage = storage_of_pool(config, sign.pool);
  return fmt::format(
      "if they share it, write `shared: true` in {0}; if they do not, {1} has a file of its own of that name, as after "
      "a copy by hand, or of a guest that was forgotten: rename it if anybody needs what is on it; else make sure that "
      "no domain uses it there, and delete it on {1}",
      storage.empty() ? "its storage" : "storage " + storage, sign.shown_by);
}

/// Once for each pool.
void report_pools_that_look_shared(Planning& planning) {
  std::set<std::string> said;
  for (const auto& sign : planning.sharing_signs) {
    if (!said.insert(sign.pool).second) continue;
    planning.warn(
        "pool_looks_shared",
        fmt::format(
            "pool {}: {} shows {}, which {} on {}: the hosts seem to share it, and the file does not say so; no "
            "copy of an image is deleted or replaced there",
            sign.pool, sign.shown_by, sign.volume,
            sign.used_by.empty() ? "is recorded" : fmt::format("domain {} has", sign.used_by), sign.recorded_on),
        sharing_hint(planning.config, sign), "storage." + storage_of_pool(planning.config, sign.pool));
  }
}

/// What a key stands in: "moved" of "moved[0]", "a" of "a.b"; empty at the top.
std::string around(const std::string& key) {
  const auto end = key.find_last_of(".[");
  return end == std::string::npos ? "" : key.substr(0, end);
}

}  // namespace

Planning::Planning(const PlanInput& plan_input)
    : input(plan_input),
      config(plan_input.config),
      live(plan_input.live),
      addresses(plan_input.config),
      volumes(plan_input.config, plan_input.recorded.volumes, live),
      group_records(plan_input.recorded.groups) {
  plan.name = config.name;
  plan.created_at = input.now;
  plan.lineage = input.recorded.lineage;
  plan.serial = input.recorded.serial;
  for (const auto& [address, instance] : input.recorded.instances) instances.emplace(address, &instance);
  unrecorded = unrecorded_domains(input.recorded, config, input.live);
  sharing_signs = signs_of_sharing(config, input.recorded, unrecorded, live);
  for (const auto& entry : config.removed) removed.emplace(entry.address, &entry);
}

ImageCopyKey Planning::image_copy_key(const std::string& host, const std::string& pool,
                                      const std::string& digest) const {
  return {volumes.is_shared(pool) ? std::string() : host, pool, digest};
}

const std::string& Planning::recorded_address(const std::string& group) const {
  const auto former = recorded_as.find(group);
  return former == recorded_as.end() ? group : former->second;
}

std::string Planning::host_reaching(const std::string& pool, const std::string& recorded,
                                    const std::string& own) const {
  return volumes.host_reaching(pool, recorded, own,
                               [this](const std::string& host) { return !scope.excludes_host(host); });
}

bool Planning::may_work_on(const std::string& host) const {
  return live.answers(host) && !scope.excludes_host(host);
}

void Planning::error(std::string code, std::string summary, std::string hint, const std::string& place) {
  diagnose(Severity::error, std::move(code), std::move(summary), std::move(hint), place);
}

void Planning::warn(std::string code, std::string summary, std::string hint, const std::string& place) {
  diagnose(Severity::warning, std::move(code), std::move(summary), std::move(hint), place);
}

void Planning::diagnose(Severity severity, std::string code, std::string summary, std::string hint,
                        const std::string& place) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.code = std::move(code);
  diagnostic.summary = std::move(summary);
  diagnostic.hint = std::move(hint);
  // A key that was not written has no place of its own: its group's is the next best.
  for (std::string key = place; !key.empty(); key = around(key)) {
    const auto found = input.places.find(key);
    if (found == input.places.end()) continue;
    diagnostic.where = found->second;
    break;
  }
  plan.diagnostics.push_back(std::move(diagnostic));
}

std::string place_of(const Group& group, const std::string& key) {
  const bool machine = group.kind == InstanceAddress::Kind::machine;
  return fmt::format("{}.{}.{}", machine ? "machines" : "groups", group.name, key);
}

std::string template_place_of(const Group& group, const std::string& key) {
  return place_of(group, group.kind == InstanceAddress::Kind::machine ? key : "template." + key);
}

std::string disk_place_of(const Group& group, const std::string& disk, const std::string& key) {
  const auto& disks = group.instance.disks;
  const auto found = std::find_if(disks.begin(), disks.end(), [&](const DataDisk& one) { return one.name == disk; });
  VSCALE_ASSERT(found != disks.end(), "only a disk of the template has a place in it");
  return template_place_of(group, fmt::format("disks[{}].{}", found - disks.begin(), key));
}

namespace {

/// The record follows before anything else is done. `input` says already what it will say then.
void follow_renamed_hosts(Planning& planning, const std::vector<RenamedHost>& renamed) {
  ChangeRecord record;
  for (const auto& host : renamed) {
    record.changes.push_back(record_of(host));
    Change change;
    change.address = "host." + host.to;
    change.action = ChangeAction::update;
    change.from_host = change.host = host.to;
    change.reasons.push_back({Rule::host_renamed, show(host), {{"from", host.from}, {"to", host.to}}});
    planning.plan.changes.push_back(std::move(change));
  }
  if (!renamed.empty()) planning.graph.begin_with("host." + renamed.front().to, std::move(record));
}

Plan plan_from(const PlanInput& input, const std::vector<RenamedHost>& renamed) {
  Planning planning(input);
  follow_renamed_hosts(planning, renamed);
  if (!input.options.destroy) follow_moved(planning);
  read_identities(planning);
  read_recorded_addresses(planning);
  read_fixed_addresses(planning);
  read_image_copies(planning);
  read_scope(planning);
  refuse_other_installation(planning);
  report_silent_hosts(planning);
  if (!input.options.destroy) report_failing_kvm(planning);
  report_orphans(planning);
  report_pools_that_look_shared(planning);
  decide_fates(planning);
  apply_limits(planning);
  prepare_rollouts(planning);
  check_destroyed(planning);
  place_instances(planning);
  plan_moves(planning);
  plan_removals(planning);
  plan_growth(planning);
  plan_image_cleanup(planning);
  give_account(planning);
  planning.plan.actions = planning.graph.take();
  planning.plan.errored = has_errors(planning.plan.diagnostics);
  assert_well_formed(planning.plan);
  return std::move(planning.plan);
}

}  // namespace

Plan reconcile(const PlanInput& input) {
  const std::vector<RenamedHost> renamed = renamed_hosts(input.config, input.recorded, input.live);
  if (renamed.empty()) return plan_from(input, renamed);
  PlanInput as_named_now = input;
  as_named_now.recorded = followed(std::move(as_named_now.recorded), renamed);
  return plan_from(as_named_now, renamed);
}

}  // namespace vscale
