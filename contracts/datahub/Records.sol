// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Scratch} from "./Scratch.sol";
import {Signatures} from "./Signatures.sol";
import {Item, MAX_PER_CALL, RecordMeta, SIG_BYTES} from "./Types.sol";

/// @title Anchors of records, and shares
/// @notice A record takes one slot under the hash of everything it is; the rest is in its event.
/// Nothing can be overwritten or squatted: other content is another record.
abstract contract Records is Signatures {
    // what storage holds of a record, in one slot
    struct RecordSlot {
        uint40 timestamp;
        uint32 keyVersion;
        bool verified;
    }

    mapping(bytes32 recordId => RecordSlot) private _records;

    /// @notice A record was anchored; all of it that is not in its storage slot is here.
    event DataStored(
        bytes32 indexed merkleRoot, bytes32 cid, address indexed owner, bytes sig, uint32 keyVersion
    );
    /// @notice A stored record's group signature was verified on-chain.
    event RecordVerified(bytes32 indexed recordId);
    /// @notice A patient shares a record with a doctor.
    event SharePosted(
        address indexed patient, address indexed doctor, bytes32 cidShare, bytes encryptedKey
    );

    /// @notice New records need the current version; current is 0 while there is none.
    error KeyNotCurrent(uint32 given, uint32 current);
    /// @notice The group signature is not valid.
    error InvalidSignature();
    /// @notice No such record is stored.
    error UnknownRecord(bytes32 recordId);

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
    /// @param cid the envelope
    /// @param merkleRoot IDrec
    /// @param sig the doctor's group signature, 362 bytes
    /// @param patient the owner
    /// @param keyVersion the version sig was made under; must be the current one
    /// @return recordId as {storeData} makes it
    function storeDataFor(
        bytes32 cid,
        bytes32 merkleRoot,
        bytes calldata sig,
        address patient,
        uint32 keyVersion
    ) external returns (bytes32 recordId) {
        return _store(cid, merkleRoot, sig, patient, keyVersion, currentKeyVersion);
    }

    /// @notice As {storeDataFor}, once the group signature has been verified on-chain; marks the
    /// record as verified, also one that was stored before.
    /// @param cid the envelope
    /// @param merkleRoot IDrec
    /// @param sig the doctor's group signature, 362 bytes
    /// @param patient the owner
    /// @param keyVersion the version sig was made under; must be the current one
    /// @param ys as in {verifySignature}
    /// @return recordId as {storeData} makes it
    function storeDataVerified(
        bytes32 cid,
        bytes32 merkleRoot,
        bytes calldata sig,
        address patient,
        uint32 keyVersion,
        bytes calldata ys
    ) external returns (bytes32 recordId) {
        recordId = _store(cid, merkleRoot, sig, patient, keyVersion, currentKeyVersion);
        RecordSlot storage slot = _records[recordId];
        if (slot.verified) return recordId;
        bytes32 msg32 = _signedMessage("galen/record/1", merkleRoot, patient);
        if (!verifySignature(msg32, sig, ys, keyVersion)) revert InvalidSignature();
        slot.verified = true;
        emit RecordVerified(recordId);
    }

    /// @notice Anchors up to {MAX_PER_CALL} records; one that is stored already is passed over.
    /// @param items the records
    function storeBatch(Item[] calldata items) external {
        if (items.length > MAX_PER_CALL) revert TooMany(items.length, MAX_PER_CALL);
        uint32 current = currentKeyVersion;
        for (uint256 i = 0; i < items.length; ++i) {
            Item calldata item = items[i];
            uint256 scratch = Scratch.mark();
            _store(item.cid, item.merkleRoot, item.sig, item.owner, item.keyVersion, current);
            Scratch.reset(scratch);
        }
    }

    /// @notice Tells a doctor where a share is.
    /// @param doctor whom the caller shares with
    /// @param cidShare the re-encrypted record
    /// @param encryptedKey its key, which only that doctor can open
    function postShare(address doctor, bytes32 cidShare, bytes calldata encryptedKey) external {
        if (doctor == address(0)) revert ZeroAddress();
        emit SharePosted(msg.sender, doctor, cidShare, encryptedKey);
    }

    /// @notice The metadata of a stored record; reverts when no such record is stored.
    /// @param merkleRoot IDrec
    /// @param owner the patient
    /// @param cid the envelope
    /// @param sig the group signature
    /// @param keyVersion the version sig was made under
    /// @return the arguments and when it was stored
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

    /// @notice What storage holds of a record.
    /// @param recordId as {storeData} makes it
    /// @return timestamp when it was stored; 0: it is not
    /// @return keyVersion the version its signature was made under
    /// @return verified whether its group signature was verified on-chain
    function getRecordStatus(bytes32 recordId)
        external
        view
        returns (uint256 timestamp, uint32 keyVersion, bool verified)
    {
        RecordSlot storage slot = _records[recordId];
        return (slot.timestamp, slot.keyVersion, slot.verified);
    }

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
        if (keyVersion != current || current == 0) {
            revert KeyNotCurrent(keyVersion, current);
        }
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
}
