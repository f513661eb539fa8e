-- Version 18: managers' nodes vote by themselves.

-- A manager: what its node found of a disputed entry, and how it voted. Written before the vote
-- leaves, and once it says pay or refund it stays: the node says nothing else afterwards.
CREATE TABLE dispute_vote (
    holder BLOB NOT NULL CHECK (length(holder) = 20), -- identity of this home
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bundle_digest BLOB NOT NULL CHECK (length(bundle_digest) = 32), -- whose entry it is
    verdict INTEGER NOT NULL, -- none (a person's), pay, refund
    sealed BLOB NOT NULL,               -- {why, checks}, sealed to this home
    missing_since INTEGER,              -- chain time of the first look that missed something
    looked_at INTEGER NOT NULL,         -- chain time of the last look
    decided_at INTEGER NOT NULL,        -- and this machine's
    PRIMARY KEY (holder, request_id, position)
) STRICT;
