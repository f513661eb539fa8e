-- Version 21: imports of FHIR files.

-- One import by a doctor. Of one that runs, its process holds a lock; without it, it was interrupted.
CREATE TABLE record_import (
    id INTEGER PRIMARY KEY,
    holder BLOB NOT NULL CHECK (length(holder) = 20), -- the doctor, an identity of this home
    patient BLOB NOT NULL CHECK (length(patient) = 20),
    hospital BLOB NOT NULL CHECK (length(hospital) = 20),
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,        -- when it ended, once it did
    records INTEGER NOT NULL,           -- in the file
    stored INTEGER NOT NULL,            -- changed with the record's own row
    already INTEGER NOT NULL,           -- stored by an earlier import
    failed INTEGER NOT NULL,
    failures BLOB,                      -- which failed and why, sealed to this home
    problem TEXT,                       -- failed: why it did not go on
    hint TEXT
) STRICT;

-- What a doctor's imports stored: an encounter and its content, as a MAC under a key of this home.
CREATE TABLE record_imported (
    holder BLOB NOT NULL CHECK (length(holder) = 20),
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    import_id INTEGER NOT NULL REFERENCES record_import (id),
    PRIMARY KEY (holder, mark)
) STRICT;
