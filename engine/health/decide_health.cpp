#include "engine/health/decide_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "engine/health/crash_loop.h"
#include "engine/health/ill_share.h"
#include "engine/health/illness.h"
#include "engine/values/result.h"

namespace vscale {
namespace {

using State = HealthFinding::State;
using Process = Suspension::Process;
using Records = std::map<InstanceAddress, HealthRecord>;

/// An ill one, and what would be done about it.
struct Patient {
  const HealthFinding* finding = nullptr;
  Illness illness;
  Healing::By by = Healing::By::restart;
  Instant since{};
};

/// Why an ill one is left as it is.
struct Hold {
  std::string text;
  Figures figures;
};

bool belongs_to(const Group& group, const InstanceAddress& address) {
  return address.kind == group.kind && address.group == group.name;
}

void check(const HealthInput& input, const std::vector<HealthRecord>& records) {
  VSCALE_ASSERT(input.group != nullptr, "health is decided for a group");
  const auto out_of_order =
      std::ranges::adjacent_find(input.members, std::ranges::greater_equal{}, &HealthFinding::address);
  VSCALE_ASSERT(out_of_order == input.members.end(), "members are in order of addresses, each one once");
  for (const auto& member : input.members) {
    VSCALE_ASSERT(belongs_to(*input.group, member.address), "members are of the group");
  }
  for (const auto& record : records) {
    VSCALE_ASSERT(belongs_to(*input.group, record.address), "records are of the group");
  }
}

/// Every member's record after what was found, and those of places that nobody is in now.
Records observe(const HealthInput& input, const std::vector<HealthRecord>& before) {
  Records records;
  for (const auto& record : before) records[record.address] = aged(record, input.now);
  for (const auto& member : input.members) {
    HealthRecord& record = records[member.address];
    record.address = member.address;
    record = observed(*input.group, member, std::move(record), input.now);
  }
  return records;
}

std::vector<Patient> patients(const HealthInput& input, const Records& records) {
  std::vector<Patient> found;
  for (const auto& member : input.members) {
    const HealthRecord& record = records.at(member.address);
    auto illness = illness_of(*input.group, member, record, input.now);
    if (!illness) continue;
    const Healing::By by = remedy_for(*input.group, member, *illness, input.now);
    found.push_back({&member, std::move(*illness), by, record.failing_since.value()});
  }
  return found;
}

// ---- What stands against healing one --------------------------------------------------------------------------------

/// The word of an operator or of the file.
std::string why_forbidden(const HealthInput& input, const Patient& patient) {
  if (patient.finding->protected_from_all) return "protected from all";
  if (input.group->health.heal.when == Heal::When::never) return "heal.when is never";
  if (input.suspended.contains(Process::heal)) return "heal is suspended";
  if (patient.by != Healing::By::replace) return "";
  if (input.suspended.contains(Process::launch)) return "launch is suspended, and it would be replaced";
  if (input.suspended.contains(Process::terminate)) return "terminate is suspended, and it would be replaced";
  return "";
}

/// It was healed a short while ago, and a run that may be about to do so goes on. It is not healed anew at every look,
/// or it would pass for one that dies again and again.
bool is_being_started(const HealthInput& input, const Patient& patient, const HealthRecord& record) {
  return patient.by == Healing::By::start && input.healing && !record.healed_at.empty() &&
         input.now - record.healed_at.back() < input.group->health.startup_timeout;
}

std::optional<Hold> why_held(const HealthInput& input, const Patient& patient, const HealthRecord& record,
                             const IllShare& share, const std::string& breaker) {
  const std::string found = ": " + patient.illness.found;
  const std::string forbidden = why_forbidden(input, patient);
  if (!forbidden.empty()) return Hold{forbidden + found, patient.illness.figures};
  // What is off serves nobody: to start it takes nothing away, however many are ill.
  if (patient.by != Healing::By::start) {
    const std::string too_many = why_too_many_ill(*input.group, share);
    if (!too_many.empty()) return Hold{too_many + found, figures_of(*input.group, share)};
    if (!breaker.empty()) return Hold{"breaker: " + breaker + found, figures_of(*input.group, share)};
  }
  if (is_backing_off(record, input.now)) {
    return Hold{crash_loop_text(record, input.now),
                {{"heals", static_cast<double>(record.healed_at.size())},
                 {"retry_in_s", static_cast<double>((*record.retry_at - input.now).count()) / 1000}}};
  }
  if (is_being_started(input, patient, record)) {
    const Duration ago = input.now - record.healed_at.back();
    return Hold{fmt::format("healed {} ago, by a run that goes on{}", show_duration(ago), found),
                patient.illness.figures};
  }
  return std::nullopt;
}

// ---- One at a time --------------------------------------------------------------------------------------------------

/// Was it healed, and has not come up again, within its bound? Known from the record, so that it holds also where the
/// run that healed it has died.
bool is_coming_back(const HealthInput& input, const HealthRecord& record, const HealthFinding* member) {
  if (record.healed_at.empty() || record.healthy_since) return false;
  if (member != nullptr) {
    if (member->state == State::booting) return !is_past_startup_timeout(*input.group, *member, record, input.now);
    if (member->state == State::making) return !is_past_provision_timeout(*input.group, *member, record, input.now);
    if (member->state != State::leaving && member->state != State::unknown) return false;
  }
  return input.now - record.healed_at.back() < provision_timeout_of(*input.group);
}

/// Why no restart and no replacement begins now; empty: one may.
std::string why_not_now(const HealthInput& input, const Records& records, const std::vector<Healing>& starts) {
  if (!starts.empty()) return short_name(starts.front().address) + " is started first";
  std::map<InstanceAddress, const HealthFinding*> members;
  for (const auto& member : input.members) members[member.address] = &member;
  for (const auto& [address, record] : records) {
    const auto member = members.find(address);
    if (is_coming_back(input, record, member == members.end() ? nullptr : member->second)) {
      return short_name(address) + " is coming up again";
    }
  }
  return input.healing ? "another one is being healed or made" : "";
}

bool goes_first(const Patient& a, const Patient& b) {
  return std::pair(a.since, a.finding->address) < std::pair(b.since, b.finding->address);
}

Healing healing_of(const Patient& patient) {
  return {patient.finding->address, patient.by, patient.illness.why, patient.illness.text, patient.illness.figures};
}

/// Restarts or replaces the first of them, or none; the others are held.
void heal_one(const HealthInput& input, const Records& records, const std::vector<Patient>& waiting,
              HealthOutcome& outcome) {
  if (waiting.empty()) return;
  std::string not_now = why_not_now(input, records, outcome.heals);
  const Patient* healed = nullptr;
  if (not_now.empty()) {
    healed = &*std::ranges::min_element(waiting, goes_first);
    outcome.heals.push_back(healing_of(*healed));
    not_now = short_name(healed->finding->address) + " first";
  }
  for (const Patient& patient : waiting) {
    if (&patient == healed) continue;
    outcome.held.push_back({patient.finding->address,
                            fmt::format("one at a time, {}: {}", not_now, patient.illness.found),
                            patient.illness.figures});
  }
}

/// Of a place that nobody is in, only its heals are: what comes there may be made in place of one that was healed.
bool is_worth_remembering(const HealthRecord& record, bool is_member) {
  const bool is_ill = record.failures > 0 || record.failing_since.has_value();
  return !record.healed_at.empty() || (is_member && (is_ill || record.backoff_step > 0));
}

std::vector<HealthRecord> worth_remembering(const HealthInput& input, const Records& records) {
  std::vector<HealthRecord> kept;
  for (const auto& [address, record] : records) {
    const bool is_member = std::ranges::binary_search(input.members, address, {}, &HealthFinding::address);
    if (is_worth_remembering(record, is_member)) kept.push_back(record);
  }
  return kept;
}

}  // namespace

HealthOutcome decide_health(const HealthInput& input, const std::vector<HealthRecord>& before) {
  check(input, before);
  Records records = observe(input, before);
  const IllShare share = ill_share(input, records);
  HealthOutcome outcome;
  outcome.breaker = why_breaker_open(*input.group, share);
  std::vector<Patient> waiting;
  for (const Patient& patient : patients(input, records)) {
    const InstanceAddress& address = patient.finding->address;
    auto hold = why_held(input, patient, records.at(address), share, outcome.breaker);
    if (hold) {
      outcome.held.push_back({address, std::move(hold->text), std::move(hold->figures)});
    } else if (patient.by == Healing::By::start) {
      outcome.heals.push_back(healing_of(patient));
    } else {
      waiting.push_back(patient);
    }
  }
  heal_one(input, records, waiting, outcome);
  for (const Healing& healing : outcome.heals) note_heal(records.at(healing.address), input.now);
  std::ranges::sort(outcome.heals, {}, &Healing::address);
  std::ranges::sort(outcome.held, {}, &HeldHeal::address);
  outcome.records = worth_remembering(input, records);
  return outcome;
}

const char* to_string(Healing::By by) {
  switch (by) {
    case Healing::By::start:
      return "start";
    case Healing::By::restart:
      return "restart";
    case Healing::By::replace:
      return "replace";
  }
  VSCALE_ASSERT(false, "a way of healing without a word");
}

const char* to_string(Healing::Why why) {
  switch (why) {
    case Healing::Why::off:
      return "off";
    case Healing::Why::failing:
      return "failing";
    case Healing::Why::startup_timeout:
      return "startup_timeout";
    case Healing::Why::provision_timeout:
      return "provision_timeout";
  }
  VSCALE_ASSERT(false, "a reason to heal without a word");
}

}  // namespace vscale
