#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/desired/field_table.h"
#include "engine/desired/spec_hash.h"
#include "engine/plan/fates/fates.h"

/// What cannot become as the file wants it without being made anew.

namespace vscale {
namespace {

/// The image whose copies have the digest; empty if none is left that would say so.
std::string image_with_digest(const Planning& planning, const std::string& digest) {
  const auto found = planning.image_names.find(digest);
  return found == planning.image_names.end() ? "" : found->second;
}

/// "debian-12 9f86d081 -> debian-12 41c7a2e0"; the names on both sides or on none.
FieldChange image_change(const Planning& planning, const InstanceRecord& record, const Template& wanted,
                         const std::string& digest) {
  Template before, after;
  before.image = image_with_digest(planning, record.image_digest);
  if (!before.image.empty()) after.image = wanted.image;
  const Field& field = field_named("image");
  return {"image", field.show({before, record.image_digest}), field.show({after, digest})};
}

std::string recorded_text(const std::string& field, const InstanceRecord& record) {
  if (field != "networks") return "";
  std::string text;
  for (const auto& nic : record.nics) text += (text.empty() ? "" : ", ") + nic.network;
  return text;
}

/// The fields that cannot change in place and differ, without those that are not to be looked at.
std::vector<std::string> replacing_fields(const Group& group, const std::string& recorded, const std::string& wanted) {
  std::vector<std::string> fields = fields_that_differ(recorded, wanted);
  const auto& ignored = group.lifecycle.ignore_changes;
  std::erase_if(fields, [&](const std::string& field) {
    if (field == "userData" && group.instance.cloud_init.on_change == CloudInit::OnChange::next_create) return true;
    return std::find(ignored.begin(), ignored.end(), field) != ignored.end();
  });
  return fields;
}

/// Names the fields; the first one whose old value is known with both values.
Reason why_replaced(const std::vector<std::string>& names, const std::vector<FieldChange>& changes) {
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  Reason reason{Rule::spec_changed, list + " cannot change in place", {{"fields", list}}};
  for (const auto& change : changes) {
    if (change.before.empty()) continue;
    reason.text = fmt::format("{} {} -> {}", change.field, change.before, change.after);
    if (names.size() > 1) reason.text += fmt::format(", and {} more", names.size() - 1);
    break;
  }
  return reason;
}

}  // namespace

Disruption allowed_for(const Planning& planning, const Group& group) {
  const Disruption by_file = group.update.allow;
  return std::min(by_file, planning.input.options.allow.value_or(Disruption::replace));
}

void hold(Decision& decision, Disruption needed, Disruption allowed) {
  decision.held = true;
  decision.reasons.push_back({Rule::limit,
                              fmt::format("needs {}, allowed is {}", to_string(needed), to_string(allowed)),
                              {{"needs", to_string(needed)}, {"allowed", to_string(allowed)}}});
}

void set_replace(Decision& decision, Reason reason) {
  decision.fate = Fate::replace;
  decision.reasons.push_back(std::move(reason));
  const Presence presence = decision.where->presence;
  decision.domain_is_gone = presence == Presence::absent || presence == Presence::undefined;
  decision.disturbs = decision.record->phase == Phase::ready && !decision.domain_is_gone;
}

bool decide_by_spec(Planning& planning, GroupPlan& plan, Decision& decision) {
  const Group& group = *plan.group;
  const InstanceRecord& record = *decision.record;
  const std::string wanted = plan.lock != nullptr ? plan.spec_hash : spec_hash(group.instance, record.image_digest);
  if (!is_current_spec_hash(record.spec_hash)) {
    decision.rehash = true;
    decision.reasons.push_back({Rule::spec_changed, "recorded by other rules, compared from now on", {}});
    return false;
  }
  const auto fields = replacing_fields(group, record.spec_hash, wanted);
  if (fields.empty()) return false;
  const std::string& digest = plan.lock != nullptr ? plan.lock->digest : record.image_digest;
  for (const auto& field : fields) {
    if (field == "template") continue;
    if (field == "image") {
      decision.fields.push_back(image_change(planning, record, group.instance, digest));
      continue;
    }
    decision.fields.push_back({field, recorded_text(field, record), field_named(field).show({group.instance, digest})});
  }
  Reason reason = why_replaced(fields, decision.fields);
  const Disruption allowed = allowed_for(planning, group);
  if (allowed < Disruption::replace) {
    decision.reasons.push_back(std::move(reason));
    hold(decision, Disruption::replace, allowed);
    return false;
  }
  if (group.update.strategy == Update::Strategy::on_delete) {
    decision.reasons.push_back(std::move(reason));
    decision.held = true;
    decision.reasons.push_back({Rule::limit, "strategy onDelete: replaced when it is deleted by hand", {}});
    return false;
  }
  set_replace(decision, std::move(reason));
  return true;
}

}  // namespace vscale
