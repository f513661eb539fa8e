// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {RequestInfo, RequestState} from "../datahub/Types.sol";
import {Handler} from "./Handler.sol";
import {HubTest} from "./HubTest.sol";

/// @notice What always holds, whatever anybody does in whatever order and at whatever time.
contract InvariantsTest is HubTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;
    DataHub private shared;

    function setUp() public override {
        vm.warp(START);
        handler = new Handler();
        shared = handler.theHub();
    }

    /// @notice forge asks what to call; what moves a request on comes up more often.
    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        bytes4[20] memory actions = [
            Handler.passTime.selector,
            Handler.passTime.selector,
            Handler.open.selector,
            Handler.reply.selector,
            Handler.reply.selector,
            Handler.deliver.selector,
            Handler.deliver.selector,
            Handler.deliver.selector,
            Handler.finalize.selector,
            Handler.expire.selector,
            Handler.push.selector,
            Handler.claim.selector,
            Handler.claim.selector,
            Handler.claim.selector,
            Handler.withdraw.selector,
            Handler.withdraw.selector,
            Handler.store.selector,
            Handler.govern.selector,
            Handler.change.selector,
            Handler.force.selector
        ];
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(handler), new bytes4[](actions.length));
        for (uint256 i = 0; i < actions.length; ++i) {
            list[0].selectors[i] = actions[i];
        }
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function invariant_always() public view {
        _moneyIsConserved();
        _everyoneHasTheirDue();
        _requestsAreWhereTheyShouldBe();
        _recordsNeverChange();
    }

    // Balance = what open requests hold + what is owed + what was forced on it; by our books and
    // by the contract's own.
    function _moneyIsConserved() private view {
        uint256 byBooks = handler.forced();
        uint256 byContract = handler.forced();
        for (uint256 id = 1; id <= handler.dealCount(); ++id) {
            byBooks += handler.held(id);
            byContract += _heldByContract(id);
        }
        for (uint256 i = 0; i < handler.peopleCount(); ++i) {
            byBooks += shared.credits(handler.people(i));
            byContract += shared.credits(handler.people(i));
        }
        vm.assertEq(address(shared).balance, byBooks, "by our books");
        vm.assertEq(address(shared).balance, byContract, "by the contract's");
    }

    // Everyone has got, or is credited, exactly what the design says; nobody else got anything.
    function _everyoneHasTheirDue() private view {
        for (uint256 i = 0; i < handler.peopleCount(); ++i) {
            address who = handler.people(i);
            vm.assertEq(
                who.balance + shared.credits(who) + handler.spent(who),
                handler.FUNDS() + handler.due(who),
                "due"
            );
        }
    }

    function _requestsAreWhereTheyShouldBe() private view {
        vm.assertEq(shared.requestCount(), handler.dealCount(), "requests");
        for (uint256 id = 1; id <= handler.dealCount(); ++id) {
            RequestInfo memory info = shared.getRequest(id);
            (RequestState state, uint256 deadline, uint256 count, uint256 settled) =
                handler.book(id);
            vm.assertEq(uint256(info.state), uint256(state), "state");
            vm.assertEq(info.deadline, deadline, "deadline");
            vm.assertEq(info.count, count, "count");
            vm.assertEq(info.settled, settled, "settled");
        }
    }

    function _recordsNeverChange() private view {
        for (uint256 i = 0; i < handler.anchorCount(); ++i) {
            (bytes32 id, uint256 timestamp, uint32 version) = handler.anchors(i);
            (uint256 storedAt, uint32 storedVersion,) = shared.getRecordStatus(id);
            vm.assertEq(storedAt, timestamp, "timestamp");
            vm.assertEq(storedVersion, version, "version");
        }
    }

    /// @notice The actions do what they are for: a long walk with a fixed seed has each succeed.
    function test_theWalkGetsEverywhere() public {
        bytes4[] memory actions = this.targetSelectors()[0].selectors;
        for (uint256 i = 0; i < 2000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("walk", i)));
            (bool ok,) = address(handler)
                .call(abi.encodeWithSelector(actions[seed % actions.length], seed >> 8));
            vm.assertTrue(ok, "an action");
        }
        string[9] memory names = [
            "open", "reply", "deliver", "finalize", "refund", "expire", "push", "claim", "withdraw"
        ];
        for (uint256 i = 0; i < 9; ++i) {
            vm.assertGe(handler.succeeded(names[i]), 3, names[i]);
        }
        invariant_always();
        afterInvariant();
    }

    /// @notice At the end of each run: every state has an exit by time alone, and no wei stays.
    function afterInvariant() public {
        handler.finish();
        vm.assertEq(address(shared).balance, handler.forced(), "no wei stays");
        invariant_always();
    }

    function _heldByContract(uint256 id) private view returns (uint256) {
        RequestInfo memory info = shared.getRequest(id);
        if (info.state == RequestState.Open) return info.escrow;
        if (info.state == RequestState.Refunded) return 0;
        if (info.state == RequestState.Finalized && info.settled == info.count) return 0;
        return info.escrow + info.bond - info.settled * (info.escrow / (info.count + 1));
    }
}
