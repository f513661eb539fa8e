// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "./Disputes.sol";
import {EntryTree} from "./EntryTree.sol";
import {Entry, EntryStatus, OPENING_PERIOD, OpeningInfo} from "./Types.sol";

/// @title Openings: both managers find out who signed an entry that they ruled fraudulent
/// @notice Neither can alone. What they tell each other is encrypted; no identity comes here.
abstract contract Openings is Disputes {
    mapping(uint256 openingId => OpeningInfo) private _openings;

    /// @notice A buyer asks who signed the entry. openingId = id * 2^16 + index.
    event OpeningRequested(
        uint256 indexed openingId,
        bytes32 indexed signatureHash,
        uint256 indexed id,
        uint256 index,
        address requester
    );
    /// @notice The group manager gave its share, encrypted to the revocation manager.
    event GroupManagerApproved(uint256 indexed openingId, bytes32 shareCid);
    /// @notice The revocation manager gave its share, encrypted to the group manager.
    event RevocationManagerApproved(uint256 indexed openingId, bytes32 shareCid);
    /// @notice Both managers have given their shares.
    event OpeningCompleted(uint256 indexed openingId);

    /// @notice Only an entry that both managers ruled fraudulent is opened.
    error NotRuledFraud(uint256 id, uint256 index);
    /// @notice The hash is not that of the entry's signature.
    error WrongSignatureHash(bytes32 given, bytes32 actual);
    /// @notice This opening has been requested before.
    error OpeningExists(uint256 openingId);
    /// @notice No such opening has been requested.
    error UnknownOpening(uint256 openingId);
    /// @notice This manager has approved before.
    error AlreadyApproved(uint256 openingId);

    /// @notice Asks the managers to open the signature of an entry ruled Fraud, by the request's
    /// buyer, until {OPENING_PERIOD} after ruleBy.
    /// @param signatureHash keccak256 of the entry's signature
    /// @param requestId the request
    /// @param part the part the entry was delivered in, from 0
    /// @param index its index over all parts, from 0
    /// @param entry the entry, as its event has it
    /// @param proof its Merkle proof in that part
    /// @return openingId requestId * 2^16 + index
    function requestOpening(
        bytes32 signatureHash,
        uint256 requestId,
        uint256 part,
        uint256 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external returns (uint256 openingId) {
        Request storage r = _requests[requestId];
        Progress memory p = r.progress;
        if (msg.sender != r.buyer) revert NotBuyer(msg.sender);
        _requireEntry(requestId, r, part, index, entry.payout, EntryTree.bodyHash(entry), proof);
        if (_status(r, index) != EntryStatus.Fraud) revert NotRuledFraud(requestId, index);
        bytes32 actual = keccak256(entry.sig);
        if (signatureHash != actual) revert WrongSignatureHash(signatureHash, actual);
        uint256 deadline = _ruleBy(p) + OPENING_PERIOD;
        if (block.timestamp >= deadline) revert DeadlinePassed(deadline);
        openingId = (requestId << 16) | index;
        if (_openings[openingId].requested) revert OpeningExists(openingId);
        _openings[openingId].requested = true;
        emit OpeningRequested(openingId, signatureHash, requestId, index, msg.sender);
    }

    /// @notice The group manager's approval, with its share.
    /// @param openingId the opening
    /// @param shareCid its opening share, encrypted to the revocation manager
    function approveOpeningGroupManager(uint256 openingId, bytes32 shareCid)
        external
        onlyGroupManager
    {
        OpeningInfo storage opening = _opening(openingId, shareCid);
        if (opening.groupManagerApproved) revert AlreadyApproved(openingId);
        opening.groupManagerApproved = true;
        emit GroupManagerApproved(openingId, shareCid);
        if (opening.revocationManagerApproved) emit OpeningCompleted(openingId);
    }

    /// @notice The revocation manager's approval, with its share.
    /// @param openingId the opening
    /// @param shareCid its opening share, encrypted to the group manager
    function approveOpeningRevocationManager(uint256 openingId, bytes32 shareCid)
        external
        onlyRevocationManager
    {
        OpeningInfo storage opening = _opening(openingId, shareCid);
        if (opening.revocationManagerApproved) revert AlreadyApproved(openingId);
        opening.revocationManagerApproved = true;
        emit RevocationManagerApproved(openingId, shareCid);
        if (opening.groupManagerApproved) emit OpeningCompleted(openingId);
    }

    /// @notice Where an opening stands; nothing is set when there is none.
    /// @param openingId requestId * 2^16 + index
    /// @return see {OpeningInfo}
    function getOpening(uint256 openingId) external view returns (OpeningInfo memory) {
        return _openings[openingId];
    }

    function _opening(uint256 openingId, bytes32 shareCid)
        private
        view
        returns (OpeningInfo storage opening)
    {
        opening = _openings[openingId];
        if (!opening.requested) revert UnknownOpening(openingId);
        if (shareCid == 0) revert ZeroValue();
    }
}
