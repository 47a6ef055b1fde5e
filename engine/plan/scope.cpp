#include "engine/plan/scope.h"

#include <optional>

namespace vscale {
namespace {

/// `web-2` is `group.web[2]`, `db1` is `machine.db1`: what a person says in short means the same.
std::optional<std::string> meaning_of(const std::string& word, const Scope::Known& known) {
  if (known.groups.count(word) != 0 || known.instances.count(word) != 0) return word;
  for (const char* kind : {"group.", "machine."}) {
    if (known.groups.count(kind + word) != 0) return kind + word;
  }
  const auto dash = word.rfind('-');
  if (dash == std::string::npos) return std::nullopt;
  const std::string instance = "group." + word.substr(0, dash) + "[" + word.substr(dash + 1) + "]";
  if (known.instances.count(instance) != 0) return instance;
  return std::nullopt;
}

using Edges = std::map<std::string, std::set<std::string>>;

Edges reversed(const Edges& edges) {
  Edges back;
  for (const auto& [from, all] : edges) {
    for (const auto& to : all) back[to].insert(from);
  }
  return back;
}

void add_reachable(const Edges& edges, const std::string& from, std::set<std::string>& reached) {
  const auto next = edges.find(from);
  if (next == edges.end()) return;
  for (const auto& to : next->second) {
    if (reached.insert(to).second) add_reachable(edges, to, reached);
  }
}

std::string group_of(const std::string& address) {
  return address.substr(0, address.find('['));
}

}  // namespace

std::vector<std::string> Scope::read(const PlanOptions& options, const Known& known, bool destroying) {
  std::vector<std::string> unknown;
  const auto read_into = [&](const std::vector<std::string>& words, std::set<std::string>& meanings) {
    for (const auto& word : words) {
      if (const auto meaning = meaning_of(word, known)) {
        meanings.insert(*meaning);
      } else {
        unknown.push_back(word);
      }
    }
  };
  std::vector<std::string> excluded_words;
  for (const auto& word : options.excludes) {
    const std::string host = word.starts_with("host.") ? word.substr(5) : "";
    if (known.hosts.count(host) != 0) {
      excluded_hosts_.insert(host);
    } else {
      excluded_words.push_back(word);
    }
  }
  read_into(options.targets, targets_);
  read_into(excluded_words, excluded_);
  read_into(options.replaces, replaced_);
  targeted_ = !options.targets.empty();
  const Edges edges = destroying ? reversed(known.depends_on) : known.depends_on;
  for (const auto& target : std::set<std::string>(targets_)) {
    const bool whole_group = group_of(target) == target;
    if (destroying && (!whole_group || known.standing.count(target) == 0)) continue;
    std::set<std::string> reached;
    add_reachable(edges, group_of(target), reached);
    for (const auto& group : reached) {
      if (targets_.insert(group).second) taken_along_.emplace(group, target);
    }
  }
  return unknown;
}

bool Scope::includes(const std::string& group, const std::string& instance) const {
  if (excluded_.count(group) != 0 || excluded_.count(instance) != 0) return false;
  return !targeted_ || targets_.count(group) != 0 || targets_.count(instance) != 0;
}

std::string Scope::taken_along_with(const std::string& group) const {
  const auto found = taken_along_.find(group);
  return found == taken_along_.end() ? "" : found->second;
}

bool Scope::replaces(const std::string& group, const std::string& instance) const {
  return replaced_.count(group) != 0 || replaced_.count(instance) != 0;
}

}  // namespace vscale
