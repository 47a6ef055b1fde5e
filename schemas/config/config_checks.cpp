#include "schemas/config/config_checks.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

constexpr std::size_t kMaxHostNameBytes = 63;  // one label of a DNS name, which the guest's host name has to be

}  // namespace

void ConfigChecks::run(const std::vector<AddressMention>& mentions, UnverifiedHosts unverified) {
  for (const Group& group : config_.groups) groups_.emplace(address_of(group), &group);
  check_hosts(unverified);
  check_images();
  check_networks();
  check_names();
  for (Group& group : config_.groups) check_group(group);
  check_dependency_cycles();
  check_fixed_addresses();
  check_pool_sizes();
  check_moves();
  check_circles_of_moves();
  check_removals();
  check_survive();
  check_witness();
  check_durations();
  check_mentions(mentions);
}

bool ConfigChecks::section_is_broken(const std::string& name) const {
  const Entry* section = root_.find(name);
  return section != nullptr && section->value->kind == Node::Kind::bad;
}

const Group* ConfigChecks::group_at(const std::string& address) const {
  const auto found = groups_.find(address);
  return found == groups_.end() ? nullptr : found->second;
}

Place ConfigChecks::at(std::string path) const {
  for (;;) {
    const auto found = places_.find(path);
    if (found != places_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return root_.place;
    path.erase(cut);
  }
}

void ConfigChecks::report_missing(const std::string& path, const std::string& subject, const std::string& section,
                                  const std::string& name, const std::vector<std::string>& known,
                                  const std::string& otherwise) {
  if (section_is_broken(section)) return;
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = otherwise.empty() ? fmt::format("declare it under `{}`", section) : otherwise;
  reporter_.error(at(path),
                  {.code = "unknown_reference",
                   .summary = fmt::format("{} {} does not exist", subject, quote(name)),
                   .label = known.empty() ? fmt::format("there are no {}", section) : "known: " + listed(known),
                   .hint = hint});
}

void ConfigChecks::positive(const std::string& path, Duration value, const std::string& subject) {
  if (value > Duration::zero()) return;
  reporter_.error(at(path), {.code = "out_of_range",
                             .summary = fmt::format("{} is zero", subject),
                             .label = "allowed: more than 0",
                             .hint = "such as 5s"});
}

std::vector<std::string> ConfigChecks::label_keys() const {
  std::set<std::string> keys;
  for (const Host& host : config_.hosts) {
    for (const auto& [key, value] : host.labels) keys.insert(key);
  }
  return {keys.begin(), keys.end()};
}

void ConfigChecks::check_images() {
  for (const Image& image : config_.images) {
    const std::string path = "images." + image.name;
    const std::string subject = fmt::format("image {}", quote(image.name));
    const bool has_checksum = written(path + ".checksum") || written(path + ".checksumUrl");
    const bool bad_checksum = TreeView(&root_).view("images").view(image.name).at("checksum") == nullptr &&
                              root_.find("images")->value->find(image.name)->value->find("checksum") != nullptr;
    if (!image.source.url.empty() && !has_checksum && !bad_checksum) {
      reporter_.error(at(path + ".source"), {.code = "missing_key",
                                             .summary = subject + " comes from a URL and has no checksum",
                                             .label = "what a URL gives has to be checked",
                                             .hint = "add checksum: sha512:…, or checksumUrl: of a SHA512SUMS file"});
    }
    if (written(path + ".source.host") && find_host(config_, image.source.volume_host) == nullptr) {
      report_missing(path + ".source.host", subject + ": host", "hosts", image.source.volume_host,
                     names_of(config_.hosts));
    }
  }
}

void ConfigChecks::check_names() {
  for (const Group& group : config_.groups) {
    const InstanceAddress last{group.kind, group.name, is_machine(group) ? 0 : std::max(0, group.size - 1)};
    const std::string longest = domain_name(config_.name, last);
    if (longest.size() > kMaxHostNameBytes) {
      reporter_.error(
          at(path_of(group)),
          {.code = "bad_name",
           .summary = fmt::format("{}: the name {} is too long for a host name", subject_of(group), longest),
           .label = fmt::format("{} characters, and {} are allowed", longest.size(), kMaxHostNameBytes),
           .hint = "choose a shorter name"});
    }
    if (!is_machine(group)) continue;
    // machine web-1 and instance 1 of group web would both be the domain prod-web-1; ordinals may go beyond the size.
    const std::size_t dash = group.name.rfind('-');
    if (dash == std::string::npos) continue;
    const std::string ordinal = group.name.substr(dash + 1);
    const std::string base = group.name.substr(0, dash);
    const Group* clash = group_at("group." + base);
    const bool is_ordinal = parse_integer(ordinal).has_value() && !ordinal.starts_with('-');
    if (clash == nullptr || !is_ordinal) continue;
    reporter_.error(
        at(path_of(group)),
        {.code = "name_collision",
         .summary = fmt::format("machine {} has the name of an instance of group {}", quote(group.name), quote(base)),
         .label = fmt::format("both would be called {}", domain_name(config_.name, last)),
         .hint = "choose another name for the machine",
         .also = {at(path_of(*clash))}});
  }
}

void ConfigChecks::check_moves() {
  std::set<std::string> renamed;
  for (const Moved& move : config_.moved) renamed.insert(move.from);
  std::set<std::string> from;
  for (std::size_t i = 0; i < config_.moved.size(); ++i) {
    const Moved& move = config_.moved[i];
    const std::string path = fmt::format("moved[{}]", i);
    if (written(path + ".from") && group_at(move.from) != nullptr) {
      reporter_.error(at(path + ".from"), {.code = "bad_move",
                                           .summary = fmt::format("{} is still in the file", move.from),
                                           .label = "expected an address that the file no longer has",
                                           .hint = "remove the old one, or this line"});
    }
    // What is renamed once more is judged by its own entry.
    if (written(path + ".to") && group_at(move.to) == nullptr && !renamed.contains(move.to)) {
      std::vector<std::string> known;
      for (const Group& group : config_.groups) known.push_back(address_of(group));
      report_missing(path + ".to", path + ".to", move.to.starts_with("group.") ? "groups" : "machines", move.to, known);
    }
    const bool kinds_differ = move.from.starts_with("group.") != move.to.starts_with("group.");
    if (written(path + ".from") && written(path + ".to") && kinds_differ) {
      reporter_.error(at(path + ".to"), {.code = "bad_move",
                                         .summary = fmt::format("{} cannot become {}", move.from, move.to),
                                         .label = "a group stays a group, and a machine a machine",
                                         .hint = "remove the old one by `removed`, and declare the new one"});
    }
    if (!move.from.empty() && !from.insert(move.from).second) {
      reporter_.error(at(path + ".from"), {.code = "bad_move",
                                           .summary = fmt::format("{} is moved twice", move.from),
                                           .label = "second time",
                                           .hint = "leave one of the two lines"});
    }
  }
}

// Each entry is walked over once: a step onto an entry of the same walk closes a circle.
void ConfigChecks::check_circles_of_moves() {
  std::map<std::string, std::size_t> entries;
  for (std::size_t i = 0; i < config_.moved.size(); ++i) entries.emplace(config_.moved[i].from, i);
  std::vector<std::size_t> walked_from(config_.moved.size(), config_.moved.size());
  for (std::size_t start = 0; start < config_.moved.size(); ++start) {
    std::size_t entry = start;
    while (walked_from[entry] == config_.moved.size()) {
      walked_from[entry] = start;
      const auto next = entries.find(config_.moved[entry].to);
      if (next == entries.end()) break;
      entry = next->second;
      const std::string path = fmt::format("moved[{}].from", entry);
      if (walked_from[entry] != start || !written(path)) continue;
      reporter_.error(at(path), {.code = "bad_move",
                                 .summary = fmt::format("{} comes back to itself", config_.moved[entry].from),
                                 .label = "these renames go in a circle",
                                 .hint = "leave out the one that is wrong"});
    }
  }
}

void ConfigChecks::check_removals() {
  for (std::size_t i = 0; i < config_.removed.size(); ++i) {
    const Removed& removed = config_.removed[i];
    const std::string path = fmt::format("removed[{}].address", i);
    if (!written(path)) continue;
    const auto instance = parse_instance_address(removed.address);
    // A machine of a host that is gone for good is forgotten and made anew: whether it is so, a plan says.
    const bool is_instance = instance.has_value() &&
                             (instance->kind == InstanceAddress::Kind::group || removed.then == Removed::Then::forget);
    if (is_instance || group_at(removed.address) == nullptr) continue;
    reporter_.error(at(path), {.code = "bad_move",
                               .summary = fmt::format("{} is removed, and still in the file", removed.address),
                               .label = "expected an address that the file no longer has",
                               .hint = "delete the group itself, or this line"});
  }
}

void ConfigChecks::check_survive() {
  if (!config_.survive || !written("survive.unit")) return;
  const std::vector<std::string> keys = label_keys();
  const std::string& unit = config_.survive->unit;
  if (unit == "host" || std::find(keys.begin(), keys.end(), unit) != keys.end()) return;
  report_missing("survive.unit", "survive.unit: the label", "hosts", unit, keys, "give it to hosts under `labels`");
}

void ConfigChecks::check_durations() {
  positive("watch.interval", config_.watch.interval, "watch.interval");
  positive("watch.hostDeadAfter", config_.watch.host_dead_after, "watch.hostDeadAfter");
  positive("metrics.interval", config_.metrics.interval, "metrics.interval");
  if (config_.state.backup_every) {
    positive("state.sqlite.backup.every", *config_.state.backup_every, "state.sqlite.backup.every");
  }
}

void ConfigChecks::check_mentions(const std::vector<AddressMention>& mentions) {
  for (const AddressMention& mention : mentions) {
    const Group* group = group_at(group_address(mention.of));
    const std::string section = mention.of.kind == InstanceAddress::Kind::group ? "groups" : "machines";
    if (group == nullptr) {
      if (section_is_broken(section)) continue;
      std::vector<std::string> known;
      for (const Group& one : config_.groups) known.push_back(address_of(one));
      const std::string meant = did_you_mean(group_address(mention.of), known);
      reporter_.error(mention.where,
                      {.code = "unknown_reference",
                       .summary = fmt::format("{}: {} does not exist", mention.subject, group_address(mention.of)),
                       .label = "known: " + listed(known),
                       .hint = meant.empty() ? fmt::format("declare it under `{}`", section) : meant});
    } else if (mention.of.ordinal >= group->size) {
      reporter_.error(
          mention.where,
          {.code = "unknown_reference",
           .summary = fmt::format("{}: {} does not exist", mention.subject, to_string(mention.of)),
           .label = group->size == 1 ? "the group has one instance, number 0"
                                     : fmt::format("the group has {} instances, counted from 0", group->size),
           .hint = fmt::format("raise its size to {}, or name a lower number", mention.of.ordinal + 1)});
    }
  }
}

}  // namespace vscale
