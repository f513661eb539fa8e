// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

// The types and limits that DataHub's callers meet.

/// @dev Most records of one storeBatch and most entries of one deliver.
uint256 constant MAX_PER_CALL = 400;
/// @dev Most recipients of one finalizeWithBodyHashes.
uint256 constant MAX_PUSH = 64;
/// @dev How long a retired, uncompromised key version's releases may still be sold.
uint256 constant KEY_SALE_PERIOD = 730 days;
/// @dev Gas given to every payment. What it can't pay is credited.
uint256 constant PAYMENT_GAS = 20_000;
/// @dev How long after ruleBy an opening may be requested.
uint256 constant OPENING_PERIOD = 30 days;
/// @dev Length of a group signature.
uint256 constant SIG_BYTES = 362;

/// @notice A record's metadata, as the chain and its log hold it.
struct RecordMeta {
    bytes32 cid;
    bytes32 merkleRoot;
    bytes sig;
    address owner;
    uint256 timestamp;
}

/// @notice One record of a batch; fields as in {storeDataFor}.
struct Item {
    bytes32 cid;
    bytes32 merkleRoot;
    bytes sig;
    address owner;
    uint32 keyVersion;
}

/// @notice A group key version as {getGroupKey} returns it.
struct GroupKeyInfo {
    bytes32 fingerprint;
    address data;
    uint256 confirmedAt;
    uint256 retiredAt;
    bool compromised;
}

/// @notice What a buyer asks for. Windows are in seconds, 1 hour to 90 days, each counted from the
/// event that opens its state; 1 <= minRecords <= maxRecords.
struct Terms {
    uint16 minRecords;
    uint16 maxRecords;
    uint32 replyWindow;
    uint32 deliverWindow;
    uint32 verifyWindow;
    uint32 ruleWindow;
}

/// @notice One sold release. sig: group signature, 362 bytes; ys: y coordinates of its five points,
/// 240 bytes; consent: ShareConsent by releaseAddr, 65 bytes. minPayout: the patient's least.
struct Entry {
    bytes32 releaseRoot;
    address releaseAddr;
    address payout;
    bytes32 bundleDigest;
    uint256 minPayout;
    uint32 keyVersion;
    bytes sig;
    bytes ys;
    bytes consent;
}

/// @notice Where a request stands.
enum RequestState {
    None,
    Open,
    Replied,
    Delivered,
    Finalized,
    Refunded
}

/// @notice Where an entry stands: low four bits of its status byte; a manager's vote has two more.
enum EntryStatus {
    Unsettled,
    Paid,
    Disputed,
    RuledPay,
    Refunded,
    Fraud,
    Invalid
}

/// @notice What a manager says of a disputed entry. Refund: the seller's fault; Fraud: the signing
/// doctor's.
enum Verdict {
    None,
    Pay,
    Refund,
    Fraud
}

/// @notice Why {deliver} refused an entry.
enum EntryFault {
    Order,
    Length,
    Payout,
    KeyVersion
}

/// @notice A request as {getRequest} returns it. deadline is replyBy while Open, deliverBy while
/// Replied, verifyBy from Delivered on; ruleBy is 0 until then. bond is what the hospital's reply
/// costs or has cost; count entries came in parts, of which settled are paid or gone back to the
/// buyer, the latter counted in invalid too.
struct RequestInfo {
    RequestState state;
    address buyer;
    address hospital;
    uint256 escrow;
    uint256 bond;
    uint256 deadline;
    uint256 ruleBy;
    uint256 count;
    uint256 parts;
    uint256 settled;
    uint256 invalid;
    uint256 highestMinPayout;
    bytes32 lastReleaseRoot;
    Terms terms;
}

/// @notice An opening as {getOpening} returns it.
struct OpeningInfo {
    bool requested;
    bool groupManagerApproved;
    bool revocationManagerApproved;
}
