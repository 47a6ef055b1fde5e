-- 1: it had no definition, and is gone once it is off. 0 stands for all that was seen before.
ALTER TABLE observed_domains ADD COLUMN transient INTEGER NOT NULL DEFAULT 0 CHECK (transient IN (0, 1));
