#include "cmd/views/plan_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "cmd/views/rollout/outline_view.h"
#include "cmd/views/text/names.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
namespace {

std::string symbol(const Paint& paint, ChangeAction action) {
  switch (action) {
    case ChangeAction::create:
      return paint.green("+");
    case ChangeAction::destroy:
      return paint.red("-");
    case ChangeAction::replace:
      return paint.red("-") + "/" + paint.green("+");
    case ChangeAction::update:
      return paint.yellow("~");
    case ChangeAction::start:
      return paint.green(">");
    case ChangeAction::stop:
      return paint.red("|");
    case ChangeAction::migrate:
      return paint.yellow(">>");
    case ChangeAction::adopt:
      return paint.green("*");
    case ChangeAction::forget:
      return paint.yellow(".");
    case ChangeAction::hold:
      return paint.yellow("=");
  }
  VSCALE_ASSERT(false, "a ChangeAction without a symbol");
}

/// The word that stands before the reason where the symbol does not speak for itself.
std::string spoken(ChangeAction action) {
  switch (action) {
    case ChangeAction::start:
    case ChangeAction::stop:
    case ChangeAction::migrate:
    case ChangeAction::adopt:
    case ChangeAction::forget:
      return to_string(action);
    case ChangeAction::create:
    case ChangeAction::destroy:
    case ChangeAction::replace:
    case ChangeAction::update:
    case ChangeAction::hold:
      return {};
  }
  VSCALE_ASSERT(false, "a ChangeAction without a word");
}

std::string field_text(const FieldChange& field) {
  if (field.before.empty() && field.after.empty()) return printable(field.field);
  if (field.before.empty()) return printable(fmt::format("{}: {}", field.field, field.after));  // userData: changed
  return printable(fmt::format("{} {} -> {}", field.field, field.before, field.after));
}

/// The most that a machine may grow to follows what it has, unless the file says otherwise: told once.
bool merely_follows(const std::vector<FieldChange>& fields, const FieldChange& field) {
  const char* leader = field.field == "maxMemory" ? "memory" : field.field == "maxVcpus" ? "vcpus" : nullptr;
  return leader != nullptr && std::any_of(fields.begin(), fields.end(), [&](const FieldChange& other) {
           return other.field == leader && other.before == field.before && other.after == field.after;
         });
}

/// "memory 2 GiB -> 4 GiB", as reasons begin that are about it.
std::string begun_by(const FieldChange& field) {
  return printable(fmt::format("{} {} -> {}", field.field, field.before, field.after));
}

/// `said`: the reason that is shown beside them; what it says of a field is not said again.
std::string fields_text(const std::vector<FieldChange>& fields, const std::string& said = {}) {
  std::vector<std::string> texts;
  for (const auto& field : fields) {
    const std::string text = field_text(field);
    const bool is_said = said == text || said.starts_with(begun_by(field) + ", ");
    if (!merely_follows(fields, field) && !is_said) texts.push_back(text);
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool is_told_by_drift(Rule rule) {
  return rule == Rule::changed_outside || rule == Rule::detached_outside || rule == Rule::undefined_outside;
}

/// Does the reason say just what a field of the change says: "memory 2 GiB -> 4 GiB"? Or that it was changed on the
/// host, which stands with the drift?
bool restates_field(const Change& change, const Reason& reason) {
  return std::any_of(change.fields.begin(), change.fields.end(), [&](const FieldChange& field) {
    if (is_told_by_drift(reason.rule) && reason.text.starts_with(field.field + " ")) return true;
    if (field.before.empty() && field.after.empty()) return false;
    const std::string text = fmt::format("{} {} -> {}", field.field, field.before, field.after);
    return reason.text == text || reason.text.starts_with(text + ", and ");  // "and 2 more", which the fields name
  });
}

/// What holds for all that are replaced: it stands in the block's headline, or with its rolling update.
bool is_told_by_block(Rule rule) {
  return rule == Rule::update_strategy || rule == Rule::rollout;
}

/// The host stands in the line already, and images that are sent have a line of their own.
std::string reason_text(const Change& change, const Reason& reason) {
  const std::string host = change.host + ": ";
  const bool is_held = change.action == ChangeAction::hold;
  if (reason.rule == Rule::image_not_on_host || (is_told_by_block(reason.rule) && !is_held)) return {};
  if (reason.rule == Rule::placement && reason.text.starts_with(host))
    return printable(reason.text.substr(host.size()));
  return printable(reason.text);
}

std::string reasons_text(const Change& change, std::size_t from) {
  std::vector<std::string> texts;
  for (std::size_t i = from; i < change.reasons.size(); ++i) {
    if (restates_field(change, change.reasons[i])) continue;
    if (auto text = reason_text(change, change.reasons[i]); !text.empty()) texts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string place_text(const Change& change) {
  const bool moves = !change.from_host.empty() && !change.host.empty() && change.from_host != change.host;
  if (moves) return printable(fmt::format("{} -> {}", change.from_host, change.host));
  return printable(change.host.empty() ? change.from_host : change.host);
}

/// A copy of an image is no instance: it stands with the transfers.
bool is_image(const Change& change) {
  return change.address.starts_with("image.");
}

/// The changes of one group, and what all of them have in common.
struct GroupBlock {
  std::string address;
  std::vector<const Change*> changes;
  const RolloutOutline* rollout = nullptr;  // its rolling update, if it has one
  std::set<std::string> only_waited_for{};  // the plan starts nothing there: it is up, and not ready
  bool same_reason = true;                  // the first reason of each
  bool same_fields = true;
  bool same_class = true;
};

/// "reboot": what a change takes from its instance, in a word. Empty: nothing.
std::string class_of(const Change& change) {
  if (change.action == ChangeAction::destroy) return "destroy";
  return change.disruption == Disruption::none ? "" : to_string(change.disruption);
}

/// Those that are up and are only waited for, of the changes whose action is to start something.
std::set<std::string> waited_for(const Plan& plan) {
  std::set<std::string> waited;
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<WaitForGates>(action.detail)) waited.insert(action.address);
  }
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<StartDomain>(action.detail)) waited.erase(action.address);
  }
  return waited;
}

/// By group, in the order of the changes; a rolling update that does nothing now has a block, too.
std::vector<GroupBlock> grouped(const Plan& plan) {
  std::vector<GroupBlock> blocks;
  std::map<std::string, std::size_t> index;
  const auto block_of = [&](const std::string& address) -> GroupBlock& {
    const auto [at, added] = index.emplace(address, blocks.size());
    if (added) blocks.push_back({.address = address, .changes = {}});
    return blocks[at->second];
  };
  for (const auto& change : plan.changes) {
    if (change.action == ChangeAction::hold || is_image(change)) continue;
    block_of(group_of(change.address)).changes.push_back(&change);
  }
  for (const auto& rollout : plan.rollouts) block_of(printable(rollout.group)).rollout = &rollout;
  return blocks;
}

std::vector<GroupBlock> blocks_of(const Plan& plan) {
  std::vector<GroupBlock> blocks = grouped(plan);
  const auto waited = waited_for(plan);
  for (auto& block : blocks) {
    if (block.changes.empty()) continue;
    const Change& first = *block.changes.front();
    for (const Change* change : block.changes) {
      if (waited.contains(change->address)) block.only_waited_for.insert(change->address);
      block.same_reason = block.same_reason && change->reasons.front().text == first.reasons.front().text;
      block.same_fields = block.same_fields && change->fields == first.fields;
      block.same_class = block.same_class && class_of(*change) == class_of(first);
    }
  }
  return blocks;
}

/// "REPLACE, live": the classes that occur in the block, the most disruptive first and louder the more it takes.
std::string class_text(const Paint& paint, const GroupBlock& block) {
  std::set<std::string> there;
  for (const Change* change : block.changes) there.insert(class_of(*change));
  std::vector<std::string> words;
  if (there.count("replace") != 0) words.push_back(paint.red("REPLACE"));
  if (there.count("destroy") != 0) words.push_back(paint.red("DESTROY"));
  if (there.count("reboot") != 0) words.push_back(paint.yellow("REBOOT"));
  if (there.count("live") != 0) words.emplace_back("live");
  return fmt::format("{}", fmt::join(words, ", "));
}

/// "3 at once (strategy recreate)", if that is how they are replaced.
std::string strategy_text(const GroupBlock& block) {
  for (const Change* change : block.changes) {
    for (const auto& reason : change->reasons) {
      if (reason.rule == Rule::update_strategy) return printable(reason.text);
    }
  }
  return {};
}

/// What all changes of the block have in common: why, what of them, and how.
std::string headline(const GroupBlock& block) {
  if (block.rollout != nullptr) return fmt::format("{}: {}", block.address, outline_headline(*block.rollout));
  const Change& first = *block.changes.front();
  const Reason& reason = first.reasons.front();
  std::vector<std::string> parts;
  if (block.same_reason && !(block.same_fields && restates_field(first, reason))) {
    parts.push_back(printable(reason.text));
  }
  const std::string said = parts.empty() ? "" : parts.front();
  if (std::string fields = block.same_fields ? fields_text(first.fields, said) : ""; !fields.empty()) {
    parts.push_back(std::move(fields));
  }
  if (std::string strategy = strategy_text(block); !strategy.empty()) parts.push_back(std::move(strategy));
  return parts.empty() ? block.address : fmt::format("{}: {}", block.address, fmt::join(parts, "; "));
}

/// Does the rolling update of the block say all that there is to say of it?
bool is_told_by_rollout(const GroupBlock& block, const Change& change) {
  return block.rollout != nullptr && change.action == ChangeAction::replace;
}

/// The reasons of a replacement that its rolling update has not given: why this host, that it is made again.
std::string own_reasons_text(const Change& change) {
  std::vector<std::string> texts;
  for (const auto& reason : change.reasons) {
    if (reason.rule == Rule::spec_changed || restates_field(change, reason)) continue;
    if (auto text = reason_text(change, reason); !text.empty()) texts.push_back(std::move(text));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

/// What stands at the end of a change's line: whatever the block's headline has not said.
std::string line_end(const GroupBlock& block, const Change& change) {
  if (is_told_by_rollout(block, change)) {
    std::vector<std::string> said;
    for (const auto& address : change.addresses) said.push_back(printable(address));
    if (auto why = own_reasons_text(change); !why.empty()) said.push_back(std::move(why));
    return fmt::format("{}", fmt::join(said, ", "));
  }
  // Of the group as a whole, where the headline cannot say all of it.
  if (change.address == block.address && !block.same_reason) return printable(change.reasons.front().text);
  std::vector<std::string> parts;
  std::string word = spoken(change.action);
  if (change.action == ChangeAction::start && block.only_waited_for.count(change.address) != 0) {
    word = "wait until ready";
  }
  if (!word.empty()) parts.push_back(std::move(word));
  // Its symbol tells an instance that goes; of one that stays, only this says what it will notice.
  if (!block.same_class && change.action == ChangeAction::update) parts.push_back(class_of(change));
  for (const auto& address : change.addresses) parts.push_back(printable(address));
  const std::string said = printable(change.reasons.front().text);
  const std::string fields = block.same_fields ? "" : fields_text(change.fields, block.same_reason ? said : "");
  if (!fields.empty()) parts.push_back(fields);
  const std::string why = reasons_text(change, block.same_reason ? 1 : 0);
  if (!why.empty()) parts.push_back(why);
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "kvm1 25, kvm2 25"
std::string hosts_text(const std::vector<const Change*>& changes) {
  std::map<std::string, int> counts;
  for (const Change* change : changes) {
    ++counts[change->successor.empty() ? place_text(*change) : printable(change->host)];
  }
  std::vector<std::string> texts;
  for (const auto& [host, count] : counts) texts.push_back(fmt::format("{} {}", host.empty() ? "-" : host, count));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string summed_up(const Paint& paint, const std::vector<const Change*>& changes) {
  std::vector<std::string> names;
  std::vector<std::string> successors;
  for (const Change* change : changes) {
    names.push_back(change->address);
    if (!change->successor.empty()) successors.push_back(change->successor);
  }
  std::string addresses;
  const Change& first = *changes.front();
  const Change& last = *changes.back();
  if (!first.addresses.empty() && !last.addresses.empty()) {
    addresses = printable(fmt::format("; {} to {}", first.addresses.front(), last.addresses.front()));
  }
  Table table(4, Table::Symbols::first);
  const std::string by = successors.empty() ? "" : fmt::format(" -> {}", name_ranges(successors));
  table.add({symbol(paint, first.action), fmt::format("{}{} ({}) on {}{}; each of them with -v", name_ranges(names), by,
                                                      changes.size(), hosts_text(changes), addresses)});
  return table.text();
}

/// "-/+ web-0 kvm2 -> web-3 kvm1 10.0.0.53", or "-/+ web-0 kvm2 10.0.0.50" where it keeps its name.
std::vector<std::string> change_row(const GroupBlock& block, const Change& change, const Paint& paint) {
  std::vector<std::string> row{symbol(paint, change.action), shown_name(change.address)};
  if (change.successor.empty()) {
    row.push_back(place_text(change));
  } else {
    row.push_back(printable(change.from_host));
    row.push_back("-> " + shown_name(change.successor));
    row.push_back(printable(change.host));
  }
  row.push_back(line_end(block, change));
  return row;
}

/// What stands above the lines of a rolling update, and below them.
std::string rollout_budget_text(const GroupBlock& block) {
  if (block.rollout == nullptr) return {};
  return left_and_right("    " + outline_budget(*block.rollout), "", 2);
}

std::string rollout_bounds_text(const GroupBlock& block, Room room) {
  if (block.rollout == nullptr) return {};
  const bool moves = !block.changes.empty();
  const std::string bounds = moves ? left_and_right("    " + outline_bounds(*block.rollout, room), "", 2) : "";
  return bounds + outline_held(*block.rollout, room, 4);
}

void write_block(const GroupBlock& block, Room room, const PlanViewOptions& options, std::string& out) {
  out += left_and_right("  " + headline(block), class_text(options.paint, block), 4);
  out += rollout_budget_text(block);
  std::map<ChangeAction, std::vector<const Change*>> by_action;
  for (const Change* change : block.changes) by_action[change->action].push_back(change);
  Table table(4, Table::Symbols::first);
  std::string summed;
  for (const Change* change : block.changes) {
    const auto& alike = by_action[change->action];
    const bool sum_up = alike.size() > kListedChanges && options.verbosity != Verbosity::verbose;
    if (sum_up && change == alike.front()) summed += summed_up(options.paint, alike);
    if (sum_up) continue;
    table.add(change_row(block, *change, options.paint));
  }
  out += summed + table.text() + rollout_bounds_text(block, room);
}

/// "image.debian-12: send 412 MiB to kvm1, kvm2": transfers, which take long, and copies that go.
std::string images_text(const Plan& plan) {
  struct Copies {
    std::uint64_t bytes = 0;
    std::vector<std::string> to;
    std::set<std::string> from;
    std::string why;
  };
  std::map<std::string, Copies> images;
  for (const auto& action : plan.actions) {
    if (const auto* upload = std::get_if<UploadImage>(&action.detail)) {
      images[action.address].bytes = upload->image.size_bytes;
      images[action.address].to.push_back(printable(action.host));
    } else if (std::holds_alternative<DeleteImage>(action.detail)) {
      images[action.address].from.insert(printable(action.host));
    }
  }
  for (const auto& change : plan.changes) {
    if (is_image(change)) images[change.address].why = printable(change.reasons.front().text);
  }
  std::string out;
  for (const auto& [address, copies] : images) {
    std::vector<std::string> parts;
    if (!copies.to.empty()) {
      parts.push_back(fmt::format("send {} to {}", show_bytes(copies.bytes), fmt::join(copies.to, ", ")));
    }
    if (!copies.from.empty()) {
      parts.push_back(fmt::format("delete copies on {}: {}", fmt::join(copies.from, ", "), copies.why));
    }
    out += left_and_right(fmt::format("  {}: {}", printable(address), fmt::join(parts, "; ")), "", 4);
  }
  return out;
}

/// Adds the rows of a list, and one line for those that are left out unless all are asked for.
template <class T, class ToRow>
void add_bounded(const std::vector<T>& list, Verbosity verbosity, int indent, std::string& out, ToRow to_row) {
  const bool all = verbosity == Verbosity::verbose || list.size() <= kListedLines;
  const std::size_t shown = all ? list.size() : kListedLines;
  Table table(indent, Table::Symbols::first);
  for (std::size_t i = 0; i < shown; ++i) table.add(to_row(list[i]));
  out += table.text();
  if (shown < list.size())
    out += fmt::format("{:{}}and {} more; all of them with -v\n", "", indent, list.size() - shown);
}

std::string drift_what(const Drift& drift) {
  // "seed missing": that it was there goes without saying.
  const bool is_a_thing = drift.what == "domain" || drift.what == "definition" || drift.what == "seed";
  if (is_a_thing) return printable(fmt::format("{} {}", drift.what, drift.live));
  if (drift.what == "state") return printable(fmt::format("{} -> {}", drift.recorded, drift.live));
  return printable(fmt::format("{} {} -> {}", drift.what, drift.recorded, drift.live));
}

std::string drift_text(const Plan& plan, const PlanViewOptions& options) {
  if (plan.drift.empty()) return {};
  std::string out =
      options.paint.bold(fmt::format("Drift: changed outside vscale since serial {}", plan.serial)) + "\n";
  add_bounded(plan.drift, options.verbosity, 2, out, [&](const Drift& drift) -> std::vector<std::string> {
    return {options.paint.yellow("!"), shown_name(drift.address), printable(drift.host), drift_what(drift),
            printable(drift.remedy)};
  });
  return out + "\n";
}

std::string changes_text(const Plan& plan, const PlanViewOptions& options) {
  std::string out = images_text(plan);
  const Room room = plan.errored ? Room::is_missing : Room::fits;
  for (const auto& block : blocks_of(plan)) write_block(block, room, options, out);
  return out.empty() ? out : options.paint.bold("Changes") + "\n" + out + "\n";
}

std::string held_why(const Change& change) {
  const std::string why = reasons_text(change, 0);
  if (change.fields.empty()) return why;
  return fields_text(change.fields) + (why.empty() ? "" : ": " + why);
}

/// Does it wait for its turn, with all the others of its group?
bool is_held_by_rollout(const Change& change) {
  return std::any_of(change.reasons.begin(), change.reasons.end(), [](const Reason& reason) {
    return reason.rule == Rule::rollout_waits || reason.rule == Rule::rollout_stopped;
  });
}

/// Those that a rolling update holds for one reason stand in one line.
using HeldTogether = std::vector<const Change*>;

std::vector<HeldTogether> held_changes(const Plan& plan) {
  std::vector<HeldTogether> held;
  for (const auto& change : plan.changes) {
    if (change.action != ChangeAction::hold) continue;
    const bool joins = !held.empty() && is_held_by_rollout(change) && is_held_by_rollout(*held.back().front()) &&
                       group_of(change.address) == group_of(held.back().front()->address) &&
                       held_why(change) == held_why(*held.back().front());
    if (!joins) held.emplace_back();
    held.back().push_back(&change);
  }
  return held;
}

std::string held_text(const Plan& plan, const PlanViewOptions& options) {
  const auto held = held_changes(plan);
  if (held.empty()) return {};
  std::string out = options.paint.bold("Held back") + "\n";
  add_bounded(held, options.verbosity, 2, out, [&](const HeldTogether& changes) -> std::vector<std::string> {
    const Change& first = *changes.front();
    std::vector<std::string> addresses;
    for (const Change* change : changes) addresses.push_back(change->address);
    const std::string place = changes.size() == 1 ? place_text(first) : fmt::format("{} of them", changes.size());
    return {symbol(options.paint, first.action), name_ranges(addresses), place, held_why(first)};
  });
  return out + "\n";
}

std::string unknown_text(const Plan& plan, const PlanViewOptions& options) {
  if (plan.unknown.empty()) return {};
  std::string out = options.paint.bold("Unknown, left alone") + "\n";
  add_bounded(plan.unknown, options.verbosity, 2, out, [&](const Unknown& unknown) -> std::vector<std::string> {
    std::string why = printable(unknown.why);
    if (unknown.since) why += fmt::format(" (for {})", show_duration(plan.created_at - *unknown.since));
    return {options.paint.yellow("?"), printable(shown_name(unknown.address)), why};
  });
  return out + "\n";
}

std::string heading_text(const Plan& plan, const PlanHeading& heading) {
  std::vector<std::string> files;
  for (const auto& file : heading.files) files.push_back(printable(file));
  std::string text = fmt::format("{}: {} against {}{} host{}", printable(plan.name), fmt::join(files, " + "),
                                 heading.read_in ? "" : "the record of ", heading.hosts, heading.hosts == 1 ? "" : "s");
  if (heading.read_in) text += ", read in " + show_duration(*heading.read_in);
  return left_and_right(text + fmt::format(" (serial {})", plan.serial), "", 2) + "\n";
}

/// The hosts that nothing is known of; empty if all answer.
std::string silent_hosts(const Plan& plan) {
  std::set<std::string> hosts;
  for (const auto& unknown : plan.unknown) {
    if (unknown.address == "host." + unknown.host) hosts.insert(printable(unknown.host));
  }
  return fmt::format("{}", fmt::join(hosts, ", "));
}

/// What makes the plan incomplete: hosts, or else instances on hosts that answer.
std::string what_is_missing(const Plan& plan) {
  if (std::string hosts = silent_hosts(plan); !hosts.empty()) return hosts;
  if (plan.unknown.size() == 1) return printable(shown_name(plan.unknown.front().address));
  return fmt::format("{} instances", plan.unknown.size());
}

std::size_t held_back(const Plan& plan) {
  return static_cast<std::size_t>(std::count_if(plan.changes.begin(), plan.changes.end(), [](const Change& change) {
    return change.action == ChangeAction::hold;
  }));
}

std::string nothing_text(const Plan& plan, const PlanHeading& heading) {
  if (const std::size_t held = held_back(plan); held > 0) {
    return fmt::format("Nothing to do now: {} change{} held back{}", held, held == 1 ? " is" : "s are",
                       plan.complete ? "." : ", and not everything is known.");
  }
  const std::string nothing = heading.destroy ? "Nothing to destroy" : "No changes";
  if (plan.complete && heading.destroy && heading.kept_disks > 0) {
    const bool one = heading.kept_disks == 1;
    return fmt::format("{}: {} disk{} {} kept, which vscale status tells of.", nothing, heading.kept_disks,
                       one ? "" : "s", one ? "is" : "are");
  }
  const auto is_told = [&plan](const char* code) {
    return std::any_of(plan.diagnostics.begin(), plan.diagnostics.end(),
                       [&](const Diagnostic& diagnostic) { return diagnostic.code == code; });
  };
  if (plan.complete && is_told("narrowed")) return nothing + " where it looked: the rest was not planned.";
  if (plan.complete && is_told("disk_lost")) return nothing + ", but a disk is gone: see the warnings.";
  if (plan.complete && is_told("rollout_stopped")) return nothing + ": a rollout has stopped, see above.";
  if (plan.complete && is_told("rollout_paused")) return nothing + ": a rollout is paused, see above.";
  if (plan.complete && is_told("rolled_back")) return nothing + ": what the files say was rolled back, see above.";
  if (plan.complete) return nothing + (heading.destroy ? "." : ": the hosts are as the files say.");
  return nothing + (silent_hosts(plan).empty() ? ", but not everything is known." : " on the hosts that answer.");
}

std::string last_line(const Plan& plan, const PlanHeading& heading, const PlanViewOptions& options) {
  std::string text = "Plan: " + summary_text(plan.summary) + kept_disks_text(plan) + ".";
  if (!has_changes(plan)) text = nothing_text(plan, heading);
  if (plan.errored) text = "Plan: not possible. Nothing can be applied until the errors above are gone.";
  if (!plan.complete) text += fmt::format(" INCOMPLETE ({}).", what_is_missing(plan));
  return left_and_right(options.paint.bold(text), "", 2);
}

}  // namespace

std::string summary_text(const Summary& summary) {
  std::string text = fmt::format("{} create, {} update, {} replace, ", summary.create, summary.update, summary.replace);
  if (summary.start > 0) text += fmt::format("{} start, ", summary.start);
  if (summary.stop > 0) text += fmt::format("{} stop, ", summary.stop);
  if (summary.migrate > 0) text += fmt::format("{} migrate, ", summary.migrate);
  if (summary.forget > 0) text += fmt::format("{} forget, ", summary.forget);
  return text + fmt::format("{} destroy", summary.destroy);
}

std::string kept_disks_text(const Plan& plan) {
  std::set<std::pair<std::string, std::string>> deleted;  // whose, and which
  for (const auto& action : plan.actions) {
    const auto* gone = std::get_if<DeleteVolume>(&action.detail);
    if (gone != nullptr) deleted.emplace(action.address, gone->volume.disk);
  }
  int kept = 0;
  for (const auto& change : plan.changes) {
    if (change.action != ChangeAction::destroy) continue;
    for (const auto& reason : change.reasons) {
      if (reason.rule != Rule::keep_disk || reason.values.empty()) continue;
      const auto* disk = std::get_if<std::string>(&reason.values.front().second);
      if (disk != nullptr && deleted.count({change.address, *disk}) == 0) ++kept;
    }
  }
  return kept == 0 ? "" : fmt::format(" ({} disk{} kept)", kept, kept == 1 ? "" : "s");
}

std::string question_text(const PlanHeading& heading) {
  const char* question = heading.destroy ? "Destroy all of this? There is no way back." : "Do this?";
  return fmt::format("\n{}\nOnly 'yes' will be accepted: ", question);
}

std::string plan_text(const Plan& plan, const PlanHeading& heading, const PlanViewOptions& options) {
  std::string out;
  if (options.verbosity != Verbosity::quiet) {
    out = heading_text(plan, heading) + drift_text(plan, options) + changes_text(plan, options) +
          held_text(plan, options) + unknown_text(plan, options);
  }
  if (const auto text = render_diagnostics(plan.diagnostics); !text.empty()) out += text + "\n";
  return out + last_line(plan, heading, options);
}

}  // namespace vscale
