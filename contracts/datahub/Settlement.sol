// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {EntryTree} from "./EntryTree.sol";
import {Payments} from "./Payments.sol";
import {Requests} from "./Requests.sol";
import {Scratch} from "./Scratch.sol";
import {EntryStatus, MAX_PUSH, RequestState} from "./Types.sol";

/// @title Who gets a request's money
/// @notice count entries share the escrow with the hospital: each gets a part = floor(escrow /
/// (count + 1)), the hospital what remains, with its bond, once the last entry is settled.
abstract contract Settlement is Requests, Payments {
    /// @notice A request's entries may be claimed from now on.
    event RequestFinalized(uint256 indexed id);
    /// @notice A request ended without a delivery; escrow and bond went to the buyer.
    event RequestRefunded(uint256 indexed id);

    /// @notice The lists have another length than expected; 0: give none.
    error BadRecipients(uint256 given, uint256 expected);
    /// @notice What is given does not lead to the part's root.
    error WrongProof(uint256 id);
    /// @notice The entry has been settled before.
    error AlreadySettled(uint256 id, uint256 index);
    /// @notice Every entry has been settled before.
    error NothingToPay(uint256 id);

    /// @notice ok: ends the verification, by the buyer while Delivered, by anyone from verifyBy on;
    /// everything is then claimed. Not ok: refunds a request that got no reply by replyBy or no
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
        _requireValue(0);
        Request storage r = _requests[id];
        if (ok) {
            _finalize(id, r, r.progress, r.buyer);
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

    /// @notice Pays one entry, by anyone: once the request is Finalized, or from verifyBy on.
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
        bytes32 leaf = EntryTree.leaf(id, index, payout, bodyHash);
        if (!MerkleProof.verifyCalldata(proof, r.roots[part], leaf)) revert WrongProof(id);

        uint256 word = r.statuses[index / 32];
        uint256 shift = (index % 32) * 8;
        if (uint8(word >> shift) != uint8(EntryStatus.Unsettled)) revert AlreadySettled(id, index);
        r.statuses[index / 32] = word | (uint256(EntryStatus.Paid) << shift);

        uint256 escrow = r.escrow;
        PaymentList memory pays = _newPayments(3);
        _addPayment(pays, payout, _part(escrow, p.count));
        _settle(r, p, escrow, 1, pays);
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
        if (state == RequestState.Replied) amount += _bond(amount);
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

        PaymentList memory pays = _newPayments(n + 2);
        uint256 escrow = r.escrow;
        uint256 part = _part(escrow, n);
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
        _settle(r, p, escrow, pays.n, pays);
        _release(id, pays);
    }

    // Counts entries as settled. With the last one the hospital's part and bond are paid.
    function _settle(
        Request storage r,
        Progress memory p,
        uint256 escrow,
        uint256 newly,
        PaymentList memory pays
    ) private {
        uint256 settled = p.settled + newly;
        r.progress.settled = uint16(settled);
        if (settled != p.count) return;
        uint256 hospitalPart = escrow - _part(escrow, p.count) * p.count;
        uint256 bond = _bond(escrow);
        uint256 bondLeft = bond - (bond / p.count) * p.invalid;
        bool enough = p.count - p.invalid >= p.minRecords;
        _addPayment(pays, r.hospital, enough ? hospitalPart + bondLeft : bondLeft);
        if (!enough) _addPayment(pays, r.buyer, hospitalPart);
    }
}
