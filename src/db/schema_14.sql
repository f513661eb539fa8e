-- Version 14: the log of who was given what of a patient's records.

-- What was done by hand or by others, as it happened; deliveries and payments stand in notification.
-- Written by the triggers below, whoever does the thing, and never changed.
CREATE TABLE access_event (
    id INTEGER PRIMARY KEY,
    patient BLOB NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('share-granted', 'share-fetched', 'share-revoked',
        'share-undone', 'consent-wanted', 'consent-given', 'consent-declined', 'opening-asked',
        'opening-approved')),
    other BLOB,                         -- the doctor, the hospital, who asked
    record_root BLOB,
    cid BLOB,                           -- of the share
    request_id INTEGER,
    release_root BLOB
) STRICT;
CREATE INDEX access_event_of ON access_event (patient, at);
CREATE INDEX access_event_of_share ON access_event (cid) WHERE cid IS NOT NULL;
CREATE TRIGGER access_event_stays BEFORE UPDATE ON access_event
BEGIN SELECT raise(ABORT, 'the access log is not changed'); END;
CREATE TRIGGER access_event_is_kept BEFORE DELETE ON access_event
BEGIN SELECT raise(ABORT, 'the access log is not changed'); END;

-- What there is of former times; when it was is known of some.
INSERT INTO access_event (patient, at, event, other, record_root, cid)
  SELECT patient, created_at, 'share-granted', doctor, record_root, cid FROM share
  WHERE direction = 'out' ORDER BY id;
INSERT INTO access_event (patient, at, event, other, record_root, cid)
  SELECT patient, unixepoch(), 'share-revoked', doctor, record_root, cid FROM share
  WHERE direction = 'out' AND state = 'revoked' ORDER BY id;
INSERT INTO access_event (patient, at, event, other, record_root, request_id)
  SELECT patient, coalesce((SELECT n.created_at FROM notification n WHERE n.identity = c.patient
    AND n.kind = 'consent-wanted' AND n.subject = CAST(c.request_id AS TEXT)), unixepoch()),
    'consent-wanted', hospital, record_root, request_id FROM consent c WHERE side = 'patient';
INSERT INTO access_event (patient, at, event, other, record_root, request_id, release_root)
  SELECT patient, unixepoch(), 'consent-' || state, hospital, record_root, request_id, release_root
  FROM consent WHERE side = 'patient' AND state IN ('given', 'declined');

CREATE TRIGGER access_share_granted AFTER INSERT ON share WHEN NEW.direction = 'out'
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, cid)
      VALUES (NEW.patient, NEW.created_at, 'share-granted', NEW.doctor, NEW.record_root, NEW.cid);
END;
CREATE TRIGGER access_share_revoked AFTER UPDATE OF state ON share
WHEN NEW.direction = 'out' AND OLD.state = 'open' AND NEW.state = 'revoked'
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, cid)
      VALUES (NEW.patient, unixepoch(), 'share-revoked', NEW.doctor, NEW.record_root, NEW.cid);
END;
-- One that the chain refused.
CREATE TRIGGER access_share_undone AFTER DELETE ON share WHEN OLD.direction = 'out'
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, cid)
      VALUES (OLD.patient, unixepoch(), 'share-undone', OLD.doctor, OLD.record_root, OLD.cid);
END;
CREATE TRIGGER access_consent_wanted AFTER INSERT ON consent WHEN NEW.side = 'patient'
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, request_id)
      VALUES (NEW.patient, unixepoch(), 'consent-wanted', NEW.hospital, NEW.record_root,
        NEW.request_id);
END;
CREATE TRIGGER access_consent_answered AFTER UPDATE OF state ON consent
WHEN NEW.side = 'patient' AND OLD.state <> NEW.state AND NEW.state IN ('given', 'declined')
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, request_id, release_root)
      VALUES (NEW.patient, unixepoch(), 'consent-' || NEW.state, NEW.hospital, NEW.record_root,
        NEW.request_id, NEW.release_root);
END;
-- A buyer asks who signed a release of a patient's; both managers agree. Once, also where a block
-- comes again.
CREATE TRIGGER access_opening_asked AFTER INSERT ON opening_onchain
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, request_id, release_root)
      SELECT r.holder, unixepoch(), 'opening-asked', NEW.requester, r.merkle_root, NEW.request_id,
        l.root FROM entry e JOIN release l ON l.root = e.release_root
        JOIN record r ON r.id = l.record_id
      WHERE e.request_id = NEW.request_id AND e.position = NEW.position AND NOT EXISTS (
        SELECT 1 FROM access_event a WHERE a.patient = r.holder AND a.event = 'opening-asked'
        AND a.request_id = NEW.request_id AND a.release_root = l.root);
END;
CREATE TRIGGER access_opening_approved AFTER UPDATE OF gm_cid, rm_cid ON opening_onchain
WHEN NEW.gm_cid IS NOT NULL AND NEW.rm_cid IS NOT NULL
BEGIN
    INSERT INTO access_event (patient, at, event, other, record_root, request_id, release_root)
      SELECT r.holder, unixepoch(), 'opening-approved', NEW.requester, r.merkle_root,
        NEW.request_id, l.root FROM entry e JOIN release l ON l.root = e.release_root
        JOIN record r ON r.id = l.record_id
      WHERE e.request_id = NEW.request_id AND e.position = NEW.position AND NOT EXISTS (
        SELECT 1 FROM access_event a WHERE a.patient = r.holder AND a.event = 'opening-approved'
        AND a.request_id = NEW.request_id AND a.release_root = l.root);
END;
