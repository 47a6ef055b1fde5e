-- Only an address that vscale gives has one owner. What a guest learned by DHCP may be several guests': every host's
-- stock network of libvirt hands out the same ones. A constraint of a table cannot be dropped, so the table is made
-- anew. What was learned before is not known to be so, until its guest is waited for again.
CREATE TABLE nics_before AS SELECT * FROM nics;
DROP TABLE nics;
CREATE TABLE nics (
  instance TEXT NOT NULL REFERENCES instances (address) ON DELETE CASCADE ON UPDATE CASCADE,
  position INTEGER NOT NULL,                -- as the guest sees them, from 0
  network  TEXT NOT NULL,                   -- name in the configuration
  mac      TEXT NOT NULL UNIQUE,
  address  TEXT,                            -- IPv4; NULL: by DHCP and not found yet
  settings TEXT NOT NULL,                   -- what the guest was told of the network; '': by DHCP, or not known
  learned  INTEGER NOT NULL CHECK (learned IN (0, 1)),      -- 1: the address was found by lease or agent
  PRIMARY KEY (instance, position)
) STRICT, WITHOUT ROWID;
INSERT INTO nics SELECT instance, position, network, mac, address, settings, 0 FROM nics_before;
DROP TABLE nics_before;
CREATE UNIQUE INDEX nics_given ON nics (network, address) WHERE learned = 0;
