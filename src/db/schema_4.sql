-- Version 4: who held which office when, so that a revocation list is held against the managers of its
-- time; proposed lists are sealed.

CREATE TABLE manager_term (
    block INTEGER NOT NULL,             -- where the term begins
    log_index INTEGER NOT NULL,
    office TEXT NOT NULL CHECK (office IN ('gm', 'rm')),
    manager BLOB NOT NULL CHECK (length(manager) = 20),
    PRIMARY KEY (block, log_index)
) STRICT;

-- Where the list was set; 0: to be read again. Until then its managers are taken to be today's.
ALTER TABLE revocation_list ADD COLUMN block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revocation_list ADD COLUMN log_index INTEGER NOT NULL DEFAULT 0;

-- A proposed list names tokens that are nobody else's business until it is published. What waits is
-- to be proposed again.
DROP TABLE revocation_proposal;
CREATE TABLE revocation_proposal (
    holder BLOB NOT NULL,
    version INTEGER NOT NULL,
    sealed BLOB NOT NULL,               -- what is signed, sealed to this home
    gm_signature BLOB NOT NULL CHECK (length(gm_signature) = 65),
    received_at INTEGER NOT NULL,
    PRIMARY KEY (holder, version)
) STRICT;

-- Terms and lists come from events: those seen before are read again.
DELETE FROM setting WHERE name IN ('sync.next_block', 'sync.last_hash');
