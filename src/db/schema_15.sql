-- Version 15: what may be sold together.

-- The hospital: by which rule it sells for a request, from its reply on.
CREATE TABLE sale_rule (
    request_id INTEGER NOT NULL,
    hospital BLOB NOT NULL CHECK (length(hospital) = 20),
    k INTEGER NOT NULL,
    category TEXT NOT NULL,
    asked INTEGER NOT NULL, -- age 1, gender 2, location 4, ethnicity 8
    not_asked INTEGER NOT NULL DEFAULT 0,   -- matching records about which nobody was asked
    suppressed INTEGER,                     -- the manifest's, fixed before the seal
    PRIMARY KEY (request_id, hospital)
) STRICT;
