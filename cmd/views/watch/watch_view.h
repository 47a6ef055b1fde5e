#pragma once

#include <memory>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/views/log/watch_log.h"
#include "engine/execution/run_event.h"
#include "engine/plan/plan.h"
#include "engine/ports/state_store.h"
#include "engine/scaling/scaling_decision.h"

/// What `vscale watch` tells while it goes on: a line for each thing that happens, and none while nothing does. With
/// --json an object a line; the steps of its runs as run_json.h says, and beside them
///
///     {"type": "decision", "at", "decision": {...}}              a size that has moved: schemas/json/scaling
///     {"type": "event", "at", "kind", "address", "host", "text"}   healed, waits for the lock, host silent, …
///     {"type": "diagnostic", ...}                                 what a plan says, once in an hour
///
/// Where systemd hands what is said to the journal ($JOURNAL_STREAM), each thing is one line of log/watch_log.h: with a
/// priority, and what a program looks for as fields.

namespace vscale {

class WatchView {
 public:
  /// What is done, or what would be done: with --dry-run nothing is.
  enum class Tells { what_is_done, what_would_be };

  /// Refers to it.
  explicit WatchView(const Invocation& invocation, Tells tells = Tells::what_is_done);

  /// The first line of a stream.
  void begin();
  void event(const EventRecord& event);
  void decision(const ScalingDecision& decision);
  void diagnostic(const Diagnostic& diagnostic);
  void error(const Error& error);
  /// Draws the run of a plan from here on. The plan must outlive what is returned.
  [[nodiscard]] std::unique_ptr<EventSink> run(const Plan& plan);

 private:
  /// "healed: restart: 3 failures in a row", "would heal: restart: …"
  [[nodiscard]] std::string words_of(const EventRecord& event) const;

  const Invocation& invocation_;
  Tells tells_;
  std::unique_ptr<WatchLog> log_;  ///< What is said goes there; nullptr: a person or a program reads it.
};

}  // namespace vscale
