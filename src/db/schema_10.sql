-- Version 10: blocks that this home serves to anyone.

-- Those that no other table tells of: written by the workflow that makes the block public. A
-- manifest is served once its request is delivered.
CREATE TABLE published (
    cid BLOB PRIMARY KEY CHECK (length(cid) = 32),
    kind TEXT NOT NULL CHECK (kind IN ('profile', 'group-key', 'revocation-list', 'template',
                                       'offer', 'bundle', 'manifest', 'opening-share')),
    request_id INTEGER                  -- manifest
) STRICT;
CREATE INDEX record_by_cid ON record (cid);
CREATE INDEX share_by_cid ON share (cid);

-- The relay's quota counts a day's records.
CREATE INDEX record_taken ON record (created_at) WHERE side = 'relay';
CREATE INDEX record_relayed ON record (anchored_at) WHERE side = 'relay';

-- What was published before.
INSERT OR IGNORE INTO published SELECT profile_cid, 'profile', NULL FROM contact
  WHERE address IN (SELECT address FROM identity);
INSERT OR IGNORE INTO published SELECT fingerprint, 'group-key', NULL FROM group_key
  WHERE bytes IS NOT NULL AND EXISTS (SELECT 1 FROM identity WHERE role IN ('gm', 'rm'));
INSERT OR IGNORE INTO published SELECT cid, 'revocation-list', NULL FROM revocation_list
  WHERE EXISTS (SELECT 1 FROM identity WHERE role IN ('gm', 'rm'));
INSERT OR IGNORE INTO published SELECT template_hash, 'template', NULL FROM request
  WHERE buyer IN (SELECT address FROM identity);
INSERT OR IGNORE INTO published SELECT offer_cid, 'offer', NULL FROM request
  WHERE offer_cid IS NOT NULL AND hospital IN (SELECT address FROM identity);
