-- Version 16: patients' standing policies.

CREATE TABLE sale_policy (
    patient BLOB PRIMARY KEY CHECK (length(patient) = 20),
    sealed BLOB NOT NULL                -- galen.sale-policy/1, sealed to this home
) STRICT;

-- The patient's side: the policy that stands has left this question to the person.
ALTER TABLE consent ADD COLUMN policy_seen INTEGER NOT NULL DEFAULT 0;
