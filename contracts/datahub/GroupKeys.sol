// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {KeyPoints} from "./KeyPoints.sol";
import {Managers} from "./Managers.sol";
import {GroupKeyInfo, KEY_SALE_PERIOD} from "./Types.sol";

/// @title The versions of the group key, their members and the revocation list
/// @notice A version is proposed by the group manager and made current by the revocation manager.
abstract contract GroupKeys is Managers {
    // one slot; the key itself is the code of data
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

    bytes32 private constant REGISTRY_HEAD_TYPE =
        keccak256("RegistryHead(uint32 keyVersion,uint64 size,bytes32 head)");
    uint256 private constant GROUP_KEY_BYTES = 594;
    uint256 private constant POINTS_BYTES = 512;

    // one slot: where a record is verified all of it is needed
    /// @notice The version new records are stored under; 0 while there is none.
    uint32 public currentKeyVersion;
    /// @notice How many versions have been proposed; the newest has this number.
    uint32 public groupKeyCount;
    address private _currentKey; // its data

    /// @notice How many revocation lists have been set; the one in force has this version.
    uint64 public revocationListVersion;
    /// @notice The revocation list in force.
    bytes32 public revocationListCid;

    mapping(uint32 version => GroupKey) private _groupKeys;
    mapping(uint32 version => Members) private _members;

    /// @notice A group key version waits for its confirmation; data is where the contract keeps it.
    event GroupKeyProposed(uint32 indexed version, bytes32 groupKeyCid, address data);
    /// @notice A group key version is current from now on.
    event GroupKeyConfirmed(uint32 indexed version, bytes32 fingerprint);
    /// @notice A group key version was retired, or a retired one found compromised.
    event GroupKeyRetired(uint32 indexed version, bool compromised);
    /// @notice A revocation list is in force from now on.
    event RevocationListSet(uint64 indexed version, bytes32 cid);
    /// @notice Both managers committed to a version's registry of members.
    event MembersCommitted(uint32 indexed keyVersion, uint64 size, bytes32 head);

    /// @notice The group key object and the points are not the same valid key.
    error BadGroupKey();
    /// @notice The fingerprint is not the group key's.
    error WrongFingerprint(bytes32 given, bytes32 actual);
    /// @notice There is no such version, or only the newest will do.
    error NotNewestKey(uint32 given, uint32 newest);
    /// @notice The version has been confirmed before.
    error KeyAlreadyConfirmed(uint32 version);
    /// @notice The version has not been confirmed.
    error KeyNotConfirmed(uint32 version);
    /// @notice The version has been retired before, and this call would change nothing.
    error KeyAlreadyRetired(uint32 version);
    /// @notice The registry of members must have grown since its last commitment.
    error RegistryNotGrown(uint64 given, uint64 last);

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
        if (!KeyPoints.matches(groupKey594, points)) revert BadGroupKey();
        (bool ok, bytes memory x) = KeyPoints.sumOfShares(points);
        if (!ok) revert BadGroupKey();

        version = ++groupKeyCount;
        address data = _writeData(bytes.concat(hex"00", fingerprint, x, points[256:512]));
        _groupKeys[version].data = data;
        emit GroupKeyProposed(version, groupKeyCid, data);
    }

    /// @notice Makes the newest proposed version current; the one before it is retired thereby.
    /// @param version the newest version's number
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
        _currentKey = key.data;
        emit GroupKeyConfirmed(version, fingerprint);
    }

    /// @notice Retires a confirmed version, by either manager: no new records under it, its
    /// releases are sold for {KEY_SALE_PERIOD} more, unless it is compromised. A version already
    /// retired can still be called compromised.
    /// @param version the version's number
    /// @param compromised whether its releases are sold no longer
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

    /// @notice Publishes the next revocation list, by the revocation manager.
    /// @param cid the list
    function setRevocationList(bytes32 cid) external onlyRevocationManager {
        if (cid == 0) revert ZeroValue();
        revocationListCid = cid;
        emit RevocationListSet(++revocationListVersion, cid);
    }

    /// @notice Commits to the registry of members, which only grows.
    /// @param keyVersion the group key version the members belong to
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

    /// @notice A group key version; reverts when there is no such version.
    /// @param version its number, from 1
    /// @return its fingerprint, data contract (code: 00, fingerprint, X, R), times (0: not yet) and
    /// whether it is compromised
    function getGroupKey(uint32 version) external view returns (GroupKeyInfo memory) {
        GroupKey storage key = _groupKeys[version];
        if (key.data == address(0)) revert NotNewestKey(version, groupKeyCount);
        return GroupKeyInfo(
            _fingerprint(key.data), key.data, key.confirmedAt, key.retiredAt, key.compromised
        );
    }

    /// @notice The registry of members last committed for a version.
    /// @param keyVersion the group key version
    /// @return size how many rows; 0 before the first time
    /// @return head the hash over them
    function getMembers(uint32 keyVersion) external view returns (uint64 size, bytes32 head) {
        return (_members[keyVersion].size, _members[keyVersion].head);
    }

    // Whether releases signed under a version may be sold now.
    function _isSellable(uint32 version) internal view returns (bool) {
        GroupKey memory key = _groupKeys[version];
        return key.confirmedAt != 0 && !key.compromised
            && (key.retiredAt == 0 || block.timestamp < key.retiredAt + KEY_SALE_PERIOD);
    }

    // The data contract of a key that was confirmed, retired or not.
    function _confirmedKey(uint32 version) internal view returns (address) {
        if (version == currentKeyVersion && version != 0) return _currentKey;
        GroupKey storage former = _groupKeys[version];
        if (former.confirmedAt == 0) revert KeyNotConfirmed(version);
        return former.data;
    }

    // A contract whose code is these bytes (they begin with STOP).
    function _writeData(bytes memory data) private returns (address where) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        bytes memory init =
            bytes.concat(hex"61", bytes2(uint16(data.length)), hex"80600a3d393df3", data);
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
}
