-- Which machine a host was when it was last seen: one that answers in its place is not taken for it. '' is not told, and
-- stands for all that was seen before.
ALTER TABLE observed_hosts ADD COLUMN hostname  TEXT NOT NULL DEFAULT '';
ALTER TABLE observed_hosts ADD COLUMN host_uuid TEXT NOT NULL DEFAULT '';
