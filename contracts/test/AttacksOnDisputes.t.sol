// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "../datahub/Disputes.sol";
import {Entries} from "../datahub/Entries.sol";
import {InvalidEntries} from "../datahub/InvalidEntries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Openings} from "../datahub/Openings.sol";
import {Entry, EntryStatus, RequestState, Verdict} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

/// @notice Attacks on disputes, rulings, fraud proofs and openings; here each fails.
contract AttacksOnDisputesTest is HubTest {
    address payable[] private none;

    // ---------------------------------------------------------------- buyers

    /// Who disputes everything gets nothing back for honest entries, and its bonds pay the patients.
    function test_alwaysDisputing() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(0.9 ether, 1, 8);
        uint256 before = buyer.balance;
        vm.prank(buyer);
        hub.finalize{value: 0.08 ether}(id, false, none);
        _rule(id, _range(0, 8), Verdict.Pay);
        vm.warp(START + 7 days);
        for (uint256 i = 0; i < 8; ++i) {
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.11 ether, "part and bond");
        }
        vm.assertEq(buyer.balance, before - 0.08 ether, "the bonds are gone");
        vm.assertEq(hospital.balance, 1000.1 ether, "the hospital has all of its own");
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    /// Nor does it hold up those whom it does not dispute.
    function test_disputingHoldsUpNobodyElse() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.warp(START + 7 days - 1);
        _dispute(id, _range(0, 3));
        vm.warp(START + 7 days);
        vm.prank(stranger);
        _claim(id, entries, 3);
        vm.assertEq(entries[3].payout.balance, 0.2 ether, "paid in time");
    }

    /// The buyer's own patient gives one bad bundle: that entry's refund and its share of the bond
    /// is all there is to win; the others and the hospital have theirs.
    function test_aSybilPatientWithOneBadBundle() public {
        Entry[] memory entries = _entries(0, 5);
        entries[4].payout = buyer;
        uint256 id = _delivered(1.2 ether, 4, entries);
        uint256 before = buyer.balance;
        _dispute(id, _only(4));
        _rule(id, _only(4), Verdict.Refund);
        vm.assertEq(buyer.balance, before + 0.2 ether + 0.024 ether, "part and a fifth of the bond");
        vm.warp(START + 7 days);
        for (uint256 i = 0; i < 4; ++i) {
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.2 ether, "paid");
        }
        vm.assertEq(hospital.balance, 1000.2 ether - 0.024 ether, "its part");
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    /// A dispute whose entry was proven invalid first (in the same block, say) costs no bond, and
    /// the ruling that comes then pays nothing.
    function test_frontRunningADisputeWithAProof() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        uint256 before = buyer.balance;
        vm.prank(hospital);
        _proveInvalid(id, entries, 0);
        _dispute(id, _two(0, 1));
        vm.assertEq(hub.credits(buyer), 0.02 ether, "that bond is owed");
        vm.prank(gm);
        hub.rule(id, _two(0, 1), Verdict.Refund);
        vm.prank(hospital);
        _proveInvalid(id, entries, 1);
        vm.recordLogs();
        vm.prank(rm);
        hub.rule(id, _two(0, 1), Verdict.Refund);
        vm.assertEq(vm.getRecordedLogs().length, 1, "a verdict on nothing");
        hub.withdraw(buyer);
        vm.assertEq(buyer.balance, before + 2 * 0.225 ether, "each once, and both bonds");
        _requireStatus(id, 1, EntryStatus.Invalid);
    }

    function test_provingARuledEntryTwice() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _two(0, 1));
        _rule(id, _only(0), Verdict.Refund);
        _rule(id, _only(1), Verdict.Pay);
        uint256 before = buyer.balance;
        vm.expectRevert(abi.encodeWithSelector(Entries.AlreadySettled.selector, id, 0));
        _proveInvalid(id, entries, 0);
        _proveInvalid(id, entries, 1); // what the managers overlooked
        vm.assertEq(buyer.balance, before + 0.245 ether, "once");
        vm.warp(START + 21 days);
        vm.expectRevert(abi.encodeWithSelector(Entries.AlreadySettled.selector, id, 1));
        _claim(id, entries, 1);
    }

    // ---------------------------------------------------------------- managers

    /// Back and forth until both agree; then never again, whoever holds the office.
    function test_aManagerChangesItsVoteTooLate() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _only(0));
        uint256 held = address(hub).balance;
        vm.startPrank(gm);
        for (uint256 i = 0; i < 9; ++i) {
            hub.rule(id, _only(0), Verdict(1 + i % 3));
        }
        vm.stopPrank();
        _requireVotes(id, 0, Verdict.Fraud, Verdict.None);
        vm.prank(rm);
        hub.rule(id, _only(0), Verdict.Fraud);
        vm.assertEq(address(hub).balance, held - 0.245 ether, "paid once");
        _rule(id, _only(0), Verdict.Refund);
        _rule(id, _only(0), Verdict.Pay);
        _requireStatus(id, 0, EntryStatus.Fraud);
        vm.assertEq(address(hub).balance, held - 0.245 ether, "and not again");
    }

    /// The vote is the office's: it stays when its holder goes, the successor may change it, the
    /// former may not. Who leaves one office for the other does not vote twice.
    function test_aRotatedManagersVote() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _range(0, 3));
        vm.startPrank(gm);
        hub.rule(id, _range(0, 3), Verdict.Refund);
        hub.proposeManager(stranger);
        vm.stopPrank();
        vm.startPrank(stranger);
        hub.acceptGroupManager();
        hub.rule(id, _only(1), Verdict.Pay);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Managers.NotManager.selector, gm));
        vm.prank(gm);
        hub.rule(id, _only(0), Verdict.Fraud);
        vm.prank(rm);
        hub.rule(id, _range(0, 2), Verdict.Refund);
        _requireStatus(id, 0, EntryStatus.Refunded);
        _requireStatus(id, 1, EntryStatus.Disputed);

        // the first group manager becomes revocation manager: its own vote stands already
        vm.prank(rm);
        hub.proposeManager(gm);
        vm.startPrank(gm);
        hub.acceptRevocationManager();
        hub.rule(id, _only(1), Verdict.Fraud);
        vm.stopPrank();
        _requireVotes(id, 1, Verdict.Pay, Verdict.Fraud);
        _requireStatus(id, 1, EntryStatus.Disputed);
        _requireVotes(id, 2, Verdict.Refund, Verdict.None);
    }

    /// A vote lasts no longer than its request and its entry: the same index elsewhere has none.
    function test_votesDoNotCarryOver() public {
        uint256 a = _delivered(1 ether, 1, _entries(0, 40));
        uint256 b = _delivered(1 ether, 1, _entries(0, 40));
        _dispute(a, _two(0, 32));
        _dispute(b, _two(0, 32));
        vm.prank(gm);
        hub.rule(a, _only(0), Verdict.Refund);
        vm.startPrank(rm);
        hub.rule(b, _only(0), Verdict.Refund);
        hub.rule(a, _only(32), Verdict.Refund);
        vm.stopPrank();
        _requireStatus(a, 0, EntryStatus.Disputed);
        _requireStatus(b, 0, EntryStatus.Disputed);
        _requireStatus(a, 32, EntryStatus.Disputed);
        _requireVotes(b, 32, Verdict.None, Verdict.None);
    }

    /// Verdicts in stock for entries that nobody has disputed would wait for the buyer to do it.
    function test_votingBeforeTheDispute() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotDisputed.selector, id, 0));
        vm.prank(gm);
        hub.rule(id, _only(0), Verdict.Fraud);
        _dispute(id, _only(0));
        _requireVotes(id, 0, Verdict.None, Verdict.None);
    }

    // ---------------------------------------------------------------- fraud proofs

    /// A valid entry shown with one byte changed is not the delivered one; its consent in another
    /// form of the same signature neither.
    function test_malleatingAValidEntry() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 4);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 1);
        Entry memory e = entries[1];
        bytes32 s;
        bytes memory consent = e.consent;
        assembly ("memory-safe") {
            s := mload(add(consent, 64))
        }
        uint256 n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes32 high = bytes32(n - uint256(s));
        assembly ("memory-safe") {
            mstore(add(consent, 64), high)
        }
        consent[64] = consent[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.proveInvalidEntry(id, 0, 1, e, proof);
        _requireStatus(id, 1, EntryStatus.Unsettled);
    }

    /// Code that appears at releaseAddr (EIP-7702, or CREATE2) takes no consent back.
    function test_releaseAddrBecomesAContract() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 2);
        vm.etch(entries[0].releaseAddr, hex"60006000fd");
        vm.expectRevert(abi.encodeWithSelector(InvalidEntries.EntryIsValid.selector, id, 0));
        _proveInvalid(id, entries, 0);
    }

    /// Whatever gas the prover brings, a valid entry stays valid: too little reverts.
    function test_starvingTheVerifierVoidsNoSale() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 2);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 1);
        bytes memory call = abi.encodeCall(hub.proveInvalidEntry, (id, 0, 1, entries[1], proof));
        for (uint256 gas_ = 20_000; gas_ < 500_000; gas_ += 3_000) {
            (bool ok,) = address(hub).call{gas: gas_}(call);
            vm.assertEq(ok, false, "not proven");
        }
        _requireStatus(id, 1, EntryStatus.Unsettled);
    }

    /// The same entries in two requests, and in two parts: a proof is good in its own place only.
    function test_replayingProofsAcrossRequestsAndParts() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 a = _delivered(1 ether, 1, entries);
        uint256 b = _delivered(1 ether, 1, entries);
        uint256 c = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(c, 0, _entries(0, 2), false);
        hub.deliver(c, MANIFEST, _entries(2, 2), true);
        vm.stopPrank();
        (, bytes32[] memory proof) = _prove(a, 0, entries, 2);
        _refuseProofs(b, 0, 2, entries[2], proof);
        _refuseProofs(a, 0, 0, entries[2], proof);
        _refuseProofs(a, 1, 2, entries[2], proof);

        // index 2 is the second part's; counted within its part it would be 0
        Entry[] memory second = _entries(2, 2);
        (, proof) = _prove(c, 2, second, 2);
        _refuseProofs(c, 0, 2, second[0], proof);
        _refuseProofs(c, 1, 0, second[0], proof);
        (, bytes32[] memory counted) = _prove(c, 0, second, 0);
        _refuseProofs(c, 1, 0, second[0], counted);
        hub.proveInvalidEntry(c, 1, 2, second[0], proof);
        _requireStatus(c, 2, EntryStatus.Invalid);
        _requireStatus(c, 0, EntryStatus.Unsettled);
    }

    /// A consent is for one request: what was agreed for a dear one is not sold cheaply.
    function test_replayingAConsentInAnotherRequest() public {
        (uint256 a, Entry[] memory entries) = _deliveredValid(8 ether, 1, 3);
        uint256 b = _delivered(0.1 ether, 1, entries);
        vm.expectRevert(abi.encodeWithSelector(InvalidEntries.EntryIsValid.selector, a, 0));
        _proveInvalid(a, entries, 0);
        _proveInvalid(b, entries, 0);
        _requireStatus(b, 0, EntryStatus.Invalid);
    }

    // ---------------------------------------------------------------- openings

    /// An honest doctor's entry is opened by no one: not undisputed, not disputed, not by one
    /// manager's word, nor by naming its signature in the place of a bad one's.
    function test_openingAnInnocentDoctor() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 4);
        _dispute(id, _range(1, 3));
        vm.prank(gm);
        hub.rule(id, _range(1, 2), Verdict.Fraud);
        _rule(id, _only(3), Verdict.Fraud);
        _rule(id, _only(2), Verdict.Pay);
        vm.startPrank(buyer);
        for (uint256 i = 0; i < 3; ++i) {
            (, bytes32[] memory proof) = _prove(id, 0, entries, i);
            bytes32 hash = keccak256(entries[i].sig);
            vm.expectRevert(abi.encodeWithSelector(Openings.NotRuledFraud.selector, id, i));
            hub.requestOpening(hash, id, 0, i, entries[i], proof);
            (, proof) = _prove(id, 0, entries, 3);
            vm.expectRevert(
                abi.encodeWithSelector(
                    Openings.WrongSignatureHash.selector, hash, keccak256(entries[3].sig)
                )
            );
            hub.requestOpening(hash, id, 0, 3, entries[3], proof);
        }
        vm.stopPrank();
        // and without a buyer's request both managers together open nothing here
        vm.expectRevert(abi.encodeWithSelector(Openings.UnknownOpening.selector, id << 16));
        vm.prank(gm);
        hub.approveOpeningGroupManager(id << 16, MANIFEST);
    }

    function test_openingWhatDoesNotExist() public {
        Entry[] memory entries = _entries(0, 1);
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotBuyer.selector, buyer));
        vm.prank(buyer);
        hub.requestOpening(keccak256(sigs[0]), 3, 0, 0, entries[0], new bytes32[](0));
        uint256[3] memory ids = [uint256(0), 1 << 16, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Openings.UnknownOpening.selector, ids[i]));
            vm.prank(gm);
            hub.approveOpeningGroupManager(ids[i], MANIFEST);
            vm.expectRevert(abi.encodeWithSelector(Openings.UnknownOpening.selector, ids[i]));
            vm.prank(rm);
            hub.approveOpeningRevocationManager(ids[i], MANIFEST);
            vm.assertEq(hub.getOpening(ids[i]).requested, false, "none");
        }
    }

    /// An index of 2^16 and more would run into the next request's openings: there is none.
    function test_openingIdsDoNotCollide() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 a = _delivered(1 ether, 1, entries);
        uint256 b = _delivered(1 ether, 1, entries);
        vm.assertEq(b, a + 1, "the next");
        _dispute(a, _only(2));
        _rule(a, _only(2), Verdict.Fraud);
        _dispute(b, _only(2));
        _rule(b, _only(2), Verdict.Fraud);
        bytes32 hash = keccak256(entries[2].sig);
        (, bytes32[] memory proof) = _prove(a, 0, entries, 2);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, a));
        hub.requestOpening(hash, a, 0, (1 << 16) + 2, entries[2], proof);
        uint256 first = hub.requestOpening(hash, a, 0, 2, entries[2], proof);
        (, proof) = _prove(b, 0, entries, 2);
        uint256 second = hub.requestOpening(hash, b, 0, 2, entries[2], proof);
        vm.stopPrank();
        vm.assertEq(second, first + (1 << 16), "one each");
        vm.prank(gm);
        hub.approveOpeningGroupManager(first, MANIFEST);
        vm.assertEq(hub.getOpening(second).groupManagerApproved, false, "not the other's");
    }

    // ---------------------------------------------------------------- size

    /// The most entries that one call takes, disputed, ruled and refunded, fit a transaction of
    /// 2^24 gas (EIP-7825), calldata and cold storage counted in.
    function test_400EntriesFitATransactionsGas() public {
        uint256 id = _delivered(401 ether, 1, _entries(0, 400));
        uint256 bonds = 400 * _disputeBondOf(id);
        uint256[] memory indices = _range(0, 400);
        bytes[4] memory calls = [
            abi.encodeCall(hub.dispute, (id, indices)),
            abi.encodeCall(hub.rule, (id, indices, Verdict.Fraud)),
            abi.encodeCall(hub.rule, (id, indices, Verdict.Fraud)),
            abi.encodeCall(hub.finalize, (id, false, none))
        ];
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 4; ++i) {
            if (i == 3) vm.revertToState(snapshot);
            vm.prank(i == 1 ? gm : i == 2 ? rm : buyer);
            uint256 before = gasleft();
            (bool ok,) = address(hub).call{value: i % 3 == 0 ? bonds : 0}(calls[i]);
            uint256 used = before - gasleft();
            vm.assertTrue(ok, "done");
            // 13 words of statuses and 10 other slots, each at the price of a first write
            used += 21_000 + 16 * calls[i].length + 23 * 22_100;
            vm.assertLe(used, 1 << 24, "gas");
        }
        _requireStatus(id, 399, EntryStatus.Disputed);
    }

    // ---------------------------------------------------------------- helpers

    // By proving, opening and claiming.
    function _refuseProofs(
        uint256 id,
        uint256 part,
        uint256 index,
        Entry memory entry,
        bytes32[] memory proof
    ) private {
        bytes memory refusal = abi.encodeWithSelector(Entries.WrongProof.selector, id);
        vm.expectRevert(refusal);
        hub.proveInvalidEntry(id, part, index, entry, proof);
        vm.expectRevert(refusal);
        vm.prank(buyer);
        hub.requestOpening(keccak256(entry.sig), id, part, index, entry, proof);
        uint256 now_ = block.timestamp;
        vm.warp(START + 30 days);
        vm.expectRevert(refusal);
        hub.claim(id, part, index, payable(entry.payout), _bodyHash(entry), proof);
        vm.warp(now_);
    }
}
