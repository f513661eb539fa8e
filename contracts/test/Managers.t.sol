// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {Managers} from "../datahub/Managers.sol";
import {HubTest} from "./HubTest.sol";

contract ManagersTest is HubTest {
    address internal immutable next = _account("successor");

    function test_constructorSetsTwoManagers() public {
        address where = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectEmit(where);
        emit Managers.GroupManagerChanged(address(0), gm);
        vm.expectEmit(where);
        emit Managers.RevocationManagerChanged(address(0), rm);
        DataHub fresh = _deploy(gm, rm);
        vm.assertEq(fresh.groupManager(), gm, "group manager");
        vm.assertEq(fresh.revocationManager(), rm, "revocation manager");
        vm.assertEq(fresh.currentKeyVersion(), 0, "no key");
        vm.assertEq(fresh.requestCount(), 0, "no request");
    }

    function test_constructorRefusesZeroAndTwice() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        this.deployOutside(address(0), rm);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        this.deployOutside(gm, address(0));
        vm.expectRevert(abi.encodeWithSelector(Managers.SameManager.selector, gm));
        this.deployOutside(gm, gm);
    }

    function deployOutside(address first, address second) external {
        _deploy(first, second);
    }

    function test_codeLeavesRoomUnderEip170() public view {
        vm.assertLe(address(hub).code.length, 24_576, "code size");
    }

    function test_groupManagerRotatesInTwoSteps() public {
        vm.expectEmit(address(hub));
        emit Managers.ManagerProposed(gm, next);
        vm.prank(gm);
        hub.proposeManager(next);
        vm.assertEq(hub.groupManager(), gm, "not yet");
        vm.assertEq(hub.pendingGroupManager(), next, "pending");

        vm.expectEmit(address(hub));
        emit Managers.GroupManagerChanged(gm, next);
        vm.prank(next);
        hub.acceptGroupManager();
        vm.assertEq(hub.groupManager(), next, "changed");
        vm.assertEq(hub.pendingGroupManager(), address(0), "nobody pending");
        vm.assertEq(hub.revocationManager(), rm, "the other stays");

        vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, gm));
        vm.prank(gm);
        hub.setHospital(stranger, true);
    }

    function test_revocationManagerRotatesInTwoSteps() public {
        vm.prank(rm);
        hub.proposeManager(next);
        vm.assertEq(hub.pendingRevocationManager(), next, "pending");
        vm.expectEmit(address(hub));
        emit Managers.RevocationManagerChanged(rm, next);
        vm.prank(next);
        hub.acceptRevocationManager();
        vm.assertEq(hub.revocationManager(), next, "changed");
        vm.assertEq(hub.pendingRevocationManager(), address(0), "nobody pending");
        vm.assertEq(hub.groupManager(), gm, "the other stays");

        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, rm));
        vm.prank(rm);
        hub.setRevocationList(MANIFEST);
    }

    function test_namingIsTakenBackByZero() public {
        vm.prank(gm);
        hub.proposeManager(next);
        vm.prank(gm);
        hub.proposeManager(address(0));
        vm.expectRevert(abi.encodeWithSelector(Managers.NotPending.selector, next, address(0)));
        vm.prank(next);
        hub.acceptGroupManager();
    }

    function test_onlyManagersName() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.NotManager.selector, stranger));
        vm.prank(stranger);
        hub.proposeManager(next);
    }

    function test_onlyTheNamedAccept() public {
        vm.prank(gm);
        hub.proposeManager(next);
        vm.prank(rm);
        hub.proposeManager(stranger);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotPending.selector, stranger, next));
        vm.prank(stranger);
        hub.acceptGroupManager();
        vm.expectRevert(abi.encodeWithSelector(Managers.NotPending.selector, next, stranger));
        vm.prank(next);
        hub.acceptRevocationManager();
    }

    function test_theTwoAreNeverOne() public {
        address[2] memory managers = [gm, rm];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Managers.SameManager.selector, managers[i / 2]));
            vm.prank(managers[i % 2]);
            hub.proposeManager(managers[i / 2]);
        }
        // both name the same successor: it may take one office only, whichever comes first
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(managers[i]);
            hub.proposeManager(next);
        }
        vm.prank(next);
        hub.acceptGroupManager();
        vm.expectRevert(abi.encodeWithSelector(Managers.SameManager.selector, next));
        vm.prank(next);
        hub.acceptRevocationManager();

        vm.prank(next);
        hub.proposeManager(gm);
        vm.prank(gm);
        hub.acceptGroupManager();
        vm.prank(next);
        hub.acceptRevocationManager();
        vm.assertEq(hub.revocationManager(), next, "free to take the other office now");
        vm.prank(gm);
        hub.proposeManager(stranger);
        vm.prank(next);
        hub.proposeManager(stranger);
        vm.prank(stranger);
        hub.acceptRevocationManager();
        vm.expectRevert(abi.encodeWithSelector(Managers.SameManager.selector, stranger));
        vm.prank(stranger);
        hub.acceptGroupManager();
    }

    function test_setHospital() public {
        vm.assertEq(hub.isHospital(stranger), false, "not yet");
        vm.expectEmit(address(hub));
        emit Managers.HospitalSet(stranger, true);
        vm.prank(gm);
        hub.setHospital(stranger, true);
        vm.assertEq(hub.isHospital(stranger), true, "registered");
        vm.prank(gm);
        hub.setHospital(stranger, false);
        vm.assertEq(hub.isHospital(stranger), false, "struck off");
    }

    function test_setHospitalRefusals() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, rm));
        vm.prank(rm);
        hub.setHospital(stranger, true);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        vm.prank(gm);
        hub.setHospital(address(0), true);
    }
}
