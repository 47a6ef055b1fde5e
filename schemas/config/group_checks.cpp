#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "schemas/config/config_builder.h"
#include "schemas/config/config_checks.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/text/units_text.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

constexpr const char* kGiveLabel = "give it to hosts under `labels`";
constexpr std::uint64_t kMinMemoryBytes = 16 * kMiB;
constexpr std::string_view kOwnVolumes[] = {"root", "seed"};  // what an instance's other volumes are called

}  // namespace

std::string ConfigChecks::path_of(const Group& group) {
  return (is_machine(group) ? "machines." : "groups.") + group.name;
}

std::string ConfigChecks::template_path_of(const Group& group) {
  return path_of(group) + (is_machine(group) ? "" : ".template");
}

std::string ConfigChecks::subject_of(const Group& group) {
  return fmt::format("{} {}", is_machine(group) ? "machine" : "group", quote(group.name));
}

const Node& ConfigChecks::node_of(const Group& group) const {
  const Entry* section = root_.find(is_machine(group) ? "machines" : "groups");
  return *section->value->find(group.name)->value;
}

bool ConfigChecks::has_in_template(const Group& group, std::string_view key) const {
  if (is_machine(group)) return node_of(group).find(key) != nullptr;
  const Entry* made = node_of(group).find("template");
  return made != nullptr && made->value->find(key) != nullptr;
}

void ConfigChecks::check_group(Group& group) {
  check_template(group);
  check_networks_of(group);
  check_own_address(group);
  check_disks(group);
  check_hosts_of(group);
  check_placement(group);
  check_dependencies(group);
  check_update(group);
  check_steps(group);
  check_share(group, group.update.max_unavailable, path_of(group) + ".update.maxUnavailable", "update.maxUnavailable");
  check_gates(group);
  check_hooks(group);
  check_host_loss(group);
  check_size(group);
  if (group.scaling) check_scaling(group);
}

void ConfigChecks::check_template(const Group& group) {
  const std::string path = template_path_of(group);
  const std::string subject = subject_of(group);
  const Template& made = group.instance;
  if (written(path + ".image") && find_image(config_, made.image) == nullptr) {
    report_missing(path + ".image", subject + ": image", "images", made.image, names_of(config_.images));
  }
  if (made.max_vcpus < made.vcpus && written(path + ".vcpus") && written(path + ".maxVcpus")) {
    reporter_.error(at(path + ".maxVcpus"), {.code = "min_above_max",
                                             .summary = fmt::format("{}: maxVcpus {} is less than vcpus {}", subject,
                                                                    made.max_vcpus, made.vcpus),
                                             .label = fmt::format("allowed: {} and more", made.vcpus),
                                             .hint = "leave it out, or raise it"});
  }
  if (made.max_memory_bytes < made.memory_bytes && written(path + ".memory") && written(path + ".maxMemory")) {
    reporter_.error(at(path + ".maxMemory"),
                    {.code = "min_above_max",
                     .summary = fmt::format("{}: maxMemory {} is less than memory {}", subject,
                                            show_bytes(made.max_memory_bytes), show_bytes(made.memory_bytes)),
                     .label = fmt::format("allowed: {} and more", show_bytes(made.memory_bytes)),
                     .hint = "leave it out, or raise it"});
  }
  if (written(path + ".memory") && made.memory_bytes < kMinMemoryBytes) {
    reporter_.error(at(path + ".memory"),
                    {.code = "out_of_range",
                     .summary = fmt::format("{}: memory {} is too little", subject, show_bytes(made.memory_bytes)),
                     .label = fmt::format("allowed: {} and more", show_bytes(kMinMemoryBytes)),
                     .hint = "such as 512MiB"});
  }
  if (written(path + ".disk") && made.disk_bytes == 0) {
    reporter_.error(at(path + ".disk"), {.code = "out_of_range",
                                         .summary = subject + ": disk is zero",
                                         .label = "allowed: more than 0",
                                         .hint = "leave the key out to take the image's size"});
  }
}

// Also one whose ranges are all reported: they were meant to be a pool.
bool ConfigChecks::has_pool(const Network& network) const {
  const Node* written = TreeView(&root_).view("networks").at(network.name);
  if (written == nullptr) return true;  // the whole network is reported
  const Entry* pool = written->find("addresses");
  return pool != nullptr && (pool->value->kind == Node::Kind::bad || !pool->value->items.empty());
}

// By DHCP a guest learns its address only after it has got its seed.
void ConfigChecks::check_own_address(const Group& group) {
  const CloudInit& init = group.instance.cloud_init;
  if (!init.user_data || !init.substitute) return;
  const std::vector<Piece> pieces = parse_placeholders(init.user_data->text).all;
  const bool asks = std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
    return !piece.literal && parse_reference(piece.text).kind == Reference::Kind::address;
  });
  const bool known =
      std::any_of(group.instance.networks.begin(), group.instance.networks.end(), [&](const NicSpec& nic) {
        const Network* network = find_network(config_, nic.network);
        return nic.address || network == nullptr || has_pool(*network);
      });
  const std::string path = template_path_of(group) + ".cloudInit";
  const std::string key = path + (init.user_data_file.empty() ? ".userData" : ".userDataFile");
  if (!asks || known || !written(key)) return;
  reporter_.error(at(key),
                  {.code = "unknown_placeholder",
                   .summary = fmt::format("{}: ${{address}} is not known when user-data is made", subject_of(group)),
                   .label = "its networks give addresses by DHCP",
                   .hint = "give a network `addresses` of its own"});
}

void ConfigChecks::check_networks_of(const Group& group) {
  const std::string path = template_path_of(group);
  const bool choice_needed = config_.networks.size() > 1 && !has_in_template(group, "networks");
  if (choice_needed && written(path)) {
    reporter_.error(at(path), {.code = "missing_key",
                               .summary = fmt::format("{} does not say which network it is on", subject_of(group)),
                               .label = "there are " + listed(names_of(config_.networks)),
                               .hint = fmt::format("add networks: [{}], or [] for none", config_.networks[0].name)});
  }
  for (std::size_t i = 0; i < group.instance.networks.size(); ++i) {
    const std::string item = fmt::format("{}.networks[{}]", path, i);
    if (written(item)) check_nic(group, group.instance.networks[i], item);
  }
}

void ConfigChecks::check_disks(const Group& group) {
  const std::string path = template_path_of(group);
  const std::string subject = subject_of(group);
  const std::vector<std::string> known = names_of(config_.storage);
  if (written(path + ".storage") && find_storage(config_, group.instance.storage) == nullptr) {
    report_missing(path + ".storage", subject + ": storage", "storage", group.instance.storage, known);
  }
  if (!has_in_template(group, "storage") && group.instance.storage.empty() && written(path) &&
      !section_is_broken("storage")) {
    reporter_.error(at(path), {.code = "missing_key",
                               .summary = fmt::format("{} does not say which storage its disk is on", subject),
                               .label = known.empty() ? "there is no storage" : "there are " + listed(known),
                               .hint = known.empty() ? "add storage: { default: { pool: default } } to the file"
                                                     : fmt::format("add storage: {}", known[0])});
  }
  std::map<std::string, std::string> seen;
  for (std::size_t i = 0; i < group.instance.disks.size(); ++i) {
    const DataDisk& disk = group.instance.disks[i];
    const std::string item = fmt::format("{}.disks[{}]", path, i);
    if (written(item + ".storage") && find_storage(config_, disk.storage) == nullptr) {
      report_missing(item + ".storage", fmt::format("{}: disk {}: storage", subject, quote(disk.name)), "storage",
                     disk.storage, known);
    }
    if (written(item + ".size") && disk.size_bytes == 0) {
      reporter_.error(at(item + ".size"), {.code = "out_of_range",
                                           .summary = fmt::format("{}: disk {} has no size", subject, quote(disk.name)),
                                           .label = "allowed: more than 0",
                                           .hint = "such as 20GiB"});
    }
    if (!written(item + ".name")) continue;
    const bool taken = std::find(std::begin(kOwnVolumes), std::end(kOwnVolumes), disk.name) != std::end(kOwnVolumes);
    const auto [first, is_new] = seen.emplace(disk.name, item + ".name");
    if (taken) {
      reporter_.error(at(item + ".name"),
                      {.code = "bad_name",
                       .summary = fmt::format("{}: a disk cannot be called {}", subject, quote(disk.name)),
                       .label = "root and seed are vscale's own",
                       .hint = "choose another name"});
    } else if (!is_new) {
      reporter_.error(at(item + ".name"),
                      {.code = "name_collision",
                       .summary = fmt::format("{} has two disks called {}", subject, quote(disk.name)),
                       .label = "second time",
                       .hint = "choose another name for one of them",
                       .also = {at(first->second)}});
    }
  }
}

void ConfigChecks::check_hosts_of(const Group& group) {
  const std::string path = path_of(group) + ".hosts";
  const std::string subject = subject_of(group);
  if (config_.hosts.empty()) return;  // said once, for the file
  for (std::size_t i = 0; i < group.hosts.names.size(); ++i) {
    const std::string item = fmt::format("{}[{}]", path, i);
    if (!written(item) || find_host(config_, group.hosts.names[i]) != nullptr) continue;
    report_missing(item, subject + ": host", "hosts", group.hosts.names[i], names_of(config_.hosts));
  }
  if (group.hosts.labels.empty() || !selected_hosts(config_, group.hosts).empty()) return;
  std::string labels;
  for (const auto& [key, value] : group.hosts.labels) labels += (labels.empty() ? "" : ", ") + key + ": " + value;
  reporter_.error(at(path), {.code = "unknown_reference",
                             .summary = fmt::format("{}: no host has the labels {}", subject, labels),
                             .label = "nothing could be placed",
                             .hint = "known labels: " + listed(label_keys())});
}

void ConfigChecks::check_placement(Group& group) {
  const std::vector<std::string> keys = label_keys();
  for (std::size_t i = 0; i < group.placement.anti_affinity.size(); ++i) {
    AntiAffinity& rule = group.placement.anti_affinity[i];
    const std::string path = fmt::format("{}.placement.antiAffinity[{}]", path_of(group), i);
    const bool known = rule.key == "host" || std::find(keys.begin(), keys.end(), rule.key) != keys.end();
    if (written(path + ".key") && !known) {
      report_missing(path + ".key", subject_of(group) + ": the label", "hosts", rule.key, keys, kGiveLabel);
    }
    if (written(path + ".with")) rule.with = resolve_group(group, rule.with, path + ".with");
  }
}

void ConfigChecks::check_dependencies(Group& group) {
  for (std::size_t i = 0; i < group.depends_on.size(); ++i) {
    const std::string path = fmt::format("{}.dependsOn[{}]", path_of(group), i);
    if (written(path)) group.depends_on[i] = resolve_group(group, group.depends_on[i], path);
  }
}

// The address of what was written as `db`, `group.db` or `machine.db1`; as it was written if there is none.
std::string ConfigChecks::resolve_group(const Group& from, const std::string& written_name, const std::string& path) {
  for (const std::string& address : {written_name, "group." + written_name, "machine." + written_name}) {
    if (group_at(address) != nullptr) return address;
  }
  const bool is_address = written_name.find('.') != std::string::npos;
  std::vector<std::string> known;
  for (const Group& one : config_.groups) known.push_back(is_address ? address_of(one) : one.name);
  if (!section_is_broken("machines"))
    report_missing(path, subject_of(from) + (path.ends_with("with") ? ": antiAffinity with" : ": dependsOn"), "groups",
                   written_name, known);
  return written_name;
}

void ConfigChecks::check_dependency_cycles() {
  // Takes away what depends on nothing that is left, until nothing changes; what remains goes in circles.
  std::map<std::string, std::set<std::string>> left;
  std::map<std::string, std::vector<std::string>> needed_by;
  for (const Group& group : config_.groups) {
    std::set<std::string>& needs = left[address_of(group)];
    for (const std::string& other : group.depends_on) {
      if (group_at(other) == nullptr) continue;
      needs.insert(other);
      needed_by[other].push_back(address_of(group));
    }
  }
  std::vector<std::string> free;
  for (const auto& [address, needs] : left) {
    if (needs.empty()) free.push_back(address);
  }
  while (!free.empty()) {
    const std::string done = free.back();
    free.pop_back();
    left.erase(done);
    for (const std::string& other : needed_by[done]) {
      const auto found = left.find(other);
      if (found != left.end() && found->second.erase(done) > 0 && found->second.empty()) free.push_back(other);
    }
  }
  if (left.empty()) return;
  // From any of them, each step goes to something that is left: the first one met twice closes a circle.
  std::vector<std::string> way{left.begin()->first};
  for (;;) {
    const std::string next = *left[way.back()].begin();
    const auto before = std::find(way.begin(), way.end(), next);
    if (before == way.end()) {
      way.push_back(next);
      continue;
    }
    way.erase(way.begin(), before);
    way.push_back(next);
    break;
  }
  std::string shown;
  for (const std::string& address : way) shown += (shown.empty() ? "" : " -> ") + address;
  const Group* first = group_at(way.front());
  reporter_.error(at(path_of(*first) + ".dependsOn"), {.code = "cyclic_dependency",
                                                       .summary = "groups wait for each other: " + shown,
                                                       .label = "none of them could ever be created",
                                                       .hint = "take one of them out of dependsOn"});
}

// Percentages may round to 0 and 0, and then one is taken; who writes two zeros says that nothing may ever be replaced.
void ConfigChecks::check_update(const Group& group) {
  const std::string path = path_of(group) + ".update";
  check_only_rolling(group);
  const Update& update = group.update;
  const bool rolls = update.strategy == Update::Strategy::rolling;
  const bool never = update.progress_deadline > Duration{0} && update.min_ready >= update.progress_deadline;
  if (rolls && never && (written(path + ".minReady") || written(path + ".progressDeadline"))) {
    const bool by_deadline = written(path + ".progressDeadline");
    reporter_.error(
        at(path + (by_deadline ? ".progressDeadline" : ".minReady")),
        {.code = "out_of_range",
         .summary = fmt::format("{}: update.minReady {} is not less than update.progressDeadline {}", subject_of(group),
                                show_duration(update.min_ready), show_duration(update.progress_deadline)),
         .label = "no instance could become available in time",
         .hint = fmt::format("write a progressDeadline that is longer than {}, for booting takes time, too",
                             show_duration(update.min_ready))});
  }
  const bool both_zero = group.update.max_surge.value == 0 && group.update.max_unavailable.value == 0;
  if (!both_zero || !written(path + ".maxSurge") || !written(path + ".maxUnavailable")) return;
  reporter_.error(at(path + ".maxUnavailable"),
                  {.code = "exclusive_keys",
                   .summary = fmt::format("{}: maxSurge and maxUnavailable are both 0", subject_of(group)),
                   .label = "nothing could ever be replaced",
                   .hint = "write maxUnavailable: 1",
                   .also = {at(path + ".maxSurge")}});
}

// What only a rolling update heeds. That of `defaults` is for the groups that roll.
void ConfigChecks::check_only_rolling(const Group& group) {
  if (group.update.strategy == Update::Strategy::rolling) return;
  for (const char* key : {"maxSurge", "maxUnavailable", "perHost", "steps"}) {
    const std::string path = path_of(group) + ".update." + key;
    const Node* common = TreeView(&root_).view("defaults").view("groups").view("update").at(key);
    if (!written(path) || (common != nullptr && common->place == at(path))) continue;
    reporter_.error(at(path),
                    {.code = "exclusive_keys",
                     .summary = fmt::format("{}: update.{} is for strategy rolling alone", subject_of(group), key),
                     .label = "nothing would heed it",
                     .hint = "leave it out, or write strategy: rolling",
                     .also = {at(path_of(group) + ".update.strategy")}});
  }
}

// A step that is passed with the one before it would never rest, and who wrote it believes that it does.
void ConfigChecks::check_steps(const Group& group) {
  const std::string path = path_of(group) + ".update";
  const Update& update = group.update;
  if (update.strategy != Update::Strategy::rolling) return;
  const UpdateStep* before = nullptr;
  for (std::size_t i = 0; i < update.steps.size(); ++i) {
    const UpdateStep& step = update.steps[i];
    const std::string to = fmt::format("{}.steps[{}].to", path, i);
    check_share(group, step.to, to, fmt::format("update.steps[{}].to", i));
    if (step.to.value == 0 && written(to)) {
      reporter_.error(at(to), {.code = "out_of_range",
                               .summary = fmt::format("{}: update.steps[{}].to is 0", subject_of(group), i),
                               .label = "a step has one new instance at least",
                               .hint = "write to: 1; to look before anything begins, there is vscale plan"});
    }
    const bool grows = before == nullptr || before->to.unit != step.to.unit || before->to.value < step.to.value;
    if (!grows && written(to)) {
      reporter_.error(at(to),
                      {.code = "out_of_range",
                       .summary = fmt::format("{}: update.steps[{}].to is not more than that of the step before",
                                              subject_of(group), i),
                       .label = "it would be passed at once",
                       .hint = "write the steps from the smallest to the largest",
                       .also = {at(fmt::format("{}.steps[{}].to", path, i - 1))}});
    }
    before = &step;
  }
}

void ConfigChecks::check_share(const Group& group, const Amount& amount, const std::string& path,
                               const std::string& what) {
  constexpr int kWhole = 100;
  if (amount.unit != Amount::Unit::percent || amount.value <= kWhole || !written(path)) return;
  reporter_.error(at(path), {.code = "out_of_range",
                             .summary = fmt::format("{}: {} is {} %", subject_of(group), what, amount.value),
                             .label = "a share of the group is 100% at most",
                             .hint = "write \"100%\", or less"});
}

bool ConfigChecks::has_no_network(const Group& group) const {
  if (!group.instance.networks.empty()) return false;
  if (has_in_template(group, "networks")) return written(template_path_of(group) + ".networks");
  return config_.networks.empty() && !section_is_broken("networks");
}

void ConfigChecks::check_gate(const Group& group, const Entry& gate, const std::string& path) {
  const std::string subject = subject_of(group);
  const Image* image = find_image(config_, group.instance.image);
  const bool by_agent = gate.key == "agent" || gate.key == "cloudInit" || gate.key == "systemd" || gate.key == "exec";
  const bool by_network = gate.key == "tcp" || gate.key == "http";
  if (by_agent && image != nullptr && image->agent == Image::Agent::none) {
    reporter_.error(gate.place, {.code = "gate_without_agent",
                                 .summary = fmt::format("{}: gate {} needs an agent, and image {} has none", subject,
                                                        gate.key, quote(image->name)),
                                 .label = "nobody would ever answer",
                                 .hint = "use domain, tcp or http, or an image with agent: install or present"});
  } else if (by_agent && !expects_agent(config_, group.instance)) {
    reporter_.warning(
        gate.place,
        {.code = "gate_without_agent",
         .summary = fmt::format("{}: gate {} needs an agent, and vscale installs none", subject, gate.key),
         .label = "with vendorData: false it is not installed",
         .hint = fmt::format("say agent: present under image {} if it comes otherwise", quote(image->name))});
  }
  if (by_network && has_no_network(group)) {
    reporter_.error(gate.place, {.code = "gate_without_network",
                                 .summary = fmt::format("{}: gate {} needs a network, and the instances have none",
                                                        subject, gate.key),
                                 .label = "nobody would ever answer",
                                 .hint = "use domain or agent, or give the template a network"});
  }
  for (const char* key : {"timeout", "every"}) {
    const Entry* duration = gate.value->find(key);
    const bool zero = duration != nullptr && duration->value->kind == Node::Kind::scalar &&
                      parse_duration(duration->value->text) == Duration::zero();
    if (zero) {
      positive(fmt::format("{}.{}.{}", path, gate.key, key), Duration::zero(),
               fmt::format("{}: {} of gate {}", subject, key, gate.key));
    }
  }
}

void ConfigChecks::check_gates(const Group& group) {
  const std::string path = path_of(group) + ".health";
  positive(path + ".startupTimeout", group.health.startup_timeout, subject_of(group) + ": health.startupTimeout");
  const Entry* health = node_of(group).find("health");
  const Entry* gates = health == nullptr ? nullptr : health->value->find("gates");
  if (gates == nullptr) return;
  std::size_t index = 0;
  for (const NodePtr& item : gates->value->items) {
    const std::string gate_path = fmt::format("{}.gates[{}]", path, index++);
    for (const Entry& gate : item->entries) check_gate(group, gate, gate_path);
  }
}

void ConfigChecks::check_hook(const Group& group, const Hook& hook, const std::string& when, const std::string& path) {
  const std::string subject = fmt::format("{}: hooks.{}", subject_of(group), when);
  const Image* image = find_image(config_, group.instance.image);
  if (!hook.guest.empty() && when == "afterStop") {
    reporter_.error(at(path + ".guest"), {.code = "hook_without_guest",
                                          .summary = subject + " runs in the guest",
                                          .label = "nobody is inside any more",
                                          .hint = "use `command`, which runs where vscale runs, or beforeStop"});
  } else if (!hook.guest.empty() && image != nullptr && image->agent == Image::Agent::none) {
    reporter_.error(
        at(path + ".guest"),
        {.code = "hook_without_guest",
         .summary = fmt::format("{} runs in the guest by an agent, and image {} has none", subject, quote(image->name)),
         .label = "nobody would ever answer",
         .hint = "use `command`, or an image with agent: install or present"});
  }
  if (!hook.undo.empty() && when != "beforeStop") {
    reporter_.error(at(path + ".undo"), {.code = "hook_not_undone",
                                         .summary = subject + " has an undo",
                                         .label = "only hooks of beforeStop are taken back",
                                         .hint = "leave it out"});
  }
  if (hook.timeout) positive(path + ".timeout", *hook.timeout, subject + ": timeout");
}

void ConfigChecks::check_hooks(const Group& group) {
  const Hooks& hooks = group.hooks;
  for (const auto& [when, list] :
       {std::pair("afterBoot", &hooks.after_boot), std::pair("afterReady", &hooks.after_ready),
        std::pair("beforeStop", &hooks.before_stop), std::pair("afterStop", &hooks.after_stop)}) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      check_hook(group, (*list)[i], when, fmt::format("{}.hooks.{}[{}]", path_of(group), when, i));
    }
  }
}

void ConfigChecks::check_size(const Group& group) {
  const std::string path = path_of(group);
  if (!group.scaling || !written(path + ".size")) return;
  const bool bounds_known =
      written(path + ".scaling.min") && written(path + ".scaling.max") && group.scaling->min <= group.scaling->max;
  if (!bounds_known || (group.size >= group.scaling->min && group.size <= group.scaling->max)) return;
  reporter_.error(at(path + ".size"),
                  {.code = "out_of_range",
                   .summary = fmt::format("{}: size {} is outside of its scaling", subject_of(group), group.size),
                   .label = fmt::format("allowed: {} to {}", group.scaling->min, group.scaling->max),
                   .hint = "leave `size` out to begin with scaling.min"});
}

}  // namespace vscale
