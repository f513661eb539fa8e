-- Version 13: identities whose wallet is in a browser, and what it is asked for.

-- home: its key is in the key store; browser: it is elsewhere, and intents ask it.
ALTER TABLE identity ADD COLUMN wallet TEXT NOT NULL DEFAULT 'home' CHECK (wallet IN ('home', 'browser'));
-- Made by whoever signed in with the wallet, not by the operator.
ALTER TABLE identity ADD COLUMN is_self_made INTEGER NOT NULL DEFAULT 0;

-- The key by which this home signs messages for a browser wallet, as that wallet last allowed it.
CREATE TABLE node_key (
    identity BLOB PRIMARY KEY REFERENCES identity (address),
    key BLOB NOT NULL CHECK (length(key) = 20),
    expiry INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 65)
) STRICT;

-- What a browser wallet is asked for, written before it is asked. What became of a transaction says
-- its row of tx, once the chain has shown it.
CREATE TABLE intent (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    identity BLOB NOT NULL REFERENCES identity (address),
    kind TEXT NOT NULL CHECK (kind IN ('transaction', 'signature')),
    operation TEXT NOT NULL,            -- the contract's function, or the EIP-712 type
    digest BLOB NOT NULL CHECK (length(digest) = 32),  -- what is signed, or SHA-256 of the call
    chain_id INTEGER NOT NULL,
    -- transaction
    role TEXT,
    workflow TEXT,
    request_id INTEGER,
    recipient BLOB,                     -- NULL deploys
    value_wei TEXT,
    data BLOB,
    gas_estimate INTEGER,
    gas_limit INTEGER,
    max_fee_wei TEXT,                   -- suggested
    max_priority_fee_wei TEXT,
    least_nonce INTEGER,                -- transactions before it are older than the intent
    told_hash BLOB CHECK (length(told_hash) = 32),  -- as the wallet's page said, not seen yet
    -- signature
    typed TEXT,                         -- for eth_signTypedData_v4
    draft BLOB,                         -- what is signed, sealed to this home, where that matters
    signature BLOB CHECK (length(signature) = 65),

    problem TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    used_at INTEGER                     -- the step that wanted it has gone on
) STRICT;
CREATE INDEX intent_by_digest ON intent (identity, digest);
CREATE INDEX intent_told ON intent (told_hash) WHERE told_hash IS NOT NULL;

ALTER TABLE tx ADD COLUMN intent BLOB;  -- its id: a browser wallet sent it, and raw is empty
CREATE UNIQUE INDEX tx_by_intent ON tx (intent) WHERE intent IS NOT NULL;
