// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entry} from "../../datahub/Types.sol";
import {Actor} from "./Actor.sol";

/// @notice What is sold: entries good and bad, under the versions of the group key, and the calls that
/// show one to DataHub.
abstract contract Goods is Actor {
    struct Key {
        bool confirmed;
        bool compromised;
        bool foreign; // another key than the signatures'
        uint256 retiredAt;
    }

    enum Flaw {
        None,
        OfNothing,
        OfBareRoot,
        OfRecord,
        OfOtherOwner,
        OfOtherContract,
        OtherYs,
        BentSignature,
        BentYs,
        NoConsent,
        BentConsent,
        HighS,
        SmallV,
        OtherSigner,
        OtherRequest,
        OtherRoot,
        OtherBundle,
        OtherPayout,
        OtherPrice
    }

    // secp256k1's order
    uint256 private constant ORDER =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 internal constant SALE_PERIOD = 730 days;

    Key[] internal _keys; // version 1 first
    uint32 internal _current; // version, 0: none
    mapping(uint256 id => Entry[]) private _goods;

    constructor() {
        _keys.push(Key(true, false, false, 0)); // by setUp
        _current = 1;
    }

    function _isSellable(uint256 version) internal view returns (bool) {
        if (version == 0 || version > _keys.length) return false;
        Key storage key = _keys[version - 1];
        return key.confirmed && !key.compromised
            && (key.retiredAt == 0 || block.timestamp < key.retiredAt + SALE_PERIOD);
    }

    // ---------------------------------------------------------------- making

    // The next entry of a request, after one with the root last; valid: in signature and consent.
    function _makeEntry(
        uint256 seed,
        uint256 id,
        uint256 index,
        bytes32 last,
        uint32 version,
        uint256 minPayout
    ) internal view returns (Entry memory e, bool valid) {
        Flaw flaw = Flaw.None;
        if (_at(seed, 0, 0, 1) == 0) flaw = Flaw(_at(seed, 1, 1, uint256(type(Flaw).max)));
        if (index >= 12 && index % 8 != 0) flaw = Flaw.OfNothing; // the cheapest
        e.releaseRoot = bytes32(uint256(last) + _at(seed, 2, 1, 1 << 240));
        e.payout = _payee(seed);
        e.bundleDigest = keccak256(abi.encode("bundle", seed));
        e.minPayout = minPayout;
        e.keyVersion = version;
        e.releaseAddr = vm.addr(RELEASE_KEY + index);
        (e.sig, e.ys) = _makeSignature(seed, e, flaw);
        e.consent = _makeConsent(seed, id, e, RELEASE_KEY + index, flaw);
        valid = flaw == Flaw.None && _isSellable(version) && !_keys[version - 1].foreign;
    }

    // Mostly a difficult one.
    function _payee(uint256 seed) private view returns (address) {
        uint256 kind = _at(seed, 3, 0, 5);
        if (kind == 0) return _fussy;
        if (kind == 1) return address(_reenterer);
        return kind < 4 ? _people[4 + _at(seed, 4, 0, 4)] : _person(seed);
    }

    function _makeSignature(uint256 seed, Entry memory e, Flaw flaw)
        private
        view
        returns (bytes memory sig, bytes memory ys_)
    {
        if (flaw == Flaw.OfNothing) return (sigs[0], ys[0]);
        bytes32 msg32 = _releaseMessage(e);
        (bytes32 root, address owner) = (e.releaseRoot, e.releaseAddr);
        if (flaw == Flaw.OfBareRoot) msg32 = root;
        if (flaw == Flaw.OfRecord) msg32 = _recordMessage(root, owner);
        if (flaw == Flaw.OfOtherOwner) {
            e.releaseAddr = e.payout;
            msg32 = _releaseMessage(e);
            e.releaseAddr = owner;
        }
        if (flaw == Flaw.OfOtherContract) {
            msg32 = sha256(
                abi.encodePacked("galen/release/1", block.chainid, address(this), root, owner)
            );
        }
        (sig, ys_) = signer.sign(msg32);
        if (flaw == Flaw.OtherYs) ys_ = ys[0];
        if (flaw == Flaw.BentSignature) _bend(seed, sig);
        if (flaw == Flaw.BentYs) _bend(seed, ys_);
    }

    function _makeConsent(uint256 seed, uint256 id, Entry memory e, uint256 key, Flaw flaw)
        private
        view
        returns (bytes memory consent)
    {
        if (flaw == Flaw.NoConsent) return new bytes(65);
        Entry memory as_ = Entry(
            flaw == Flaw.OtherRoot ? bytes32(uint256(e.releaseRoot) + 1) : e.releaseRoot,
            e.releaseAddr,
            flaw == Flaw.OtherPayout ? address(uint160(e.payout) + 1) : e.payout,
            flaw == Flaw.OtherBundle ? bytes32(0) : e.bundleDigest,
            flaw == Flaw.OtherPrice ? e.minPayout + 1 : e.minPayout,
            e.keyVersion,
            e.sig,
            e.ys,
            ""
        );
        consent = _consent(
            flaw == Flaw.OtherRequest ? id + 1 : id, as_, flaw == Flaw.OtherSigner ? key + 1 : key
        );
        if (flaw == Flaw.BentConsent) _bend(seed, consent);
        if (flaw == Flaw.SmallV) consent[64] = bytes1(uint8(consent[64]) - 27);
        if (flaw == Flaw.HighS) {
            consent[64] = bytes1(uint8(consent[64]) ^ 7); // 27 <-> 28
            assembly ("memory-safe") {
                mstore(add(consent, 64), sub(ORDER, mload(add(consent, 64))))
            }
        }
    }

    function _bend(uint256 seed, bytes memory data) internal pure {
        uint256 bit = _at(seed, 5, 0, data.length * 8 - 1);
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    // ---------------------------------------------------------------- keeping and showing

    function _keep(uint256 id, Entry[] memory part) internal {
        for (uint256 i = 0; i < part.length; ++i) {
            _goods[id].push(part[i]);
        }
    }

    function _entryOf(uint256 id, uint256 index) internal view returns (Entry memory) {
        return _goods[id][index];
    }

    function _lastRoot(uint256 id) internal view returns (bytes32) {
        uint256 count = _goods[id].length;
        return count == 0 ? bytes32(0) : _goods[id][count - 1].releaseRoot;
    }

    function _proofOf(uint256 id, uint256 index)
        internal
        view
        returns (uint256 part, bytes32[] memory proof)
    {
        uint256 first = 0;
        uint256[] storage parts = _deals[id].parts;
        while (first + parts[part] <= index) first += parts[part++];
        (, proof) = _prove(id, first, _slice(id, first, parts[part]), index);
    }

    function _claimCall(uint256 id, uint256 index) internal view returns (bytes memory) {
        (uint256 part, bytes32[] memory proof) = _proofOf(id, index);
        Entry memory e = _entryOf(id, index);
        return abi.encodeCall(hub.claim, (id, part, index, payable(e.payout), _bodyHash(e), proof));
    }

    function _proveInvalidCall(uint256 id, uint256 index, Entry memory e)
        internal
        view
        returns (bytes memory)
    {
        (uint256 part, bytes32[] memory proof) = _proofOf(id, index);
        return abi.encodeCall(hub.proveInvalidEntry, (id, part, index, e, proof));
    }

    function _openingCall(uint256 id, uint256 index, Entry memory e, bytes32 signatureHash)
        internal
        view
        returns (bytes memory)
    {
        (uint256 part, bytes32[] memory proof) = _proofOf(id, index);
        return abi.encodeCall(hub.requestOpening, (signatureHash, id, part, index, e, proof));
    }

    function _pushCall(uint256 id) internal view returns (bytes memory) {
        Entry[] memory all = _slice(id, 0, _goods[id].length);
        return
            abi.encodeCall(hub.finalizeWithBodyHashes, (id, true, _payouts(all), _bodyHashes(all)));
    }

    function _slice(uint256 id, uint256 first, uint256 n)
        private
        view
        returns (Entry[] memory part)
    {
        part = new Entry[](n);
        for (uint256 i = 0; i < n; ++i) {
            part[i] = _goods[id][first + i];
        }
    }
}
