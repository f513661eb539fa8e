-- Version 1. Addresses are 20 bytes, hashes 32; times are Unix seconds; wei are decimal text.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Who this home acts for. The keys are in the key store under names made from the address.
CREATE TABLE identity (
    address BLOB PRIMARY KEY CHECK (length(address) = 20),
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('doctor', 'patient', 'hospital', 'buyer', 'gm', 'rm')),
    created_at INTEGER NOT NULL
) STRICT;

-- Accounts made for one payout each, so that sales cannot be linked by address.
CREATE TABLE payout_account (
    address BLOB PRIMARY KEY CHECK (length(address) = 20),
    owner BLOB NOT NULL REFERENCES identity (address),
    request_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Everyone whose profile or contact card this home knows, itself included.
CREATE TABLE contact (
    address BLOB PRIMARY KEY CHECK (length(address) = 20),
    name TEXT NOT NULL,
    profile TEXT NOT NULL,              -- galen.profile/1, JCS
    profile_cid BLOB NOT NULL CHECK (length(profile_cid) = 32),
    nonce INTEGER NOT NULL,             -- of the Profile signature; newer wins
    expiry INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 65),
    on_chain INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE group_key (
    version INTEGER PRIMARY KEY,        -- as on the chain
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    bytes BLOB CHECK (length(bytes) = 594),  -- NULL while the block is not at hand
    tx_hash BLOB,                       -- that proposed it
    confirmed INTEGER NOT NULL DEFAULT 0,
    reason TEXT,                        -- why bytes is still NULL
    retired_at INTEGER,
    compromised INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The other manager's half of the group key, as it came.
CREATE TABLE setup_share (
    holder BLOB NOT NULL,               -- identity of this home
    sender BLOB NOT NULL CHECK (length(sender) = 20),
    share BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (holder, sender)
) STRICT;

-- The Group Manager's registry: the evidence behind every membership. Rows are never changed.
CREATE TABLE member (
    id INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,          -- of the group key
    wallet BLOB NOT NULL CHECK (length(wallet) = 20),
    commitment BLOB NOT NULL UNIQUE CHECK (length(commitment) = 48),  -- C
    t BLOB NOT NULL UNIQUE CHECK (length(t) = 32),
    membership BLOB NOT NULL,           -- A, t as sent
    nonce BLOB NOT NULL UNIQUE,
    statement TEXT NOT NULL,            -- galen.statement/1, JCS
    request BLOB NOT NULL CHECK (length(request) = 330),
    signature BLOB NOT NULL CHECK (length(signature) = 65),           -- EIP-712 Join
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32),
    joined_at INTEGER NOT NULL
) STRICT;

-- Join requests whose evidence held and that wait for the Group Manager's decision.
CREATE TABLE join_request (
    wallet BLOB PRIMARY KEY CHECK (length(wallet) = 20),
    nonce BLOB NOT NULL UNIQUE CHECK (length(nonce) = 32),
    statement TEXT NOT NULL,            -- galen.statement/1, JCS
    request BLOB NOT NULL CHECK (length(request) = 330),
    signature BLOB NOT NULL CHECK (length(signature) = 65),
    received_at INTEGER NOT NULL
) STRICT;

-- The applicant's side: a nonce that came, and what was answered.
CREATE TABLE join_invitation (
    doctor BLOB NOT NULL,
    gm BLOB NOT NULL CHECK (length(gm) = 20),
    nonce BLOB NOT NULL CHECK (length(nonce) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    expires_at INTEGER NOT NULL,
    body TEXT,                          -- the join request's message, JCS; NULL before
    PRIMARY KEY (doctor, gm)
) STRICT;

-- Nonces that the Group Manager gave to applicants; each is used once and expires.
CREATE TABLE join_nonce (
    nonce BLOB PRIMARY KEY CHECK (length(nonce) = 32),
    wallet BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A record as its patient, its doctor or its relay knows it; content stays in the sealed envelope.
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    holder BLOB NOT NULL,               -- identity of this home whose row it is
    side TEXT NOT NULL CHECK (side IN ('doctor', 'patient', 'relay')),
    merkle_root BLOB NOT NULL CHECK (length(merkle_root) = 32),
    cid BLOB NOT NULL CHECK (length(cid) = 32),
    owner BLOB NOT NULL CHECK (length(owner) = 20),
    key_version INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 362),
    state TEXT NOT NULL CHECK (state IN ('made', 'handed-over', 'anchored', 'waiting', 'refused')),
    reason TEXT,                        -- why it waits or was refused; never content
    unsent BLOB,                        -- doctor: what is to be handed over, sealed to this home
    tx_hash BLOB,
    anchored_at INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (holder, side, merkle_root, owner, cid, signature, key_version)
) STRICT;

CREATE TABLE release (
    root BLOB PRIMARY KEY CHECK (length(root) = 32),
    record_id INTEGER NOT NULL REFERENCES record (id),
    position INTEGER NOT NULL,          -- in the envelope's releases[]
    request_id INTEGER,                 -- the sale it was used for; one sale only
    UNIQUE (record_id, position)
) STRICT;

-- Index cards that a hospital holds, sealed by workflow_home_seal.
CREATE TABLE index_card (
    record_root BLOB NOT NULL,
    hospital BLOB NOT NULL,
    patient BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (hospital, record_root, patient)
) STRICT;

CREATE TABLE share (
    id INTEGER PRIMARY KEY,
    direction TEXT NOT NULL CHECK (direction IN ('out', 'in')),
    patient BLOB NOT NULL,
    doctor BLOB NOT NULL,
    cid BLOB NOT NULL CHECK (length(cid) = 32),
    wrapped_key TEXT NOT NULL,          -- EK_temp
    record_root BLOB,                   -- the patient's own rows only
    expires_at INTEGER,
    state TEXT NOT NULL CHECK (state IN ('open', 'revoked')),
    created_at INTEGER NOT NULL,
    UNIQUE (direction, patient, doctor, cid)
) STRICT;

-- Purchase requests as the chain tells them; the state comes from the contract.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    template_hash BLOB NOT NULL CHECK (length(template_hash) = 32),
    buyer BLOB NOT NULL CHECK (length(buyer) = 20),
    amount_wei TEXT NOT NULL,
    block_number INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    hospital BLOB,
    offer_cid BLOB,
    manifest_cid BLOB,
    delivered_at INTEGER,
    state TEXT NOT NULL,                -- the seed's: pending, replied, filled, verified, finalized; or refunded
    verified INTEGER                    -- the buyer's own checks: 1 passed, 0 failed, NULL not run
) STRICT;

-- What a hospital asked of its patients and what came back, and what a patient was asked.
CREATE TABLE consent (
    request_id INTEGER NOT NULL,
    hospital BLOB NOT NULL,
    patient BLOB NOT NULL,
    record_root BLOB NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('hospital', 'patient')),
    state TEXT NOT NULL CHECK (state IN ('wanted', 'given', 'declined', 'delivered', 'refused')),
    release_root BLOB,
    sealed BLOB,                        -- hospital: the consent message as it came, sealed to it
    respond_by INTEGER NOT NULL,
    PRIMARY KEY (side, request_id, record_root, patient)
) STRICT;

-- Entries of a sealed delivery as the events tell them, for claims and for the buyer's checks.
CREATE TABLE entry (
    request_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part INTEGER NOT NULL,
    release_root BLOB NOT NULL,
    release_addr BLOB NOT NULL,
    payout BLOB NOT NULL,
    bundle_digest BLOB NOT NULL,
    min_payout_wei TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    signature BLOB NOT NULL,
    ys BLOB NOT NULL,
    consent BLOB NOT NULL,
    block_number INTEGER NOT NULL,
    PRIMARY KEY (request_id, position)
) STRICT;
CREATE INDEX entry_by_release ON entry (release_root);

-- Sealed messages on their way out, and those that came in. Bodies stay sealed.
CREATE TABLE outbox (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),  -- SHA-256 of the sealed bytes
    recipient BLOB NOT NULL CHECK (length(recipient) = 20),
    kind TEXT NOT NULL,
    message_id BLOB NOT NULL CHECK (length(message_id) = 32),
    sealed BLOB NOT NULL,               -- empty once delivered
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    UNIQUE (recipient, kind, message_id)
) STRICT;
CREATE TABLE inbox (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),  -- SHA-256(recipient | sealed bytes)
    recipient BLOB NOT NULL CHECK (length(recipient) = 20),
    sealed BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'done', 'refused')),
    kind TEXT,
    reason TEXT,
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_new ON inbox (received_at) WHERE state = 'new';

-- Every transaction, signed and stored before it is sent. raw is what a crash re-sends.
CREATE TABLE tx (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    sender BLOB NOT NULL CHECK (length(sender) = 20),
    recipient BLOB,                     -- NULL deploys
    role TEXT NOT NULL,
    workflow TEXT NOT NULL,
    operation TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    value_wei TEXT NOT NULL,
    gas_estimate INTEGER NOT NULL,
    gas_limit INTEGER NOT NULL,
    max_fee_wei TEXT NOT NULL,
    max_priority_fee_wei TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('signed', 'sent', 'succeeded', 'reverted', 'dropped')),
    reason TEXT,                        -- decoded revert
    block_number INTEGER,
    block_time INTEGER,
    gas_used INTEGER,
    base_fee_wei TEXT,
    effective_gas_price_wei TEXT,
    total_wei TEXT,                     -- gas_used * effective price
    request_id INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tx_nonce ON tx (sender, nonce) WHERE status <> 'dropped';

CREATE TABLE notification (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,              -- a root, request id or CID; never content
    created_at INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0,
    UNIQUE (identity, kind, subject)
) STRICT;
