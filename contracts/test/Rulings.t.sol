// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "../datahub/Disputes.sol";
import {Entries} from "../datahub/Entries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Payments} from "../datahub/Payments.sol";
import {Entry, EntryStatus, RequestInfo, RequestState, Verdict} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

/// @notice What the managers say of disputed entries.
contract RulingsTest is HubTest {
    /// A verdict counts once both have given it, in whatever order.
    function test_bothManagersMustAgree() public {
        EntryStatus[3] memory outcomes =
            [EntryStatus.RuledPay, EntryStatus.Refunded, EntryStatus.Fraud];
        for (uint256 i = 0; i < 6; ++i) {
            Verdict verdict = Verdict(1 + i % 3);
            (address first, address second) = i < 3 ? (gm, rm) : (rm, gm);
            uint256 id = _delivered(1 ether, 1, _entries(0, 4));
            _dispute(id, _two(1, 2));
            uint256 held = address(hub).balance;

            vm.expectEmit(address(hub));
            emit Disputes.VerdictGiven(id, first, verdict, _two(2, 1));
            vm.recordLogs();
            _vote(first, id, _two(2, 1), verdict);
            vm.assertEq(vm.getRecordedLogs().length, 1, "no more than a verdict");
            _requireStatus(id, 1, EntryStatus.Disputed);
            _requireVotes(
                id, 1, i < 3 ? verdict : Verdict.None, i < 3 ? Verdict.None : verdict
            );
            _vote(first, id, _only(1), verdict); // again: one manager is not two
            _requireStatus(id, 1, EntryStatus.Disputed);
            vm.assertEq(address(hub).balance, held, "nothing is paid");

            vm.expectEmit(address(hub));
            emit Disputes.VerdictGiven(id, second, verdict, _only(1));
            vm.expectEmit(address(hub));
            emit Disputes.Ruled(id, verdict, _only(1));
            _vote(second, id, _only(1), verdict);
            _requireStatus(id, 1, outcomes[i % 3]);
            _requireStatus(id, 2, EntryStatus.Disputed);
            _requireVotes(id, 1, verdict, verdict);
        }
    }

    /// Part, share of the hospital's bond and dispute bond, of each.
    function testFuzz_refundAndFraudPayTheBuyerAtOnce(uint256 escrow, uint256 n, uint256 most)
        public
    {
        n = _bound(n, 2, 12);
        most = _bound(most, 1, n - 1);
        escrow = _bound(escrow, n + 1, 900 ether);
        uint256 id = _delivered(escrow, 1, _entries(0, n));
        _dispute(id, _range(0, n));
        uint256 before = buyer.balance;
        uint256 part = escrow / (n + 1);
        uint256 back = part + _bondOf(escrow) / n + _bondOf(part);
        Verdict verdict = escrow % 2 == 0 ? Verdict.Refund : Verdict.Fraud;
        _vote(rm, id, _range(0, n), verdict);
        vm.expectEmit(address(hub));
        emit Disputes.Ruled(id, verdict, _range(0, most));
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, _list(buyer));
        _vote(gm, id, _range(0, most), verdict);
        vm.assertEq(buyer.balance, before + most * back, "the buyer has its money");
        vm.assertEq(hospital.balance, 1000 ether - _bondOf(escrow), "the hospital comes last");
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(info.settled, most, "settled");
        vm.assertEq(info.invalid, most, "invalid");
        vm.assertEq(
            address(hub).balance,
            escrow + _bondOf(escrow) + n * _bondOf(part) - most * back,
            "the rest is held"
        );
    }

    function test_payMovesNoMoney() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _two(0, 1));
        uint256 held = address(hub).balance;
        vm.recordLogs();
        _rule(id, _two(0, 1), Verdict.Pay);
        vm.assertEq(vm.getRecordedLogs().length, 3, "two verdicts and Ruled");
        _requireStatus(id, 1, EntryStatus.RuledPay);
        vm.assertEq(address(hub).balance, held, "held");
        vm.assertEq(hub.getRequest(id).settled, 0, "not settled");
    }

    /// While they differ nothing happens; either may come round.
    function test_managersDisagree() public {
        for (uint256 i = 0; i < 9; ++i) {
            (Verdict one, Verdict other) = (Verdict(1 + i / 3), Verdict(1 + i % 3));
            if (one == other) continue;
            uint256 id = _delivered(1 ether, 1, _entries(0, 4));
            _dispute(id, _only(2));
            _vote(gm, id, _only(2), one);
            vm.recordLogs();
            _vote(rm, id, _only(2), other);
            vm.assertEq(vm.getRecordedLogs().length, 1, "not ruled");
            _requireStatus(id, 2, EntryStatus.Disputed);
            _requireVotes(id, 2, one, other);
            if (i % 2 == 0) _vote(gm, id, _only(2), other);
            else _vote(rm, id, _only(2), one);
            Verdict agreed = i % 2 == 0 ? other : one;
            _requireVotes(id, 2, agreed, agreed);
            (EntryStatus status,,) = hub.getEntryStatus(id, 2);
            vm.assertTrue(status != EntryStatus.Disputed, "ruled");
        }
    }

    function test_aManagerChangesItsMind() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _only(2));
        _vote(gm, id, _only(2), Verdict.Fraud);
        _vote(gm, id, _only(2), Verdict.Pay);
        _vote(rm, id, _only(2), Verdict.Fraud); // what was withdrawn counts no more
        _requireStatus(id, 2, EntryStatus.Disputed);
        _requireVotes(id, 2, Verdict.Pay, Verdict.Fraud);
        _vote(rm, id, _only(2), Verdict.Pay);
        _requireStatus(id, 2, EntryStatus.RuledPay);
        // and then it is too late
        vm.recordLogs();
        _rule(id, _only(2), Verdict.Refund);
        vm.assertEq(vm.getRecordedLogs().length, 2, "two verdicts on nothing");
        _requireStatus(id, 2, EntryStatus.RuledPay);
        _requireVotes(id, 2, Verdict.Pay, Verdict.Pay);
    }

    /// One list, on some of which the other agrees.
    function test_onlyWhatBothSaidIsRuled() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _range(0, 4));
        uint256 before = buyer.balance;
        _vote(gm, id, _two(1, 3), Verdict.Refund);
        _vote(gm, id, _only(2), Verdict.Fraud);
        vm.expectEmit(address(hub));
        emit Disputes.VerdictGiven(id, rm, Verdict.Refund, _range(0, 4));
        vm.expectEmit(address(hub));
        emit Disputes.Ruled(id, Verdict.Refund, _two(1, 3));
        _vote(rm, id, _range(0, 4), Verdict.Refund);
        vm.assertEq(buyer.balance, before + 2 * 0.245 ether, "two refunds");
        _requireStatus(id, 0, EntryStatus.Disputed);
        _requireStatus(id, 2, EntryStatus.Disputed);
        vm.assertEq(hub.getRequest(id).settled, 2, "settled");
    }

    /// Twice in a list is once; ruled and settled ones are passed over.
    function test_ruleCountsEachEntryOnce() public {
        Entry[] memory entries = _entries(0, 6);
        uint256 id = _delivered(1.4 ether, 1, entries);
        _settleThree(id, entries);
        _dispute(id, _range(3, 3));
        _rule(id, _only(5), Verdict.Pay);
        uint256 before = buyer.balance;
        uint256[] memory list = new uint256[](8);
        (list[0], list[1], list[2], list[3]) = (0, 1, 2, 3);
        (list[4], list[5], list[6], list[7]) = (3, 4, 5, 3);
        _vote(gm, id, list, Verdict.Fraud);
        vm.expectEmit(address(hub));
        emit Disputes.Ruled(id, Verdict.Fraud, _two(3, 4));
        _vote(rm, id, list, Verdict.Fraud);
        // a part of 0.2, a sixth of 0.14 and 0.02 each
        uint256 back = 0.22 ether + uint256(0.14 ether) / 6;
        vm.assertEq(buyer.balance, before + 2 * back, "two refunds");
        vm.assertEq(hub.getRequest(id).settled, 5, "all but the one to be paid");
        _requireStatus(id, 0, EntryStatus.Refunded);
        _requireStatus(id, 2, EntryStatus.Invalid);
        _requireStatus(id, 5, EntryStatus.RuledPay);
    }

    function test_rulePassesOverWhatWasPaid() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _only(1));
        vm.warp(START + 7 days);
        _claim(id, entries, 0);
        uint256 before = buyer.balance;
        _rule(id, _two(0, 1), Verdict.Refund);
        _requireStatus(id, 0, EntryStatus.Paid);
        _requireVotes(id, 0, Verdict.None, Verdict.None);
        _requireStatus(id, 1, EntryStatus.Refunded);
        vm.assertEq(buyer.balance, before + 0.245 ether, "one refund");
    }

    function test_onlyTheManagersRule() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _only(2));
        address[3] memory others = [buyer, hospital, stranger];
        for (uint256 i = 0; i < 6; ++i) {
            uint256[] memory list = i < 3 ? _only(2) : new uint256[](0);
            vm.expectRevert(abi.encodeWithSelector(Managers.NotManager.selector, others[i % 3]));
            _vote(others[i % 3], id, list, Verdict.Pay);
        }
    }

    function test_ruleRefusals() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 4));
        _dispute(id, _only(2));
        vm.startPrank(gm);
        vm.expectRevert(abi.encodeWithSelector(Disputes.NoVerdict.selector));
        hub.rule(id, _only(2), Verdict.None);
        vm.expectRevert(abi.encodeWithSelector(Disputes.NotDisputed.selector, id, 1));
        hub.rule(id, _two(2, 1), Verdict.Pay);
        uint256[2] memory unknown = [uint256(4), type(uint256).max];
        for (uint256 i = 0; i < 2; ++i) {
            _expectUnknown(id, unknown[i]);
            hub.rule(id, _two(2, unknown[i]), Verdict.Pay);
        }
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 401, 400));
        hub.rule(id, new uint256[](401), Verdict.Pay);
        uint256[] memory many = new uint256[](400);
        for (uint256 i = 0; i < 400; ++i) {
            many[i] = 2;
        }
        hub.rule(id, many, Verdict.Pay);
        (bool ok,) = address(hub).call(abi.encodeWithSelector(hub.rule.selector, id, 64, 4, 0));
        vm.assertEq(ok, false, "there is no fifth verdict");
        vm.stopPrank();
    }

    function test_ruleNeedsADelivery() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.startPrank(gm);
        _expectState(id + 1, RequestState.None);
        hub.rule(id + 1, _only(0), Verdict.Refund);
        _expectState(id, RequestState.Open);
        hub.rule(id, _only(0), Verdict.Refund);
        vm.stopPrank();
        vm.startPrank(hospital);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        hub.deliver(id, 0, _entries(0, 2), false);
        vm.stopPrank();
        _expectState(id, RequestState.Replied);
        _vote(gm, id, _only(0), Verdict.Refund);
        vm.warp(START + 14 days);
        hub.expire(id);
        _expectState(id, RequestState.Refunded);
        _vote(gm, id, _only(0), Verdict.Refund);
    }

    /// Before ruleBy, which follows verifyBy whenever it was disputed or finalized.
    function test_ruleIsBeforeRuleBy() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 id = _delivered(1 ether, 1, _entries(0, 4));
            RequestInfo memory info = hub.getRequest(id);
            vm.assertEq(info.ruleBy, info.deadline + 14 days, "ruleBy");
            _dispute(id, _range(0, 2));
            if (i == 1) {
                vm.prank(buyer);
                hub.finalize(id, true, new address payable[](0)); // early
            }
            vm.warp(info.ruleBy);
            _expectPassed(info.ruleBy);
            _vote(gm, id, _only(0), Verdict.Refund);
            vm.warp(info.ruleBy - 1);
            _rule(id, _only(0), Verdict.Refund);
            _requireStatus(id, 0, EntryStatus.Refunded);
            _vote(rm, id, _only(1), Verdict.Refund);
            vm.warp(info.ruleBy);
            _expectPassed(info.ruleBy); // one vote alone does nothing then
            _vote(gm, id, _only(1), Verdict.Refund);
        }
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

    function _expectUnknown(uint256 id, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(Entries.UnknownEntry.selector, id, index));
    }
}
