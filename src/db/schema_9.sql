-- Version 9: the watcher's position, and what takes back what events of dropped blocks had done.

-- Hashes of recent blocks that were read: those with events, and the ends of ranges.
CREATE TABLE watch_block (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- What the events of one recent block changed, as SQLite's changesets.
CREATE TABLE watch_undo (
    id INTEGER PRIMARY KEY,             -- newer ones are taken back first
    block INTEGER NOT NULL,
    read_from INTEGER NOT NULL,         -- blocks from here on had not been read before it
    changes BLOB NOT NULL
) STRICT;
CREATE INDEX watch_undo_by_block ON watch_undo (block);

-- Profiles as the contract names them; contacts are made of them when they are needed.
CREATE TABLE profile_onchain (
    owner BLOB PRIMARY KEY CHECK (length(owner) = 20),
    profile_cid BLOB NOT NULL CHECK (length(profile_cid) = 32),
    nonce INTEGER NOT NULL,
    block INTEGER NOT NULL,
    tried_at INTEGER NOT NULL DEFAULT 0 -- when its block could not be had
) STRICT;

-- What a notification was about and is not so any more; when it is so again, it comes back as the
-- same one.
ALTER TABLE notification ADD COLUMN block INTEGER;  -- of the event; NULL: none
CREATE INDEX notification_by_block ON notification (block) WHERE block IS NOT NULL;
CREATE TABLE notification_withdrawn (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    UNIQUE (identity, kind, subject)
) STRICT;

ALTER TABLE record ADD COLUMN anchored_block INTEGER;
CREATE INDEX record_by_root ON record (merkle_root);
ALTER TABLE tx ADD COLUMN block_hash BLOB CHECK (length(block_hash) = 32);
CREATE INDEX tx_by_block ON tx (block_number);

-- Everything is read again, now with the blocks it comes from.
DELETE FROM setting WHERE name LIKE 'sync.%';
