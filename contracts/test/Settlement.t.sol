// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entries} from "../datahub/Entries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Payments} from "../datahub/Payments.sol";
import {Requests} from "../datahub/Requests.sol";
import {Settlement} from "../datahub/Settlement.sol";
import {Entry, EntryStatus, RequestState} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

contract SettlementTest is HubTest {
    address payable[] private none;

    // ---------------------------------------------------------------- refunds

    function test_unansweredRequestIsRefundedFromReplyBy() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.warp(START + 3 days - 1);
        _expectEarly(START + 3 days);
        hub.finalize(id, false, none);
        _expectEarly(START + 3 days);
        hub.expire(id);

        vm.warp(START + 3 days);
        vm.expectEmit(address(hub));
        emit Settlement.RequestRefunded(id);
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, _list(buyer));
        vm.prank(stranger);
        hub.finalize(id, false, none);
        _requireState(id, RequestState.Refunded);
        vm.assertEq(buyer.balance, 1000 ether, "the buyer has it back");
        vm.assertEq(address(hub).balance, 0, "nothing stays");
    }

    function test_undeliveredRequestIsRefundedWithTheBond() public {
        uint256 id = _replied(1 ether, 2, 400);
        vm.prank(hospital);
        hub.deliver(id, 0, _entries(0, 3), false); // never sealed
        vm.warp(START + 14 days - 1);
        _expectEarly(START + 14 days);
        hub.expire(id);
        vm.warp(START + 14 days);
        vm.prank(stranger);
        hub.expire(id);
        _requireState(id, RequestState.Refunded);
        vm.assertEq(buyer.balance, 1000.1 ether, "escrow and bond");
        vm.assertEq(address(hub).balance, 0, "nothing stays");

        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Requests.BadState.selector, id, RequestState.Refunded)
            );
            if (i == 0) hub.expire(id);
            if (i == 1) hub.finalize(id, false, none);
            if (i == 2) hub.finalize(id, true, none);
        }
    }

    function test_aDeliveredRequestIsNotRefunded() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 2));
        vm.warp(START + 90 days);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.DeadlinePassed.selector, START + 7 days)
        );
        vm.prank(buyer);
        hub.finalize(id, false, none);
    }

    function test_noRequest() public {
        bytes memory refusal =
            abi.encodeWithSelector(Requests.BadState.selector, 5, RequestState.None);
        vm.expectRevert(refusal);
        hub.finalize(5, true, none);
        vm.expectRevert(refusal);
        hub.finalize(5, false, none);
        vm.expectRevert(refusal);
        hub.finalizeWithBodyHashes(5, true, none, new bytes32[](0));
        vm.expectRevert(refusal);
        hub.expire(5);
        vm.expectRevert(refusal);
        hub.claim(5, 0, 0, payable(stranger), 0, new bytes32[](0));
    }

    // ---------------------------------------------------------------- finalizing

    function test_theBuyerFinalizesEarly() public {
        Entry[] memory entries = _entries(0, 2);
        uint256 id = _delivered(1 ether, 1, entries);
        _expectEarly(START + 7 days);
        vm.prank(hospital);
        hub.finalize(id, true, none);
        vm.expectEmit(address(hub));
        emit Settlement.RequestFinalized(id);
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, new address[](0));
        vm.prank(buyer);
        hub.finalize(id, true, none);
        _requireState(id, RequestState.Finalized);
        vm.assertEq(hub.getRequest(id).ruleBy, START + 21 days, "ruleBy is as it was");
        vm.assertEq(address(hub).balance, 1.1 ether, "everything waits to be claimed");
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadState.selector, id, RequestState.Finalized)
        );
        vm.prank(buyer);
        hub.finalize(id, true, none);
    }

    function test_anyoneFinalizesFromVerifyBy() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 id = _delivered(1 ether, 1, _entries(0, 2));
            uint256 verifyBy = hub.getRequest(id).deadline;
            vm.warp(verifyBy - 1);
            for (uint256 k = 0; k < 2; ++k) {
                _expectEarly(verifyBy);
                vm.prank(k == 0 ? stranger : hospital);
                if (i == 0) hub.finalize(id, true, none);
                else hub.expire(id);
            }
            vm.warp(verifyBy);
            vm.prank(stranger);
            if (i == 0) hub.finalize(id, true, none);
            else hub.expire(id);
            _requireState(id, RequestState.Finalized);
        }
    }

    function test_expireIsTheExitOfTimeEvenForTheBuyer() public {
        uint256 id = _delivered(1 ether, 1, _entries(0, 2));
        _expectEarly(START + 7 days);
        vm.prank(buyer);
        hub.expire(id);
        vm.prank(buyer);
        hub.finalize(id, true, none);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadState.selector, id, RequestState.Finalized)
        );
        hub.expire(id);
    }

    function test_finalizeNeedsADelivery() public {
        uint256 open = _open(1 ether, 1, 400);
        uint256 replied = _replied(1 ether, 1, 400);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Requests.BadState.selector, open, RequestState.Open));
        hub.finalize(open, true, none);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadState.selector, replied, RequestState.Replied)
        );
        hub.finalize(replied, true, none);
        vm.stopPrank();
    }

    function test_finalizeTakesNoMoneyAndNoList() public {
        Entry[] memory entries = _entries(0, 2);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.startPrank(buyer);
        bytes memory refusal = abi.encodeWithSelector(Requests.WrongValue.selector, 1, 0);
        vm.expectRevert(refusal);
        hub.finalize{value: 1}(id, true, none);
        vm.expectRevert(refusal);
        hub.finalizeWithBodyHashes{value: 1}(id, true, _payouts(entries), _bodyHashes(entries));
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 2, 0));
        hub.finalize(id, true, _payouts(entries));
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 2, 0));
        hub.finalizeWithBodyHashes(id, false, _payouts(entries), _bodyHashes(entries));
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- push

    function testFuzz_pushPaysEveryoneToTheWei(uint256 n, uint256 escrow) public {
        _push(_bound(n, 1, 64), escrow);
    }

    /// Statuses stand 32 to a word.
    function test_pushToWholeWordsAndOneMoreOrLess() public {
        uint256[7] memory counts = [uint256(1), 2, 31, 32, 33, 63, 64];
        for (uint256 i = 0; i < 7; ++i) {
            uint256 snapshot = vm.snapshotState();
            _push(counts[i], 1 ether);
            vm.revertToState(snapshot);
        }
    }

    function test_pushWithinItsGasLimit() public {
        Entry[] memory entries = _entries(0, 64);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes{gas: 64 * 50_000}(
            id, true, _payouts(entries), _bodyHashes(entries)
        );
        _requireStatus(id, 63, EntryStatus.Paid);
    }

    function test_pushByAnyoneFromVerifyByAndWhenFinalized() public {
        Entry[] memory entries = _entries(0, 3);
        uint256 id = _delivered(1 ether, 1, entries);
        _expectEarly(START + 7 days);
        vm.prank(stranger);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.warp(START + 7 days);
        _claim(id, entries, 1); // this finalizes
        vm.expectEmit(address(hub));
        address[] memory paid = new address[](3);
        (paid[0], paid[1], paid[2]) = (entries[0].payout, entries[2].payout, hospital);
        emit Payments.PaymentReleased(id, paid);
        vm.prank(stranger);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.assertEq(address(hub).balance, 0, "no wei stays");
        vm.assertEq(entries[1].payout.balance, 0.25 ether, "once");
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingToPay.selector, id));
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
    }

    function test_pushNeedsTheWholeListInOrder() public {
        Entry[] memory entries = _entries(0, 3);
        uint256 id = _delivered(1 ether, 1, entries);
        address payable[] memory to = _payouts(entries);
        bytes32[] memory bodies = _bodyHashes(entries);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 0, 3));
        hub.finalizeWithBodyHashes(id, true, none, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 2, 3));
        hub.finalizeWithBodyHashes(id, true, _payouts(_entries(0, 2)), bodies);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 4, 3));
        hub.finalizeWithBodyHashes(id, true, to, _bodyHashes(_entries(0, 4)));
        (to[0], to[1]) = (to[1], to[0]);
        _refusePush(id, to, bodies);
        (bodies[0], bodies[1]) = (bodies[1], bodies[0]);
        _refusePush(id, to, bodies); // not even both swapped
        (to, bodies) = (_payouts(entries), _bodyHashes(entries));
        to[2] = payable(buyer);
        _refusePush(id, to, bodies);
        (to, bodies) = (_payouts(entries), _bodyHashes(entries));
        bodies[2] = 0;
        _refusePush(id, to, bodies);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.stopPrank();
    }

    function test_pushIsForOnePartOfAtMost64() public {
        Entry[] memory many = _entries(0, 65);
        uint256 id = _delivered(1 ether, 1, many);
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 65, 64));
        hub.finalizeWithBodyHashes(id, true, _payouts(many), _bodyHashes(many));
        vm.stopPrank();

        uint256 other = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(other, 0, _entries(0, 1), false);
        hub.deliver(other, MANIFEST, _entries(1, 1), true);
        vm.stopPrank();
        Entry[] memory two = _entries(0, 2);
        vm.expectRevert(abi.encodeWithSelector(Settlement.BadRecipients.selector, 2, 0));
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(other, true, _payouts(two), _bodyHashes(two));
    }

    // ---------------------------------------------------------------- claim

    function testFuzz_claimsInAnyOrderPayToTheWei(uint256 n, uint256 escrow, uint256 seed) public {
        n = _bound(n, 1, 20);
        escrow = _bound(escrow, n + 1, 900 ether);
        Entry[] memory entries = _entries(0, n);
        uint256 id = _delivered(escrow, 1, entries);
        vm.prank(buyer);
        hub.finalize(id, true, none);
        uint256[] memory order = _shuffled(n, seed);
        uint256 part = escrow / (n + 1);
        for (uint256 i = 0; i < n; ++i) {
            vm.assertEq(hospital.balance, 1000 ether - _bondOf(escrow), "the hospital comes last");
            _claim(id, entries, order[i]);
            vm.assertEq(entries[order[i]].payout.balance, part, "part");
            vm.assertEq(hub.getRequest(id).settled, i + 1, "settled");
        }
        vm.assertEq(hospital.balance, 1000 ether + escrow - part * n, "what remains, and its bond");
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    function test_claimFromLaterParts() public {
        uint256 id = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(id, 0, _entries(0, 2), false);
        hub.deliver(id, MANIFEST, _entries(2, 3), true);
        vm.stopPrank();
        vm.warp(START + 7 days);
        Entry[] memory second = _entries(2, 3);
        (, bytes32[] memory proof) = _prove(id, 2, second, 3);
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.claim(id, 0, 3, payable(second[1].payout), _bodyHash(second[1]), proof);
        hub.claim(id, 1, 3, payable(second[1].payout), _bodyHash(second[1]), proof);
        vm.assertEq(second[1].payout.balance, uint256(1 ether) / 6, "part");
        _requireStatus(id, 3, EntryStatus.Paid);
        _requireStatus(id, 1, EntryStatus.Unsettled);
    }

    function test_claimFinalizesFromVerifyByOnly() public {
        Entry[] memory entries = _entries(0, 2);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.warp(START + 7 days - 1);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 0);
        address payable to = payable(entries[0].payout);
        bytes32 body = _bodyHash(entries[0]);
        _expectEarly(START + 7 days);
        hub.claim(id, 0, 0, to, body, proof);
        _expectEarly(START + 7 days);
        vm.prank(buyer);
        hub.claim(id, 0, 0, to, body, proof);
        vm.warp(START + 7 days);
        vm.expectEmit(address(hub));
        emit Settlement.RequestFinalized(id);
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, _list(to));
        vm.prank(stranger);
        hub.claim(id, 0, 0, to, body, proof);
        _requireState(id, RequestState.Finalized);
    }

    function test_claimChecksTheProof() public {
        Entry[] memory entries = _entries(0, 5);
        uint256 id = _delivered(1 ether, 1, entries);
        uint256 other = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalize(id, true, none);
        (bytes32 root, bytes32[] memory proof) = _prove(id, 0, entries, 2);
        address payable to = payable(entries[2].payout);
        bytes32 body = _bodyHash(entries[2]);
        bytes memory refusal = abi.encodeWithSelector(Entries.WrongProof.selector, id);
        vm.expectRevert(refusal);
        hub.claim(id, 0, 2, payable(stranger), body, proof);
        vm.expectRevert(refusal);
        hub.claim(id, 0, 1, to, body, proof);
        vm.expectRevert(refusal);
        hub.claim(id, 0, 2, to, root, proof);
        vm.expectRevert(refusal);
        hub.claim(id, 1, 2, to, body, proof);
        vm.expectRevert(refusal);
        hub.claim(id, 0, 2, to, body, new bytes32[](0));
        // an entry of another request with the same content
        (, bytes32[] memory foreign) = _prove(other, 0, entries, 2);
        vm.expectRevert(refusal);
        hub.claim(id, 0, 2, to, body, foreign);
        proof[1] ^= bytes32(uint256(1));
        vm.expectRevert(refusal);
        hub.claim(id, 0, 2, to, body, proof);
        proof[1] ^= bytes32(uint256(1));
        hub.claim(id, 0, 2, to, body, proof);
        vm.expectRevert(abi.encodeWithSelector(Entries.AlreadySettled.selector, id, 2));
        hub.claim(id, 0, 2, to, body, proof);
    }

    function test_claimNeedsADelivery() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 2);
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
        vm.warp(START + 90 days);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 0);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadState.selector, id, RequestState.Replied)
        );
        hub.claim(id, 0, 0, payable(entries[0].payout), _bodyHash(entries[0]), proof);
    }

    // ---------------------------------------------------------------- helpers

    function _push(uint256 n, uint256 escrow) private {
        escrow = _bound(escrow, n + 1, 900 ether);
        Entry[] memory entries = _entries(0, n);
        uint256 id = _delivered(escrow, 1, entries);
        address[] memory paid = new address[](n + 1);
        for (uint256 i = 0; i < n; ++i) {
            paid[i] = entries[i].payout;
        }
        paid[n] = hospital;
        vm.expectEmit(address(hub));
        emit Settlement.RequestFinalized(id);
        vm.expectEmit(address(hub));
        emit Payments.PaymentReleased(id, paid);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));

        uint256 part = escrow / (n + 1);
        for (uint256 i = 0; i < n; ++i) {
            vm.assertEq(entries[i].payout.balance, part, "a patient's part");
            _requireStatus(id, i, EntryStatus.Paid);
        }
        vm.assertEq(hospital.balance, 1000 ether + escrow - part * n, "what remains, and its bond");
        vm.assertEq(address(hub).balance, 0, "no wei stays");
        vm.assertEq(hub.getRequest(id).settled, n, "settled");
    }

    function _refusePush(uint256 id, address payable[] memory to, bytes32[] memory bodies) private {
        vm.expectRevert(abi.encodeWithSelector(Entries.WrongProof.selector, id));
        hub.finalizeWithBodyHashes(id, true, to, bodies);
    }

    function _shuffled(uint256 n, uint256 seed) private pure returns (uint256[] memory order) {
        order = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            order[i] = i;
        }
        for (uint256 i = n; i > 1; --i) {
            uint256 k = uint256(keccak256(abi.encode(seed, i))) % i;
            (order[i - 1], order[k]) = (order[k], order[i - 1]);
        }
    }
}
