// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Entries} from "./Entries.sol";
import {EntryTree} from "./EntryTree.sol";
import {Money} from "./Money.sol";
import {Signatures} from "./Signatures.sol";
import {Entry, EntryStatus} from "./Types.sol";

/// @title Proofs that an entry is worth nothing
/// @notice What the contract can check by itself needs no judge: the group signature, and the
/// consent that must name exactly this entry.
abstract contract InvalidEntries is Entries, Signatures {
    bytes32 private constant SHARE_CONSENT_TYPE = keccak256(
        "ShareConsent(uint256 requestId,bytes32 releaseRoot,bytes32 bundleDigest,address payout,uint256 minPayout)"
    );

    /// @notice An entry's group signature or consent is not valid; its part went to the buyer.
    event EntryInvalid(uint256 indexed id, uint256 index);

    /// @notice The entry's group signature and consent are both valid.
    error EntryIsValid(uint256 id, uint256 index);

    /// @notice Proves by anyone that an entry's group signature is invalid, or that its consent is
    /// not releaseAddr's for exactly this entry, while the request is Delivered or Finalized and
    /// the entry is not settled. Its part, bond and dispute bond go to the buyer at once.
    /// @param id the request
    /// @param part the part it was delivered in, from 0
    /// @param index its index over all parts, from 0
    /// @param entry the entry, as its event has it
    /// @param proof its Merkle proof in that part
    function proveInvalidEntry(
        uint256 id,
        uint256 part,
        uint256 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external nonReentrant {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        _requireDelivered(id, p.state);
        _requireEntry(id, r, part, index, entry.payout, EntryTree.bodyHash(entry), proof);
        EntryStatus status = _swapStatus(r, index, EntryStatus.Invalid);
        bool disputed = status == EntryStatus.Disputed || status == EntryStatus.RuledPay;
        if (!disputed && status != EntryStatus.Unsettled) revert AlreadySettled(id, index);
        if (_isConsented(id, entry) && _isSigned(entry)) revert EntryIsValid(id, index);

        emit EntryInvalid(id, index);
        uint256 escrow = r.escrow;
        uint256 amount = Money.refund(escrow, p.count);
        if (disputed) amount += Money.disputeBond(Money.part(escrow, p.count));
        PaymentList memory pays = _newPayments(3);
        _addPayment(pays, r.buyer, amount);
        _settle(r, p, escrow, 1, 1, pays);
        _release(id, pays);
    }

    function _isSigned(Entry calldata entry) private view returns (bool) {
        bytes32 msg32 = _signedMessage("galen/release/1", entry.releaseRoot, entry.releaseAddr);
        return verifySignature(msg32, entry.sig, entry.ys, entry.keyVersion);
    }

    // By the key alone: what a contract at releaseAddr would say could change.
    function _isConsented(uint256 id, Entry calldata entry) private view returns (bool) {
        bytes32 structHash = keccak256(
            abi.encode(
                SHARE_CONSENT_TYPE,
                id,
                entry.releaseRoot,
                entry.bundleDigest,
                entry.payout,
                entry.minPayout
            )
        );
        (address signer, ECDSA.RecoverError fault,) =
            ECDSA.tryRecover(_hashTypedDataV4(structHash), entry.consent);
        return fault == ECDSA.RecoverError.NoError && signer == entry.releaseAddr;
    }
}
