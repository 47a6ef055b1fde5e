-- A metrics file of version 1, with the bytes of samples and readings written by hand.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
-- What vscale measured. Begin with
--
--   SELECT * FROM history WHERE of_group = 'group.web' AND metric = 'cpu';     minute by minute, coarser with age

-- Those of one group and one tick, packed: see packed.h of vscale.
CREATE TABLE samples (
  id           INTEGER PRIMARY KEY,
  of_group     TEXT NOT NULL,               -- group.web
  newest_at_ms INTEGER NOT NULL,            -- since 1970; none of them is later
  packed       BLOB NOT NULL
) STRICT;
CREATE INDEX samples_by_age ON samples (newest_at_ms);

-- Every domain's counters as they were read last, packed likewise.
CREATE TABLE readings (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  packed BLOB NOT NULL
) STRICT;

CREATE TABLE series (
  id       INTEGER PRIMARY KEY,
  of_group TEXT NOT NULL,
  metric   TEXT NOT NULL,                   -- cpu, memory, diskIops, diskBytes, networkBytes
  UNIQUE (of_group, metric)
) STRICT;

CREATE TABLE aggregates (
  series  INTEGER NOT NULL REFERENCES series,
  from_s  INTEGER NOT NULL,                 -- since 1970
  width_s INTEGER NOT NULL CHECK (width_s > 0 AND from_s % width_s = 0),
  count   INTEGER NOT NULL CHECK (count >= 1),
  average REAL NOT NULL,
  least   REAL NOT NULL,
  most    REAL NOT NULL CHECK (least <= most),
  PRIMARY KEY (series, from_s, width_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX aggregates_by_age ON aggregates (width_s, from_s);

CREATE VIEW history AS
SELECT s.of_group, s.metric, datetime(a.from_s, 'unixepoch') AS begins, a.width_s, a.average, a.least, a.most, a.count
  FROM aggregates a JOIN series s ON s.id = a.series
 ORDER BY s.of_group, s.metric, a.from_s;

INSERT INTO samples VALUES (1, 'group.web', 1777896000000, x'016101b0ea0111000000000000f03f00000000000000c002626300b0ea0100');
INSERT INTO readings VALUES (1, x'016180a8e0adbe67800183ac020401');
INSERT INTO series VALUES (3, 'group.web', 'diskIops');
INSERT INTO aggregates VALUES (3, 1777896000, 600, 4, 1.5, 1, 2);
PRAGMA user_version = 1;
PRAGMA application_id = 1987273581;
