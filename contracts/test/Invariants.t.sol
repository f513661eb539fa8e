// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Handler} from "./Handler.sol";
import {Vm} from "./Vm.sol";

/// @notice What always holds, whatever anybody does in whatever order and at whatever time.
contract InvariantsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant STEPS = 6000;

    Handler private handler;
    bytes4[] private actions;

    /// @notice forge shows it with -vv: how often it was done, and how often refused.
    event log_named_string(string what, string doneAndRefused);

    function setUp() public {
        handler = new Handler();
        // what moves a request on comes up more often
        _often(handler.passTime.selector, 3);
        _often(handler.open.selector, 4);
        _often(handler.reply.selector, 4);
        _often(handler.deliver.selector, 5);
        _often(handler.dispute.selector, 4);
        _often(handler.disputeAll.selector, 1);
        _often(handler.rule.selector, 6);
        _often(handler.proveInvalid.selector, 3);
        _often(handler.requestOpening.selector, 2);
        _often(handler.approve.selector, 2);
        _often(handler.finalize.selector, 1);
        _often(handler.refund.selector, 1);
        _often(handler.expire.selector, 1);
        _often(handler.push.selector, 1);
        _often(handler.claim.selector, 4);
        _often(handler.withdraw.selector, 1);
        _often(handler.store.selector, 1);
        _often(handler.nominate.selector, 1);
        _often(handler.takeOffice.selector, 1);
        _often(handler.accredit.selector, 1);
        _often(handler.confirmKey.selector, 1);
        _often(handler.retireKey.selector, 1);
        _often(handler.change.selector, 1);
        _often(handler.force.selector, 1);
        _often(handler.starve.selector, 1);
        _often(handler.arm.selector, 2);
    }

    function _often(bytes4 action, uint256 times) private {
        for (uint256 i = 0; i < times; ++i) {
            actions.push(action);
        }
    }

    /// @notice forge asks what to call.
    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(handler), actions);
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function invariant_always() public {
        handler.checkSome();
    }

    /// @notice At the end of each run: every state has an exit by time alone, and no wei stays.
    function afterInvariant() public {
        _tell();
        handler.checkAll();
        handler.finish();
    }

    /// @notice The actions do what they are for: a long walk with a fixed seed has each succeed, and
    /// each refused that can be.
    function test_theWalkGetsEverywhere() public {
        for (uint256 i = 0; i < STEPS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("walk", i)));
            (bool ok, bytes memory why) = address(handler)
                .call(abi.encodeWithSelector(actions[seed % actions.length], seed >> 8));
            assembly ("memory-safe") {
                if iszero(ok) { revert(add(why, 32), mload(why)) }
            }
            handler.checkSome();
        }
        afterInvariant();
        _requireHealth();
    }

    // What is rare here is not rare in all runs together.
    function _requireHealth() private view {
        string[13] memory common = [
            "open",
            "reply",
            "deliver",
            "dispute",
            "rule",
            "prove",
            "prove a disputed one",
            "claim",
            "push",
            "finalize",
            "refund",
            "expire",
            "with little gas"
        ];
        string[22] memory rarer = [
            "disputeAll",
            "dispute of a settled entry too",
            "vote changed",
            "ruled Pay",
            "ruled Refund",
            "ruled Fraud",
            "claim of one ruled Pay",
            "claim after ruleBy",
            "push past a disputed entry",
            "prove one ruled Pay",
            "requestOpening",
            "approve as GM",
            "approve as RM",
            "opening completed",
            "withdraw",
            "nominate",
            "takeOffice",
            "accredit",
            "confirm a key",
            "compromise a key",
            "store",
            "store verified"
        ];
        string[4] memory never =
            ["prove a good one", "prove a settled one", "call back", "requestOpening"];
        for (uint256 i = 0; i < common.length; ++i) {
            vm.assertGe(handler.succeeded(common[i]), 15, common[i]);
            vm.assertGe(handler.refused(common[i]), 2, common[i]);
        }
        for (uint256 i = 0; i < rarer.length; ++i) {
            vm.assertGe(handler.succeeded(rarer[i]), 3, rarer[i]);
        }
        for (uint256 i = 0; i < never.length; ++i) {
            vm.assertGe(handler.refused(never[i]), 15, never[i]);
        }
    }

    function _tell() private {
        for (uint256 i = 0; i < handler.deedCount(); ++i) {
            string memory deed = handler.deeds(i);
            emit log_named_string(
                deed,
                string.concat(
                    vm.toString(handler.succeeded(deed)), " / ", vm.toString(handler.refused(deed))
                )
            );
        }
    }
}
