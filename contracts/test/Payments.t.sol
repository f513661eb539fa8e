// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Payments} from "../datahub/Payments.sol";
import {Entry} from "../datahub/Types.sol";
import {Bomber, Burner, Fussy, Reenterer, Refuser} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";
import {Vm} from "./Vm.sol";

/// @notice Recipients that do not take their money, or not quietly.
contract PaymentsTest is HubTest {
    function test_aHostileRecipientHoldsUpNobody() public {
        Entry[] memory entries = _entries(0, 5);
        entries[0].payout = address(new Refuser());
        entries[1].payout = address(new Burner());
        entries[2].payout = address(new Bomber());
        Reenterer reenterer = new Reenterer(address(hub));
        entries[3].payout = address(reenterer);
        uint256 id = _delivered(1.2 ether, 1, entries);
        reenterer.arm(abi.encodeCall(hub.withdraw, (entries[0].payout)));
        vm.recordLogs();
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));

        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(hub.credits(entries[i].payout), 0.2 ether, "credited");
            vm.assertEq(entries[i].payout.balance, 0, "not paid");
        }
        vm.assertEq(entries[3].payout.balance, 0.2 ether, "a re-enterer gets its part");
        vm.assertEq(entries[4].payout.balance, 0.2 ether, "the honest one too");
        vm.assertEq(hospital.balance, 1000 ether + 0.2 ether, "and the hospital");
        vm.assertEq(address(hub).balance, 0.6 ether, "what is owed");
        _requireKeptOut(reenterer);

        for (uint256 i = 0; i < 3; ++i) {
            address owed = entries[i].payout;
            vm.expectRevert(abi.encodeWithSelector(Payments.PaymentFailed.selector, owed));
            hub.withdraw(owed);
            Refuser(payable(owed)).setWilling(true);
            vm.expectEmit(address(hub));
            emit Payments.Withdrawn(owed, 0.2 ether);
            vm.prank(stranger);
            hub.withdraw(owed);
            vm.assertEq(owed.balance, 0.2 ether, "paid");
            vm.expectRevert(abi.encodeWithSelector(Payments.NoCredit.selector, owed));
            hub.withdraw(owed);
        }
        vm.assertEq(address(hub).balance, 0, "no wei stays");
    }

    /// 20,000, and the 2,300 that come with any value. This recipient logs what it has left.
    function test_aRecipientGetsJustThatGas() public {
        Entry[] memory entries = _entries(0, 1);
        // GAS, PUSH0, MSTORE, PUSH1 32, PUSH0, LOG0, STOP
        vm.etch(entries[0].payout, hex"5a5f5260205fa000");
        uint256 id = _delivered(1 ether, 1, entries);
        vm.recordLogs();
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 seen = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != entries[0].payout) continue;
            // GAS itself costs 2
            vm.assertEq(uint256(bytes32(logs[i].data)), 20_000 + 2_300 - 2, "gas");
            ++seen;
        }
        vm.assertEq(seen, 1, "paid");
    }

    function test_aHostileBuyerIsCredited() public {
        Refuser refuser = new Refuser();
        vm.deal(address(refuser), 1 ether);
        vm.prank(address(refuser));
        uint256 id = hub.request{value: 1 ether}(TEMPLATE);
        vm.warp(START + 3 days);
        vm.expectEmit(address(hub));
        emit Payments.Credited(address(refuser), 1 ether);
        hub.expire(id);
        vm.assertEq(hub.credits(address(refuser)), 1 ether, "credited");
    }

    function test_creditsAddUp() public {
        Entry[] memory entries = _entries(0, 3);
        Refuser refuser = new Refuser();
        (entries[0].payout, entries[2].payout) = (address(refuser), address(refuser));
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.assertEq(hub.credits(address(refuser)), 0.5 ether, "two parts");
        refuser.setWilling(true);
        hub.withdraw(address(refuser));
        vm.assertEq(address(refuser).balance, 0.5 ether, "both");
    }

    /// Who calls with too little gas gets nothing done: no payment turns into a credit thereby. This
    /// recipient makes it as easy as can be: it gives its gas back, and is owed something already.
    function test_aCallerCannotStarveARecipient() public {
        Fussy fussy = new Fussy();
        Entry[] memory entries = _entries(0, 3);
        (entries[0].payout, entries[1].payout) = (address(fussy), address(fussy));
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalize(id, true, new address payable[](0));
        _claim(id, entries, 0);
        vm.assertEq(hub.credits(address(fussy)), 0.25 ether, "credited once, as it refused");

        fussy.setLeast(20_000);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 1);
        bytes memory call = abi.encodeCall(
            hub.claim, (id, 0, 1, payable(address(fussy)), _bodyHash(entries[1]), proof)
        );
        bool done = false;
        for (uint256 gas_ = 20_000; gas_ < 200_000 && !done; gas_ += 250) {
            vm.assertEq(address(fussy).balance, 0, "nothing happened");
            (done,) = address(hub).call{gas: gas_}(call);
            vm.assertEq(hub.credits(address(fussy)), 0.25 ether, "not credited again");
        }
        vm.assertTrue(done, "done with enough gas");
        vm.assertEq(address(fussy).balance, 0.25 ether, "and paid");
    }

    /// And is told what is needed: that much suffices, a little less does not.
    function test_aCallerIsToldHowMuchGasAPaymentNeeds() public {
        Refuser refuser = new Refuser();
        Entry[] memory entries = _entries(0, 1);
        entries[0].payout = address(refuser);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        refuser.setWilling(true);
        bytes memory call = abi.encodeCall(hub.withdraw, (address(refuser)));
        bytes memory why;
        uint256 gas_ = 20_000;
        while (bytes4(why) != Payments.TooLittleGas.selector) {
            gas_ += 1_000;
            bool ok;
            (ok, why) = address(hub).call{gas: gas_}(call);
            vm.assertEq(ok, false, "too little");
        }
        (uint256 left, uint256 needed) = _leftAndNeeded(why);
        vm.assertEq(needed, 60_000, "needed");
        gas_ += needed - left;
        (, why) = address(hub).call{gas: gas_ - 1_000}(call);
        (left,) = _leftAndNeeded(why);
        vm.assertLe(left, needed - 1, "left");
        hub.withdraw{gas: gas_}(address(refuser));
        vm.assertEq(address(refuser).balance, 0.5 ether, "paid");
    }

    function test_etherForcedOnItChangesNothing() public {
        (bool ok,) = address(hub).call{value: 1}("");
        vm.assertEq(ok, false, "it takes no plain payment");
        Entry[] memory entries = _entries(0, 2);
        uint256 id = _delivered(1 ether, 1, entries);
        vm.deal(address(hub), address(hub).balance + 5);
        vm.prank(buyer);
        hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        vm.assertEq(address(hub).balance, 5, "it is no one's");
    }

    function _leftAndNeeded(bytes memory why) private pure returns (uint256 left, uint256 needed) {
        vm.assertEq(bytes32(bytes4(why)), Payments.TooLittleGas.selector, "the error");
        assembly ("memory-safe") {
            left := mload(add(why, 36))
            needed := mload(add(why, 68))
        }
    }
}
