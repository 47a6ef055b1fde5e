-- Rolling updates. Begin with
--
--   SELECT * FROM rolling_updates;    every update that has begun and not come to its end, and what was said of it

-- The last revision that was completed; 0: none yet.
ALTER TABLE groups ADD COLUMN stable INTEGER NOT NULL DEFAULT 0 CHECK (stable >= 0);
-- How many it was to have when one of it last came or went; 0: not known.
ALTER TABLE groups ADD COLUMN size INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0);
-- 1: its hooks before a stop were begun, and it has not been stopped since.
ALTER TABLE instances ADD COLUMN drained INTEGER NOT NULL DEFAULT 0 CHECK (drained IN (0, 1));

-- 1: an update made it, and it did not become available since it was started.
ALTER TABLE instances ADD COLUMN failed INTEGER NOT NULL DEFAULT 0 CHECK (failed IN (0, 1));

-- What a group was made of, or is to be: what an update leads to, and what it goes back to. The row of the group itself
-- may come later. With rowid, unlike the others: a row is as long as the user-data in it. The functions for JSON are not
-- for a schema that nobody is to trust, which is how vscale opens it.
CREATE TABLE revisions (
  of_group                 TEXT NOT NULL,           -- group.web
  number                   INTEGER NOT NULL CHECK (number >= 1),
  spec_hash                TEXT NOT NULL,
  image                    TEXT NOT NULL,           -- from here to image_at as in image_locks, when it was made
  image_source             TEXT NOT NULL,
  image_digest             TEXT NOT NULL,
  image_checksum           TEXT NOT NULL,
  image_format             TEXT NOT NULL,
  image_size_bytes         INTEGER NOT NULL,
  image_virtual_size_bytes INTEGER NOT NULL,
  image_modified_ns        INTEGER NOT NULL,
  image_at                 TEXT NOT NULL,
  made_of                  TEXT NOT NULL CHECK (made_of GLOB '{*}'),    -- the template as JSON, ${...} as written
  verdict                  TEXT NOT NULL CHECK (verdict IN ('wanted', 'rolled_back', 'aborted')),
  why                      TEXT NOT NULL,           -- of the verdict
  created_at               TEXT NOT NULL,
  completed_at             TEXT,                    -- every instance was of it and available; NULL: not yet
  PRIMARY KEY (of_group, number)
) STRICT;

CREATE TABLE rollouts (
  of_group        TEXT PRIMARY KEY,         -- group.web
  from_revision   INTEGER NOT NULL CHECK (from_revision >= 0),          -- the stable one; 0: there is none yet
  to_revision     INTEGER NOT NULL,
  steps_passed    INTEGER NOT NULL CHECK (steps_passed >= 0),
  step_reached_at TEXT,                     -- since when it rests at the next step; NULL: it has not come to it
  failures        INTEGER NOT NULL CHECK (failures >= 0),               -- instances of the new revision that failed
  failure         TEXT NOT NULL,            -- the last of them
  started_at      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What an operator said of a group's update last.
CREATE TABLE rollout_intents (
  of_group TEXT PRIMARY KEY,                -- group.web
  kind     TEXT NOT NULL CHECK (kind IN ('pause', 'resume', 'promote', 'abort', 'undo')),
  revision INTEGER NOT NULL,                -- of the group, when it was said
  step     INTEGER NOT NULL,                -- promote: the step that is passed by it
  failures INTEGER NOT NULL CHECK (failures >= 0),                      -- resume, promote: so many are forgiven
  at       TEXT NOT NULL,
  said_by  TEXT NOT NULL,                   -- user@host
  reason   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW rolling_updates AS
SELECT r.of_group, r.from_revision, r.to_revision,
       count(i.address) FILTER (WHERE i.revision = r.to_revision) AS instances_of_it, count(i.address) AS instances,
       r.steps_passed, r.step_reached_at, r.failures, r.failure, r.started_at,
       n.kind AS said, n.said_by, n.at AS said_at, n.reason
  FROM rollouts r
  LEFT JOIN instances i ON i.address = r.of_group OR i.address LIKE r.of_group || '[%'
  LEFT JOIN rollout_intents n ON n.of_group = r.of_group
 GROUP BY r.of_group;
