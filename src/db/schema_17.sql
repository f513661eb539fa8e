-- Version 17: keys of bundles that patients keep until they have seen the delivery.

-- The patient's side: what became of a key it kept; NULL: it went with the consent.
ALTER TABLE consent ADD COLUMN key_state TEXT
    CHECK (key_state IN ('kept', 'sent', 'refused', 'late', 'unused'));
ALTER TABLE consent ADD COLUMN key_at INTEGER;                  -- when that came about
ALTER TABLE consent ADD COLUMN key_reason TEXT;                 -- why it was refused
ALTER TABLE consent ADD COLUMN key_told INTEGER NOT NULL DEFAULT 0; -- the managers have it too
CREATE INDEX consent_by_key ON consent (key_state) WHERE key_state IS NOT NULL;

-- Such keys as they came: to the buyer, and in disputes to the managers.
CREATE TABLE late_key (
    holder BLOB NOT NULL CHECK (length(holder) = 20),
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,               -- {bundleCid, ek}, sealed to this home
    received_at INTEGER NOT NULL,
    PRIMARY KEY (holder, request_id, position)
) STRICT;
