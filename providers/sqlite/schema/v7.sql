-- Scaling, healing and what operators say. Begin with
--
--   SELECT * FROM said;          all that operators have said and that holds until somebody says otherwise

-- How many a group is to have, where the file leaves that to policies or to an operator.
CREATE TABLE wanted_sizes (
  of_group TEXT PRIMARY KEY,                -- group.web
  size     INTEGER NOT NULL CHECK (size >= 0),
  owner    TEXT NOT NULL CHECK (owner IN ('policies', 'operator')),
  by_whom  TEXT NOT NULL,                   -- the policy, or user@host
  reason   TEXT NOT NULL,
  at       TEXT NOT NULL,
  until    TEXT                             -- operator: so long the policies have no say; NULL: they may move it at once
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_words (
  kind    TEXT NOT NULL CHECK (kind IN ('suspend', 'protect', 'stop', 'restart')),
  about   TEXT NOT NULL,                    -- group.web, group.web[2]
  process TEXT NOT NULL,                    -- suspend: what is not done; '' for the others
  detail  TEXT NOT NULL,                    -- protect: from what; restart: rolling, or together; '' for the others
  until   TEXT,                             -- NULL: until somebody says otherwise
  at      TEXT NOT NULL,
  said_by TEXT NOT NULL,                    -- user@host
  reason  TEXT NOT NULL,
  PRIMARY KEY (kind, about, process)
) STRICT, WITHOUT ROWID;

-- What is remembered of a group's size from one look to the next: recommendations, changes, samples beyond a threshold.
CREATE TABLE scaling_memory (
  of_group TEXT PRIMARY KEY,
  memory   TEXT NOT NULL CHECK (memory GLOB '{*}')          -- JSON
) STRICT, WITHOUT ROWID;

-- Of instances that were not well, or were healed not long ago.
CREATE TABLE health (
  instance      TEXT PRIMARY KEY,           -- group.web[2]
  uuid          TEXT NOT NULL,
  failures      INTEGER NOT NULL CHECK (failures >= 0),     -- in a row
  failure       TEXT NOT NULL,              -- the last of them
  failing_since TEXT,
  healthy_since TEXT,
  looked_at     TEXT,
  healed_at     TEXT NOT NULL,              -- instants, one a line, oldest first
  backoff_step  INTEGER NOT NULL CHECK (backoff_step >= 0),
  retry_at      TEXT                        -- not healed again before that
) STRICT, WITHOUT ROWID;

-- Decisions about sizes. Those that moved one stay longer.
CREATE TABLE scaling_decisions (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  of_group TEXT NOT NULL,
  at       TEXT NOT NULL,
  moved    INTEGER NOT NULL CHECK (moved IN (0, 1)),
  decision TEXT NOT NULL CHECK (decision GLOB '{*}')        -- JSON
) STRICT;
CREATE INDEX scaling_decisions_of_group ON scaling_decisions (of_group, moved, id);

-- Which of the accepted files are the configuration; the others are named by it. Of those from before, the first.
ALTER TABLE accepted_files ADD COLUMN is_configuration INTEGER NOT NULL DEFAULT 1 CHECK (is_configuration IN (0, 1));
UPDATE accepted_files SET is_configuration = (position = 0);

-- Who waits for the operation lock and asks its holder to make way. One whose process has died asks no more.
CREATE TABLE lock_requests (
  id        TEXT PRIMARY KEY,
  operation TEXT NOT NULL,                  -- apply, destroy
  user      TEXT NOT NULL,
  host      TEXT NOT NULL,
  pid       INTEGER NOT NULL,
  since     TEXT NOT NULL,
  machine   TEXT NOT NULL                   -- whose kernel knows whether that process lives
) STRICT, WITHOUT ROWID;

CREATE VIEW said AS
SELECT kind, about, process, detail, until, at, said_by, reason FROM operator_words
UNION ALL
SELECT 'scale', of_group, '', size, until, at, by_whom, reason FROM wanted_sizes WHERE owner = 'operator'
 ORDER BY at;
