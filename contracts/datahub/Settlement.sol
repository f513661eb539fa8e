// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "./Disputes.sol";
import {EntryTree} from "./EntryTree.sol";
import {Money} from "./Money.sol";
import {Scratch} from "./Scratch.sol";
import {EntryStatus, MAX_PUSH, RequestState} from "./Types.sol";

/// @title The ends of a request: its money is paid, pushed, claimed, or refunded
abstract contract Settlement is Disputes {
    /// @notice A request's entries may be claimed from now on.
    event RequestFinalized(uint256 indexed id);
    /// @notice A request ended without a delivery; escrow and bond went to the buyer.
    event RequestRefunded(uint256 indexed id);

    /// @notice The lists have another length than expected; 0: give none.
    error BadRecipients(uint256 given, uint256 expected);
    /// @notice No entry is left that may be paid in this way.
    error NothingToPay(uint256 id);

    /// @notice ok: ends the verification, by the buyer while Delivered, by anyone from verifyBy on;
    /// everything is then claimed. Not ok: while Delivered, disputes every entry that is not settled
    /// or disputed already, by the buyer before verifyBy, with the bonds of all entries (see
    /// {dispute}; at most {MAX_PER_CALL}); else refunds a request that got no reply by replyBy or no
    /// delivery by deliverBy, by anyone.
    /// @param id the request
    /// @param ok see above
    /// @param recipients empty; to pay in the same call use {finalizeWithBodyHashes}
    function finalize(uint256 id, bool ok, address payable[] calldata recipients)
        external
        payable
        nonReentrant
    {
        if (recipients.length != 0) revert BadRecipients(recipients.length, 0);
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        if (!ok && p.state == RequestState.Delivered) return _disputeAll(id, r, p);
        _requireValue(0);
        if (ok) {
            _finalize(id, r, p, r.buyer);
            emit PaymentReleased(id, new address[](0));
        } else {
            _refund(id, r);
        }
    }

    /// @notice As {finalize} with ok, and pays every unsettled, undisputed entry at once; works on
    /// a finalized request too. Only for requests delivered as one part of at most {MAX_PUSH}
    /// entries.
    /// @param id the request
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
        Progress memory p = r.progress;
        if (p.state != RequestState.Finalized) _finalize(id, r, p, r.buyer);
        _push(id, r, p, recipients, bodyHashes);
    }

    /// @notice Pays one entry, by anyone: once the request is Finalized, or from verifyBy on. An
    /// entry ruled Pay comes with its dispute bond; a disputed one that was not ruled is paid from
    /// ruleBy on, its bond to the buyer.
    /// @param id the request
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
        Progress memory p = r.progress;
        if (p.state != RequestState.Finalized) _finalize(id, r, p, address(0));
        _requireEntry(id, r, part, index, payout, bodyHash, proof);
        EntryStatus status = _swapStatus(r, index, EntryStatus.Paid);
        uint256 escrow = r.escrow;
        uint256 amount = Money.part(escrow, p.count);
        PaymentList memory pays = _newPayments(4);
        if (status == EntryStatus.Unsettled) {
            _addPayment(pays, payout, amount);
        } else if (status == EntryStatus.RuledPay) {
            _addPayment(pays, payout, amount + Money.disputeBond(amount));
        } else if (status == EntryStatus.Disputed) {
            if (block.timestamp < _ruleBy(p)) revert TooEarly(_ruleBy(p));
            _addPayment(pays, payout, amount);
            _addPayment(pays, r.buyer, Money.disputeBond(amount));
        } else {
            revert AlreadySettled(id, index);
        }
        _settle(r, p, escrow, 1, 0, pays);
        _release(id, pays);
    }

    /// @notice Takes the exit that the request's state has, past its deadline, by anyone: Open and
    /// Replied are refunded (with the bond), Delivered is finalized.
    /// @param id the request
    function expire(uint256 id) external nonReentrant {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        if (p.state == RequestState.Delivered) _finalize(id, r, p, address(0));
        else _refund(id, r);
    }

    function _disputeAll(uint256 id, Request storage r, Progress memory p) private {
        uint256 n = p.count;
        uint256[] memory indices = new uint256[](n);
        for (uint256 index = 0; index < n; ++index) {
            indices[index] = index;
        }
        _dispute(id, r, p, indices, true);
    }

    // Delivered becomes Finalized: early by this account, from verifyBy on by anyone.
    function _finalize(uint256 id, Request storage r, Progress memory p, address early) private {
        _requireState(id, p.state, RequestState.Delivered);
        if (block.timestamp < p.deadline && msg.sender != early) revert TooEarly(p.deadline);
        r.progress.state = RequestState.Finalized;
        emit RequestFinalized(id);
    }

    // Open or Replied past its deadline: all goes back to the buyer, the hospital's bond too.
    function _refund(uint256 id, Request storage r) private {
        RequestState state = r.progress.state;
        uint256 amount = r.escrow;
        if (state == RequestState.Replied) amount += Money.bond(amount);
        else _requireState(id, state, RequestState.Open);
        if (block.timestamp < r.progress.deadline) revert TooEarly(r.progress.deadline);
        r.progress.state = RequestState.Refunded;
        emit RequestRefunded(id);
        PaymentList memory pays = _newPayments(1);
        _addPayment(pays, r.buyer, amount);
        _release(id, pays);
    }

    function _push(
        uint256 id,
        Request storage r,
        Progress memory p,
        address payable[] calldata recipients,
        bytes32[] calldata bodyHashes
    ) private {
        uint256 n = recipients.length;
        if (n > MAX_PUSH) revert TooMany(n, MAX_PUSH);
        if (n != p.count || p.parts != 1) revert BadRecipients(n, p.parts == 1 ? p.count : 0);
        if (bodyHashes.length != n) revert BadRecipients(bodyHashes.length, n);
        bytes32[] memory tree = new bytes32[](2 * n - 1);
        for (uint256 i = 0; i < n; ++i) {
            uint256 scratch = Scratch.mark();
            tree[2 * n - 2 - i] = EntryTree.leaf(id, i, recipients[i], bodyHashes[i]);
            Scratch.reset(scratch);
        }
        if (EntryTree.root(tree, n) != r.roots[0]) revert WrongProof(id);

        // the hospital is one more; the buyer only in place of an entry that went back to it
        PaymentList memory pays = _newPayments(n + 1);
        uint256 escrow = r.escrow;
        uint256 part = Money.part(escrow, n);
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
        _settle(r, p, escrow, pays.n, 0, pays);
        _release(id, pays);
    }
}
