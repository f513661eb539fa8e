-- Version 20: complaints about records.

-- In each manager's home its log; in the complainant's what it sent. State, a manager's: logged,
-- asked (GM has peeled its layer), opened, declined; a complainant's: the last that it was told.
CREATE TABLE complaint (
    holder BLOB NOT NULL CHECK (length(holder) = 20), -- identity of this home
    id BLOB NOT NULL CHECK (length(id) = 32),
    role TEXT NOT NULL CHECK (role IN ('gm', 'rm', 'complainant')),
    complainant BLOB NOT NULL CHECK (length(complainant) = 20),
    owner BLOB NOT NULL CHECK (length(owner) = 20),
    record_root BLOB NOT NULL CHECK (length(record_root) = 32),
    cid BLOB NOT NULL CHECK (length(cid) = 32), -- of the record's envelope
    key_version INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 362),
    sealed BLOB NOT NULL,               -- {reason}, sealed to this home
    inner_layer BLOB,                   -- what GM's layer held: sealed to RM
    content_key BLOB,                   -- {key}: K_patient, sealed to this home
    state TEXT NOT NULL CHECK (state IN ('logged', 'asked', 'opened', 'declined')),
    logged_at INTEGER NOT NULL,
    decided_at INTEGER,
    PRIMARY KEY (holder, id)
) STRICT;

-- A patient: what the managers told of complaints about its records, for the access log.
CREATE TABLE complaint_notice (
    holder BLOB NOT NULL CHECK (length(holder) = 20),
    id BLOB NOT NULL CHECK (length(id) = 32),
    state TEXT NOT NULL CHECK (state IN ('logged', 'opened', 'declined')),
    complainant BLOB NOT NULL CHECK (length(complainant) = 20),
    record_root BLOB NOT NULL CHECK (length(record_root) = 32),
    at INTEGER NOT NULL,
    PRIMARY KEY (holder, id, state)
) STRICT;
