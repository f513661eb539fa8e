-- Version 6: openings that a buyer asks for on-chain.

-- As the contract's events tell them. The managers' shares are blocks, sealed to the other one.
CREATE TABLE opening_onchain (
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,          -- of the entry, over all parts
    signature_hash BLOB NOT NULL CHECK (length(signature_hash) = 32),  -- keccak256
    requester BLOB NOT NULL CHECK (length(requester) = 20),
    gm_cid BLOB CHECK (length(gm_cid) = 32),
    rm_cid BLOB CHECK (length(rm_cid) = 32),
    opening_id BLOB CHECK (length(opening_id) = 32),  -- in the log, once the entry was found
    gm_reported INTEGER NOT NULL DEFAULT 0,  -- this home's manager has sent the requester the result
    rm_reported INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (request_id, position)
) STRICT;
CREATE INDEX opening_onchain_by_opening ON opening_onchain (opening_id);

-- The log also holds what neither manager has a share of yet, and what a requester was told.
CREATE TABLE opening_log (
    holder BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 32),  -- SHA-256 of the signature
    key_version INTEGER NOT NULL,
    msg BLOB NOT NULL CHECK (length(msg) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 362),
    reason TEXT NOT NULL,
    gm_share BLOB CHECK (length(gm_share) = 139),
    rm_share BLOB CHECK (length(rm_share) = 139),
    commitment BLOB CHECK (length(commitment) = 48),
    evidence BLOB,                      -- requester: {salt, row}, sealed to this home
    state TEXT NOT NULL CHECK (state IN ('asked', 'declined', 'refused', 'opened', 'fault')),
    outcome TEXT,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    fault_at INTEGER,                   -- stays, whatever comes later
    PRIMARY KEY (holder, id)
) STRICT;
INSERT INTO opening_log (holder, id, key_version, msg, signature, reason, gm_share, rm_share,
    commitment, state, outcome, asked_at, decided_at, fault_at)
  SELECT holder, id, key_version, msg, signature, reason, gm_share, rm_share, commitment, state,
    outcome, asked_at, decided_at, fault_at FROM opening;
DROP TABLE opening;
ALTER TABLE opening_log RENAME TO opening;

-- Every head of the registry that was committed: a row proves that it is in one of them.
CREATE TABLE registry_commit (
    key_version INTEGER NOT NULL,
    size INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    PRIMARY KEY (key_version, size)
) STRICT;

-- It comes from events: those seen before are read again.
DELETE FROM setting WHERE name IN ('sync.next_block', 'sync.last_hash');
