-- Version 4: who held which office when. A revocation list is held against the managers of its time.

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

-- Both come from events: those seen before are read again.
DELETE FROM setting WHERE name IN ('sync.next_block', 'sync.last_hash');
