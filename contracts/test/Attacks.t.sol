// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "../datahub/Disputes.sol";
import {Entries} from "../datahub/Entries.sol";
import {GroupKeys} from "../datahub/GroupKeys.sol";
import {InvalidEntries} from "../datahub/InvalidEntries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Payments} from "../datahub/Payments.sol";
import {Records} from "../datahub/Records.sol";
import {Requests} from "../datahub/Requests.sol";
import {Settlement} from "../datahub/Settlement.sol";
import {Entry, EntryFault, EntryStatus, RequestState, Terms, Verdict} from "../datahub/Types.sol";
import {Burner, Refuser} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";

/// @notice Attacks on storing, delivery and money that other designs fell to; here each fails.
contract AttacksTest is HubTest {
    address payable[] private none;

    // ---------------------------------------------------------------- records

    /// A root that somebody else stored stays theirs; under the same root anything is another record.
    function test_overwritingAnothersRoot() public {
        bytes32 root = keccak256("root");
        bytes32 id = hub.storeDataFor(MANIFEST, root, sigs[0], patient, 1);
        vm.warp(START + 50);
        vm.startPrank(stranger);
        hub.storeData(TEMPLATE, root, sigs[0]);
        hub.storeDataFor(TEMPLATE, root, sigs[0], patient, 1);
        hub.storeDataFor(MANIFEST, root, sigs[1], patient, 1);
        hub.storeDataFor(MANIFEST, root, sigs[0], patient, 1);
        vm.stopPrank();
        (uint256 timestamp,,) = hub.getRecordStatus(id);
        vm.assertEq(timestamp, START, "the first anchor stands");
        vm.assertEq(hub.getRecord(root, patient, MANIFEST, sigs[0], 1).owner, patient, "its owner");
    }

    /// Who copies a root out of the mempool gets a record of his own and stops nobody; a complete
    /// copy does the patient's work.
    function test_frontRunningStoreDataWithACopiedRoot() public {
        bytes32 root = keccak256("root");
        vm.startPrank(stranger);
        bytes32 copy = hub.storeData(MANIFEST, root, sigs[0]);
        bytes32 favour = hub.storeDataFor(MANIFEST, root, sigs[0], patient, 1);
        vm.stopPrank();
        vm.prank(patient);
        bytes32 id = hub.storeData(MANIFEST, root, sigs[0]);
        vm.assertTrue(id != copy, "another record");
        vm.assertEq(id, favour, "the patient's own");
        vm.assertEq(hub.getRecord(root, patient, MANIFEST, sigs[0], 1).owner, patient, "owner");
    }

    /// A copied record is not verified as its thief's: the doctor signed for its owner.
    function test_borrowingAVerifiedSignature() public {
        bytes32 root = keccak256("root");
        (bytes memory sig, bytes memory y) = signer.sign(_recordMessage(root, patient));
        hub.storeDataVerified(MANIFEST, root, sig, patient, 1, y);
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Records.InvalidSignature.selector));
        hub.storeDataVerified(MANIFEST, root, sig, stranger, 1, y);
        hub.storeData(MANIFEST, root, sig);
        vm.stopPrank();
        bytes32 copy = keccak256(abi.encode(root, stranger, MANIFEST, keccak256(sig), 1));
        (uint256 timestamp,, bool verified) = hub.getRecordStatus(copy);
        vm.assertEq(timestamp, START, "stored");
        vm.assertEq(verified, false, "but never verified");
    }

    // ---------------------------------------------------------------- replies

    function test_aStrangerReplies() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.deal(stranger, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, stranger));
        vm.prank(stranger);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        // nor does he deliver to one that a hospital has taken
        vm.prank(hospital);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, stranger));
        vm.prank(stranger);
        hub.deliver(id, MANIFEST, _entries(0, 1), true);
    }

    function test_actingOnRequestsThatDoNotExist() public {
        _open(1 ether, 1, 400);
        uint256[4] memory ids = [uint256(0), 2, 1 << 240, type(uint256).max];
        Entry[] memory entries = _entries(0, 1);
        vm.startPrank(hospital);
        for (uint256 i = 0; i < 4; ++i) {
            uint256 id = ids[i];
            for (uint256 k = 0; k < 8; ++k) {
                _expectState(id, RequestState.None);
                if (k == 0) hub.reply(id, MANIFEST);
                if (k == 1) hub.deliver(id, MANIFEST, entries, true);
                if (k == 2) hub.finalize(id, true, none);
                if (k == 3) hub.expire(id);
                if (k == 4) hub.dispute(id, _only(0));
                if (k == 5) hub.rule(id, _only(0), Verdict.Pay);
                if (k == 6) hub.getRequest(id);
                if (k == 7) {
                    hub.proveInvalidEntry(id, 0, 0, entries[0], new bytes32[](0));
                }
            }
        }
        vm.stopPrank();
    }

    /// Who takes every request to deliver nothing pays the buyers for it.
    function test_replySquatting() public {
        uint256 before = hospital.balance;
        for (uint256 i = 0; i < 3; ++i) {
            _replied(1 ether, 1, 400);
        }
        vm.warp(START + 14 days);
        for (uint256 id = 1; id <= 3; ++id) {
            hub.expire(id);
        }
        vm.assertEq(hospital.balance, before - 0.3 ether, "the squatter's loss");
        vm.assertEq(buyer.balance, 1000.3 ether, "the buyer's gain");
    }

    // ---------------------------------------------------------------- deliveries

    /// What is sealed stays: no other part, entry, or root comes in later.
    function test_exchangingADelivery() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 2));
        bytes32 root = hub.getPartRoot(id, 0);
        _expectState(id, RequestState.Delivered);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, _entries(2, 2), true);
        vm.assertEq(hub.getPartRoot(id, 0), root, "root");
        vm.assertEq(hub.getRequest(id).count, 2, "count");
    }

    /// Nor is the same release sold twice in one delivery.
    function test_deliveringAReleaseTwice() public {
        uint256 id = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(id, 0, _entries(0, 2), false);
        for (uint256 k = 0; k < 2; ++k) {
            vm.expectRevert(
                abi.encodeWithSelector(Requests.BadEntry.selector, 2, EntryFault.Order)
            );
            hub.deliver(id, MANIFEST, _entries(k, 1), true);
        }
        vm.stopPrank();
    }

    /// The consent names the payout account: a hospital that puts its own gets nothing for it.
    function test_theHospitalNamesOtherRecipients() public {
        uint256 id = hub.requestCount() + 1;
        Entry[] memory entries = _valid(id, 4);
        entries[1].payout = hospital;
        _delivered(1 ether, 1, entries);
        uint256 before = hospital.balance;
        vm.prank(stranger);
        _proveInvalid(id, entries, 1);
        vm.prank(buyer);
        hub.finalize(id, true, none);
        for (uint256 i = 0; i < 4; ++i) {
            if (i != 1) _claim(id, entries, i);
        }
        vm.assertEq(
            hospital.balance, before + 0.2 ether + 0.075 ether, "no patient's part; it lost bond"
        );
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    /// More entries than agreed make each smaller: the contract holds to the dearest patient.
    function test_theHospitalDilutesTheParts() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 3);
        entries[0].minPayout = 0.25 ether;
        vm.startPrank(hospital);
        hub.deliver(id, 0, entries, false);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.PayoutTooSmall.selector, 0.2 ether, 0.25 ether)
        );
        hub.deliver(id, MANIFEST, _entries(3, 1), true);
        vm.stopPrank();
    }

    /// Rotation and even compromise of the key do not touch a sale that was delivered before.
    function test_rotatingTheKeyDuringASale() public {
        (uint256 id, Entry[] memory entries) = _deliveredValid(1 ether, 1, 4);
        _installKey();
        vm.prank(gm);
        hub.retireGroupKey(1, true);
        vm.expectRevert(abi.encodeWithSelector(InvalidEntries.EntryIsValid.selector, id, 0));
        _proveInvalid(id, entries, 0);
        vm.warp(START + 7 days);
        for (uint256 i = 0; i < 4; ++i) {
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.2 ether, "paid");
        }
    }

    /// Nor can the group manager slip another key under a version's number.
    function test_exchangingAConfirmedKey() public {
        address data = hub.getGroupKey(1).data;
        vm.prank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, 1, 2));
        vm.prank(rm);
        hub.confirmGroupKey(1, fingerprint);
        vm.assertEq(hub.getGroupKey(1).data, data, "where it is");
        vm.assertEq(hub.currentKeyVersion(), 1, "current");
    }

    // ---------------------------------------------------------------- money

    function test_theBuyerNamesItselfAsRecipient() public {
        Entry[] memory entries = _entries(0, 3);
        uint256 id = _delivered(1 ether, 1, entries);
        address payable[] memory to = _payouts(entries);
        to[1] = payable(buyer);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 3, 0));
        hub.finalize(id, true, to);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.finalizeWithBodyHashes(id, true, to, _bodyHashes(entries));
        hub.finalize(id, true, none);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.finalizeWithBodyHashes(id, true, to, _bodyHashes(entries));
        (, bytes32[] memory proof) = _prove(id, 0, entries, 1);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.claim(id, 0, 1, payable(buyer), _bodyHash(entries[1]), proof);
        vm.stopPrank();
    }

    /// Once delivered the escrow comes back by no word of the buyer's: not in time, not later.
    function test_refundAfterReading() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        uint256 before = buyer.balance;
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Requests.WrongValue.selector, 0, 0.08 ether));
        hub.finalize(id, false, none);
        hub.finalize{value: 0.08 ether}(id, false, none);
        vm.assertEq(buyer.balance, before - 0.08 ether, "a dispute, and bonds");
        vm.warp(START + 90 days);
        _expectPassed(START + 7 days);
        hub.finalize(id, false, none);
        hub.expire(id);
        _expectState(id, RequestState.Finalized);
        hub.expire(id);
        vm.stopPrank();
        for (uint256 i = 0; i < 4; ++i) {
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.2 ether, "paid");
        }
        vm.assertEq(buyer.balance, before, "unruled, so the bonds are back, and only they");
    }

    /// In every state time alone and a stranger move the money on to whom it belongs.
    function test_stuckEscrowAndExitsOfTheBuyersAlone() public {
        address buyer_ = address(new Refuser()); // and it never acts again
        vm.deal(buyer_, 10 ether);
        Entry[] memory entries = _entries(0, 2);
        for (uint256 k = 0; k < 4; ++k) {
            vm.prank(buyer_);
            hub.requestWithTerms{value: 1 ether}(TEMPLATE, _terms(1, 400));
            if (k == 0) continue;
            vm.startPrank(hospital);
            hub.reply{value: 0.1 ether}(k + 1, MANIFEST);
            if (k > 1) hub.deliver(k + 1, MANIFEST, entries, true);
            vm.stopPrank();
        }
        uint256 bonds = 2 * _disputeBondOf(4);
        vm.prank(buyer_);
        hub.finalize{value: bonds}(4, false, none);
        vm.warp(START + 21 days);
        vm.startPrank(stranger);
        hub.expire(1);
        hub.expire(2);
        for (uint256 id = 3; id <= 4; ++id) {
            _claim(id, entries, 0);
            _claim(id, entries, 1);
        }
        vm.assertEq(hub.credits(buyer_), 2.1 ether + bonds, "what it would not take");
        vm.assertEq(address(hub).balance, hub.credits(buyer_), "nothing else is left");
        Refuser(payable(buyer_)).setWilling(true);
        hub.withdraw(buyer_);
        vm.stopPrank();
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    /// The remainders of three divisions: escrow, bond, dispute bonds.
    function test_lostRemainder() public {
        Entry[] memory entries = _entries(0, 6);
        uint256 id = _delivered(1 ether + 11, 1, entries);
        _dispute(id, _range(0, 4));
        _rule(id, _only(0), Verdict.Pay);
        _rule(id, _only(1), Verdict.Refund);
        _rule(id, _only(2), Verdict.Fraud);
        _proveInvalid(id, entries, 4);
        vm.warp(START + 21 days);
        for (uint256 i = 0; i < 6; ++i) {
            if (i == 0 || i == 3 || i == 5) _claim(id, entries, i);
        }
        vm.assertEq(address(hub).balance, 0, "no wei stays");
        uint256 out = buyer.balance + hospital.balance;
        for (uint256 i = 0; i < 6; ++i) {
            out += entries[i].payout.balance;
        }
        vm.assertEq(out, 2000 ether, "none is made");
    }

    function test_unboundedTerms() public {
        uint32[3] memory windows = [uint32(0), 90 days + 1, type(uint32).max];
        vm.startPrank(buyer);
        for (uint256 i = 0; i < 12; ++i) {
            uint32[4] memory w = [uint32(3 days), 14 days, 7 days, 14 days];
            w[i / 3] = windows[i % 3];
            vm.expectRevert(abi.encodeWithSelector(Requests.BadTerms.selector));
            hub.requestWithTerms{value: 1 ether}(TEMPLATE, Terms(1, 400, w[0], w[1], w[2], w[3]));
        }
        // dust that would leave the patients nothing
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadEscrow.selector, 65_535, 65_536, type(uint96).max)
        );
        hub.requestWithTerms{value: 65_535}(TEMPLATE, _terms(1, 65_535));
        vm.stopPrank();
    }

    /// 64 recipients that burn what they are given: all are credited, the hospital is paid.
    function test_recipientsThatBurnAllTheyGet() public {
        Entry[] memory entries = _entries(0, 64);
        bytes memory code = address(new Burner()).code;
        for (uint256 i = 0; i < 64; ++i) {
            vm.etch(entries[i].payout, code);
        }
        uint256 id = _delivered(65 ether, 1, entries);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        for (uint256 i = 0; i < 64; ++i) {
            vm.assertEq(hub.credits(entries[i].payout), 1 ether, "credited");
        }
        vm.assertEq(hospital.balance, 1001 ether, "the hospital is paid");
    }

    /// Credit is the account's own: nobody takes, moves or blocks it, and refusing gains nothing.
    function test_griefingWithCredits() public {
        Entry[] memory entries = _entries(0, 4);
        Refuser refuser = new Refuser();
        (entries[0].payout, entries[2].payout) = (address(refuser), address(refuser));
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.assertEq(hub.credits(address(refuser)), 0.4 ether, "owed");
        address[3] memory others = [stranger, buyer, hospital];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Payments.NoCredit.selector, others[i]));
            vm.prank(address(refuser));
            hub.withdraw(others[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(Payments.PaymentFailed.selector, address(refuser)));
        vm.prank(stranger);
        hub.withdraw(address(refuser));
        vm.assertEq(hub.credits(address(refuser)), 0.4 ether, "still owed");
        // the next sale's money is not within reach
        _delivered(1 ether, 1, _entries(0, 4));
        refuser.setWilling(true);
        hub.withdraw(address(refuser));
        vm.assertEq(address(refuser).balance, 0.4 ether, "once");
        vm.assertEq(address(hub).balance, 1.1 ether, "the other request's");
    }

    /// A hospital struck off in the middle is paid, and takes nothing new.
    function test_strikingAHospitalOffDuringASale() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(gm);
        hub.setHospital(hospital, false);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.assertEq(hospital.balance, 1000.2 ether, "paid");
        uint256 other = _open(1 ether, 1, 400);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, hospital));
        vm.prank(hospital);
        hub.reply{value: 0.1 ether}(other, MANIFEST);
    }

    // ---------------------------------------------------------------- one manager alone

    function test_oneManagerAloneDoesNothingThatNeedsTwo() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _range(0, 4));
        uint256 held = address(hub).balance;
        for (uint256 i = 0; i < 2; ++i) {
            vm.startPrank(i == 0 ? gm : rm);
            for (uint256 verdict = 1; verdict < 4; ++verdict) {
                hub.rule(id, _only(i), Verdict(verdict)); // an entry of its own each
                hub.rule(id, _only(i), Verdict(verdict));
            }
            vm.stopPrank();
            _requireStatus(id, i, EntryStatus.Disputed);
        }
        vm.assertEq(address(hub).balance, held, "nothing is paid");

        vm.startPrank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, gm));
        hub.confirmGroupKey(2, fingerprint);
        vm.expectRevert(abi.encodeWithSelector(Managers.SameManager.selector, rm));
        hub.proposeManager(rm);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, gm));
        hub.approveOpeningRevocationManager(id << 16, MANIFEST);
        vm.stopPrank();
        vm.prank(rm);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, rm));
        hub.setGroupKey(fingerprint, groupKey, points);
        vm.assertEq(hub.currentKeyVersion(), 1, "the old key");
    }
}
