-- The statefile of vscale, version 1. Look into it with `sqlite3 vscale.db`, and begin with
--
--   SELECT * FROM overview;      every instance: how far it has come, where it is, whether it runs
--   SELECT * FROM capacity;      every host: what it has and what is claimed of it
--   SELECT * FROM unfinished;    actions that were begun and have no outcome: whoever began them died
--   SELECT * FROM events ORDER BY id DESC LIMIT 20;
--
-- Looking is safe at any time. Do not write by hand: the planner trusts what stands here.
-- Instants are UTC in RFC 3339, sizes carry their unit in the name, yes and no are 1 and 0.

CREATE TABLE schema_version (
  version INTEGER PRIMARY KEY,      -- the highest is the version of this file, as is PRAGMA user_version
  at      TEXT NOT NULL             -- when it was migrated to it
) STRICT;

CREATE TABLE statefile (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  lineage  TEXT NOT NULL,           -- random; marks every domain made from here
  serial   INTEGER NOT NULL         -- moves with changes, not with looking
) STRICT;

CREATE TABLE hosts (
  host       TEXT PRIMARY KEY,
  uri        TEXT NOT NULL DEFAULT '',
  generation INTEGER NOT NULL DEFAULT 0     -- moves with everything that is claimed of it or given back
) STRICT, WITHOUT ROWID;

-- What vscale made -----------------------------------------------------------------------------------------------------

CREATE TABLE instances (
  address           TEXT PRIMARY KEY,       -- group.web[2], machine.db1
  name              TEXT NOT NULL UNIQUE,   -- the domain's: prod-web-2
  uuid              TEXT NOT NULL UNIQUE,
  incarnation       INTEGER NOT NULL CHECK (incarnation >= 1),
  host              TEXT NOT NULL REFERENCES hosts (host),
  revision          INTEGER NOT NULL,       -- of its group's template
  spec_hash         TEXT NOT NULL,
  image_digest      TEXT NOT NULL,
  phase             TEXT NOT NULL CHECK (phase IN ('claimed', 'defined', 'started', 'ready', 'leaving')),
  vcpus             INTEGER NOT NULL,
  memory_bytes      INTEGER NOT NULL,
  created_at        TEXT,
  started_at        TEXT,
  ready_at          TEXT,
  prevent_destroy   INTEGER NOT NULL CHECK (prevent_destroy IN (0, 1)),
  shutdown_grace_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nics (
  instance TEXT NOT NULL REFERENCES instances (address) ON DELETE CASCADE ON UPDATE CASCADE,
  position INTEGER NOT NULL,                -- as the guest sees them, from 0
  network  TEXT NOT NULL,                   -- name in the configuration
  mac      TEXT NOT NULL UNIQUE,
  address  TEXT,                            -- IPv4; NULL: by DHCP and not found yet
  PRIMARY KEY (instance, position),
  UNIQUE (network, address)
) STRICT, WITHOUT ROWID;

-- What an instance takes of its host, in the classes of OpenStack Placement.
CREATE TABLE allocations (
  instance TEXT NOT NULL REFERENCES instances (address) ON DELETE CASCADE ON UPDATE CASCADE,
  resource TEXT NOT NULL CHECK (resource IN ('VCPU', 'MEMORY_MB', 'DISK_GB')),
  storage  TEXT NOT NULL DEFAULT '',        -- DISK_GB: name in the configuration
  amount   INTEGER NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (instance, resource, storage)
) STRICT, WITHOUT ROWID;

-- Groups that the instance's own depends on: they are destroyed only after it.
CREATE TABLE dependencies (
  instance TEXT NOT NULL REFERENCES instances (address) ON DELETE CASCADE ON UPDATE CASCADE,
  position INTEGER NOT NULL,
  on_group TEXT NOT NULL,                   -- group.cp
  PRIMARY KEY (instance, position)
) STRICT, WITHOUT ROWID;

-- A kept volume outlives its owner, so the owner need not exist.
CREATE TABLE volumes (
  host           TEXT NOT NULL REFERENCES hosts (host),
  pool           TEXT NOT NULL,
  name           TEXT NOT NULL,
  storage        TEXT NOT NULL,             -- name in the configuration
  owner          TEXT NOT NULL,             -- address of an instance
  role           TEXT NOT NULL CHECK (role IN ('root', 'data', 'seed')),
  disk           TEXT NOT NULL,
  capacity_bytes INTEGER NOT NULL,
  keep           INTEGER NOT NULL CHECK (keep IN (0, 1)),
  PRIMARY KEY (host, pool, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX volumes_by_owner ON volumes (owner);

CREATE TABLE groups (
  address     TEXT PRIMARY KEY,             -- group.web
  revision    INTEGER NOT NULL,             -- the newest
  spec_hash   TEXT NOT NULL,
  cursor_host TEXT NOT NULL                 -- roundRobin: where the last one went
) STRICT, WITHOUT ROWID;

-- Images -----------------------------------------------------------------------------------------------------------------

-- What a source stood for when it was last taken. A moving URL rolls nothing by itself.
CREATE TABLE image_locks (
  image              TEXT PRIMARY KEY,      -- name in the configuration
  source             TEXT NOT NULL,
  digest             TEXT NOT NULL,         -- sha256:HEX
  checksum           TEXT NOT NULL,         -- of the configuration, that was checked; '': none was given
  format             TEXT NOT NULL,         -- qcow2, raw
  size_bytes         INTEGER NOT NULL,      -- of the file
  virtual_size_bytes INTEGER NOT NULL,      -- of the disk inside
  modified_ns        INTEGER NOT NULL,      -- of a local file, since 1970
  at                 TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Images that lie complete in a pool.
CREATE TABLE image_copies (
  host       TEXT NOT NULL REFERENCES hosts (host),
  pool       TEXT NOT NULL,
  volume     TEXT NOT NULL,
  image      TEXT NOT NULL,
  digest     TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  at         TEXT NOT NULL,
  PRIMARY KEY (host, pool, volume)
) STRICT, WITHOUT ROWID;

-- What was done ----------------------------------------------------------------------------------------------------------

-- Intent before and outcome after every action. The oldest with an outcome go first.
CREATE TABLE journal (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  run           TEXT NOT NULL,
  action        INTEGER NOT NULL,           -- its number in the run's plan
  kind          TEXT NOT NULL,              -- domain.define, gate.wait, ...
  address       TEXT NOT NULL,
  host          TEXT NOT NULL,
  started_at    TEXT NOT NULL,
  ended_at      TEXT,
  outcome       TEXT CHECK (outcome IN ('done', 'failed')),     -- NULL: none yet
  error_kind    TEXT,
  error_message TEXT,
  error_detail  TEXT,
  error_hint    TEXT,
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX journal_unfinished ON journal (id) WHERE outcome IS NULL;

CREATE TABLE events (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  address TEXT NOT NULL,
  host    TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;

-- The configuration that `vscale apply` accepted, with ${...} as it was written; the highest id is in force.
CREATE TABLE accepted_configs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  at          TEXT NOT NULL,
  accepted_by TEXT NOT NULL,                -- user@host
  reason      TEXT NOT NULL
) STRICT;

CREATE TABLE accepted_files (
  config   INTEGER NOT NULL REFERENCES accepted_configs (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path     TEXT NOT NULL,
  text     TEXT NOT NULL,
  PRIMARY KEY (config, position)
) STRICT, WITHOUT ROWID;

-- Who may change things now. Only a hint of who it is: the lock itself is the kernel's, on the file beside this one.
CREATE TABLE operation_lock (
  only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
  id        TEXT NOT NULL,
  operation TEXT NOT NULL,                  -- apply, destroy, watch
  user      TEXT NOT NULL,
  host      TEXT NOT NULL,
  pid       INTEGER NOT NULL,
  since     TEXT NOT NULL,
  machine   TEXT NOT NULL                   -- whose kernel knows whether that process lives
) STRICT;

-- What was seen on the hosts ---------------------------------------------------------------------------------------------

CREATE TABLE observed_hosts (
  host            TEXT PRIMARY KEY REFERENCES hosts (host) ON DELETE CASCADE,
  seen_at         TEXT,                     -- the last good look; NULL: there was none, and so for all up to networks
  vcpus           INTEGER,
  memory_bytes    INTEGER,
  kvm             INTEGER CHECK (kvm IN (0, 1)),
  hypervisor      TEXT,
  libvirt_version INTEGER,                  -- 9000000 is 9.0.0
  traits          TEXT,                     -- names, one a line
  networks        TEXT,                     -- names, one a line
  fingerprint         TEXT NOT NULL DEFAULT '',   -- of all that was seen there but the domains, and
  domains_fingerprint TEXT NOT NULL DEFAULT '',   -- of the domains: what is the same is not written again
  failed_at       TEXT,                     -- since when it cannot be reached; NULL: it can
  error_kind      TEXT,
  error_message   TEXT,
  error_detail    TEXT,
  error_hint      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE observed_pools (
  host            TEXT NOT NULL REFERENCES hosts (host) ON DELETE CASCADE,
  position        INTEGER NOT NULL,
  name            TEXT NOT NULL,
  type            TEXT NOT NULL,
  path            TEXT NOT NULL,
  active          INTEGER NOT NULL CHECK (active IN (0, 1)),
  capacity_bytes  INTEGER NOT NULL,
  available_bytes INTEGER NOT NULL,
  volumes         TEXT NOT NULL,            -- names, one a line
  PRIMARY KEY (host, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE observed_domains (
  host             TEXT NOT NULL REFERENCES hosts (host) ON DELETE CASCADE,
  name             TEXT NOT NULL,
  uuid             TEXT NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('running', 'blocked', 'paused', 'in shutdown', 'shut off', 'crashed',
                                                  'suspended', 'unknown')),
  vcpus            INTEGER NOT NULL,
  max_vcpus        INTEGER NOT NULL,
  memory_bytes     INTEGER NOT NULL,
  max_memory_bytes INTEGER NOT NULL,
  address          TEXT,                    -- from here to static_addresses the mark of vscale; NULL: not made by vscale
  installation     TEXT,
  revision         INTEGER,
  incarnation      INTEGER,
  lineage          TEXT,
  spec_hash        TEXT,
  image_digest     TEXT,                    -- sha256:HEX; NULL: a mark that does not say
  static_addresses TEXT,                    -- address and its network, one a line; NULL: none, or not said
  nics             TEXT,                    -- MAC and what it is plugged into, one a line; NULL: none
  disk_paths       TEXT,                    -- one a line (\\ and \n inside a path); NULL: none
  PRIMARY KEY (host, name)
) STRICT, WITHOUT ROWID;

-- For people -------------------------------------------------------------------------------------------------------------

CREATE VIEW overview AS
SELECT i.address, i.phase, i.host, i.name,
       (SELECT group_concat(coalesce(n.address, n.network || ': DHCP'), ', ') FROM nics n WHERE n.instance = i.address)
           AS addresses,
       i.vcpus, i.memory_bytes / 1048576 AS memory_mib, i.revision, i.incarnation,
       CASE WHEN o.failed_at IS NOT NULL THEN 'host not reached since ' || o.failed_at
            WHEN o.seen_at IS NULL THEN 'not looked yet'
            ELSE coalesce(d.state, 'no such domain') END AS seen,
       o.seen_at
  FROM instances i
  LEFT JOIN observed_hosts o ON o.host = i.host
  LEFT JOIN observed_domains d ON d.host = i.host AND d.name = i.name
 ORDER BY i.address;

CREATE VIEW capacity AS
SELECT h.host, o.vcpus, o.memory_bytes / 1048576 AS memory_mib,
       coalesce(sum(a.amount) FILTER (WHERE a.resource = 'VCPU'), 0) AS claimed_vcpus,
       coalesce(sum(a.amount) FILTER (WHERE a.resource = 'MEMORY_MB'), 0) AS claimed_memory_mib,
       coalesce(sum(a.amount) FILTER (WHERE a.resource = 'DISK_GB'), 0) AS claimed_disk_gib,
       h.generation, o.seen_at, o.failed_at
  FROM hosts h
  LEFT JOIN observed_hosts o ON o.host = h.host
  LEFT JOIN instances i ON i.host = h.host
  LEFT JOIN allocations a ON a.instance = i.address
 GROUP BY h.host;

CREATE VIEW unfinished AS
SELECT id, run, action, kind, address, host, started_at FROM journal WHERE outcome IS NULL ORDER BY id;
