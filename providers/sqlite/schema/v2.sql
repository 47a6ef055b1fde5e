-- What guests were told of their networks, so that a change of the file that does not reach them can be said.
ALTER TABLE nics ADD COLUMN settings TEXT NOT NULL DEFAULT '';   -- of a static address; '': by DHCP, or not known
