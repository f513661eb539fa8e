-- Version 12: further releases of a record.

-- One that came later, sealed to this home; NULL: it is in the record's envelope.
ALTER TABLE release ADD COLUMN sealed BLOB;
CREATE INDEX release_used ON release (record_id) WHERE request_id IS NOT NULL;

-- The doctor: what further releases of a record are made of.
CREATE TABLE topup_source (
    record_id INTEGER PRIMARY KEY REFERENCES record (id),
    hospital BLOB NOT NULL CHECK (length(hospital) = 20),
    topup_key BLOB NOT NULL CHECK (length(topup_key) = 32),  -- tells the record's requests from others, no more
    sealed BLOB NOT NULL                -- a release's content, sealed to this home
) STRICT;
CREATE INDEX topup_source_by_hospital ON topup_source (hospital);

-- Requests for more: as the patient made them, as the hospital lists them, as the doctor recognised
-- them among the hospital's tags.
CREATE TABLE topup (
    holder BLOB NOT NULL,               -- identity of this home
    side TEXT NOT NULL CHECK (side IN ('patient', 'hospital', 'doctor')),
    record_root BLOB NOT NULL CHECK (length(record_root) = 32),
    patient BLOB NOT NULL CHECK (length(patient) = 20),
    tag BLOB NOT NULL CHECK (length(tag) = 32),
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused')),
    reason TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (holder, side, tag)
) STRICT;
CREATE INDEX topup_open ON topup (side, holder, created_at) WHERE state = 'open';
