-- Version 19: a buyer's verification, while it runs and as it ended last.

CREATE TABLE verification (
    request_id INTEGER PRIMARY KEY,
    run BLOB NOT NULL CHECK (length(run) = 16),  -- the latest alone may write
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,        -- while it runs: a sign of life
    done INTEGER NOT NULL,              -- entries
    total INTEGER NOT NULL,
    problem TEXT,                       -- failed: why there is no verdict
    -- of the last that came to a verdict
    finished_at INTEGER,
    passed INTEGER,
    failed INTEGER,
    summary TEXT,
    report TEXT                         -- galen.verification/1, JCS
) STRICT;
