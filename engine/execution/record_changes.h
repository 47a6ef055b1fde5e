#pragma once

#include <vector>

#include "engine/execution/action_runner.h"
#include "engine/plan/plan.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/units.h"

/// What the record learns from an action: with its intent, before it touches anything, and with its outcome. Pure.
///
/// An action about a domain changes the record of its instance only where the uuid is the recorded one: a plan may also
/// remove a twin, and the record of the right one must not notice.

namespace vscale {

/// So many revisions of a group are remembered, besides those that are in use.
constexpr std::size_t kRevisionsKept = 10;

/// Is it nothing but a change of the record (instance.claim, address.release, record.change, and the beginning, a rest
/// and the end of a rollout)? Such an action has no outside and no half-way: intent and outcome are one transaction.
bool only_changes_record(const Action& action);
/// Is it there only for others to wait for (barrier, rollout.turn)? Nothing is written of it.
bool only_orders(const Action& action);

/// What is written with the intent. An instance that is going to be removed is `leaving` before it is stopped, so that
/// whoever comes after a crash removes the rest; one that is stopped for a change is `defined`, so that its being off
/// is known to be our doing; one that is started is no longer `ready`, so that a crash before the outcome does not
/// leave a guest that nobody has waited for as ready. A volume that is going to be made is ours from here on: whatever
/// a crash leaves at its name may be replaced and deleted. It is not kept before it is made: there is nothing to keep,
/// and a kept disk that is not there is one that got lost. A domain that is defined for the first time is created now:
/// what was seen of its host before that says nothing about it.
std::vector<RecordChange> changes_at_begin(const Action& action, const RecordedState& recorded, Instant now);

/// What is written with the outcome of an action that went well.
std::vector<RecordChange> changes_at_end(const Action& action, const ActionOutcome& outcome,
                                         const RecordedState& recorded, Instant now);

/// What is written with the outcome of an action that failed; `before` is what was recorded when the run began.
/// Nothing, but for two. A new volume at whose name there was one already is not ours, and must neither be replaced nor
/// deleted by whoever comes after. A domain that was not as the plan saw it was not stopped, and is recorded as before.
std::vector<RecordChange> changes_at_failure(const Action& action, const Error& error, const RecordedState& before,
                                             const RecordedState& recorded);

/// Does such a failure, of an instance that a rollout made, say something of the revision? Its definition that libvirt
/// refuses, a start that fails, gates that do not pass or do not go on passing, a hook afterReady: they do. Not so what
/// circumstance did (a host that does not answer or takes too long, another writer), nor volumes, seeds and images.
bool is_failure_of_rollout(const Action& action, const Error& error);
/// What a failure says of a rollout, by the rule above: one more that failed, and the instance is marked as such.
/// Nothing for instances of other revisions.
std::vector<RecordChange> rollout_failure(const Action& action, const Error& error, const RecordedState& recorded);

/// What the table `events` remembers of an action that went well: images that were uploaded, instances that were
/// created, defined again, started, ready, updated, stopped, destroyed; rollouts that began, turned back, came to a
/// rest or to their end. Nothing for the small steps between.
std::vector<EventRecord> events_at_end(const Action& action, const ActionOutcome& outcome,
                                       const RecordedState& recorded, Instant now);

}  // namespace vscale
