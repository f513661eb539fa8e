// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entries} from "./Entries.sol";
import {Money} from "./Money.sol";
import {EntryStatus, MAX_PER_CALL, RequestState, Verdict} from "./Types.sol";

/// @title Disputes over what entries contain, and their rulings by both managers
/// @notice A verdict counts once both managers have given the same. What they have not agreed on by
/// ruleBy is paid. Undisputed entries are paid in time whatever happens to the others.
abstract contract Disputes is Entries {
    /// @notice The buyer disputes these entries, each with a bond.
    event Disputed(uint256 indexed id, uint256[] indices);
    /// @notice A manager gave its verdict on those of these entries that were in dispute.
    event VerdictGiven(
        uint256 indexed id, address indexed manager, Verdict verdict, uint256[] indices
    );
    /// @notice Both managers agree on these entries.
    event Ruled(uint256 indexed id, Verdict verdict, uint256[] indices);

    /// @notice Only the request's buyer may do this.
    error NotBuyer(address caller);
    /// @notice The entry was disputed before, or is twice in the list.
    error AlreadyDisputed(uint256 id, uint256 index);
    /// @notice The entry is not disputed.
    error NotDisputed(uint256 id, uint256 index);
    /// @notice None of the entries can be disputed any more.
    error NothingToDispute(uint256 id);
    /// @notice A verdict is Pay, Refund or Fraud.
    error NoVerdict();

    /// @notice Disputes entries for their content, by the buyer, while Delivered and before
    /// verifyBy. msg.value is a bond for each index, a tenth of the part rounded up; the bond of an
    /// entry that was settled in the meantime is credited.
    /// @param id the request
    /// @param indices the entries' indices over all parts, each once, at most {MAX_PER_CALL}
    function dispute(uint256 id, uint256[] calldata indices) external payable nonReentrant {
        Request storage r = _requests[id];
        _dispute(id, r, r.progress, indices, false);
    }

    /// @notice Gives a manager's verdict on disputed entries, before ruleBy; until both agree it
    /// can be changed. Refund and Fraud then pay the buyer at once, Pay makes the entry claimable
    /// with its dispute bond. Entries ruled or settled in the meantime are passed over.
    /// @param id the request
    /// @param indices the entries' indices over all parts, at most {MAX_PER_CALL}
    /// @param verdict Pay; Refund for the seller's faults; Fraud for values that the signing doctor
    /// must have invented
    function rule(uint256 id, uint256[] calldata indices, Verdict verdict) external nonReentrant {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        _requireDelivered(id, p.state);
        if (block.timestamp >= _ruleBy(p)) revert DeadlinePassed(_ruleBy(p));
        if (verdict == Verdict.None) revert NoVerdict();
        if (indices.length > MAX_PER_CALL) revert TooMany(indices.length, MAX_PER_CALL);
        emit VerdictGiven(id, msg.sender, verdict, indices);
        uint256 n = _vote(id, r, p.count, indices, verdict);
        if (n == 0 || verdict == Verdict.Pay) return;

        uint256 escrow = r.escrow;
        uint256 bond = Money.disputeBond(Money.part(escrow, p.count));
        PaymentList memory pays = _newPayments(3);
        _addPayment(pays, r.buyer, n * (Money.refund(escrow, p.count) + bond));
        _settle(r, p, escrow, n, n, pays);
        _release(id, pays);
    }

    // Disputes entries; all: of everything, so that what was disputed before is passed over too.
    function _dispute(
        uint256 id,
        Request storage r,
        Progress memory p,
        uint256[] memory indices,
        bool all
    ) internal {
        _requireBuyerVerifies(id, r, p);
        uint256 most = indices.length;
        if (most > MAX_PER_CALL) revert TooMany(most, MAX_PER_CALL);
        uint256 bond = Money.disputeBond(Money.part(r.escrow, p.count));
        _requireValue(most * bond);
        uint256 n = 0;
        for (uint256 i = 0; i < most; ++i) {
            uint256 index = indices[i];
            if (index >= p.count) revert UnknownEntry(id, index);
            EntryStatus status = _status(r, index);
            if (status == EntryStatus.Unsettled) {
                _swapStatus(r, index, EntryStatus.Disputed);
                indices[n++] = index;
            } else if (!all && (status == EntryStatus.Disputed || status == EntryStatus.RuledPay)) {
                revert AlreadyDisputed(id, index);
            }
        }
        if (n == 0) revert NothingToDispute(id);
        if (n != most) _credit(msg.sender, (most - n) * bond);
        _shorten(indices, n);
        emit Disputed(id, indices);
    }

    // Notes the caller's verdict on what is disputed; returns on how many both agree now.
    function _vote(
        uint256 id,
        Request storage r,
        uint256 count,
        uint256[] calldata indices,
        Verdict verdict
    ) private returns (uint256 n) {
        uint256 own = VOTE_GROUP_MANAGER;
        uint256 other = VOTE_REVOCATION_MANAGER;
        if (msg.sender == revocationManager) (own, other) = (other, own);
        else if (msg.sender != groupManager) revert NotManager(msg.sender);

        uint256[] memory ruled = new uint256[](indices.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            uint256 index = indices[i];
            if (index >= count) revert UnknownEntry(id, index);
            uint256 bits = _statusByte(r, index);
            EntryStatus status = EntryStatus(bits & 15);
            if (status == EntryStatus.Unsettled) revert NotDisputed(id, index);
            if (status != EntryStatus.Disputed) continue;
            _swapBits(r, index, own, 3, uint256(verdict));
            if ((bits >> other) & 3 == uint256(verdict)) {
                _swapStatus(r, index, _outcome(verdict));
                ruled[n++] = index;
            }
        }
        if (n == 0) return 0;
        _shorten(ruled, n);
        emit Ruled(id, verdict, ruled);
    }

    function _outcome(Verdict verdict) private pure returns (EntryStatus) {
        if (verdict == Verdict.Pay) return EntryStatus.RuledPay;
        return verdict == Verdict.Refund ? EntryStatus.Refunded : EntryStatus.Fraud;
    }

    function _requireBuyerVerifies(uint256 id, Request storage r, Progress memory p) private view {
        _requireState(id, p.state, RequestState.Delivered);
        if (msg.sender != r.buyer) revert NotBuyer(msg.sender);
        if (block.timestamp >= p.deadline) revert DeadlinePassed(p.deadline);
    }

    function _shorten(uint256[] memory list, uint256 n) private pure {
        assembly ("memory-safe") {
            mstore(list, n)
        }
    }
}
