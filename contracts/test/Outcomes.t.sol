// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entries} from "../datahub/Entries.sol";
import {Payments} from "../datahub/Payments.sol";
import {Requests} from "../datahub/Requests.sol";
import {Settlement} from "../datahub/Settlement.sol";
import {Entry, EntryStatus, RequestState, Verdict} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

/// @notice How the money ends when entries were disputed or bad.
contract OutcomesTest is HubTest {
    address payable[] private none;

    // ---------------------------------------------------------------- after a dispute

    /// What was ruled Pay brings its dispute bond along, whenever it is claimed.
    function test_ruledPayIsClaimedWithItsDisputeBond() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether + 3, 1, entries); // part 0.2 ether, a tenth is 0.02
        _dispute(id, _range(1, 2));
        _rule(id, _range(1, 2), Verdict.Pay);
        vm.warp(START + 7 days);
        for (uint256 i = 1; i < 3; ++i) {
            vm.expectEmit(address(hub));
            emit Payments.PaymentReleased(id, _list(entries[i].payout));
            vm.prank(stranger);
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.22 ether, "part and bond");
            _requireStatus(id, i, EntryStatus.Paid);
            vm.warp(START + 21 days); // the next one after ruleBy: no matter
        }
        vm.assertEq(hub.getRequest(id).settled, 2, "settled");
        vm.assertEq(hub.getRequest(id).invalid, 0, "not bad");
    }

    /// Silence pays: from ruleBy on, whatever one manager alone has said.
    function test_whatIsNotRuledIsClaimedFromRuleBy() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _range(0, 3));
        vm.startPrank(gm);
        hub.rule(id, _only(1), Verdict.Refund);
        hub.rule(id, _only(2), Verdict.Fraud);
        vm.stopPrank();
        vm.prank(rm);
        hub.rule(id, _only(2), Verdict.Refund);
        vm.warp(START + 21 days - 1);
        for (uint256 i = 0; i < 3; ++i) {
            _refuseEarlyClaim(id, entries, i);
        }
        vm.warp(START + 21 days);
        address[] memory paid = new address[](2);
        paid[1] = buyer;
        uint256 before = buyer.balance;
        for (uint256 i = 0; i < 3; ++i) {
            paid[0] = entries[i].payout;
            vm.expectEmit(address(hub));
            emit Payments.PaymentReleased(id, paid);
            _claim(id, entries, i);
            vm.assertEq(entries[i].payout.balance, 0.2 ether, "part");
            _requireStatus(id, i, EntryStatus.Paid);
        }
        vm.assertEq(buyer.balance, before + 0.06 ether, "the bonds");
    }

    /// The buyer's early finalization changes neither verifyBy nor ruleBy.
    function test_aDisputedEntryIsNotClaimedBeforeRuleBy() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _only(1));
        vm.prank(buyer);
        hub.finalize(id, true, none);
        _refuseEarlyClaim(id, entries, 1);
        vm.warp(START + 7 days);
        _refuseEarlyClaim(id, entries, 1);
        _claim(id, entries, 2);
        vm.warp(START + 21 days);
        _claim(id, entries, 1);
    }

    function test_whatWentBackIsNotClaimed() public {
        Entry[] memory entries = _entries(0, 4);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _range(0, 2));
        _rule(id, _only(0), Verdict.Refund);
        _rule(id, _only(1), Verdict.Fraud);
        _proveInvalid(id, entries, 2);
        vm.warp(START + 90 days);
        for (uint256 i = 0; i < 3; ++i) {
            (, bytes32[] memory proof) = _prove(id, 0, entries, i);
            vm.expectRevert(abi.encodeWithSelector(Entries.AlreadySettled.selector, id, i));
            hub.claim(
                id, 0, i, payable(entries[i].payout), _bodyHash(entries[i]), proof
            );
        }
    }

    /// A push pays what is neither disputed nor settled; ruled Pay is to be claimed.
    function test_pushPassesOverTheRest() public {
        Entry[] memory entries = _entries(0, 40);
        uint256 id = _delivered(41 ether, 1, entries);
        _dispute(id, _range(29, 6)); // over the end of a word
        _rule(id, _range(30, 2), Verdict.Pay);
        _rule(id, _only(32), Verdict.Refund);
        _rule(id, _only(33), Verdict.Fraud);
        _proveInvalid(id, entries, 35);
        uint256 before = buyer.balance;
        address[] memory paid = new address[](33);
        uint256 k = 0;
        for (uint256 i = 0; i < 40; ++i) {
            if (i < 29 || i > 35) paid[k++] = entries[i].payout;
        }
        assembly ("memory-safe") {
            mstore(paid, k)
        }
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, paid);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        EntryStatus[7] memory expected = [
            EntryStatus.Disputed,
            EntryStatus.RuledPay,
            EntryStatus.RuledPay,
            EntryStatus.Refunded,
            EntryStatus.Fraud,
            EntryStatus.Disputed,
            EntryStatus.Invalid
        ];
        for (uint256 i = 0; i < 40; ++i) {
            bool passedOver = i > 28 && i < 36;
            vm.assertEq(entries[i].payout.balance, passedOver ? 0 : 1 ether, "paid");
            _requireStatus(id, i, passedOver ? expected[i - 29] : EntryStatus.Paid);
        }
        _requireVotes(id, 30, Verdict.Pay, Verdict.Pay);
        vm.assertEq(hub.getRequest(id).settled, 36, "settled");
        vm.assertEq(buyer.balance, before, "nothing to the buyer");
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToPay.selector, id));
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.warp(START + 21 days);
        for (uint256 i = 29; i < 32; ++i) {
            _claim(id, entries, i);
        }
        _claim(id, entries, 34);
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    function test_pushNeedsSomeoneToPay() public {
        Entry[] memory entries = _entries(0, 3);
        uint256 id = _delivered(1 ether, 1, entries);
        _dispute(id, _range(0, 3));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToPay.selector, id));
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        _requireState(id, RequestState.Delivered);
    }

    function test_expireWhenEverythingWentBack() public {
        Entry[] memory entries = _entries(0, 2);
        uint256 id = _delivered(1 ether, 1, entries);
        _proveInvalid(id, entries, 0);
        _proveInvalid(id, entries, 1);
        vm.assertEq(address(hub).balance, 0, "no wei stays");
        vm.warp(START + 7 days);
        hub.expire(id);
        _requireState(id, RequestState.Finalized);
    }

    // ---------------------------------------------------------------- the last entry

    /// Whatever settles it, the hospital has its part and what is left of its bond in that call.
    function test_theLastEntrySettlesWithTheHospital() public {
        for (uint256 last = 0; last < 7; ++last) {
            uint256 snapshot = vm.snapshotState();
            Entry[] memory entries = _entries(0, 3);
            uint256 id = _delivered(1 ether, 1, entries); // bond 0.1, of which 0.033… an entry
            if (last > 0 && last < 5) _dispute(id, _only(2));
            if (last == 1) _rule(id, _only(2), Verdict.Pay);
            vm.warp(last == 2 ? START + 21 days : START + 7 days);
            _claim(id, entries, 0);
            _claim(id, entries, 1);
            if (last == 3 || last == 4) {
                vm.prank(rm);
                hub.rule(id, _only(2), last == 3 ? Verdict.Refund : Verdict.Fraud);
            }
            vm.assertEq(hospital.balance, 999.9 ether, "not before");

            bool bad = last > 2 && last < 6;
            address first = bad ? buyer : entries[2].payout;
            address[] memory paid = new address[](last == 2 ? 3 : 2);
            (paid[0], paid[1]) = (first, last == 2 ? buyer : hospital);
            if (last == 2) paid[2] = hospital;
            vm.expectEmit(address(hub));
            emit Payments.PaymentReleased(id, paid);
            if (last < 3) {
                _claim(id, entries, 2);
            } else if (last < 5) {
                vm.prank(gm);
                hub.rule(id, _only(2), last == 3 ? Verdict.Refund : Verdict.Fraud);
            } else if (last == 5) {
                _proveInvalid(id, entries, 2);
            } else {
                hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
            }
            uint256 lost = bad ? uint256(0.1 ether) / 3 : 0;
            vm.assertEq(hospital.balance, 1000.25 ether - lost, "part and bond");
            vm.assertEq(address(hub).balance, 0, "no wei stays");
            vm.revertToState(snapshot);
        }
    }

    /// With minRecords good entries the hospital's part is its own, with one less the buyer's.
    function test_tooFewGoodEntriesCostTheHospitalItsPart() public {
        for (uint256 bad = 0; bad <= 5; ++bad) {
            uint256 snapshot = vm.snapshotState();
            Entry[] memory entries = _entries(0, 5);
            uint256 id = _delivered(1 ether + 4, 3, entries);
            for (uint256 i = 0; i < bad; ++i) {
                _proveInvalid(id, entries, i);
            }
            if (bad < 5) {
                vm.prank(buyer);
                hub.finalize(id, true, none);
            }
            for (uint256 i = bad; i < 5; ++i) {
                _claim(id, entries, i);
            }
            _requireEnd(id, entries, bad);
            vm.revertToState(snapshot);
        }
    }

    /// The ends of a bad delivery, by the list of those paid: nobody is paid nothing. The last entry
    /// is proven invalid, ruled, or, the only good one of three, paid unruled.
    function test_whoIsPaidWhenTooManyAreBad() public {
        // a bond of 6 in thirds leaves nothing, one of 7 leaves one wei
        for (uint256 i = 0; i < 6; ++i) {
            uint256 snapshot = vm.snapshotState();
            bool good = i > 3;
            uint256 left = i % 2 + (good ? 2 : 0);
            Entry[] memory entries = _entries(0, 3);
            uint256 id = _delivered(60 + i % 2, 3, entries);
            _proveInvalid(id, entries, 0);
            _proveInvalid(id, entries, 1);
            if (i > 1) _dispute(id, _only(2));
            if (i == 2 || i == 3) _vote(rm, id, 2);
            uint256 before = hospital.balance;
            address[] memory paid = new address[](4);
            uint256 n = 0;
            if (good) paid[n++] = entries[2].payout;
            paid[n++] = buyer;
            if (left != 0) paid[n++] = hospital;
            paid[n++] = buyer;
            assembly ("memory-safe") {
                mstore(paid, n)
            }
            vm.expectEmit(address(hub));
            emit Payments.PaymentReleased(id, paid);
            if (good) {
                vm.warp(START + 21 days);
                _claim(id, entries, 2);
            } else if (i > 1) {
                _vote(gm, id, 2);
            } else {
                _proveInvalid(id, entries, 2);
            }
            vm.assertEq(hospital.balance, before + left, "the rest of its bond");
            vm.assertEq(address(hub).balance, 0, "no wei stays");
            vm.revertToState(snapshot);
        }
    }

    /// Any mix of fates: everyone has exactly what the design says, and no wei stays.
    function testFuzz_everyMixOfFatesPaysToTheWei(
        uint256 seed,
        uint256 n,
        uint256 escrow,
        uint256 least
    ) public {
        n = _bound(n, 1, 12);
        escrow = _bound(escrow, n + 1, 900 ether);
        least = _bound(least, 1, n);
        Entry[] memory entries = _entries(0, n);
        uint256 id = _delivered(escrow, uint16(least), entries);
        uint256[] memory fates = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            fates[i] = uint256(keccak256(abi.encode(seed, i))) % 9;
            if (fates[i] > 2) _dispute(id, _only(i));
            if (fates[i] == 2 || fates[i] == 8) _proveInvalid(id, entries, i);
            if (fates[i] == 3 || fates[i] == 4) _rule(id, _only(i), Verdict.Pay);
        }
        vm.warp(START + 7 days);
        for (uint256 i = 0; i < n; ++i) {
            if (fates[i] == 0 || fates[i] == 3) _claim(id, entries, i);
            if (fates[i] == 4) _proveInvalid(id, entries, i);
            if (fates[i] == 5) _rule(id, _only(i), Verdict.Refund);
        }
        vm.warp(START + 21 days - 1);
        for (uint256 i = 0; i < n; ++i) {
            (EntryStatus status,,) = hub.getEntryStatus(id, i);
            if (fates[i] == 1 && status == EntryStatus.Unsettled) {
                hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
            }
            if (fates[i] == 6) _rule(id, _only(i), Verdict.Fraud);
        }
        vm.warp(START + 21 days);
        for (uint256 i = 0; i < n; ++i) {
            if (fates[i] == 7) _claim(id, entries, i);
        }
        _requireFates(id, entries, fates);
    }

    // ---------------------------------------------------------------- helpers

    function _vote(address manager, uint256 id, uint256 index) private {
        vm.prank(manager);
        hub.rule(id, _only(index), Verdict.Refund);
    }

    // 0 claimed, 1 pushed, 2 invalid, 3 ruled Pay, 4 ruled Pay and then invalid, 5 Refund, 6 Fraud,
    // 7 not ruled, 8 disputed and invalid
    function _requireFates(uint256 id, Entry[] memory entries, uint256[] memory fates)
        private
        view
    {
        uint256 n = fates.length;
        uint256 escrow = hub.getRequest(id).escrow;
        uint256 part = escrow / (n + 1);
        uint256 bond = part / 10 + (part % 10 == 0 ? 0 : 1);
        uint256 ofBuyer = 1000 ether - escrow;
        uint256 bad = 0;
        for (uint256 i = 0; i < n; ++i) {
            bool good = fates[i] == 0 || fates[i] == 1 || fates[i] == 3 || fates[i] == 7;
            uint256 paid = fates[i] == 3 ? part + bond : part;
            vm.assertEq(entries[i].payout.balance, good ? paid : 0, "payout");
            if (fates[i] == 3) ofBuyer -= bond;
            if (!good) ofBuyer += part + _bondOf(escrow) / n;
            if (!good) ++bad;
        }
        uint256 ofHospital = 1000 ether - (_bondOf(escrow) / n) * bad;
        bool enough = n - bad >= hub.getRequest(id).terms.minRecords;
        if (enough) ofHospital += escrow - part * n;
        else ofBuyer += escrow - part * n;
        vm.assertEq(hospital.balance, ofHospital, "hospital");
        vm.assertEq(buyer.balance, ofBuyer, "buyer");
        vm.assertEq(address(hub).balance, 0, "no wei stays");
        vm.assertEq(hub.getRequest(id).settled, n, "settled");
        vm.assertEq(hub.getRequest(id).invalid, bad, "invalid");
    }

    // The first of them were proven invalid, the others paid.
    function _requireEnd(uint256 id, Entry[] memory entries, uint256 bad) private view {
        uint256[] memory fates = new uint256[](entries.length);
        for (uint256 i = 0; i < bad; ++i) {
            fates[i] = 2;
        }
        _requireFates(id, entries, fates);
    }

    function _refuseEarlyClaim(uint256 id, Entry[] memory entries, uint256 index) private {
        (, bytes32[] memory proof) = _prove(id, 0, entries, index);
        bytes32 body = _bodyHash(entries[index]);
        uint256 ruleBy = hub.getRequest(id).ruleBy;
        vm.expectRevert(abi.encodeWithSelector(Requests.TooEarly.selector, ruleBy));
        hub.claim(id, 0, index, payable(entries[index].payout), body, proof);
    }
}
