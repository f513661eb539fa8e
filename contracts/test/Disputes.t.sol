// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "../datahub/Disputes.sol";
import {Entries} from "../datahub/Entries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Payments} from "../datahub/Payments.sol";
import {Requests} from "../datahub/Requests.sol";
import {Entry, EntryStatus, RequestInfo, RequestState, Verdict} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

contract DisputesTest is HubTest {
    uint256 private constant VERIFY_BY = START + 7 days;

    address payable[] private none;

    // ---------------------------------------------------------------- dispute

    function test_dispute() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        uint256 before = buyer.balance;
        uint256[] memory indices = _two(3, 1);
        vm.expectEmit(address(hub));
        emit Disputes.Disputed(id, indices);
        vm.recordLogs();
        vm.prank(buyer);
        hub.dispute{value: 0.04 ether}(id, indices);
        vm.assertEq(vm.getRecordedLogs().length, 1, "nothing is credited");
        EntryStatus[4] memory expected = [
            EntryStatus.Unsettled,
            EntryStatus.Disputed,
            EntryStatus.Unsettled,
            EntryStatus.Disputed
        ];
        for (uint256 i = 0; i < 4; ++i) {
            _requireStatus(id, i, expected[i]);
            _requireVotes(id, i, Verdict.None, Verdict.None);
        }
        vm.assertEq(buyer.balance, before - 0.04 ether, "two bonds of a tenth of 0.2 ether");
        vm.assertEq(address(hub).balance, 1.14 ether, "held");
        vm.assertEq(hub.credits(buyer), 0, "nothing is owed");
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(uint256(info.state), uint256(RequestState.Delivered), "state");
        vm.assertEq(info.settled + info.invalid, 0, "nothing is settled");
        vm.assertEq(info.deadline, VERIFY_BY, "verifyBy stays");
    }

    /// The bond is a tenth of the part, rounded up; the part is rounded down.
    function testFuzz_disputeTakesTheExactBonds(uint256 escrow, uint256 n, uint256 most) public {
        n = _bound(n, 1, 8);
        most = _bound(most, 1, n);
        escrow = _bound(escrow, n + 1, 900 ether);
        uint256 id = _delivered(escrow, 1, _entries(0, n));
        uint256 part = escrow / (n + 1);
        uint256 bonds = most * (part % 10 == 0 ? part / 10 : part / 10 + 1);
        uint256[3] memory wrong = [uint256(0), bonds - 1, bonds + 1];
        vm.startPrank(buyer);
        for (uint256 i = 0; i < 3; ++i) {
            _expectValue(wrong[i], bonds);
            hub.dispute{value: wrong[i]}(id, _range(0, most));
        }
        hub.dispute{value: bonds}(id, _range(0, most));
        vm.stopPrank();
        vm.assertEq(address(hub).balance, escrow + _bondOf(escrow) + bonds, "held");
    }

    function test_onlyTheBuyerDisputes() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 2));
        address[4] memory others = [hospital, gm, rm, stranger];
        for (uint256 i = 0; i < 4; ++i) {
            vm.deal(others[i], 1 ether);
            for (uint256 k = 0; k < 2; ++k) {
                vm.expectRevert(abi.encodeWithSelector(Disputes.NotBuyer.selector, others[i]));
                vm.prank(others[i]);
                if (k == 0) hub.dispute{value: 0.1 ether}(id, _only(0));
                else hub.finalize{value: 0.1 ether}(id, false, none);
            }
        }
    }

    function test_disputeNeedsADelivery() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.startPrank(buyer);
        _expectState(id + 1, RequestState.None);
        hub.dispute(id + 1, _only(0));
        _expectState(id, RequestState.Open);
        hub.dispute(id, _only(0));
        vm.stopPrank();
        vm.startPrank(hospital);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        hub.deliver(id, 0, _entries(0, 2), false);
        vm.stopPrank();
        vm.startPrank(buyer);
        _expectState(id, RequestState.Replied);
        hub.dispute(id, _only(0));
        vm.warp(START + 14 days);
        hub.finalize(id, false, none);
        _expectState(id, RequestState.Refunded);
        hub.dispute(id, _only(0));
        vm.stopPrank();

        id = _delivered(1 ether, 1, _entries(0, 2));
        vm.startPrank(buyer);
        hub.finalize(id, true, none);
        _expectState(id, RequestState.Finalized);
        hub.dispute(id, _only(0));
        vm.stopPrank();
    }

    function test_disputeIsBeforeVerifyBy() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        vm.warp(VERIFY_BY);
        vm.startPrank(buyer);
        _expectPassed(VERIFY_BY);
        hub.dispute{value: 0.02 ether}(id, _only(0));
        _expectPassed(VERIFY_BY);
        hub.finalize{value: 0.08 ether}(id, false, none);
        vm.warp(VERIFY_BY - 1);
        hub.dispute{value: 0.02 ether}(id, _only(0));
        hub.finalize{value: 0.08 ether}(id, false, none);
        vm.stopPrank();
        _requireStatus(id, 3, EntryStatus.Disputed);
    }

    function test_anEntryIsDisputedOnce() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        vm.startPrank(buyer);
        _expectDisputed(id, 2);
        hub.dispute{value: 0.04 ether}(id, _two(2, 2));
        hub.dispute{value: 0.04 ether}(id, _two(0, 2));
        _expectDisputed(id, 2);
        hub.dispute{value: 0.04 ether}(id, _two(1, 2));
        vm.stopPrank();
        _rule(id, _only(2), Verdict.Pay);
        vm.startPrank(buyer);
        _expectDisputed(id, 2); // nor after the ruling
        hub.dispute{value: 0.04 ether}(id, _two(1, 2));
        vm.stopPrank();
        _requireStatus(id, 1, EntryStatus.Unsettled);
    }

    function test_onlyDeliveredEntriesAreDisputed() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        uint256[3] memory unknown = [uint256(4), 65_536, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            _expectUnknown(id, unknown[i]);
            vm.prank(buyer);
            hub.dispute{value: 0.04 ether}(id, _two(3, unknown[i]));
        }
    }

    function test_disputeTakesAtMost400AtOnce() public {
        uint256 id = _replied(1 ether, 1, 401);
        for (uint256 i = 0; i < 2; ++i) {
            Entry[] memory part = _entries(400 * i, i == 0 ? 400 : 1);
            vm.prank(hospital);
            hub.deliver(id, i == 0 ? bytes32(0) : MANIFEST, part, i == 1);
        }
        uint256 bond = _disputeBondOf(id);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 401, 400));
        hub.dispute{value: 401 * bond}(id, _range(0, 401));
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 401, 400));
        hub.finalize{value: 401 * bond}(id, false, none);
        hub.dispute{value: 400 * bond}(id, _range(0, 400));
        hub.dispute{value: bond}(id, _only(400));
        vm.stopPrank();
        _requireStatus(id, 400, EntryStatus.Disputed);
    }

    /// The bond of an entry that was settled before the call came is credited.
    function test_settledEntriesArePassedOver() public {
        Entry[] memory entries = _entries(0, 6);
        uint256 id = _delivered(1.4 ether, 1, entries); // part 0.2, bond 0.02
        _settleThree(id, entries);
        uint256[] memory indices = _range(0, 4);
        vm.expectEmit(address(hub));
        emit Payments.Credited(buyer, 0.06 ether);
        vm.expectEmit(address(hub));
        emit Disputes.Disputed(id, _only(3));
        vm.prank(buyer);
        hub.dispute{value: 0.08 ether}(id, indices);
        vm.assertEq(hub.credits(buyer), 0.06 ether, "three bonds");
        _requireStatus(id, 0, EntryStatus.Refunded);
        _requireStatus(id, 1, EntryStatus.Fraud);
        _requireStatus(id, 2, EntryStatus.Invalid);
        _requireStatus(id, 3, EntryStatus.Disputed);
    }

    function test_somethingMustBeDisputed() public {
        Entry[] memory entries = _entries(0, 3);
        uint256 id = _delivered(0.8 ether, 1, entries);
        _settleThree(id, entries);
        vm.startPrank(buyer);
        _expectNothing(id);
        hub.dispute(id, new uint256[](0));
        _expectNothing(id);
        hub.dispute{value: 0.06 ether}(id, _range(0, 3));
        _expectNothing(id);
        hub.finalize{value: 0.06 ether}(id, false, none);
        vm.stopPrank();
        vm.assertEq(hub.credits(buyer), 0, "the bonds stay with the buyer");
    }

    // ---------------------------------------------------------------- dispute of all

    function test_finalizeNotOkDisputesEverything() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 40));
        uint256 bonds = 40 * _disputeBondOf(id);
        vm.startPrank(buyer);
        uint256[3] memory wrong = [uint256(0), bonds - 1, bonds + 1];
        for (uint256 i = 0; i < 3; ++i) {
            _expectValue(wrong[i], bonds);
            hub.finalize{value: wrong[i]}(id, false, none);
        }
        vm.expectEmit(address(hub));
        emit Disputes.Disputed(id, _range(0, 40));
        hub.finalize{value: bonds}(id, false, none);
        _expectNothing(id);
        hub.finalize{value: bonds}(id, false, none);
        vm.stopPrank();
        for (uint256 i = 0; i < 40; ++i) {
            _requireStatus(id, i, EntryStatus.Disputed);
        }
        _requireStatus(id, 40, EntryStatus.Unsettled);
        _requireState(id, RequestState.Delivered);
        vm.assertEq(hub.credits(buyer), 0, "nothing is owed");
    }

    /// It passes over what is settled, disputed or ruled already.
    function test_finalizeNotOkDisputesTheRest() public {
        Entry[] memory entries = _entries(0, 6);
        uint256 id = _delivered(1.4 ether, 1, entries);
        _settleThree(id, entries);
        _dispute(id, _two(4, 5));
        _rule(id, _only(5), Verdict.Pay);
        vm.expectEmit(address(hub));
        emit Payments.Credited(buyer, 0.1 ether);
        vm.expectEmit(address(hub));
        emit Disputes.Disputed(id, _only(3));
        vm.prank(buyer);
        hub.finalize{value: 0.12 ether}(id, false, none);
        _requireStatus(id, 3, EntryStatus.Disputed);
        _requireStatus(id, 4, EntryStatus.Disputed);
        _requireStatus(id, 5, EntryStatus.RuledPay);
    }

    // ---------------------------------------------------------------- the bits

    /// What happens to one entry leaves all others as they were, in its word and the next ones.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_statusesDoNotTouchEachOther(uint256 seed) public {
        uint256 n = 70;
        uint256 id = _delivered(10 ether, 1, _entries(0, n));
        uint256[] memory disputed = new uint256[](n);
        uint256 most = 0;
        uint256[] memory fates = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            fates[i] = uint256(keccak256(abi.encode(seed, i))) % 6;
            if (fates[i] != 0) disputed[most++] = i;
        }
        if (most == 0) return;
        assembly ("memory-safe") {
            mstore(disputed, most)
        }
        _dispute(id, disputed);
        for (uint256 i = 0; i < n; ++i) {
            if (fates[i] == 2 || fates[i] == 4) _vote(gm, id, _only(i), Verdict.Fraud);
            if (fates[i] == 3 || fates[i] == 4) _vote(rm, id, _only(i), Verdict.Pay);
            if (fates[i] == 5) _rule(id, _only(i), Verdict.Refund);
        }
        for (uint256 i = 0; i < n; ++i) {
            EntryStatus status = EntryStatus.Disputed;
            if (fates[i] == 0) status = EntryStatus.Unsettled;
            if (fates[i] == 5) status = EntryStatus.Refunded;
            _requireStatus(id, i, status);
            Verdict first = fates[i] == 2 || fates[i] == 4 ? Verdict.Fraud : Verdict.None;
            Verdict second = fates[i] == 3 || fates[i] == 4 ? Verdict.Pay : Verdict.None;
            if (fates[i] == 5) (first, second) = (Verdict.Refund, Verdict.Refund);
            _requireVotes(id, i, first, second);
        }
    }

    function test_statusOfNone() public view {
        _requireStatus(7, 0, EntryStatus.Unsettled);
        _requireVotes(7, type(uint256).max, Verdict.None, Verdict.None);
    }

    // ---------------------------------------------------------------- helpers

    function _vote(address manager, uint256 id, uint256[] memory indices, Verdict verdict) private {
        vm.prank(manager);
        hub.rule(id, indices, verdict);
    }

    // Entries 0, 1, 2 end as Refunded, Fraud, Invalid.
    function _settleThree(uint256 id, Entry[] memory entries) private {
        _dispute(id, _range(0, 2));
        _rule(id, _only(0), Verdict.Refund);
        _rule(id, _only(1), Verdict.Fraud);
        _proveInvalid(id, entries, 2);
    }

    function _expectValue(uint256 given, uint256 expected) private {
        vm.expectRevert(abi.encodeWithSelector(Requests.WrongValue.selector, given, expected));
    }

    function _expectDisputed(uint256 id, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(Disputes.AlreadyDisputed.selector, id, index));
    }

    function _expectUnknown(uint256 id, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(Entries.UnknownEntry.selector, id, index));
    }

    function _expectNothing(uint256 id) private {
        vm.expectRevert(abi.encodeWithSelector(Disputes.NothingToDispute.selector, id));
    }
}
