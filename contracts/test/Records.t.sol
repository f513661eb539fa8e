// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Managers} from "../datahub/Managers.sol";
import {Records} from "../datahub/Records.sol";
import {Item, RecordMeta} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";

contract RecordsTest is HubTest {
    bytes32 private constant CID = keccak256("cid");
    bytes32 private constant ROOT = keccak256("root");

    function test_storeData() public {
        vm.expectEmit(address(hub));
        emit Records.DataStored(ROOT, CID, patient, sigs[0], 1);
        vm.prank(patient);
        bytes32 id = hub.storeData(CID, ROOT, sigs[0]);
        vm.assertEq(id, _idOf(ROOT, patient, CID, sigs[0], 1), "record id");
        _requireStored(id, START, 1);

        RecordMeta memory meta = hub.getRecord(ROOT, patient, CID, sigs[0], 1);
        vm.assertEq(meta.cid, CID, "cid");
        vm.assertEq(meta.merkleRoot, ROOT, "root");
        vm.assertEq(meta.sig, sigs[0], "signature");
        vm.assertEq(meta.owner, patient, "owner");
        vm.assertEq(meta.timestamp, START, "timestamp");
    }

    function test_storeDataForIsPaidByAnyone() public {
        vm.expectEmit(address(hub));
        emit Records.DataStored(ROOT, CID, patient, sigs[1], 1);
        vm.prank(stranger);
        bytes32 id = hub.storeDataFor(CID, ROOT, sigs[1], patient, 1);
        _requireStored(id, START, 1);
        vm.prank(patient);
        vm.assertEq(hub.storeData(CID, ROOT, sigs[1]), id, "the same record either way");
    }

    function test_storingAgainChangesNothing() public {
        bytes32 id = hub.storeDataFor(CID, ROOT, sigs[0], patient, 1);
        vm.warp(START + 1000);
        vm.recordLogs();
        vm.assertEq(hub.storeDataFor(CID, ROOT, sigs[0], patient, 1), id, "its id");
        vm.assertEq(vm.getRecordedLogs().length, 0, "no event");
        _requireStored(id, START, 1);
    }

    function test_aCopyIsAnotherRecord() public {
        bytes32 id = hub.storeDataFor(CID, ROOT, sigs[0], patient, 1);
        vm.warp(START + 7);
        bytes32[3] memory others = [
            hub.storeDataFor(CID, ROOT, sigs[0], stranger, 1),
            hub.storeDataFor(MANIFEST, ROOT, sigs[0], patient, 1),
            hub.storeDataFor(CID, ROOT, sigs[1], patient, 1)
        ];
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertTrue(others[i] != id, "another record");
            _requireStored(others[i], START + 7, 1);
        }
        _requireStored(id, START, 1);
    }

    function testFuzz_recordIdCommitsToEverything(
        bytes32 cid,
        bytes32 root,
        address owner,
        uint256 flip
    ) public {
        cid = cid == 0 ? CID : cid;
        root = root == 0 ? ROOT : root;
        owner = owner == address(0) ? patient : owner;
        bytes memory sig = bytes.concat(sigs[0]);
        sig[flip % 362] ^= 0x40;
        bytes32 id = hub.storeDataFor(cid, root, sig, owner, 1);
        vm.assertEq(id, _idOf(root, owner, cid, sig, 1), "record id");
        _requireStored(id, START, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                Records.UnknownRecord.selector, _idOf(root, owner, cid, sigs[0], 1)
            )
        );
        hub.getRecord(root, owner, cid, sigs[0], 1);
    }

    function test_onlyTheCurrentKeyVersion() public {
        _refuseVersion(0, 1);
        _refuseVersion(2, 1);
        bytes32 old = hub.storeDataFor(CID, ROOT, sigs[0], patient, 1);
        _installKey();
        _refuseVersion(1, 2);
        bytes32 id = hub.storeDataFor(CID, ROOT, sigs[0], patient, 2);
        vm.assertTrue(id != old, "the version is part of the record");
        _requireStored(id, START, 2);

        vm.prank(gm);
        hub.retireGroupKey(2, false);
        _refuseVersion(2, 0);
        _refuseVersion(0, 0);
        vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, 0, 0));
        hub.storeData(CID, ROOT, sigs[0]);
    }

    function test_storeRefusals() public {
        uint256[3] memory lengths = [uint256(0), 361, 363];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Managers.BadLength.selector, lengths[i], 362));
            hub.storeData(CID, ROOT, new bytes(lengths[i]));
        }
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        hub.storeDataFor(CID, ROOT, sigs[0], address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroValue.selector));
        hub.storeData(0, ROOT, sigs[0]);
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroValue.selector));
        hub.storeData(CID, 0, sigs[0]);
    }

    function test_storeBatch() public {
        Item[] memory items = _items(5);
        items[3] = items[1]; // one that is stored already
        vm.recordLogs();
        hub.storeBatch(items);
        vm.assertEq(vm.getRecordedLogs().length, 4, "one event a record");
        for (uint256 i = 0; i < 5; ++i) {
            Item memory item = items[i];
            _requireStored(_idOf(item.merkleRoot, item.owner, item.cid, item.sig, 1), START, 1);
        }
        hub.storeBatch(new Item[](0));
    }

    function test_storeBatchEmitsEachRecordsFields() public {
        Item[] memory items = _items(3);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(address(hub));
            emit Records.DataStored(
                items[i].merkleRoot, items[i].cid, items[i].owner, items[i].sig, 1
            );
        }
        hub.storeBatch(items);
    }

    function test_storeBatchIsAllOrNothing() public {
        Item[] memory items = _items(3);
        items[2].keyVersion = 2;
        vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, 2, 1));
        hub.storeBatch(items);
        _requireStored(
            _idOf(items[0].merkleRoot, items[0].owner, items[0].cid, items[0].sig, 1), 0, 0
        );
    }

    function test_storeBatchLimit() public {
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 401, 400));
        hub.storeBatch(new Item[](401));
        hub.storeBatch(_items(400));
    }

    /// Memory is given back: with so many records it would cost more and more.
    function test_aLongBatchCostsNoMoreARecord() public {
        uint256[3] memory used; // of 0, 200, 400
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory call = abi.encodeCall(hub.storeBatch, (_items(200 * i)));
            uint256 snapshot = vm.snapshotState();
            used[i] = _gasOf(call);
            vm.revertToState(snapshot);
        }
        vm.assertLe(
            used[2] - used[0], 2 * (used[1] - used[0]) + 1_000, "twice as many cost twice as much"
        );
    }

    function test_postShare() public {
        vm.expectEmit(address(hub));
        emit Records.SharePosted(patient, stranger, CID, "key");
        vm.prank(patient);
        hub.postShare(stranger, CID, "key");
        vm.expectRevert(abi.encodeWithSelector(Managers.ZeroAddress.selector));
        hub.postShare(address(0), CID, "key");
    }

    function _items(uint256 n) private view returns (Item[] memory items) {
        items = new Item[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = Item({
                cid: keccak256(abi.encode("cid", i)),
                merkleRoot: keccak256(abi.encode("root", i)),
                sig: sigs[i % 3],
                owner: _payout(i),
                keyVersion: 1
            });
        }
    }

    function _idOf(bytes32 root, address owner, bytes32 cid, bytes memory sig, uint32 version)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(root, owner, cid, keccak256(sig), version));
    }

    function _refuseVersion(uint32 given, uint32 current) private {
        vm.expectRevert(abi.encodeWithSelector(Records.KeyNotCurrent.selector, given, current));
        hub.storeDataFor(CID, ROOT, sigs[0], patient, given);
    }

    function _requireStored(bytes32 id, uint256 time, uint32 version) private view {
        (uint256 timestamp, uint32 keyVersion, bool verified) = hub.getRecordStatus(id);
        vm.assertEq(timestamp, time, "timestamp");
        vm.assertEq(keyVersion, version, "key version");
        vm.assertEq(verified, false, "verified");
    }
}
