-- Version 5: transactions whose fee was raised.

-- Former forms of a transaction that waits (same sender and nonce, lower fee): whichever is mined
-- counts, and becomes the form in tx.
CREATE TABLE tx_replaced (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    sender BLOB NOT NULL CHECK (length(sender) = 20),
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    max_fee_wei TEXT NOT NULL,
    max_priority_fee_wei TEXT NOT NULL,
    replaced_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tx_replaced_by_nonce ON tx_replaced (sender, nonce);
