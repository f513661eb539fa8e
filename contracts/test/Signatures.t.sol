// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {GroupKeys} from "../datahub/GroupKeys.sol";
import {Managers} from "../datahub/Managers.sol";
import {Records} from "../datahub/Records.sol";
import {Item} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

/// @notice Group signatures verified through DataHub, and records marked as verified thereby.
contract SignaturesTest is HubTest {
    bytes32 private constant CID = keccak256("cid");
    bytes32 private constant ROOT = keccak256("root");

    // ---------------------------------------------------------------- verifySignature

    function test_verifySignature() public view {
        for (uint256 i = 0; i < 8; ++i) {
            vm.assertEq(hub.verifySignature(msgs[i], sigs[i], ys[i], 1), true, "as it was made");
            uint256 k = (i + 1) % 8;
            vm.assertEq(hub.verifySignature(msgs[k], sigs[i], ys[i], 1), false, "message");
            vm.assertEq(hub.verifySignature(msgs[i], sigs[k], ys[i], 1), false, "signature");
            vm.assertEq(hub.verifySignature(msgs[i], sigs[i], ys[k], 1), false, "coordinates");
            vm.assertEq(hub.verifySignature(msgs[i], sigs[k], ys[k], 1), false, "another's");
        }
    }

    function test_verifySignatureNeedsAConfirmedKey() public {
        vm.prank(gm);
        hub.setGroupKey(fingerprint, groupKey, points); // 2: proposed only
        uint32[4] memory versions = [uint32(0), 2, 3, type(uint32).max];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.KeyNotConfirmed.selector, versions[i]));
            hub.verifySignature(msgs[0], sigs[0], ys[0], versions[i]);
        }
        vm.prank(rm);
        hub.confirmGroupKey(2, fingerprint);
        vm.assertEq(hub.verifySignature(msgs[0], sigs[0], ys[0], 2), true, "the same key");
    }

    /// Retirement and compromise are not the verifier's affair.
    function test_verifySignatureUnderARetiredKey() public {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(gm);
            hub.retireGroupKey(1, i == 1);
            vm.assertEq(hub.verifySignature(msgs[0], sigs[0], ys[0], 1), true, "valid");
            // no version is current: 0 does not stand for the last one that was
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.KeyNotConfirmed.selector, 0));
            hub.verifySignature(msgs[0], sigs[0], ys[0], 0);
        }
    }

    function test_eachVersionHasItsOwnKey() public {
        groupKey[500] ^= 0x01; // a proof's byte: the points stay, the fingerprint is another
        fingerprint = sha256(groupKey);
        _installKey();
        vm.assertEq(hub.verifySignature(msgs[0], sigs[0], ys[0], 2), false, "under the new one");
        vm.assertEq(hub.verifySignature(msgs[0], sigs[0], ys[0], 1), true, "under its own");
    }

    function test_theVerifierIsTheHubsOwn() public {
        address verifier = address(hub.signatureVerifier());
        vm.assertTrue(verifier.code.length != 0, "a contract");
        vm.assertEq(verifier, vm.computeCreateAddress(address(hub), 1), "made by the constructor");
        vm.assertTrue(verifier != address(_deploy(gm, rm).signatureVerifier()), "one each");
    }

    // ---------------------------------------------------------------- storeDataVerified

    function test_storeDataVerified() public {
        (bytes memory sig, bytes memory y) = signer.sign(_recordMessage(ROOT, patient));
        vm.expectEmit(address(hub));
        emit Records.DataStored(ROOT, CID, patient, sig, 1);
        vm.expectEmit(address(hub));
        emit Records.RecordVerified(_idOf(sig));
        vm.recordLogs();
        vm.prank(stranger);
        bytes32 id = hub.storeDataVerified(CID, ROOT, sig, patient, 1, y);
        vm.assertEq(vm.getRecordedLogs().length, 2, "two events");
        vm.assertEq(id, _idOf(sig), "record id");
        _requireRecord(id, START, true);
        vm.assertEq(hub.getRecord(ROOT, patient, CID, sig, 1).timestamp, START, "stored");
    }

    /// The flag may be raised later; nothing else of the record changes, and nothing lowers it.
    function test_aStoredRecordIsVerifiedLater() public {
        (bytes memory sig, bytes memory y) = signer.sign(_recordMessage(ROOT, patient));
        bytes32 id = hub.storeDataFor(CID, ROOT, sig, patient, 1);
        _requireRecord(id, START, false);
        vm.warp(START + 77);
        vm.expectEmit(address(hub));
        emit Records.RecordVerified(id);
        vm.recordLogs();
        vm.assertEq(hub.storeDataVerified(CID, ROOT, sig, patient, 1, y), id, "its id");
        vm.assertEq(vm.getRecordedLogs().length, 1, "not stored again");
        _requireRecord(id, START, true);

        vm.warp(START + 99);
        vm.recordLogs();
        vm.assertEq(hub.storeDataVerified(CID, ROOT, sig, patient, 1, y), id, "again");
        vm.assertEq(hub.storeDataVerified(CID, ROOT, sig, patient, 1, ""), id, "no matter");
        vm.assertEq(hub.storeDataFor(CID, ROOT, sig, patient, 1), id, "not verified");
        Item[] memory items = new Item[](1);
        items[0] = Item(CID, ROOT, sig, patient, 1);
        hub.storeBatch(items);
        vm.assertEq(vm.getRecordedLogs().length, 0, "nothing happens");
        _requireRecord(id, START, true);
    }

    /// What a doctor signed is bound to root, owner, contract and chain, and to being a record.
    function test_anInvalidSignatureStoresNothing() public {
        bytes32[6] memory messages;
        messages[0] = ROOT;
        messages[1] = _recordMessage(CID, patient);
        messages[2] = _recordMessage(ROOT, stranger);
        messages[3] = sha256(
            abi.encodePacked("galen/release/1", block.chainid, address(hub), ROOT, patient)
        );
        DataHub here = hub;
        hub = DataHub(address(signer));
        messages[4] = _recordMessage(ROOT, patient);
        hub = here;
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        messages[5] = _recordMessage(ROOT, patient);
        vm.chainId(chain);
        for (uint256 i = 0; i < 6; ++i) {
            (bytes memory sig, bytes memory y) = signer.sign(messages[i]);
            _expectInvalid();
            hub.storeDataVerified(CID, ROOT, sig, patient, 1, y);
            _requireRecord(_idOf(sig), 0, false);
            // one stored unverified stays so
            hub.storeDataFor(CID, ROOT, sig, patient, 1);
            _expectInvalid();
            hub.storeDataVerified(CID, ROOT, sig, patient, 1, y);
            _requireRecord(_idOf(sig), START, false);
        }
        (bytes memory good,) = signer.sign(_recordMessage(ROOT, patient));
        _expectInvalid();
        hub.storeDataVerified(CID, ROOT, good, patient, 1, ys[0]);
        _expectInvalid();
        hub.storeDataVerified(CID, ROOT, good, patient, 1, "");
    }

    function test_storeDataVerifiedRefusals() public {
        (bytes memory sig, bytes memory y) = signer.sign(_recordMessage(ROOT, patient));
        uint32[2] memory versions = [uint32(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, versions[i], 1));
            hub.storeDataVerified(CID, ROOT, sig, patient, versions[i], y);
        }
        vm.expectRevert(abi.encodeWithSelector(Managers.BadLength.selector, 361, 362));
        hub.storeDataVerified(CID, ROOT, new bytes(361), patient, 1, y);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        hub.storeDataVerified(CID, ROOT, sig, address(0), 1, y);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroValue.selector));
        hub.storeDataVerified(0, ROOT, sig, patient, 1, y);

        // an old version's record can be verified no more
        hub.storeDataFor(CID, ROOT, sig, patient, 1);
        _installKey();
        vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, 1, 2));
        hub.storeDataVerified(CID, ROOT, sig, patient, 1, y);
        vm.prank(rm);
        hub.retireGroupKey(2, false);
        vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, 2, 0));
        hub.storeDataVerified(CID, ROOT, sig, patient, 2, y);
    }

    // ---------------------------------------------------------------- helpers

    function _expectInvalid() private {
        vm.expectRevert(abi.encodeWithSelector(Records.InvalidSignature.selector));
    }

    function _idOf(bytes memory sig) private view returns (bytes32) {
        return keccak256(abi.encode(ROOT, patient, CID, keccak256(sig), 1));
    }

    function _requireRecord(bytes32 id, uint256 time, bool wanted) private view {
        (uint256 timestamp, uint32 version, bool verified) = hub.getRecordStatus(id);
        vm.assertEq(timestamp, time, "timestamp");
        vm.assertEq(version, time == 0 ? 0 : 1, "key version");
        vm.assertEq(verified, wanted, "verified");
    }
}
