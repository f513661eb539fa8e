// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {EntryTree} from "./EntryTree.sol";
import {Money} from "./Money.sol";
import {Payments} from "./Payments.sol";
import {Requests} from "./Requests.sol";
import {EntryStatus, RequestState, Verdict} from "./Types.sol";

/// @title Delivered entries: where each stands, and the money that is settled with it
/// @notice count entries share the escrow with the hospital: each gets a part = floor(escrow /
/// (count + 1)), the hospital what remains, with its bond, once the last entry is settled. An entry
/// that turns out bad takes its part and its share of the bond back to the buyer.
abstract contract Entries is Requests, Payments {
    // A status byte: the status in the low four bits, then each manager's vote.
    uint256 internal constant VOTE_GROUP_MANAGER = 4;
    uint256 internal constant VOTE_REVOCATION_MANAGER = 6;

    /// @notice What is given does not lead to the part's root.
    error WrongProof(uint256 id);
    /// @notice The entry has been settled before.
    error AlreadySettled(uint256 id, uint256 index);
    /// @notice The request's delivery has fewer entries.
    error UnknownEntry(uint256 id, uint256 index);

    /// @notice Where a delivered entry stands.
    /// @param id the request
    /// @param index the entry's index over all parts, below the request's count
    /// @return status its status
    /// @return groupManagerVote the group manager's verdict, None before
    /// @return revocationManagerVote the revocation manager's verdict, None before
    function getEntryStatus(uint256 id, uint256 index)
        external
        view
        returns (EntryStatus status, Verdict groupManagerVote, Verdict revocationManagerVote)
    {
        uint256 bits = _statusByte(_requests[id], index);
        return (
            EntryStatus(bits & 15),
            Verdict((bits >> VOTE_GROUP_MANAGER) & 3),
            Verdict((bits >> VOTE_REVOCATION_MANAGER) & 3)
        );
    }

    function _statusByte(Request storage r, uint256 index) internal view returns (uint256) {
        return uint8(r.statuses[index / 32] >> ((index % 32) * 8));
    }

    function _status(Request storage r, uint256 index) internal view returns (EntryStatus) {
        return EntryStatus(_statusByte(r, index) & 15);
    }

    // Sets the status and returns the former one.
    function _swapStatus(Request storage r, uint256 index, EntryStatus status)
        internal
        returns (EntryStatus former)
    {
        return EntryStatus(_swapBits(r, index, 0, 15, uint256(status)));
    }

    // Sets the bits of a status byte that mask has at shift, and returns the former ones.
    function _swapBits(
        Request storage r,
        uint256 index,
        uint256 shift,
        uint256 mask,
        uint256 bits
    ) internal returns (uint256 former) {
        uint256 word = r.statuses[index / 32];
        shift |= (index % 32) * 8; // a byte's own shifts are below 8
        r.statuses[index / 32] = (word & ~(mask << shift)) | (bits << shift);
        return (word >> shift) & mask;
    }

    // The request has a sealed delivery.
    function _requireDelivered(uint256 id, RequestState state) internal pure {
        if (state != RequestState.Finalized) _requireState(id, state, RequestState.Delivered);
    }

    // The entry with this payout and body is number index, in this part.
    function _requireEntry(
        uint256 id,
        Request storage r,
        uint256 part,
        uint256 index,
        address payout,
        bytes32 bodyHash,
        bytes32[] calldata proof
    ) internal view {
        bytes32 leaf = EntryTree.leaf(id, index, payout, bodyHash);
        if (!MerkleProof.verifyCalldata(proof, r.roots[part], leaf)) revert WrongProof(id);
    }

    // From then on what was not ruled is paid.
    function _ruleBy(Progress memory p) internal pure returns (uint256) {
        return uint256(p.deadline) + p.ruleWindow;
    }

    // Counts n entries as settled, bad of them bad. With the last one the hospital's part and what is
    // left of its bond are paid; the part goes to the buyer if too few good entries remain.
    function _settle(
        Request storage r,
        Progress memory p,
        uint256 escrow,
        uint256 n,
        uint256 bad,
        PaymentList memory pays
    ) internal {
        uint256 count = p.count;
        uint256 settled = p.settled + n;
        r.progress.settled = uint16(settled);
        uint256 good = count - p.invalid - bad;
        if (bad != 0) r.progress.invalid = uint16(count - good);
        if (settled != count) return;
        uint256 bondLeft = Money.bondLeft(escrow, count, count - good);
        uint256 hospitalPart = Money.hospitalPart(escrow, count);
        bool enough = good >= p.minRecords;
        _addPayment(pays, r.hospital, enough ? hospitalPart + bondLeft : bondLeft);
        if (!enough) _addPayment(pays, r.buyer, hospitalPart);
    }
}
