-- Version 3: disputes over delivered entries.

-- Where an entry stands, as the events tell it: the contract's EntryStatus, and each manager's vote,
-- its Verdict. That an entry was paid no event tells: the contract knows.
ALTER TABLE entry ADD COLUMN status INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN gm_vote INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN rm_vote INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN status_block INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entry_by_status ON entry (request_id, position) WHERE status <> 0;

-- The buyer: what failed its checks, and which way is right for it. position -1: the delivery as a
-- whole.
CREATE TABLE entry_fault (
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    remedy TEXT NOT NULL CHECK (remedy IN ('prove-invalid', 'dispute')),
    PRIMARY KEY (request_id, position)
) STRICT;

-- The buyer: why it disputes an entry, written before the transaction leaves. told_at: when the
-- evidence was put into the outbox for both managers.
CREATE TABLE dispute (
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,               -- {reason}, sealed to this home
    told_at INTEGER,
    PRIMARY KEY (request_id, position)
) STRICT;

-- A manager: what a buyer gave of a disputed entry. The template's private key is in the key store.
CREATE TABLE dispute_evidence (
    holder BLOB NOT NULL,               -- identity of this home
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sealed BLOB NOT NULL,               -- {reason, bundleCid?, ek?}, sealed to this home
    received_at INTEGER NOT NULL,
    PRIMARY KEY (holder, request_id, position)
) STRICT;
