#include "engine/recorded/operator_words.h"

#include <array>

#include "engine/values/result.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

using Process = Suspension::Process;
using From = Protection::From;

constexpr std::array kProcesses{Process::launch, Process::terminate, Process::heal,
                                Process::scale,  Process::schedule,  Process::update};
constexpr std::array kProtections{From::scale_in, From::update, From::all};

bool holds(const std::optional<Instant>& until, Instant now) {
  return !until || now < *until;
}

template <class Word, class Map, class Key>
void move_word(Map& map, const Key& from, const Key& to, Key Word::*about) {
  auto node = map.extract(from);
  map.erase(to);
  if (node.empty()) return;
  node.key() = to;
  node.mapped().*about = to;
  map.insert(std::move(node));
}

}  // namespace

const char* to_string(Suspension::Process process) {
  switch (process) {
    case Process::launch:
      return "launch";
    case Process::terminate:
      return "terminate";
    case Process::heal:
      return "heal";
    case Process::scale:
      return "scale";
    case Process::schedule:
      return "schedule";
    case Process::update:
      return "update";
  }
  VSCALE_ASSERT(false, "a process without a word");
}

std::optional<Suspension::Process> process_from(const std::string& word) {
  for (const Process process : kProcesses) {
    if (word == to_string(process)) return process;
  }
  return std::nullopt;
}

const char* to_string(Protection::From from) {
  switch (from) {
    case From::scale_in:
      return "scaleIn";
    case From::update:
      return "update";
    case From::all:
      return "all";
  }
  VSCALE_ASSERT(false, "a protection without a word");
}

std::optional<Protection::From> protection_from(const std::string& word) {
  for (const From from : kProtections) {
    if (word == to_string(from)) return from;
  }
  return std::nullopt;
}

void put(OperatorWords& words, const OperatorWord& word) {
  std::visit(Overloaded{[&](const Suspension& said) -> void {
                          words.suspensions[{said.group, said.process}] = said;
                        },
                        [&](const Protection& said) -> void { words.protections[said.instance] = said; },
                        [&](const StopWord& said) -> void { words.stops[said.instance] = said; },
                        [&](const RestartWord& said) -> void { words.restarts[said.group] = said; }},
             word);
}

void remove(OperatorWords& words, const OperatorWord& word) {
  std::visit(Overloaded{[&](const Suspension& said) -> void {
                          words.suspensions.erase({said.group, said.process});
                        },
                        [&](const Protection& said) -> void { words.protections.erase(said.instance); },
                        [&](const StopWord& said) -> void { words.stops.erase(said.instance); },
                        [&](const RestartWord& said) -> void { words.restarts.erase(said.group); }},
             word);
}

void remove_all_of(OperatorWords& words, const std::string& group) {
  std::erase_if(words.suspensions, [&](const auto& entry) { return entry.first.first == group; });
  std::erase_if(words.protections, [&](const auto& entry) { return group_address(entry.first) == group; });
  std::erase_if(words.stops, [&](const auto& entry) { return group_address(entry.first) == group; });
  words.restarts.erase(group);
}

void remove_all_of(OperatorWords& words, const InstanceAddress& instance) {
  words.protections.erase(instance);
  words.stops.erase(instance);
}

void move_all_of(OperatorWords& words, const InstanceAddress& from, const InstanceAddress& to) {
  move_word(words.protections, from, to, &Protection::instance);
  move_word(words.stops, from, to, &StopWord::instance);
}

void move_all_of(OperatorWords& words, const std::string& from, const std::string& to) {
  std::erase_if(words.suspensions, [&](const auto& entry) { return entry.first.first == to; });
  for (const Process process : kProcesses) {
    auto node = words.suspensions.extract({from, process});
    if (node.empty()) continue;
    node.key().first = node.mapped().group = to;
    words.suspensions.insert(std::move(node));
  }
  move_word(words.restarts, from, to, &RestartWord::group);
}

std::set<Suspension::Process> suspended(const OperatorWords& words, const std::string& group, Instant now) {
  std::set<Process> processes;
  for (const auto& [about, said] : words.suspensions) {
    if (about.first == group && holds(said.until, now)) processes.insert(about.second);
  }
  return processes;
}

std::optional<Protection::From> protection_of(const OperatorWords& words, const InstanceAddress& instance,
                                              Instant now) {
  const auto found = words.protections.find(instance);
  if (found == words.protections.end() || !holds(found->second.until, now)) return std::nullopt;
  return found->second.from;
}

OperatorWords words_of(const OperatorWords& words, const std::string& group) {
  OperatorWords about;
  for (const auto& [key, said] : words.suspensions) {
    if (key.first == group) about.suspensions.emplace(key, said);
  }
  for (const auto& [instance, said] : words.protections) {
    if (group_address(instance) == group) about.protections.emplace(instance, said);
  }
  for (const auto& [instance, said] : words.stops) {
    if (group_address(instance) == group) about.stops.emplace(instance, said);
  }
  if (const auto restart = words.restarts.find(group); restart != words.restarts.end()) about.restarts.insert(*restart);
  return about;
}

}  // namespace vscale
