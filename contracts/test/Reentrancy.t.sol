// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entry, EntryStatus, Item, RequestState, Verdict} from "../datahub/Types.sol";
import {Reenterer} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";

/// @notice A buyer and recipient that calls back while it is paid: from every function that pays,
/// into every function there is.
contract ReentrancyTest is HubTest {
    address payable[] private none;
    Reenterer private reenterer;
    address private buyer_; // the same
    Entry[] private stored;
    uint256 private id; // Finalized: 0 to claim, 1 disputed and ruled Refund by one, 2 as it was
    uint256 private expirable;

    function setUp() public override {
        super.setUp();
        reenterer = new Reenterer(address(hub));
        buyer_ = address(reenterer);
        vm.deal(buyer_, 10 ether);
        vm.prank(buyer_);
        expirable = hub.requestWithTerms{value: 1 ether}(TEMPLATE, _terms(1, 400));
        vm.prank(buyer_);
        id = hub.requestWithTerms{value: 1 ether}(TEMPLATE, _terms(1, 400));
        Entry[] memory entries = _entries(0, 4);
        entries[0].payout = buyer_;
        for (uint256 i = 0; i < 4; ++i) {
            stored.push(entries[i]);
        }
        vm.startPrank(hospital);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        hub.deliver(id, MANIFEST, entries, true);
        vm.stopPrank();
        vm.startPrank(buyer_);
        hub.dispute{value: 0.02 ether}(id, _only(1));
        hub.finalize(id, true, none);
        vm.stopPrank();
        vm.prank(gm);
        hub.rule(id, _only(1), Verdict.Refund);
        vm.warp(START + 7 days);
    }

    function test_nobodyReentersWhilePaid() public {
        bytes[8] memory guarded = _guarded();
        for (uint256 way = 0; way < 6; ++way) {
            for (uint256 i = 0; i < guarded.length; ++i) {
                uint256 snapshot = vm.snapshotState();
                reenterer.arm(guarded[i]);
                uint256 before = buyer_.balance;
                vm.recordLogs();
                _pay(way);
                _requireKeptOut(reenterer);
                uint256[6] memory amounts =
                    [uint256(0.2 ether), 0.2 ether, 0.245 ether, 0.225 ether, 1 ether, 1 ether];
                vm.assertEq(buyer_.balance, before + amounts[way], "paid once");
                vm.revertToState(snapshot);
            }
        }
    }

    function test_nobodyReentersWithdraw() public {
        bytes[8] memory guarded = _guarded();
        vm.etch(buyer_, hex"fe"); // takes nothing
        _pay(0);
        vm.etch(buyer_, address(new Reenterer(address(hub))).code);
        for (uint256 i = 0; i < guarded.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            reenterer.arm(guarded[i]);
            uint256 before = buyer_.balance;
            vm.recordLogs();
            hub.withdraw(buyer_);
            _requireKeptOut(reenterer);
            vm.assertEq(buyer_.balance, before + 0.2 ether, "paid once");
            vm.revertToState(snapshot);
        }
    }

    /// The other functions need no guard: they pay nobody, and the books are closed by then.
    function test_reenteringAnythingElseGainsNothing() public {
        Entry[] memory entries = stored;
        Item[] memory items = new Item[](1);
        items[0] = Item(MANIFEST, MANIFEST, sigs[0], patient, 1);
        (, bytes32[] memory proof) = _prove(id, 0, entries, 0);
        bytes[9] memory calls = [
            abi.encodeCall(hub.request, (TEMPLATE)),
            abi.encodeCall(hub.reply, (expirable, MANIFEST)),
            abi.encodeCall(hub.deliver, (id, MANIFEST, new Entry[](0), true)),
            abi.encodeCall(
                hub.requestOpening, (keccak256(entries[0].sig), id, 0, 0, entries[0], proof)
            ),
            abi.encodeCall(hub.storeBatch, (items)),
            abi.encodeCall(hub.postShare, (stranger, MANIFEST, "")),
            abi.encodeCall(hub.setProfile, (MANIFEST)),
            abi.encodeCall(hub.proposeManager, (buyer_)),
            abi.encodeCall(hub.setHospital, (buyer_, true))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            reenterer.arm(calls[i]);
            uint256 held = address(hub).balance;
            _pay(0);
            // what its gas does not buy costs it the payment's ease, not the money
            uint256 owed = hub.credits(buyer_);
            vm.assertEq(address(hub).balance, held - 0.2 ether + owed, "one payment");
            vm.assertEq(hub.getRequest(id).settled, 1, "one entry");
            _requireState(expirable, RequestState.Open);
            _requireStatus(id, 1, EntryStatus.Disputed);
            vm.assertEq(hub.requestCount(), 2, "no request");
            vm.assertEq(hub.isHospital(buyer_), false, "no office");
            vm.revertToState(snapshot);
        }
    }

    /// The probe is sound: the same calls do get in when nothing is being paid.
    function test_theSameCallsWorkByThemselves() public {
        bytes[8] memory guarded = _guarded();
        vm.prank(rm);
        hub.proposeManager(buyer_);
        vm.prank(buyer_);
        hub.acceptRevocationManager(); // so that rule is no stranger's
        uint256 disputable = _disputable();
        guarded[0] = abi.encodeCall(hub.dispute, (disputable, _only(0)));
        for (uint256 i = 0; i < guarded.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            if (i == 7) {
                vm.etch(buyer_, hex"fe");
                _pay(0);
                vm.etch(buyer_, hex"00");
            }
            vm.prank(buyer_);
            (bool ok,) = address(hub).call{value: i == 0 ? 0.05 ether : 0}(guarded[i]);
            vm.assertTrue(ok, "done");
            vm.revertToState(snapshot);
        }
    }

    // ---------------------------------------------------------------- helpers

    function _guarded() private view returns (bytes[8] memory) {
        Entry[] memory entries = stored;
        (, bytes32[] memory proof) = _prove(id, 0, entries, 2);
        address payable to = payable(entries[2].payout);
        return [
            abi.encodeCall(hub.dispute, (id, _only(2))),
            abi.encodeCall(hub.rule, (id, _only(1), Verdict.Refund)),
            abi.encodeCall(hub.finalize, (expirable, false, none)),
            abi.encodeCall(
                hub.finalizeWithBodyHashes, (id, true, _payouts(entries), _bodyHashes(entries))
            ),
            abi.encodeCall(hub.claim, (id, 0, 2, to, _bodyHash(entries[2]), proof)),
            abi.encodeCall(hub.expire, (expirable)),
            abi.encodeCall(hub.proveInvalidEntry, (id, 0, 2, entries[2], proof)),
            abi.encodeCall(hub.withdraw, (buyer_))
        ];
    }

    // The functions that pay it, by somebody else.
    function _pay(uint256 way) private {
        Entry[] memory entries = stored;
        if (way == 0) _claim(id, entries, 0);
        if (way == 1) {
            hub.finalizeWithBodyHashes(id, true, _payouts(entries), _bodyHashes(entries));
        }
        if (way == 2) {
            vm.prank(rm);
            hub.rule(id, _only(1), Verdict.Refund);
        }
        if (way == 3) _proveInvalid(id, entries, 3);
        if (way == 4) hub.expire(expirable);
        if (way == 5) hub.finalize(expirable, false, none);
    }

    // A request that it may dispute now, with one entry.
    function _disputable() private returns (uint256 other) {
        vm.prank(buyer_);
        other = hub.requestWithTerms{value: 1 ether}(TEMPLATE, _terms(1, 400));
        vm.startPrank(hospital);
        hub.reply{value: 0.1 ether}(other, MANIFEST);
        hub.deliver(other, MANIFEST, _entries(0, 1), true);
        vm.stopPrank();
    }
}
