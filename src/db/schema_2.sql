-- Version 2: the registry as both managers keep it, openings, reveals, revocation lists.

-- The Revocation Manager's own copy of the Group Manager's registry. Rows are never changed.
CREATE TABLE registry_row (
    holder BLOB NOT NULL,               -- identity of this home
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    position INTEGER NOT NULL,          -- from 0
    commitment BLOB NOT NULL CHECK (length(commitment) = 48),
    t BLOB NOT NULL CHECK (length(t) = 32),
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    content TEXT NOT NULL,                -- galen.member/1, JCS
    head BLOB NOT NULL CHECK (length(head) = 32),
    PRIMARY KEY (holder, fingerprint, position),
    UNIQUE (holder, fingerprint, commitment),
    UNIQUE (holder, fingerprint, t)
) STRICT;

-- Heads put forward by the Group Manager and countersigned, as each side knows them.
CREATE TABLE registry_head (
    holder BLOB NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    size INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    gm_signature BLOB NOT NULL CHECK (length(gm_signature) = 65),
    rm_signature BLOB CHECK (length(rm_signature) = 65),
    PRIMARY KEY (holder, fingerprint, size)
) STRICT;

-- A manager's log of openings; nothing is ever taken out of it.
CREATE TABLE opening (
    holder BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 32),  -- SHA-256 of the signature
    key_version INTEGER NOT NULL,
    msg BLOB NOT NULL CHECK (length(msg) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 362),
    reason TEXT NOT NULL,
    gm_share BLOB NOT NULL CHECK (length(gm_share) = 139),
    rm_share BLOB CHECK (length(rm_share) = 139),
    commitment BLOB CHECK (length(commitment) = 48),
    state TEXT NOT NULL CHECK (state IN ('asked', 'declined', 'opened', 'fault')),
    outcome TEXT,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    fault_at INTEGER,                   -- stays, whatever comes later
    PRIMARY KEY (holder, id)
) STRICT;

-- Tracing tokens, one for each opened member.
CREATE TABLE reveal (
    holder BLOB NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 48),
    opening_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'revealed')),
    sealed BLOB,                        -- sealed to this home: {share} while asked at RM, {token}
    asked_at INTEGER NOT NULL,
    revealed_at INTEGER,
    PRIMARY KEY (holder, commitment)
) STRICT;

-- Revocation lists as the contract's events name them, and what waits for the second signature.
CREATE TABLE revocation_list (
    version INTEGER PRIMARY KEY,
    cid BLOB NOT NULL CHECK (length(cid) = 32),
    set_at INTEGER NOT NULL
) STRICT;
CREATE TABLE revocation_proposal (
    holder BLOB NOT NULL,
    version INTEGER NOT NULL,
    list TEXT NOT NULL,                 -- what is signed, JCS
    gm_signature BLOB NOT NULL CHECK (length(gm_signature) = 65),
    received_at INTEGER NOT NULL,
    PRIMARY KEY (holder, version)
) STRICT;
