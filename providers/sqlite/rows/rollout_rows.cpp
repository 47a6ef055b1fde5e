#include "providers/sqlite/rows/rollout_rows.h"

#include <fmt/format.h>

#include "engine/values/result.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/rows/scaling_rows.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

ImageLock image_of(Columns& columns) {
  ImageLock image;
  image.image = columns.text();
  image.source = columns.text();
  image.digest = columns.text();
  image.checksum = columns.text();
  image.format = columns.text();
  image.size_bytes = columns.amount();
  image.virtual_size_bytes = columns.amount();
  image.modified_ns = columns.number();
  image.at = columns.instant();
  return image;
}

Template template_of(const RevisionRecord& revision, const std::string& text, const TemplateFormat& templates) {
  VSCALE_ASSERT(templates.read != nullptr, "a statefile with revisions is opened without a format for templates");
  auto made_of = templates.read(text);
  if (made_of) return std::move(made_of).value();
  throw DamagedRow(fmt::format("table revisions, {} number {}, column made_of: {}", revision.group, revision.number,
                               made_of.error().message));
}

RevisionRecord revision_of(Columns columns, const TemplateFormat& templates) {
  RevisionRecord revision;
  revision.group = columns.text();
  revision.number = columns.number();
  revision.spec_hash = columns.text();
  revision.image = image_of(columns);
  revision.made_of = template_of(revision, columns.text(), templates);
  const std::string verdict = columns.text();
  revision.verdict = known_word(verdict_from(verdict), verdict);
  revision.why = columns.text();
  revision.created_at = columns.instant();
  revision.completed_at = columns.instant_if_any();
  return revision;
}

void read_revisions(SQLite::Database& database, RecordedState& state, const TemplateFormat& templates) {
  SQLite::Statement select(
      database,
      "SELECT of_group, number, spec_hash, image, image_source, image_digest, image_checksum, image_format, "
      "image_size_bytes, image_virtual_size_bytes, image_modified_ns, image_at, made_of, verdict, why, created_at, "
      "completed_at FROM revisions");
  while (select.executeStep()) {
    RevisionRecord revision = revision_of(Columns(select), templates);
    auto& of_group = state.revisions[revision.group];
    of_group.emplace(revision.number, std::move(revision));
  }
}

void read_rollouts_begun(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(
      database,
      "SELECT of_group, from_revision, to_revision, steps_passed, step_reached_at, failures, failure, started_at "
      "FROM rollouts");
  while (select.executeStep()) {
    Columns columns(select);
    RolloutRecord rollout;
    rollout.group = columns.text();
    rollout.from = columns.number();
    rollout.to = columns.number();
    rollout.steps_passed = columns.small();
    rollout.step_reached_at = columns.instant_if_any();
    rollout.failures = columns.small();
    rollout.failure = columns.text();
    rollout.started_at = columns.instant();
    state.rollouts.emplace(rollout.group, std::move(rollout));
  }
}

}  // namespace

std::map<std::string, RolloutIntent> read_rollout_intents(SQLite::Database& database) {
  SQLite::Statement select(database,
                           "SELECT of_group, kind, revision, step, failures, at, said_by, reason FROM rollout_intents");
  std::map<std::string, RolloutIntent> intents;
  while (select.executeStep()) {
    Columns columns(select);
    RolloutIntent intent;
    intent.group = columns.text();
    const std::string kind = columns.text();
    intent.kind = known_word(rollout_intent_from(kind), kind);
    intent.revision = columns.number();
    intent.step = columns.small();
    intent.failures = columns.small();
    intent.at = columns.instant();
    intent.by = columns.text();
    intent.reason = columns.text();
    intents.emplace(intent.group, std::move(intent));
  }
  return intents;
}

void read_rollouts(SQLite::Database& database, RecordedState& state, const TemplateFormat& templates) {
  read_revisions(database, state, templates);
  read_rollouts_begun(database, state);
  state.rollout_intents = read_rollout_intents(database);
}

void put_revision(SQLite::Database& database, const RevisionRecord& revision, const TemplateFormat& templates) {
  VSCALE_ASSERT(templates.write != nullptr, "a revision is to be written without a format for templates");
  const ImageLock& image = revision.image;
  execute(database, "INSERT OR REPLACE INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          revision.group, revision.number, revision.spec_hash, image.image, image.source, image.digest, image.checksum,
          image.format, image.size_bytes, image.virtual_size_bytes, image.modified_ns, image.at,
          templates.write(revision.made_of), to_string(revision.verdict), revision.why, revision.created_at,
          revision.completed_at);
}

void apply(SQLite::Database& database, const MoveRollout& move) {
  remove_rollouts_of(database, move.to);
  execute(database, "UPDATE revisions SET of_group = ? WHERE of_group = ?", move.to, move.from);
  execute(database, "UPDATE rollouts SET of_group = ? WHERE of_group = ?", move.to, move.from);
  execute(database, "UPDATE rollout_intents SET of_group = ? WHERE of_group = ?", move.to, move.from);
  move_scaling(database, move.from, move.to);
}

void apply(SQLite::Database& database, const RemoveRevision& remove) {
  execute(database, "DELETE FROM revisions WHERE of_group = ? AND number = ?", remove.group, remove.number);
}

void apply(SQLite::Database& database, const PutRollout& put) {
  const RolloutRecord& rollout = put.rollout;
  execute(database, "INSERT OR REPLACE INTO rollouts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rollout.group, rollout.from,
          rollout.to, rollout.steps_passed, rollout.step_reached_at, rollout.failures, rollout.failure,
          rollout.started_at);
}

void apply(SQLite::Database& database, const RemoveRollout& remove) {
  execute(database, "DELETE FROM rollouts WHERE of_group = ?", remove.group);
}

void apply(SQLite::Database& database, const PutRolloutIntent& put) {
  const RolloutIntent& intent = put.intent;
  execute(database, "INSERT OR REPLACE INTO rollout_intents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", intent.group,
          to_string(intent.kind), intent.revision, intent.step, intent.failures, intent.at, intent.by, intent.reason);
}

void apply(SQLite::Database& database, const RemoveRolloutIntent& remove) {
  execute(database, "DELETE FROM rollout_intents WHERE of_group = ?", remove.group);
}

void remove_rollouts_of(SQLite::Database& database, const std::string& group) {
  execute(database, "DELETE FROM revisions WHERE of_group = ?", group);
  execute(database, "DELETE FROM rollouts WHERE of_group = ?", group);
  execute(database, "DELETE FROM rollout_intents WHERE of_group = ?", group);
}

}  // namespace vscale
