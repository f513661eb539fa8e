// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {Entries} from "../datahub/Entries.sol";
import {InvalidEntries} from "../datahub/InvalidEntries.sol";
import {Payments} from "../datahub/Payments.sol";
import {Entry, EntryStatus, RequestInfo, RequestState, Verdict} from "../datahub/Types.sol";
import {Wallet1271} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";

contract InvalidEntriesTest is HubTest {
    // secp256k1's group order
    uint256 private constant N =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    // ---------------------------------------------------------------- what is valid

    function test_aValidEntryIsNotProvenInvalid() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 8);
        for (uint256 i = 0; i < 8; ++i) {
            _expectValid(id, i);
            _proveInvalid(id, entries, i);
            _requireStatus(id, i, EntryStatus.Unsettled);
        }
        // nor a disputed one, nor when it was ruled, nor later
        _dispute(id, _range(0, 2));
        _rule(id, _only(0), Verdict.Pay);
        vm.warp(START + 1000 days);
        for (uint256 i = 0; i < 3; ++i) {
            _expectValid(id, i);
            _proveInvalid(id, entries, i);
        }
        _requireStatus(id, 0, EntryStatus.RuledPay);
        _requireStatus(id, 1, EntryStatus.Disputed);
        vm.assertEq(hub.getRequest(id).invalid, 0, "none is invalid");
    }

    /// The key's later fate is no fault of the signature: compromise is for the managers to judge.
    function test_aRetiredOrCompromisedKeyMakesNothingInvalid() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 2);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(rm);
            hub.retireGroupKey(1, i == 1);
            _expectValid(id, 0);
            _proveInvalid(id, entries, 0);
        }
    }

    // ---------------------------------------------------------------- signatures

    /// A real signature, but of another release, owner, contract or chain, of a record, or of the
    /// bare root; or with another's y coordinates.
    function test_aSignatureOverSomethingElseIsInvalid() public {
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 9);
        bytes32[7] memory messages;
        Entry memory other = _valid(id, 1)[0];
        other.releaseRoot = entries[1].releaseRoot;
        messages[0] = _releaseMessage(other); // the root of another, too
        messages[1] = entries[1].releaseRoot;
        messages[2] = _recordMessage(entries[2].releaseRoot, entries[2].releaseAddr);
        other = _valid(id, 4)[3];
        other.releaseAddr = stranger;
        messages[3] = _releaseMessage(other);
        DataHub here = hub;
        hub = DataHub(address(signer));
        messages[4] = _releaseMessage(entries[4]);
        hub = here;
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        messages[5] = _releaseMessage(entries[5]);
        vm.chainId(chain);
        messages[6] = _releaseMessage(entries[7]);
        for (uint256 i = 0; i < 7; ++i) {
            (entries[i].sig, entries[i].ys) = signer.sign(messages[i]);
        }
        (, entries[7].ys) = signer.sign(messages[0]);
        _delivered(1 ether, 1, entries);
        for (uint256 i = 0; i < 8; ++i) {
            _proveInvalid(id, entries, i);
            _requireStatus(id, i, EntryStatus.Invalid);
        }
        _expectValid(id, 8);
        _proveInvalid(id, entries, 8);
    }

    function testFuzz_aSignatureWithAnyBitChangedIsInvalid(uint256 bit, bool inYs) public {
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 1);
        bytes memory data = inYs ? entries[0].ys : entries[0].sig;
        bit = _bound(bit, 0, 8 * data.length - 1);
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _delivered(1 ether, 1, entries);
        _proveInvalid(id, entries, 0);
        _requireStatus(id, 0, EntryStatus.Invalid);
    }

    /// A signature is valid under its own key version only.
    function test_anotherVersionsSignatureIsInvalid() public {
        groupKey[500] ^= 0x01; // a proof's byte: the points stay, the fingerprint is another
        fingerprint = sha256(groupKey);
        vm.assertEq(_installKey(), 2, "version");
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 2);
        entries[0].keyVersion = 2;
        _delivered(1 ether, 1, entries);
        _proveInvalid(id, entries, 0);
        _requireStatus(id, 0, EntryStatus.Invalid);
        _expectValid(id, 1);
        _proveInvalid(id, entries, 1);
    }

    // ---------------------------------------------------------------- consents

    /// The consent is for exactly this entry, request, contract and chain.
    function test_aConsentToSomethingElseIsInvalid() public {
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 8);
        Entry[] memory other = _valid(id, 8);
        other[2].releaseRoot = other[3].releaseRoot;
        other[3].bundleDigest = other[2].bundleDigest;
        other[4].payout = hospital;
        other[5].minPayout = 0;
        for (uint256 i = 2; i < 6; ++i) {
            entries[i].consent = _consent(id, other[i], RELEASE_KEY + i);
        }
        entries[0].consent = _consent(id, entries[0], RELEASE_KEY + 1);
        entries[1].consent = _consent(id + 1, entries[1], RELEASE_KEY + 1);
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        entries[6].consent = _consent(id, entries[6], RELEASE_KEY + 6);
        vm.chainId(chain);
        DataHub here = hub;
        hub = _deploy(gm, rm);
        entries[7].consent = _consent(id, entries[7], RELEASE_KEY + 7);
        hub = here;
        vm.assertEq(_delivered(1 ether, 1, entries), id, "id");
        _requireAllInvalid(id, entries);
    }

    /// One signature has one form: of others OpenZeppelin's ECDSA takes none, and an account that
    /// is nobody's, or a contract's, signs nothing.
    function test_aConsentInAnotherFormIsInvalid() public {
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 8);
        for (uint256 i = 0; i < 8; ++i) {
            (bytes32 r, bytes32 s, uint8 v) = _split(entries[i].consent);
            bytes32 high = bytes32(N - uint256(s));
            if (i == 0) entries[i].consent = abi.encodePacked(r, high, uint8(v == 27 ? 28 : 27));
            if (i == 1) entries[i].consent = abi.encodePacked(r, s, v - 27);
            if (i == 2) entries[i].consent = abi.encodePacked(r, s, uint8(v == 27 ? 28 : 27));
            if (i == 3) entries[i].consent = abi.encodePacked(r, s, v + 8);
            // EIP-2098 is 64 bytes, filled up
            if (i == 4) {
                bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
                entries[i].consent = abi.encodePacked(r, vs, uint8(0));
            }
            if (i == 5) entries[i].consent = abi.encodePacked(new bytes(64), uint8(27));
            // ecrecover's answer to nonsense is the zero address
            if (i == 6) {
                entries[i].releaseAddr = address(0);
                entries[i].consent = abi.encodePacked(r, s, uint8(29));
            }
            if (i == 7) {
                bytes32 digest = _digest(_consentHash(id, entries[i]));
                entries[i].releaseAddr = address(new Wallet1271(digest));
            }
        }
        _delivered(1 ether, 1, entries);
        _requireAllInvalid(id, entries);
    }

    // ---------------------------------------------------------------- the money

    /// Its part and share of the bond, and its dispute bond if there was one, are the buyer's.
    function testFuzz_theBuyerGetsItsMoneyBack(uint256 escrow, uint256 n, uint256 before) public {
        n = _bound(n, 2, 8);
        before = _bound(before, 0, 2);
        escrow = _bound(escrow, n + 1, 900 ether);
        Entry[] memory entries = _entries(0, n);
        uint256 id = _delivered(escrow, 1, entries);
        uint256 part = escrow / (n + 1);
        uint256 back = part + _bondOf(escrow) / n;
        if (before != 0) {
            _dispute(id, _only(0));
            back += part % 10 == 0 ? part / 10 : part / 10 + 1;
        }
        if (before == 2) _rule(id, _only(0), Verdict.Pay);
        (uint256 had, uint256 held) = (buyer.balance, address(hub).balance);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 0);
        vm.expectEmit(address(hub));
        emit InvalidEntries.EntryInvalid(id, 0);
        address[] memory paid = new address[](1);
        paid[0] = buyer;
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, paid);
        vm.prank(stranger);
        hub.proveInvalidEntry(id, 0, 0, entries[0], proof);
        vm.assertEq(buyer.balance, had + back, "the buyer has it");
        vm.assertEq(address(hub).balance, held - back, "the rest is held");
        vm.assertEq(stranger.balance, 0, "the prover gets nothing");
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(info.settled, 1, "settled");
        vm.assertEq(info.invalid, 1, "invalid");
        _requireStatus(id, 0, EntryStatus.Invalid);
    }

    function test_whatIsSettledIsNotProvenInvalid() public {
        Entry[] memory entries = _entries(0, 5);
        uint256 id = _delivered(1.2 ether, 1, entries);
        _dispute(id, _range(0, 2));
        _rule(id, _only(0), Verdict.Refund);
        _rule(id, _only(1), Verdict.Fraud);
        _proveInvalid(id, entries, 2);
        vm.prank(buyer);
        hub.finalize(id, true, new address payable[](0));
        _claim(id, entries, 3);
        uint256 held = address(hub).balance;
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Entries.AlreadySettled.selector, id, i));
            _proveInvalid(id, entries, i);
        }
        _requireStatus(id, 3, EntryStatus.Paid);
        vm.assertEq(address(hub).balance, held, "nothing is paid twice");
    }

    // ---------------------------------------------------------------- when and which

    /// From the seal on and without end, as long as the entry is not settled.
    function test_whenAnEntryIsProvenInvalid() public {
        uint256 id = _open(1.2 ether, 1, 400);
        Entry[] memory entries = _entries(0, 5);
        _expectState(9, RequestState.None);
        _proveInvalid(9, entries, 0);
        _expectState(id, RequestState.Open);
        _proveInvalid(id, entries, 0);
        vm.startPrank(hospital);
        hub.reply{value: 0.12 ether}(id, MANIFEST);
        hub.deliver(id, 0, entries, false);
        vm.stopPrank();
        _expectState(id, RequestState.Replied);
        _proveInvalid(id, entries, 0);

        vm.prank(hospital);
        hub.deliver(id, MANIFEST, new Entry[](0), true);
        _proveInvalid(id, entries, 0);
        uint256 verifyBy = hub.getRequest(id).deadline;
        vm.warp(verifyBy);
        _proveInvalid(id, entries, 1);
        _requireState(id, RequestState.Delivered);
        hub.expire(id);
        _proveInvalid(id, entries, 2);
        vm.warp(verifyBy + 14 days);
        _proveInvalid(id, entries, 3);
        vm.warp(verifyBy + 1000 days);
        _proveInvalid(id, entries, 4);
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    function test_aRefundedRequestsEntriesAreNotProvenInvalid() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 2);
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
        vm.warp(START + 14 days);
        hub.expire(id);
        _expectState(id, RequestState.Refunded);
        _proveInvalid(id, entries, 0);
    }

    function test_entriesOfLaterParts() public {
        uint256 id = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(id, 0, _entries(0, 2), false);
        hub.deliver(id, MANIFEST, _entries(2, 3), true);
        vm.stopPrank();
        Entry[] memory second = _entries(2, 3);
        (, bytes32[] memory proof) = _prove(id, 2, second, 3);
        uint256[3] memory wrong = [uint256(0), 2, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            _expectWrongProof(id);
            hub.proveInvalidEntry(id, wrong[i], 3, second[1], proof);
        }
        hub.proveInvalidEntry(id, 1, 3, second[1], proof);
        _requireStatus(id, 3, EntryStatus.Invalid);
        _requireStatus(id, 1, EntryStatus.Unsettled);
    }

    /// Only an entry exactly as it was delivered, at its index.
    function test_theEntryMustBeTheDelivered() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 4);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 2);
        for (uint256 i = 0; i < 9; ++i) {
            Entry memory e = _valid(id, 4)[2];
            if (i == 0) e.releaseRoot ^= bytes32(uint256(1));
            if (i == 1) e.releaseAddr = stranger;
            if (i == 2) e.payout = buyer;
            if (i == 3) e.bundleDigest = 0;
            if (i == 4) ++e.minPayout;
            if (i == 5) e.keyVersion = 2;
            if (i == 6) e.sig[361] ^= 0x01;
            if (i == 7) e.ys[239] ^= 0x01;
            if (i == 8) e.consent[64] ^= 0x01;
            _expectWrongProof(id);
            hub.proveInvalidEntry(id, 0, 2, e, proof);
        }
        for (uint256 i = 0; i < 5; ++i) {
            if (i == 2) continue;
            _expectWrongProof(id);
            hub.proveInvalidEntry(id, 0, i, entries[2], proof);
        }
        _expectWrongProof(id);
        hub.proveInvalidEntry(id, 0, 2, entries[2], new bytes32[](0));
        _expectValid(id, 2);
        hub.proveInvalidEntry(id, 0, 2, entries[2], proof);
    }

    // ---------------------------------------------------------------- helpers

    function _split(bytes memory sig) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(sig, 32))
            s := mload(add(sig, 64))
            v := byte(0, mload(add(sig, 96)))
        }
    }

    function _requireAllInvalid(uint256 id, Entry[] memory entries) private {
        for (uint256 i = 0; i < entries.length; ++i) {
            _proveInvalid(id, entries, i);
            _requireStatus(id, i, EntryStatus.Invalid);
        }
    }

    function _expectValid(uint256 id, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidEntries.EntryIsValid.selector, id, index));
    }

    function _expectWrongProof(uint256 id) private {
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
    }
}
