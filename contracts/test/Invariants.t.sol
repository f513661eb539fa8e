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

    uint256 private constant STEPS = 4000;

    Handler private handler;

    function setUp() public {
        handler = new Handler();
    }

    /// @notice forge asks what to call; what moves a request on comes up more often.
    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        bytes4[50] memory actions = [
            handler.passTime.selector,
            handler.passTime.selector,
            handler.passTime.selector,
            handler.open.selector,
            handler.open.selector,
            handler.open.selector,
            handler.reply.selector,
            handler.reply.selector,
            handler.reply.selector,
            handler.reply.selector,
            handler.deliver.selector,
            handler.deliver.selector,
            handler.deliver.selector,
            handler.deliver.selector,
            handler.deliver.selector,
            handler.dispute.selector,
            handler.dispute.selector,
            handler.dispute.selector,
            handler.dispute.selector,
            handler.disputeAll.selector,
            handler.rule.selector,
            handler.rule.selector,
            handler.rule.selector,
            handler.rule.selector,
            handler.rule.selector,
            handler.proveInvalid.selector,
            handler.proveInvalid.selector,
            handler.requestOpening.selector,
            handler.requestOpening.selector,
            handler.approve.selector,
            handler.finalize.selector,
            handler.refund.selector,
            handler.expire.selector,
            handler.push.selector,
            handler.claim.selector,
            handler.claim.selector,
            handler.claim.selector,
            handler.claim.selector,
            handler.withdraw.selector,
            handler.store.selector,
            handler.nominate.selector,
            handler.takeOffice.selector,
            handler.accredit.selector,
            handler.confirmKey.selector,
            handler.retireKey.selector,
            handler.change.selector,
            handler.force.selector,
            handler.starve.selector,
            handler.arm.selector,
            handler.arm.selector
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

    function invariant_always() public {
        handler.checkSome();
    }

    /// @notice At the end of each run: every state has an exit by time alone, and no wei stays.
    function afterInvariant() public {
        handler.checkAll();
        handler.finish();
    }

    /// @notice The actions do what they are for: a long walk with a fixed seed has each succeed.
    function test_theWalkGetsEverywhere() public {
        bytes4[] memory actions = this.targetSelectors()[0].selectors;
        for (uint256 i = 0; i < STEPS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("walk", vm.envOr("WALK", string("")), i)));
            (bool ok, bytes memory why) = address(handler)
                .call(abi.encodeWithSelector(actions[seed % actions.length], seed >> 8));
            if (!ok) assembly { revert(add(why, 32), mload(why)) }
            handler.checkSome();
        }
        _tell();
        afterInvariant();
    }

    event log_named_string(string key, string value);

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
