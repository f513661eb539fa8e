// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title DataHub: anchors of medical records, the directory of keys, and the escrow of data sales
/// @notice Records are anchored and never changed; two managers who are never the same account keep
/// the directory; a buyer's money leaves only to the patients' payout accounts, the hospital that
/// delivered, or back to the buyer. Every state has an exit by time alone that anyone may take: acting is
/// possible while `block.timestamp < deadline`, the exit from `block.timestamp >= deadline` on.
/// Times are seconds, money is wei, a `cid` is the SHA-256 digest of a raw CIDv1 block.
contract DataHub is EIP712, ReentrancyGuardTransient {
    // ---------------------------------------------------------------- types

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
    /// 240 bytes; consent: ShareConsent by releaseAddr, 65 bytes. minPayout: what the patient wants at least.
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

    /// @notice Where an entry stands: low four bits of its status byte; each manager's vote has two more.
    enum EntryStatus {
        Unsettled,
        Paid,
        Disputed,
        RuledPay,
        Refunded,
        Fraud,
        Invalid
    }

    /// @notice Why {deliver} refused an entry.
    enum EntryFault {
        Order,
        Length,
        Payout,
        KeyVersion
    }

    /// @notice A request as {getRequest} returns it. deadline is replyBy while Open, deliverBy while
    /// Replied, verifyBy from Delivered on; ruleBy is 0 until then.
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

    /// @notice A group key version as {getGroupKey} returns it.
    struct GroupKeyInfo {
        bytes32 fingerprint;
        address data;
        uint256 confirmedAt;
        uint256 retiredAt;
        bool compromised;
    }

    struct RecordSlot {
        uint40 timestamp;
        uint32 keyVersion;
        bool verified;
    }

    struct GroupKey {
        address data;
        uint40 confirmedAt;
        uint40 retiredAt;
        bool compromised;
    }

    struct Members {
        bytes32 head;
        uint64 size;
    }

    struct Profile {
        bytes32 cid;
        uint64 nonce;
    }

    // one slot; windows fit 24 bits, counts 16
    struct Progress {
        RequestState state;
        uint40 deadline;
        uint16 minRecords;
        uint16 maxRecords;
        uint24 replyWindow;
        uint24 deliverWindow;
        uint24 verifyWindow;
        uint24 ruleWindow;
        uint16 count;
        uint16 parts;
        uint16 settled;
        uint16 invalid;
    }

    struct Request {
        address buyer;
        uint96 escrow;
        Progress progress;
        address hospital;
        uint96 highestMinPayout;
        bytes32 lastReleaseRoot;
        mapping(uint256 part => bytes32) roots;
        mapping(uint256 word => uint256) statuses;
    }

    // ---------------------------------------------------------------- constants

    bytes32 private constant ENTRY_TAG = keccak256("galen/entry/1");
    bytes32 private constant REGISTRY_HEAD_TYPE =
        keccak256("RegistryHead(uint32 keyVersion,uint64 size,bytes32 head)");
    bytes32 private constant PROFILE_TYPE =
        keccak256("Profile(address owner,bytes32 profileCid,uint64 nonce,uint64 expiry)");

    uint256 private constant SIG_BYTES = 362;
    uint256 private constant YS_BYTES = 240;
    uint256 private constant CONSENT_BYTES = 65;
    uint256 private constant GROUP_KEY_BYTES = 594;
    uint256 private constant POINTS_BYTES = 512;

    // (p - 1) / 2 of BLS12-381's base field: upper 16 and lower 32 of its 48 bytes
    uint256 private constant HALF_P_HI = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LO =
        0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice How long a retired, uncompromised key version's releases may still be sold.
    uint256 public constant KEY_SALE_PERIOD = 730 days;
    /// @notice Most records of one {storeBatch} and most entries of one {deliver}.
    uint256 public constant MAX_PER_CALL = 400;
    /// @notice Most recipients of one {finalizeWithBodyHashes}.
    uint256 public constant MAX_PUSH = 64;
    /// @notice Gas given to every payment. What it can't pay is credited, see {withdraw}.
    uint256 public constant PAYMENT_GAS = 20_000;

    // ---------------------------------------------------------------- storage

    /// @notice Issues memberships and accredits hospitals.
    address public groupManager;
    /// @notice Holds the second key; confirms group keys and publishes the revocation list.
    address public revocationManager;
    /// @notice Who may take over as group manager, by {acceptGroupManager}.
    address public pendingGroupManager;
    /// @notice Who may take over as revocation manager, by {acceptRevocationManager}.
    address public pendingRevocationManager;

    /// @notice The version new records are stored under; 0 while there is none.
    uint32 public currentKeyVersion;
    /// @notice How many versions have been proposed; the newest has this number.
    uint32 public groupKeyCount;
    /// @notice How many revocation lists have been set; the one in force has this version.
    uint64 public revocationListVersion;
    /// @notice The revocation list in force.
    bytes32 public revocationListCid;

    /// @notice Whether an account may reply to requests.
    mapping(address account => bool) public isHospital;
    /// @notice Money owed to an account that could not take a payment, see {withdraw}.
    mapping(address account => uint256) public credits;
    /// @notice How many requests were made; the newest has this id, the first has 1.
    uint256 public requestCount;

    mapping(bytes32 recordId => RecordSlot) private _records;
    mapping(uint32 version => GroupKey) private _groupKeys;
    mapping(uint32 version => Members) private _members;
    mapping(address owner => Profile) private _profiles;
    mapping(uint256 id => Request) private _requests;

    // ---------------------------------------------------------------- events

    event DataStored(
        bytes32 indexed merkleRoot, bytes32 cid, address indexed owner, bytes sig, uint32 keyVersion
    );
    event SharePosted(
        address indexed patient, address indexed doctor, bytes32 cidShare, bytes encryptedKey
    );

    event ManagerProposed(address indexed current, address indexed next);
    event GroupManagerChanged(address indexed previous, address indexed current);
    event RevocationManagerChanged(address indexed previous, address indexed current);
    event HospitalSet(address indexed hospital, bool registered);
    event GroupKeyProposed(uint32 indexed version, bytes32 groupKeyCid, address data);
    event GroupKeyConfirmed(uint32 indexed version, bytes32 fingerprint);
    event GroupKeyRetired(uint32 indexed version, bool compromised);
    event RevocationListSet(uint64 indexed version, bytes32 cid);
    event MembersCommitted(uint32 indexed keyVersion, uint64 size, bytes32 head);
    event ProfileSet(address indexed owner, bytes32 profileCid, uint64 nonce);

    event RequestOpen(
        uint256 indexed id, bytes32 templateHash, address indexed buyer, uint256 amount
    );
    event ReplySubmitted(uint256 indexed id, bytes32 templateCid, address indexed hospital);
    event EntryDelivered(
        uint256 indexed id, uint256 index, bytes32 indexed releaseRoot, Entry entry
    );
    event Delivered(uint256 indexed id, bytes32 manifestCid, uint256 count);
    event RequestFinalized(uint256 indexed id);
    event RequestRefunded(uint256 indexed id);
    /// @notice Those whom this call paid or credited from the request, entries in index order first.
    event PaymentReleased(uint256 indexed id, address[] recipients);
    event Credited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);

    // ---------------------------------------------------------------- errors

    error NotGroupManager(address caller);
    error NotRevocationManager(address caller);
    error NotManager(address caller);
    error NotPending(address caller, address pending);
    error SameManager(address account);
    error ZeroAddress();
    error ZeroValue();
    error BadLength(uint256 given, uint256 expected);
    error TooMany(uint256 given, uint256 most);
    error BadSignature(address signer);
    error Expired(uint256 expiry);
    error BadNonce(uint64 given, uint64 last);

    error BadGroupKey();
    error WrongFingerprint(bytes32 given, bytes32 actual);
    error NotNewestKey(uint32 given, uint32 newest);
    error KeyAlreadyConfirmed(uint32 version);
    error KeyNotConfirmed(uint32 version);
    error KeyNotCurrent(uint32 given, uint32 current);
    error KeyAlreadyRetired(uint32 version);
    error RegistryNotGrown(uint64 given, uint64 last);
    error UnknownRecord(bytes32 recordId);

    error BadState(uint256 id, RequestState state);
    error DeadlinePassed(uint256 deadline);
    error TooEarly(uint256 deadline);
    error WrongValue(uint256 given, uint256 expected);
    error BadEscrow(uint256 given, uint256 least, uint256 most);
    error BadTerms();
    error NotHospital(address caller);
    error BadManifest(bytes32 manifestCid, bool seal);
    error EmptyPart();
    error BadCount(uint256 count, uint256 least, uint256 most);
    error BadEntry(uint256 index, EntryFault fault);
    error PayoutTooSmall(uint256 part, uint256 minPayout);
    error BadRecipients(uint256 given, uint256 expected);
    error WrongProof(uint256 id);
    error AlreadySettled(uint256 id, uint256 index);
    error NothingToPay(uint256 id);
    error NoCredit(address account);
    error PaymentFailed(address account);

    // ---------------------------------------------------------------- set-up and managers

    /// @param groupManager_ the first group manager
    /// @param revocationManager_ the first revocation manager, another account
    constructor(address groupManager_, address revocationManager_) EIP712("Galen", "1") {
        if (groupManager_ == address(0) || revocationManager_ == address(0)) revert ZeroAddress();
        if (groupManager_ == revocationManager_) revert SameManager(groupManager_);
        groupManager = groupManager_;
        revocationManager = revocationManager_;
        emit GroupManagerChanged(address(0), groupManager_);
        emit RevocationManagerChanged(address(0), revocationManager_);
    }

    modifier onlyGroupManager() {
        if (msg.sender != groupManager) revert NotGroupManager(msg.sender);
        _;
    }

    modifier onlyRevocationManager() {
        if (msg.sender != revocationManager) revert NotRevocationManager(msg.sender);
        _;
    }

    /// @notice A manager names its successor, who must accept; the zero address takes that back.
    /// @param next the successor; never the other manager
    function proposeManager(address next) external {
        if (msg.sender == groupManager) pendingGroupManager = next;
        else if (msg.sender == revocationManager) pendingRevocationManager = next;
        else revert NotManager(msg.sender);
        emit ManagerProposed(msg.sender, next);
    }

    /// @notice The group manager's named successor takes over.
    function acceptGroupManager() external {
        if (msg.sender != pendingGroupManager) revert NotPending(msg.sender, pendingGroupManager);
        if (msg.sender == revocationManager) revert SameManager(msg.sender);
        emit GroupManagerChanged(groupManager, msg.sender);
        groupManager = msg.sender;
        pendingGroupManager = address(0);
    }

    /// @notice The revocation manager's named successor takes over.
    function acceptRevocationManager() external {
        if (msg.sender != pendingRevocationManager) {
            revert NotPending(msg.sender, pendingRevocationManager);
        }
        if (msg.sender == groupManager) revert SameManager(msg.sender);
        emit RevocationManagerChanged(revocationManager, msg.sender);
        revocationManager = msg.sender;
        pendingRevocationManager = address(0);
    }

    /// @notice Accredits a hospital or strikes it off. One struck off keeps its duties and rights in
    /// requests it has replied to.
    function setHospital(address hospital, bool registered) external onlyGroupManager {
        if (hospital == address(0)) revert ZeroAddress();
        isHospital[hospital] = registered;
        emit HospitalSet(hospital, registered);
    }

    // ---------------------------------------------------------------- group keys and lists

    /// @notice Proposes the next version of the group key. The revocation manager makes it current.
    /// @param groupKeyCid SHA-256 of groupKey594: its fingerprint and its CID
    /// @param groupKey594 the group key object
    /// @param points its X_G (128 bytes), X_R (128) and R (256), uncompressed as in EIP-2537
    /// @return version the new version's number, from 1
    function setGroupKey(bytes32 groupKeyCid, bytes calldata groupKey594, bytes calldata points)
        external
        onlyGroupManager
        returns (uint32 version)
    {
        if (groupKey594.length != GROUP_KEY_BYTES) {
            revert BadLength(groupKey594.length, GROUP_KEY_BYTES);
        }
        if (points.length != POINTS_BYTES) revert BadLength(points.length, POINTS_BYTES);
        bytes32 fingerprint = sha256(groupKey594);
        if (fingerprint != groupKeyCid) revert WrongFingerprint(groupKeyCid, fingerprint);
        if (bytes2(groupKey594) != 0x0602) revert BadGroupKey();

        // header 2, R 96 (x.c1, x.c0), X_G 48, Y_G 96, c 24, three scalars; X_R 48 from byte 362 on
        bool yes = _isCompressed(groupKey594[98:146], points[0:64], _isUpperHalf(points[64:128]))
            && _isCompressed(groupKey594[362:410], points[128:192], _isUpperHalf(points[192:256]))
            && _isCompressed(groupKey594[2:50], points[320:384], _isUpperHalfOfTwo(points[384:512]))
            && keccak256(groupKey594[50:98]) == keccak256(points[272:320]);
        if (!yes) revert BadGroupKey();

        bytes memory x = _sumOfShares(points);
        version = ++groupKeyCount;
        address data = _writeData(bytes.concat(hex"00", fingerprint, x, points[256:512]));
        _groupKeys[version].data = data;
        emit GroupKeyProposed(version, groupKeyCid, data);
    }

    /// @notice Makes the newest proposed version current; the one before it is retired thereby.
    /// @param fingerprint what the revocation manager has checked, so that no other key slips in
    function confirmGroupKey(uint32 version, bytes32 fingerprint) external onlyRevocationManager {
        if (version == 0 || version != groupKeyCount) revert NotNewestKey(version, groupKeyCount);
        GroupKey storage key = _groupKeys[version];
        if (key.confirmedAt != 0) revert KeyAlreadyConfirmed(version);
        bytes32 actual = _fingerprint(key.data);
        if (fingerprint != actual) revert WrongFingerprint(fingerprint, actual);

        uint32 former = currentKeyVersion;
        if (former != 0) {
            _groupKeys[former].retiredAt = uint40(block.timestamp);
            emit GroupKeyRetired(former, false);
        }
        key.confirmedAt = uint40(block.timestamp);
        currentKeyVersion = version;
        emit GroupKeyConfirmed(version, fingerprint);
    }

    /// @notice Retires a confirmed version, by either manager: no new records under it, its releases are
    /// sold for {KEY_SALE_PERIOD} more, unless it is compromised. A version already retired can still be
    /// called compromised.
    function retireGroupKey(uint32 version, bool compromised) external {
        if (msg.sender != groupManager && msg.sender != revocationManager) {
            revert NotManager(msg.sender);
        }
        GroupKey storage key = _groupKeys[version];
        if (key.confirmedAt == 0) revert KeyNotConfirmed(version);
        if (key.compromised || (key.retiredAt != 0 && !compromised)) {
            revert KeyAlreadyRetired(version);
        }
        if (key.retiredAt == 0) key.retiredAt = uint40(block.timestamp);
        if (compromised) key.compromised = true;
        if (version == currentKeyVersion) currentKeyVersion = 0;
        emit GroupKeyRetired(version, compromised);
    }

    /// @notice Publishes the next revocation list.
    function setRevocationList(bytes32 cid) external onlyRevocationManager {
        if (cid == 0) revert ZeroValue();
        revocationListCid = cid;
        emit RevocationListSet(++revocationListVersion, cid);
    }

    /// @notice Commits to the registry of members, which only grows.
    /// @param size how many rows it has, more than at the last commitment for this version
    /// @param head the hash over them
    /// @param rmSig the revocation manager's RegistryHead signature
    function commitMembers(uint32 keyVersion, uint64 size, bytes32 head, bytes calldata rmSig)
        external
        onlyGroupManager
    {
        if (keyVersion == 0 || keyVersion > groupKeyCount) {
            revert NotNewestKey(keyVersion, groupKeyCount);
        }
        Members storage members = _members[keyVersion];
        if (size <= members.size) revert RegistryNotGrown(size, members.size);
        _checkSignature(
            revocationManager,
            keccak256(abi.encode(REGISTRY_HEAD_TYPE, keyVersion, size, head)),
            rmSig
        );
        members.size = size;
        members.head = head;
        emit MembersCommitted(keyVersion, size, head);
    }

    /// @notice Sets the caller's profile. Profiles it has signed so far can no longer be set.
    function setProfile(bytes32 profileCid) external {
        Profile storage profile = _profiles[msg.sender];
        uint64 nonce = profile.nonce + 1;
        _setProfile(msg.sender, profileCid, nonce < block.timestamp ? uint64(block.timestamp) : nonce);
    }

    /// @notice Sets a profile that its owner has signed (Profile); any wallet pays.
    /// @param nonce higher than the last one, at most a day ahead of the chain's clock; the time of signing
    /// is a good choice
    /// @param expiry the signature is good before this time
    function setProfileFor(
        address owner,
        bytes32 profileCid,
        uint64 nonce,
        uint64 expiry,
        bytes calldata sig
    ) external {
        if (block.timestamp >= expiry) revert Expired(expiry);
        uint64 last = _profiles[owner].nonce;
        if (nonce <= last || nonce > block.timestamp + 1 days) revert BadNonce(nonce, last);
        _checkSignature(
            owner, keccak256(abi.encode(PROFILE_TYPE, owner, profileCid, nonce, expiry)), sig
        );
        _setProfile(owner, profileCid, nonce);
    }

    /// @notice A group key version: its fingerprint, data contract (00, fingerprint, X, R), times (0: not
    /// yet) and whether it is compromised.
    function getGroupKey(uint32 version) external view returns (GroupKeyInfo memory) {
        GroupKey storage key = _groupKeys[version];
        if (key.data == address(0)) revert NotNewestKey(version, groupKeyCount);
        return GroupKeyInfo(
            _fingerprint(key.data), key.data, key.confirmedAt, key.retiredAt, key.compromised
        );
    }

    /// @notice The registry of members last committed for a version; 0 and 0 before the first time.
    function getMembers(uint32 keyVersion) external view returns (uint64 size, bytes32 head) {
        return (_members[keyVersion].size, _members[keyVersion].head);
    }

    /// @notice An account's profile and the nonce a signed one must exceed; 0 and 0 if it has none.
    function getProfile(address owner) external view returns (bytes32 profileCid, uint64 nonce) {
        return (_profiles[owner].cid, _profiles[owner].nonce);
    }

    // ---------------------------------------------------------------- storing and sharing

    /// @notice Anchors a record of the caller under the current key version.
    /// @param cid the envelope
    /// @param merkleRoot IDrec
    /// @param sig the doctor's group signature, 362 bytes
    /// @return recordId keccak256(abi.encode(merkleRoot, owner, cid, keccak256(sig), keyVersion))
    function storeData(bytes32 cid, bytes32 merkleRoot, bytes calldata sig)
        external
        returns (bytes32 recordId)
    {
        uint32 current = currentKeyVersion;
        return _store(cid, merkleRoot, sig, msg.sender, current, current);
    }

    /// @notice Anchors a patient's record; any wallet pays. Storing a record again changes nothing.
    /// @param keyVersion the version sig was made under; must be the current one
    function storeDataFor(
        bytes32 cid,
        bytes32 merkleRoot,
        bytes calldata sig,
        address patient,
        uint32 keyVersion
    ) external returns (bytes32 recordId) {
        return _store(cid, merkleRoot, sig, patient, keyVersion, currentKeyVersion);
    }

    /// @notice Anchors up to {MAX_PER_CALL} records.
    function storeBatch(Item[] calldata items) external {
        if (items.length > MAX_PER_CALL) revert TooMany(items.length, MAX_PER_CALL);
        uint32 current = currentKeyVersion;
        for (uint256 i = 0; i < items.length; ++i) {
            Item calldata item = items[i];
            uint256 memoryMark = _markMemory();
            _store(item.cid, item.merkleRoot, item.sig, item.owner, item.keyVersion, current);
            _resetMemory(memoryMark);
        }
    }

    /// @notice Tells a doctor where a share is; encryptedKey opens it for that doctor only.
    function postShare(address doctor, bytes32 cidShare, bytes calldata encryptedKey) external {
        if (doctor == address(0)) revert ZeroAddress();
        emit SharePosted(msg.sender, doctor, cidShare, encryptedKey);
    }

    /// @notice The metadata of a stored record; reverts when no such record is stored.
    function getRecord(
        bytes32 merkleRoot,
        address owner,
        bytes32 cid,
        bytes calldata sig,
        uint32 keyVersion
    ) external view returns (RecordMeta memory) {
        bytes32 recordId = _recordId(merkleRoot, owner, cid, sig, keyVersion);
        uint256 timestamp = _records[recordId].timestamp;
        if (timestamp == 0) revert UnknownRecord(recordId);
        return RecordMeta(cid, merkleRoot, sig, owner, timestamp);
    }

    /// @notice When a record was stored (0: it is not), under which key version, and whether its group
    /// signature was verified on-chain.
    function getRecordStatus(bytes32 recordId)
        external
        view
        returns (uint256 timestamp, uint32 keyVersion, bool verified)
    {
        RecordSlot storage slot = _records[recordId];
        return (slot.timestamp, slot.keyVersion, slot.verified);
    }

    // ---------------------------------------------------------------- purchasing

    /// @notice Opens a request with the default terms: 20 to 400 records, 3 days to reply, 14 to deliver,
    /// 7 to verify, 14 to rule. The escrow is msg.value.
    function request(bytes32 templateHash) external payable returns (uint256 id) {
        return _open(templateHash, Terms(20, 400, 3 days, 14 days, 7 days, 14 days));
    }

    /// @notice Opens a request. The escrow is msg.value, more wei than terms.maxRecords.
    function requestWithTerms(bytes32 templateHash, Terms calldata terms)
        external
        payable
        returns (uint256 id)
    {
        return _open(templateHash, terms);
    }

    /// @notice A registered hospital takes the request, before replyBy; msg.value is its bond, a tenth
    /// of the escrow rounded up.
    /// @param templateCid the hospital's offer
    function reply(uint256 id, bytes32 templateCid) external payable {
        Request storage r = _requests[id];
        Progress storage p = r.progress;
        _requireState(id, p.state, RequestState.Open);
        if (block.timestamp >= p.deadline) revert DeadlinePassed(p.deadline);
        if (!isHospital[msg.sender]) revert NotHospital(msg.sender);
        _requireValue(_bond(r.escrow));
        r.hospital = msg.sender;
        p.state = RequestState.Replied;
        p.deadline = uint40(block.timestamp + p.deliverWindow);
        emit ReplySubmitted(id, templateCid, msg.sender);
    }

    /// @notice The request's hospital delivers a part of the entries, or the last part and the seal,
    /// before deliverBy. Release roots ascend strictly over all parts.
    /// @param manifestCid the manifest with the seal, else 0
    /// @param entries at most {MAX_PER_CALL}; none only with the seal
    function deliver(uint256 id, bytes32 manifestCid, Entry[] calldata entries, bool seal) external {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        _requireState(id, p.state, RequestState.Replied);
        if (msg.sender != r.hospital) revert NotHospital(msg.sender);
        if (block.timestamp >= p.deadline) revert DeadlinePassed(p.deadline);
        if (seal == (manifestCid == 0)) revert BadManifest(manifestCid, seal);
        if (entries.length > MAX_PER_CALL) revert TooMany(entries.length, MAX_PER_CALL);

        uint256 count = p.count + entries.length;
        if (count > p.maxRecords || (seal && count < p.minRecords)) {
            revert BadCount(count, p.minRecords, p.maxRecords);
        }
        if (entries.length != 0) {
            r.roots[p.parts] = _deliverPart(id, r, p.count, entries);
            r.progress.parts = p.parts + 1;
            r.progress.count = uint16(count);
        } else if (!seal) {
            revert EmptyPart();
        }
        if (seal) {
            r.progress.state = RequestState.Delivered;
            r.progress.deadline = uint40(block.timestamp + p.verifyWindow);
            emit Delivered(id, manifestCid, count);
        }
    }

    /// @notice ok: ends the verification, by the buyer while Delivered, by anyone from verifyBy on;
    /// everything is then claimed. Not ok: refunds a request that got no reply by replyBy or no
    /// delivery by deliverBy, by anyone.
    /// @param recipients empty; to pay in the same call use {finalizeWithBodyHashes}
    function finalize(uint256 id, bool ok, address payable[] calldata recipients)
        external
        payable
        nonReentrant
    {
        if (recipients.length != 0) revert BadRecipients(recipients.length, 0);
        _requireValue(0);
        Request storage r = _requests[id];
        if (ok) {
            _requireState(id, r.progress.state, RequestState.Delivered);
            _finalize(id, r, r.buyer);
            emit PaymentReleased(id, new address[](0));
        } else {
            _refund(id, r);
        }
    }

    /// @notice As {finalize} with ok, and pays every unsettled, undisputed entry at once; works on a
    /// finalized request too. Only for requests delivered as one part of at most {MAX_PUSH} entries.
    /// @param ok must be true; a refund needs no recipients
    /// @param recipients all entries' payout accounts in index order
    /// @param bodyHashes all entries' body hashes in index order
    function finalizeWithBodyHashes(
        uint256 id,
        bool ok,
        address payable[] calldata recipients,
        bytes32[] calldata bodyHashes
    ) external payable nonReentrant {
        if (!ok) revert BadRecipients(recipients.length, 0);
        _requireValue(0);
        Request storage r = _requests[id];
        RequestState state = r.progress.state;
        if (state != RequestState.Finalized) {
            _requireState(id, state, RequestState.Delivered);
            _finalize(id, r, r.buyer);
        }
        _push(id, r, recipients, bodyHashes);
    }

    /// @notice Pays one entry, by anyone: once the request is Finalized, or from verifyBy on.
    /// @param part the part it was delivered in, from 0
    /// @param index its index over all parts, from 0
    /// @param payout its payout account, the only one to get the money
    /// @param bodyHash the hash of its other fields
    /// @param proof its Merkle proof in that part
    function claim(
        uint256 id,
        uint256 part,
        uint256 index,
        address payable payout,
        bytes32 bodyHash,
        bytes32[] calldata proof
    ) external nonReentrant {
        Request storage r = _requests[id];
        RequestState state = r.progress.state;
        if (state != RequestState.Finalized) {
            _requireState(id, state, RequestState.Delivered);
            _finalize(id, r, address(0));
        }
        if (!MerkleProof.verifyCalldata(proof, r.roots[part], _leaf(id, index, payout, bodyHash))) {
            revert WrongProof(id);
        }

        uint256 word = r.statuses[index / 32];
        uint256 shift = (index % 32) * 8;
        if (uint8(word >> shift) != uint8(EntryStatus.Unsettled)) revert AlreadySettled(id, index);
        r.statuses[index / 32] = word | (uint256(EntryStatus.Paid) << shift);

        Payments memory pays = _newPayments(3);
        _addPayment(pays, payout, _part(r.escrow, r.progress.count));
        _settle(r, 1, pays);
        _release(id, pays);
    }

    /// @notice Pays an account what it is credited, by anyone; reverts if it still can't take it.
    function withdraw(address account) external nonReentrant {
        uint256 amount = credits[account];
        if (amount == 0) revert NoCredit(account);
        credits[account] = 0;
        if (!_send(account, amount)) revert PaymentFailed(account);
        emit Withdrawn(account, amount);
    }

    /// @notice Takes the exit that the request's state has, past its deadline, by anyone: Open and
    /// Replied are refunded (with the bond), Delivered is finalized.
    function expire(uint256 id) external nonReentrant {
        Request storage r = _requests[id];
        if (r.progress.state == RequestState.Delivered) _finalize(id, r, address(0));
        else _refund(id, r);
    }

    /// @notice A request's state, money, deadlines, counters and terms; reverts when there is no such
    /// request.
    function getRequest(uint256 id) external view returns (RequestInfo memory info) {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        if (p.state == RequestState.None) revert BadState(id, p.state);
        info.state = p.state;
        info.buyer = r.buyer;
        info.hospital = r.hospital;
        info.escrow = r.escrow;
        info.bond = _bond(r.escrow);
        info.deadline = p.deadline;
        if (p.state == RequestState.Delivered || p.state == RequestState.Finalized) {
            info.ruleBy = uint256(p.deadline) + p.ruleWindow;
        }
        info.count = p.count;
        info.parts = p.parts;
        info.settled = p.settled;
        info.invalid = p.invalid;
        info.highestMinPayout = r.highestMinPayout;
        info.lastReleaseRoot = r.lastReleaseRoot;
        info.terms = Terms(
            p.minRecords,
            p.maxRecords,
            p.replyWindow,
            p.deliverWindow,
            p.verifyWindow,
            p.ruleWindow
        );
    }

    /// @notice Where an entry of a request stands.
    function getEntryStatus(uint256 id, uint256 index) external view returns (EntryStatus) {
        return EntryStatus((_requests[id].statuses[index / 32] >> ((index % 32) * 8)) & 0x0f);
    }

    /// @notice The Merkle root of a delivered part; 0 when there is no such part.
    function getPartRoot(uint256 id, uint256 part) external view returns (bytes32) {
        return _requests[id].roots[part];
    }

    // ---------------------------------------------------------------- inside: directory

    // Whether compressed 48 bytes are the point with this EIP-2537 x (64 bytes) and this sign of y.
    function _isCompressed(bytes calldata compressed, bytes calldata x64, bool upperHalf)
        private
        pure
        returns (bool)
    {
        uint256 flags = uint8(compressed[0]) & 0xe0;
        uint256 high = uint256(uint128(bytes16(compressed))) & (type(uint128).max >> 3);
        return flags == (upperHalf ? 0xa0 : 0x80) && bytes32(high) == bytes32(x64)
            && bytes32(compressed[16:]) == bytes32(x64[32:]);
    }

    // Whether an EIP-2537 field element (64 bytes) is above (p - 1) / 2.
    function _isUpperHalf(bytes calldata y64) private pure returns (bool) {
        uint256 high = uint256(bytes32(y64));
        return high > HALF_P_HI || (high == HALF_P_HI && uint256(bytes32(y64[32:])) > HALF_P_LO);
    }

    // The same for an element c0, c1 of the quadratic extension: c1 decides, unless it is 0.
    function _isUpperHalfOfTwo(bytes calldata y128) private pure returns (bool) {
        bool zero = uint256(bytes32(y128[64:])) | uint256(bytes32(y128[96:])) == 0;
        return _isUpperHalf(zero ? y128[:64] : y128[64:]);
    }

    // X = X_G + X_R. Before that, a pairing proves all three points to be on their curves and in the
    // subgroups; none is infinity, for their compressed forms say so.
    function _sumOfShares(bytes calldata points) private view returns (bytes memory x) {
        bytes calldata r = points[256:512];
        bytes memory pairs = bytes.concat(points[0:128], r, points[128:256], r);
        bool ok;
        x = new bytes(128);
        assembly ("memory-safe") {
            // 102,900 for two pairs, 375 for an addition; a failing precompile burns what it is given
            ok := staticcall(150000, 0x0f, add(pairs, 32), 768, 0, 32)
            ok := and(ok, eq(returndatasize(), 32))
            calldatacopy(add(pairs, 32), points.offset, 256)
            if ok {
                ok := staticcall(2000, 0x0b, add(pairs, 32), 256, add(x, 32), 128)
                ok := and(ok, eq(returndatasize(), 128))
            }
        }
        if (!ok || keccak256(x) == keccak256(new bytes(128))) revert BadGroupKey();
    }

    // A contract whose code is these bytes (they begin with STOP).
    function _writeData(bytes memory data) private returns (address where) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        bytes memory init = bytes.concat(hex"61", bytes2(uint16(data.length)), hex"80600a3d393df3", data);
        assembly ("memory-safe") {
            where := create(0, add(init, 32), mload(init))
        }
        if (where == address(0)) revert BadGroupKey();
    }

    function _fingerprint(address data) private view returns (bytes32 fingerprint) {
        assembly ("memory-safe") {
            extcodecopy(data, 0, 1, 32)
            fingerprint := mload(0)
        }
    }

    function _checkSignature(address signer, bytes32 structHash, bytes calldata sig) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, _hashTypedDataV4(structHash), sig)) {
            revert BadSignature(signer);
        }
    }

    function _setProfile(address owner, bytes32 profileCid, uint64 nonce) private {
        _profiles[owner] = Profile(profileCid, nonce);
        emit ProfileSet(owner, profileCid, nonce);
    }

    // ---------------------------------------------------------------- inside: records

    function _recordId(
        bytes32 merkleRoot,
        address owner,
        bytes32 cid,
        bytes calldata sig,
        uint32 keyVersion
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(merkleRoot, owner, cid, keccak256(sig), keyVersion));
    }

    function _store(
        bytes32 cid,
        bytes32 merkleRoot,
        bytes calldata sig,
        address owner,
        uint32 keyVersion,
        uint32 current
    ) private returns (bytes32 recordId) {
        if (keyVersion != current || current == 0) revert KeyNotCurrent(keyVersion, current);
        if (sig.length != SIG_BYTES) revert BadLength(sig.length, SIG_BYTES);
        if (owner == address(0)) revert ZeroAddress();
        if (cid == 0 || merkleRoot == 0) revert ZeroValue();
        recordId = _recordId(merkleRoot, owner, cid, sig, keyVersion);
        RecordSlot storage slot = _records[recordId];
        if (slot.timestamp != 0) return recordId;
        slot.timestamp = uint40(block.timestamp);
        slot.keyVersion = keyVersion;
        emit DataStored(merkleRoot, cid, owner, sig, keyVersion);
    }

    // ---------------------------------------------------------------- inside: requests

    function _open(bytes32 templateHash, Terms memory terms) private returns (uint256 id) {
        if (
            terms.minRecords == 0 || terms.minRecords > terms.maxRecords
                || _badWindow(terms.replyWindow) || _badWindow(terms.deliverWindow)
                || _badWindow(terms.verifyWindow) || _badWindow(terms.ruleWindow)
        ) revert BadTerms();
        if (msg.value <= terms.maxRecords || msg.value > type(uint96).max / 2) {
            revert BadEscrow(msg.value, uint256(terms.maxRecords) + 1, type(uint96).max / 2);
        }
        id = ++requestCount;
        Request storage r = _requests[id];
        r.buyer = msg.sender;
        r.escrow = uint96(msg.value);
        Progress storage p = r.progress;
        p.state = RequestState.Open;
        p.deadline = uint40(block.timestamp + terms.replyWindow);
        p.minRecords = terms.minRecords;
        p.maxRecords = terms.maxRecords;
        p.replyWindow = uint24(terms.replyWindow);
        p.deliverWindow = uint24(terms.deliverWindow);
        p.verifyWindow = uint24(terms.verifyWindow);
        p.ruleWindow = uint24(terms.ruleWindow);
        emit RequestOpen(id, templateHash, msg.sender, msg.value);
    }

    function _badWindow(uint32 window) private pure returns (bool) {
        return window < 1 hours || window > 90 days;
    }

    function _requireState(uint256 id, RequestState state, RequestState wanted) private pure {
        if (state != wanted) revert BadState(id, state);
    }

    function _requireValue(uint256 expected) private view {
        if (msg.value != expected) revert WrongValue(msg.value, expected);
    }

    function _bond(uint256 escrow) private pure returns (uint256) {
        return (escrow + 9) / 10;
    }

    function _part(uint256 escrow, uint256 count) private pure returns (uint256) {
        return escrow / (count + 1);
    }

    // Checks and logs the entries of one part; returns the part's root.
    function _deliverPart(uint256 id, Request storage r, uint256 first, Entry[] calldata entries)
        private
        returns (bytes32)
    {
        uint256 n = entries.length;
        bytes32[] memory tree = new bytes32[](2 * n - 1);
        bytes32 last = r.lastReleaseRoot;
        uint256 highest = r.highestMinPayout;
        uint256 memoryMark = _markMemory();
        for (uint256 i = 0; i < n; ++i) {
            Entry calldata entry = entries[i];
            uint256 index = first + i;
            if (entry.releaseRoot <= last) revert BadEntry(index, EntryFault.Order);
            last = entry.releaseRoot;
            if (entry.minPayout > highest) highest = entry.minPayout;
            _checkEntry(index, entry);
            tree[2 * n - 2 - i] = _leaf(id, index, entry.payout, _bodyHash(entry));
            emit EntryDelivered(id, index, last, entry);
            _resetMemory(memoryMark);
        }
        uint256 part = _part(r.escrow, first + n);
        if (highest > part) revert PayoutTooSmall(part, highest);
        r.lastReleaseRoot = last;
        r.highestMinPayout = uint96(highest);
        return _root(tree, n);
    }

    function _checkEntry(uint256 index, Entry calldata entry) private view {
        if (
            entry.sig.length != SIG_BYTES || entry.ys.length != YS_BYTES
                || entry.consent.length != CONSENT_BYTES
        ) revert BadEntry(index, EntryFault.Length);
        if (entry.payout == address(0) || entry.payout == address(this)) {
            revert BadEntry(index, EntryFault.Payout);
        }
        GroupKey memory key = _groupKeys[entry.keyVersion];
        if (
            key.confirmedAt == 0 || key.compromised
                || (key.retiredAt != 0 && block.timestamp >= key.retiredAt + KEY_SALE_PERIOD)
        ) revert BadEntry(index, EntryFault.KeyVersion);
    }

    function _bodyHash(Entry calldata entry) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                entry.releaseRoot,
                entry.releaseAddr,
                entry.bundleDigest,
                entry.minPayout,
                entry.keyVersion,
                keccak256(entry.sig),
                keccak256(entry.ys),
                keccak256(entry.consent)
            )
        );
    }

    function _leaf(uint256 id, uint256 index, address payout, bytes32 bodyHash)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            bytes.concat(keccak256(abi.encode(ENTRY_TAG, id, index, payout, bodyHash)))
        );
    }

    // OpenZeppelin's StandardMerkleTree over n leaves that stand, last first, in tree[n - 1 ..].
    function _root(bytes32[] memory tree, uint256 n) private pure returns (bytes32) {
        for (uint256 i = n - 1; i > 0; --i) {
            tree[i - 1] = Hashes.commutativeKeccak256(tree[2 * i - 1], tree[2 * i]);
        }
        return tree[0];
    }

    // Memory an iteration of a loop allocates is given back: else its price grows with the square.
    function _markMemory() private pure returns (uint256 mark) {
        assembly ("memory-safe") {
            mark := mload(0x40)
        }
    }

    function _resetMemory(uint256 mark) private pure {
        assembly ("memory-safe") {
            mstore(0x40, mark)
        }
    }

    // ---------------------------------------------------------------- inside: money

    struct Payments {
        uint256 n;
        address[] to;
        uint256[] amounts;
    }

    function _newPayments(uint256 most) private pure returns (Payments memory) {
        return Payments(0, new address[](most), new uint256[](most));
    }

    function _addPayment(Payments memory pays, address to, uint256 amount) private pure {
        if (amount == 0) return;
        pays.to[pays.n] = to;
        pays.amounts[pays.n++] = amount;
    }

    // Delivered becomes Finalized: early by this account, from verifyBy on by anyone.
    function _finalize(uint256 id, Request storage r, address early) private {
        uint256 verifyBy = r.progress.deadline;
        if (block.timestamp < verifyBy && msg.sender != early) revert TooEarly(verifyBy);
        r.progress.state = RequestState.Finalized;
        emit RequestFinalized(id);
    }

    // Open or Replied past its deadline: everything goes back to the buyer, the hospital's bond too.
    function _refund(uint256 id, Request storage r) private {
        RequestState state = r.progress.state;
        uint256 amount = r.escrow;
        if (state == RequestState.Replied) amount += _bond(amount);
        else _requireState(id, state, RequestState.Open);
        if (block.timestamp < r.progress.deadline) revert TooEarly(r.progress.deadline);
        r.progress.state = RequestState.Refunded;
        emit RequestRefunded(id);
        Payments memory pays = _newPayments(1);
        _addPayment(pays, r.buyer, amount);
        _release(id, pays);
    }

    function _push(
        uint256 id,
        Request storage r,
        address payable[] calldata recipients,
        bytes32[] calldata bodyHashes
    ) private {
        uint256 n = recipients.length;
        if (n > MAX_PUSH) revert TooMany(n, MAX_PUSH);
        if (n != r.progress.count || r.progress.parts != 1) {
            revert BadRecipients(n, r.progress.parts == 1 ? r.progress.count : 0);
        }
        if (bodyHashes.length != n) revert BadRecipients(bodyHashes.length, n);
        bytes32[] memory tree = new bytes32[](2 * n - 1);
        for (uint256 i = 0; i < n; ++i) {
            uint256 mark = _markMemory();
            tree[2 * n - 2 - i] = _leaf(id, i, recipients[i], bodyHashes[i]);
            _resetMemory(mark);
        }
        if (_root(tree, n) != r.roots[0]) revert WrongProof(id);

        Payments memory pays = _newPayments(n + 2);
        uint256 part = _part(r.escrow, n);
        for (uint256 w = 0; w * 32 < n; ++w) {
            uint256 word = r.statuses[w];
            for (uint256 i = w * 32; i < n && i < w * 32 + 32; ++i) {
                uint256 shift = (i % 32) * 8;
                if (uint8(word >> shift) != uint8(EntryStatus.Unsettled)) continue;
                word |= uint256(EntryStatus.Paid) << shift;
                _addPayment(pays, recipients[i], part);
            }
            r.statuses[w] = word;
        }
        if (pays.n == 0) revert NothingToPay(id);
        _settle(r, pays.n, pays);
        _release(id, pays);
    }

    // Counts entries as settled. With the last one the hospital's part and the rest of its bond go out.
    function _settle(Request storage r, uint256 newly, Payments memory pays) private {
        Progress memory p = r.progress;
        uint256 settled = p.settled + newly;
        r.progress.settled = uint16(settled);
        if (settled != p.count) return;
        uint256 hospitalPart = r.escrow - _part(r.escrow, p.count) * p.count;
        uint256 bond = _bond(r.escrow);
        uint256 bondLeft = bond - (bond / p.count) * p.invalid;
        bool enough = p.count - p.invalid >= p.minRecords;
        _addPayment(pays, r.hospital, enough ? hospitalPart + bondLeft : bondLeft);
        if (!enough) _addPayment(pays, r.buyer, hospitalPart);
    }

    // All state is written before: whatever a recipient does finds the books closed.
    function _release(uint256 id, Payments memory pays) private {
        uint256 n = pays.n;
        address[] memory to = pays.to;
        assembly ("memory-safe") {
            mstore(to, n)
        }
        for (uint256 i = 0; i < n; ++i) {
            if (!_send(to[i], pays.amounts[i])) {
                credits[to[i]] += pays.amounts[i];
                emit Credited(to[i], pays.amounts[i]);
            }
        }
        emit PaymentReleased(id, to);
    }

    // A caller cannot starve the recipient on purpose: with less than PAYMENT_GAS to give, the 64th
    // part that stays behind is too little to write the credit, and the whole call reverts. What the
    // recipient returns is not copied.
    function _send(address to, uint256 amount) private returns (bool ok) {
        assembly ("memory-safe") {
            ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0)
        }
    }
}
