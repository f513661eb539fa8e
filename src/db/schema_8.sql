-- Version 8: messages by HTTP.

-- Delivery. sender: who of this home a message is from, also where the message itself does not say;
-- it never leaves the home. aside: the recipient's node does not take this message whatever came
-- before it, so those behind it need not wait.
ALTER TABLE outbox ADD COLUMN sender BLOB;
ALTER TABLE outbox ADD COLUMN expired_at INTEGER;
ALTER TABLE outbox ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN next_try INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN problem TEXT;
CREATE INDEX outbox_waiting ON outbox (recipient, created_at)
  WHERE delivered_at IS NULL AND expired_at IS NULL;

-- Acceptance. posted_bytes: the size of what anyone could bring by HTTP; NULL: came otherwise.
ALTER TABLE inbox ADD COLUMN posted_bytes INTEGER;
CREATE INDEX inbox_posted ON inbox (recipient, received_at) WHERE posted_bytes IS NOT NULL;
CREATE INDEX inbox_posted_all ON inbox (received_at) WHERE posted_bytes IS NOT NULL;
CREATE INDEX inbox_posted_waiting ON inbox (recipient, posted_bytes)
  WHERE posted_bytes IS NOT NULL AND state = 'new';
CREATE INDEX inbox_received ON inbox (state, received_at);
