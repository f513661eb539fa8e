// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Disputes} from "../datahub/Disputes.sol";
import {Entries} from "../datahub/Entries.sol";
import {Managers} from "../datahub/Managers.sol";
import {Openings} from "../datahub/Openings.sol";
import {Requests} from "../datahub/Requests.sol";
import {Entry, OpeningInfo, Verdict} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

contract OpeningsTest is HubTest {
    bytes32 private constant SHARE = keccak256("share");

    // ---------------------------------------------------------------- asking

    function test_requestOpening() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _only(3));
        (, bytes32[] memory proof) = _prove(id, 0, entries, 3);
        uint256 openingId = (id << 16) + 3;
        bytes32 hash = keccak256(entries[3].sig);
        _requireOpening(openingId, false, false, false);
        vm.expectEmit(address(hub));
        emit Openings.OpeningRequested(openingId, hash, id, 3, buyer);
        vm.prank(buyer);
        vm.assertEq(
            hub.requestOpening(hash, id, 0, 3, entries[3], proof), openingId, "id and index"
        );
        _requireOpening(openingId, true, false, false);
        vm.expectRevert(abi.encodeWithSelector(Openings.OpeningExists.selector, openingId));
        vm.prank(buyer);
        hub.requestOpening(hash, id, 0, 3, entries[3], proof);
    }

    function test_onlyTheBuyerAsks() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _only(3));
        (, bytes32[] memory proof) = _prove(id, 0, entries, 3);
        address[4] memory others = [gm, rm, hospital, stranger];
        for (uint256 i = 0; i < 8; ++i) {
            address who = others[i % 4];
            vm.expectRevert(abi.encodeWithSelector(Disputes.NotBuyer.selector, who));
            vm.prank(who);
            // the second time for a request that is not there
            hub.requestOpening(
                keccak256(entries[3].sig), i < 4 ? id : id + 1, 0, 3, entries[3], proof
            );
        }
    }

    /// Neither managers nor buyer can have any other signature opened.
    function test_onlyEntriesRuledFraudAreOpened() public {
        Entry[] memory entries = _entries(0, 7);
        uint256 id = _delivered(0.8 ether, 1, entries);
        _dispute(id, _range(1, 4));
        _rule(id, _only(2), Verdict.Pay);
        _rule(id, _only(3), Verdict.Refund);
        _rule(id, _only(4), Verdict.Fraud);
        _proveInvalid(id, entries, 5);
        vm.prank(gm);
        hub.rule(id, _only(1), Verdict.Fraud); // one manager alone
        vm.prank(buyer);
        hub.finalize(id, true, new address payable[](0));
        _claim(id, entries, 6);
        for (uint256 i = 0; i < 7; ++i) {
            if (i != 4) {
                vm.expectRevert(abi.encodeWithSelector(Openings.NotRuledFraud.selector, id, i));
            }
            _ask(id, entries, i);
            _requireOpening((id << 16) + i, i == 4, false, false);
        }
    }

    function test_theSignatureMustBeTheEntrys() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _range(2, 2));
        bytes32 actual = keccak256(entries[3].sig);
        bytes32[3] memory wrong = [bytes32(0), sha256(entries[3].sig), keccak256(entries[2].sig)];
        (, bytes32[] memory proof) = _prove(id, 0, entries, 3);
        vm.startPrank(buyer);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Openings.WrongSignatureHash.selector, wrong[i], actual)
            );
            hub.requestOpening(wrong[i], id, 0, 3, entries[3], proof);
        }
        // and the entry the delivered one
        Entry memory forged = _entries(3, 1)[0];
        forged.sig = sigs[5];
        bytes memory refusal = abi.encodeWithSelector(Entries.WrongProof.selector, id);
        vm.expectRevert(refusal);
        hub.requestOpening(keccak256(forged.sig), id, 0, 3, forged, proof);
        forged = _entries(3, 1)[0];
        forged.payout = buyer;
        vm.expectRevert(refusal);
        hub.requestOpening(actual, id, 0, 3, forged, proof);
        vm.expectRevert(refusal);
        hub.requestOpening(actual, id, 0, 2, entries[3], proof); // 2 was ruled Fraud too
        vm.expectRevert(refusal);
        hub.requestOpening(actual, id, 1, 3, entries[3], proof);
        vm.stopPrank();
    }

    function test_openingsOfLaterParts() public {
        uint256 id = _replied(1 ether, 1, 400);
        vm.startPrank(hospital);
        hub.deliver(id, 0, _entries(0, 2), false);
        hub.deliver(id, MANIFEST, _entries(2, 3), true);
        vm.stopPrank();
        _dispute(id, _only(4));
        _rule(id, _only(4), Verdict.Fraud);
        Entry[] memory second = _entries(2, 3);
        (, bytes32[] memory proof) = _prove(id, 2, second, 4);
        vm.prank(buyer);
        vm.assertEq(
            hub.requestOpening(keccak256(second[2].sig), id, 1, 4, second[2], proof),
            (id << 16) + 4,
            "opening"
        );
    }

    /// Until 30 days after ruleBy.
    function test_openingsHaveADeadline() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _range(0, 2));
        uint256 deadline = hub.getRequest(id).ruleBy + 30 days;
        vm.assertEq(deadline, START + 51 days, "7 to verify, 14 to rule, 30");
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(Requests.DeadlinePassed.selector, deadline));
        _ask(id, entries, 0);
        vm.warp(deadline - 1);
        _ask(id, entries, 0);
        _requireOpening(id << 16, true, false, false);
    }

    // ---------------------------------------------------------------- approving

    function test_bothApproveInEitherOrder() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _range(0, 2));
        for (uint256 i = 0; i < 2; ++i) {
            _ask(id, entries, i);
            uint256 openingId = (id << 16) + i;
            bytes32 other = keccak256(abi.encode("other share", i));
            vm.expectEmit(address(hub));
            if (i == 0) emit Openings.GroupManagerApproved(openingId, SHARE);
            else emit Openings.RevocationManagerApproved(openingId, SHARE);
            vm.recordLogs();
            _approve(i == 0, openingId, SHARE);
            vm.assertEq(vm.getRecordedLogs().length, 1, "not complete");
            _requireOpening(openingId, true, i == 0, i == 1);

            vm.expectEmit(address(hub));
            if (i == 0) emit Openings.RevocationManagerApproved(openingId, other);
            else emit Openings.GroupManagerApproved(openingId, other);
            vm.expectEmit(address(hub));
            emit Openings.OpeningCompleted(openingId);
            _approve(i != 0, openingId, other);
            _requireOpening(openingId, true, true, true);
        }
    }

    function test_approvalsAreTheManagersOwn() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _only(3));
        _ask(id, entries, 3);
        uint256 openingId = (id << 16) + 3;
        address[4] memory others = [rm, buyer, hospital, stranger];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, others[i]));
            vm.prank(others[i]);
            hub.approveOpeningGroupManager(openingId, SHARE);
        }
        others[0] = gm;
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Managers.NotRevocationManager.selector, others[i])
            );
            vm.prank(others[i]);
            hub.approveOpeningRevocationManager(openingId, SHARE);
        }
        _requireOpening(openingId, true, false, false);
    }

    function test_approvalRefusals() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _only(3));
        uint256 openingId = (id << 16) + 3;
        for (uint256 i = 0; i < 2; ++i) {
            bool byGm = i == 0;
            // ruled Fraud is not asked for yet
            uint256[3] memory none = [openingId + 1, (id + 1) << 16, 3];
            for (uint256 k = 0; k < 3; ++k) {
                vm.expectRevert(abi.encodeWithSelector(Openings.UnknownOpening.selector, none[k]));
                _approve(byGm, none[k], SHARE);
            }
            if (byGm) {
                vm.expectRevert(abi.encodeWithSelector(Openings.UnknownOpening.selector, openingId));
                _approve(byGm, openingId, SHARE);
                _ask(id, entries, 3);
            }
            vm.expectRevert(abi.encodeWithSelector(Managers.ZeroValue.selector));
            _approve(byGm, openingId, 0);
            _approve(byGm, openingId, SHARE);
            vm.expectRevert(abi.encodeWithSelector(Openings.AlreadyApproved.selector, openingId));
            _approve(byGm, openingId, MANIFEST);
        }
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Openings.AlreadyApproved.selector, openingId));
            _approve(i == 0, openingId, SHARE);
        }
        _requireOpening(openingId, true, true, true);
    }

    /// An approval is the office's: a successor does not give it twice.
    function test_aNewManagerDoesNotApproveAgain() public {
        (uint256 id, Entry[] memory entries) = _ruled(5, _only(3));
        _ask(id, entries, 3);
        uint256 openingId = (id << 16) + 3;
        _approve(true, openingId, SHARE);
        vm.prank(gm);
        hub.proposeManager(stranger);
        vm.startPrank(stranger);
        hub.acceptGroupManager();
        vm.expectRevert(abi.encodeWithSelector(Openings.AlreadyApproved.selector, openingId));
        hub.approveOpeningGroupManager(openingId, SHARE);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, stranger));
        hub.approveOpeningRevocationManager(openingId, SHARE);
        vm.stopPrank();
        _requireOpening(openingId, true, true, false);
    }

    // ---------------------------------------------------------------- helpers

    // A delivery of n entries of which these were ruled Fraud.
    function _ruled(uint256 n, uint256[] memory indices)
        private
        returns (uint256 id, Entry[] memory entries)
    {
        entries = _entries(0, n);
        id = _delivered(1 ether, 1, entries);
        _dispute(id, indices);
        _rule(id, indices, Verdict.Fraud);
    }

    function _ask(uint256 id, Entry[] memory entries, uint256 index) private {
        (, bytes32[] memory proof) = _prove(id, 0, entries, index);
        bytes32 hash = keccak256(entries[index].sig);
        vm.prank(buyer);
        hub.requestOpening(hash, id, 0, index, entries[index], proof);
    }

    function _approve(bool byGm, uint256 openingId, bytes32 share) private {
        vm.prank(byGm ? gm : rm);
        if (byGm) hub.approveOpeningGroupManager(openingId, share);
        else hub.approveOpeningRevocationManager(openingId, share);
    }

    function _requireOpening(uint256 openingId, bool requested, bool byGm, bool byRm)
        private
        view
    {
        OpeningInfo memory info = hub.getOpening(openingId);
        vm.assertEq(info.requested, requested, "requested");
        vm.assertEq(info.groupManagerApproved, byGm, "group manager");
        vm.assertEq(info.revocationManagerApproved, byRm, "revocation manager");
    }
}
