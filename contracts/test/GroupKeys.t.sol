// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {GroupKeys} from "../datahub/GroupKeys.sol";
import {Managers} from "../datahub/Managers.sol";
import {GroupKeyInfo} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

contract GroupKeysTest is HubTest {
    bytes32 private constant HEAD = keccak256("registry");
    // BLS12-381's base field
    bytes private constant P = hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf"
        hex"6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    // ---------------------------------------------------------------- proposing

    function test_setGroupKeyKeepsWhatTheVerifierNeeds() public {
        address data = vm.computeCreateAddress(address(hub), vm.getNonce(address(hub)));
        vm.expectEmit(address(hub));
        emit GroupKeys.GroupKeyProposed(2, fingerprint, data);
        vm.prank(gm);
        uint32 version = hub.setGroupKey(fingerprint, groupKey, points);
        vm.assertEq(version, 2, "the next version");
        vm.assertEq(hub.groupKeyCount(), 2, "count");
        vm.assertEq(hub.currentKeyVersion(), 1, "a proposal is not current");
        GroupKeyInfo memory key = hub.getGroupKey(2);
        vm.assertEq(key.fingerprint, fingerprint, "fingerprint");
        vm.assertEq(key.confirmedAt, 0, "not confirmed");
        bytes memory r = new bytes(256);
        for (uint256 i = 0; i < 256; ++i) {
            r[i] = points[256 + i];
        }
        vm.assertEq(key.data.code, bytes.concat(hex"00", fingerprint, pointX, r), "data contract");
    }

    function test_setGroupKeyIsTheGroupManagers() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, rm));
        vm.prank(rm);
        hub.setGroupKey(fingerprint, groupKey, points);
    }

    function test_setGroupKeyChecksLengthsAndDigest() public {
        uint256[4] memory lengths = [uint256(0), 593, 595, 512];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Managers.BadLength.selector, lengths[i], 594));
            vm.prank(gm);
            hub.setGroupKey(fingerprint, new bytes(lengths[i]), points);
        }
        uint256[3] memory lengthsOfPoints = [uint256(0), 511, 513];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Managers.BadLength.selector, lengthsOfPoints[i], 512)
            );
            vm.prank(gm);
            hub.setGroupKey(fingerprint, groupKey, new bytes(lengthsOfPoints[i]));
        }
        vm.expectRevert(
            abi.encodeWithSelector(GroupKeys.WrongFingerprint.selector, HEAD, fingerprint)
        );
        vm.prank(gm);
        hub.setGroupKey(HEAD, groupKey, points);
    }

    /// Whatever gas it has, it proposes the key or changes nothing: not without the pairing, and not
    /// without the data contract, whose creation may run short when the pairing did not.
    function test_setGroupKeyNeedsEnoughGas() public {
        bytes memory call = abi.encodeCall(hub.setGroupKey, (fingerprint, groupKey, points));
        bytes32 badKey = keccak256(abi.encodeWithSelector(GroupKeys.BadGroupKey.selector));
        bool named = false;
        for (uint256 gas_ = 20_000; hub.groupKeyCount() == 1; gas_ += 10_000) {
            vm.prank(gm);
            (bool ok, bytes memory why) = address(hub).call{gas: gas_}(call);
            named = named || keccak256(why) == badKey;
            vm.assertEq(ok, hub.groupKeyCount() == 2, "all or nothing");
            vm.assertLe(gas_, 5_000_000, "some gas suffices");
        }
        vm.assertTrue(named, "named when there is gas to say so");
        vm.assertEq(hub.getGroupKey(2).data.code.length, 417, "kept");
    }

    /// A key of the same points in another compression is refused, and so is every other header.
    function test_setGroupKeyReadsEveryBitOfTheCompressedPoints() public {
        uint256[4] memory from = [uint256(0), 2, 98, 362];
        uint256[4] memory to = [uint256(2), 98, 146, 410];
        for (uint256 k = 0; k < 4; ++k) {
            for (uint256 i = from[k]; i < to[k]; i += k == 0 ? 1 : 5) {
                for (uint256 bit = 0; bit < 8; ++bit) {
                    _refuse(_flipped(groupKey, 8 * i + bit), points);
                }
            }
        }
    }

    function testFuzz_setGroupKeyReadsEveryBitOfThePoints(uint256 bit) public {
        _refuse(groupKey, _flipped(points, _bound(bit, 0, 8 * 512 - 1)));
    }

    /// What does not concern the points (Y_G, Y_R, proofs) is the managers' to check off-chain.
    function testFuzz_setGroupKeyTakesOtherBytesAsTheyAre(uint256 offset, bytes1 value) public {
        uint256 i = _bound(offset, 0, 593 - 146 - 48);
        i = i + 146 < 362 ? i + 146 : i + 146 + 48;
        bytes memory key = bytes.concat(groupKey);
        key[i] = value;
        bytes32 cid = sha256(key);
        vm.prank(gm);
        vm.assertEq(hub.setGroupKey(cid, key, points), 2, "version");
    }

    function test_setGroupKeyRefusesNegatedPoints() public {
        uint256[4] memory atY = [uint256(64), 192, 384, 448];
        for (uint256 k = 0; k < 4; ++k) {
            _refuse(groupKey, _negated(points, atY[k]));
        }
        // with R both coordinates of y change sign together: on the curve, and still refused
        _refuse(groupKey, _negated(_negated(points, 384), 448));
    }

    function test_setGroupKeyRefusesPointsOutsideTheSubgroup() public {
        string memory more = vm.readFile("test/points.json");
        bytes memory outside = vm.parseJsonBytes(more, ".outside");
        bytes memory compressed = vm.parseJsonBytes(more, ".outsideCompressed");
        _refuse(_with(groupKey, 98, compressed), _with(points, 0, outside));
        _refuse(_with(groupKey, 362, compressed), _with(points, 128, outside));
    }

    function test_setGroupKeyRefusesInfinity() public {
        bytes memory infinity = new bytes(48);
        infinity[0] = 0xc0;
        _refuse(_with(groupKey, 98, infinity), _with(points, 0, new bytes(128)));
        _refuse(_with(groupKey, 362, infinity), _with(points, 128, new bytes(128)));
        _refuse(
            _with(_with(groupKey, 2, infinity), 50, new bytes(48)),
            _with(points, 256, new bytes(256))
        );
    }

    function test_setGroupKeyRefusesSharesThatAddToInfinity() public {
        // X_R = -X_G, in both forms
        bytes memory key = _with(groupKey, 362, _slice(groupKey, 98, 48));
        key[362] ^= 0x20;
        bytes memory negative = _negated(_with(points, 128, _slice(points, 0, 128)), 192);
        _refuse(key, negative);
        // while X_R = X_G is a sum like any other
        key[362] ^= 0x20;
        bytes memory doubled = _with(points, 128, _slice(points, 0, 128));
        bytes32 cid = sha256(key);
        vm.prank(gm);
        vm.assertEq(hub.setGroupKey(cid, key, doubled), 2, "doubling");
    }

    // ---------------------------------------------------------------- confirming and retiring

    function test_confirmMakesCurrentAndRetiresTheFormer() public {
        vm.warp(START + 5);
        vm.prank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        vm.expectEmit(address(hub));
        emit GroupKeys.GroupKeyRetired(1, false);
        vm.expectEmit(address(hub));
        emit GroupKeys.GroupKeyConfirmed(2, fingerprint);
        vm.prank(rm);
        hub.confirmGroupKey(2, fingerprint);
        vm.assertEq(hub.currentKeyVersion(), 2, "current");
        vm.assertEq(hub.getGroupKey(1).retiredAt, START + 5, "the former is retired");
        vm.assertEq(hub.getGroupKey(1).confirmedAt, START, "confirmed at the start");
        vm.assertEq(hub.getGroupKey(2).confirmedAt, START + 5, "confirmed now");
        vm.assertEq(hub.getGroupKey(2).retiredAt, 0, "not retired");
    }

    function test_confirmRefusals() public {
        vm.startPrank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, gm));
        hub.confirmGroupKey(2, fingerprint);
        vm.stopPrank();

        vm.startPrank(rm);
        uint32[3] memory wrong = [uint32(0), 1, 3];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, wrong[i], 2));
            hub.confirmGroupKey(wrong[i], fingerprint);
        }
        vm.expectRevert(
            abi.encodeWithSelector(GroupKeys.WrongFingerprint.selector, HEAD, fingerprint)
        );
        hub.confirmGroupKey(2, HEAD);
        hub.confirmGroupKey(2, fingerprint);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.KeyAlreadyConfirmed.selector, 2));
        hub.confirmGroupKey(2, fingerprint);
        vm.stopPrank();
    }

    function test_confirmBeforeAnyProposal() public {
        hub = _deploy(gm, rm);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, 0, 0));
        vm.prank(rm);
        hub.confirmGroupKey(0, 0);
    }

    function test_retireByEitherManager() public {
        vm.warp(START + 9);
        vm.expectEmit(address(hub));
        emit GroupKeys.GroupKeyRetired(1, false);
        vm.prank(rm);
        hub.retireGroupKey(1, false);
        vm.assertEq(hub.currentKeyVersion(), 0, "none is current");
        vm.assertEq(hub.getGroupKey(1).retiredAt, START + 9, "retired");
        vm.assertEq(hub.getGroupKey(1).compromised, false, "not compromised");

        // found compromised later: the time of its retirement stays
        vm.warp(START + 10);
        vm.prank(gm);
        hub.retireGroupKey(1, true);
        vm.assertEq(hub.getGroupKey(1).retiredAt, START + 9, "unchanged");
        vm.assertEq(hub.getGroupKey(1).compromised, true, "compromised");
    }

    function test_retireRefusals() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.NotManager.selector, stranger));
        vm.prank(stranger);
        hub.retireGroupKey(1, false);

        vm.startPrank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        uint32[3] memory unconfirmed = [uint32(0), 2, 3];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(GroupKeys.KeyNotConfirmed.selector, unconfirmed[i])
            );
            hub.retireGroupKey(unconfirmed[i], true);
        }
        hub.retireGroupKey(1, false);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.KeyAlreadyRetired.selector, 1));
        hub.retireGroupKey(1, false);
        hub.retireGroupKey(1, true);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.KeyAlreadyRetired.selector, 1));
            hub.retireGroupKey(1, i == 0);
        }
        vm.stopPrank();
    }

    function test_retiringAnOldVersionLeavesTheCurrentOne() public {
        _installKey();
        vm.prank(gm);
        hub.retireGroupKey(1, true);
        vm.assertEq(hub.currentKeyVersion(), 2, "still current");
    }

    function test_aNewKeyAfterNoneWasCurrent() public {
        vm.prank(gm);
        hub.retireGroupKey(1, true);
        vm.warp(START + 100);
        vm.recordLogs();
        _installKey();
        vm.assertEq(vm.getRecordedLogs().length, 2, "proposed and confirmed, none is retired");
        vm.assertEq(hub.currentKeyVersion(), 2, "current");
        vm.assertEq(hub.getGroupKey(1).retiredAt, START, "its retirement stays");
    }

    function test_getGroupKeyOfNone() public {
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, 2, 1));
        hub.getGroupKey(2);
    }

    // ---------------------------------------------------------------- lists

    function test_setRevocationList() public {
        vm.startPrank(rm);
        for (uint64 i = 1; i <= 2; ++i) {
            bytes32 cid = keccak256(abi.encode(i));
            vm.expectEmit(address(hub));
            emit GroupKeys.RevocationListSet(i, cid);
            hub.setRevocationList(cid);
            vm.assertEq(hub.revocationListCid(), cid, "in force");
            vm.assertEq(hub.revocationListVersion(), i, "version");
        }
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroValue.selector));
        hub.setRevocationList(0);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Managers.NotRevocationManager.selector, gm));
        vm.prank(gm);
        hub.setRevocationList(HEAD);
    }

    function test_commitMembers() public {
        bytes memory sig = _sign(RM_KEY, _headHash(1, 3, HEAD));
        vm.expectEmit(address(hub));
        emit GroupKeys.MembersCommitted(1, 3, HEAD);
        vm.prank(gm);
        hub.commitMembers(1, 3, HEAD, sig);
        (uint64 size, bytes32 head) = hub.getMembers(1);
        vm.assertEq(size, 3, "size");
        vm.assertEq(head, HEAD, "head");

        // it only grows
        for (uint64 less = 2; less <= 3; ++less) {
            sig = _sign(RM_KEY, _headHash(1, less, MANIFEST));
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.RegistryNotGrown.selector, less, 3));
            vm.prank(gm);
            hub.commitMembers(1, less, MANIFEST, sig);
        }
        sig = _sign(RM_KEY, _headHash(1, 4, MANIFEST));
        vm.prank(gm);
        hub.commitMembers(1, 4, MANIFEST, sig);
        (size, head) = hub.getMembers(1);
        vm.assertEq(size, 4, "grown");
        vm.assertEq(head, MANIFEST, "new head");
    }

    function test_commitMembersNeedsBothManagers() public {
        bytes memory sig = _sign(RM_KEY, _headHash(1, 3, HEAD));
        vm.expectRevert(abi.encodeWithSelector(Managers.NotGroupManager.selector, rm));
        vm.prank(rm);
        hub.commitMembers(1, 3, HEAD, sig);

        vm.startPrank(gm);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, 0, 1));
        hub.commitMembers(0, 3, HEAD, sig);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.NotNewestKey.selector, 2, 1));
        hub.commitMembers(2, 3, HEAD, sig);
        bytes memory refusal = abi.encodeWithSelector(Managers.BadSignature.selector, rm);
        vm.expectRevert(refusal);
        hub.commitMembers(1, 4, HEAD, sig);
        vm.expectRevert(refusal);
        hub.commitMembers(1, 3, MANIFEST, sig);
        bytes memory others = _sign(OWNER_KEY, _headHash(1, 3, HEAD));
        vm.expectRevert(refusal);
        hub.commitMembers(1, 3, HEAD, others);
        vm.expectRevert(refusal);
        hub.commitMembers(1, 3, HEAD, "");
        vm.stopPrank();
    }

    function test_commitMembersIsBoundToTheContract() public {
        bytes memory sig = _sign(RM_KEY, _headHash(1, 3, HEAD));
        hub = _deploy(gm, rm);
        _installKey();
        vm.expectRevert(abi.encodeWithSelector(Managers.BadSignature.selector, rm));
        vm.prank(gm);
        hub.commitMembers(1, 3, HEAD, sig);
    }

    // ---------------------------------------------------------------- helpers

    function _headHash(uint32 version, uint64 size, bytes32 head) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("RegistryHead(uint32 keyVersion,uint64 size,bytes32 head)"),
                version,
                size,
                head
            )
        );
    }

    function _refuse(bytes memory key, bytes memory uncompressed) private {
        bytes32 cid = sha256(key);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.BadGroupKey.selector));
        vm.prank(gm);
        hub.setGroupKey(cid, key, uncompressed);
    }

    function _slice(bytes memory data, uint256 offset, uint256 length)
        private
        pure
        returns (bytes memory part)
    {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[offset + i];
        }
    }

    function _with(bytes memory data, uint256 offset, bytes memory part)
        private
        pure
        returns (bytes memory copy)
    {
        copy = bytes.concat(data);
        for (uint256 i = 0; i < part.length; ++i) {
            copy[offset + i] = part[i];
        }
    }

    function _flipped(bytes memory data, uint256 bit) private pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        copy[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    // The field element at `offset` (16 zero bytes, then 48) becomes p minus itself.
    function _negated(bytes memory data, uint256 offset) private pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        uint256 borrow = 0;
        for (uint256 i = 48; i > 0; --i) {
            uint256 difference =
                256 + uint256(uint8(P[i - 1])) - uint8(data[offset + 15 + i]) - borrow;
            copy[offset + 15 + i] = bytes1(uint8(difference));
            borrow = difference < 256 ? 1 : 0;
        }
    }
}
